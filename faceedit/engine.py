"""One photo through one recipe: pure, no files and no clock.

Blind steps are laid first, so that no other effect ever sees what they hide, and once more after the last step,
so that none can bring it back. Between them every map is blank where a face is hidden.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.coverage import Bools, Covered, cover, grid, hidden
from faceedit.detection import Search
from faceedit.errors import EffectError, Withheld, reason
from faceedit.geometry import Box
from faceedit.labels import parse_parts
from faceedit.photo import Face, Finding, Photo
from faceedit.recipe import Recipe, Step, is_unknown
from faceedit.region import Float, Region, Result, as_float, lay_back
from faceedit.registry import Registry

# Names of extras become parts of file names.
_EXTRA = re.compile(r"[\w-]{1,60}")


@dataclass(frozen=True)
class Edited:
    """What came of one photo: the photo itself, pictures beside it by name, and all findings.

    Where the recipe redacts, `covered` is what it hides, and `left` are the faces that it leaves on purpose.
    """

    photo: Photo
    extras: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    covered: Covered | None = None
    left: tuple[Face, ...] = ()


@dataclass
class _Work:
    """The photo while its steps run."""

    photo: Photo
    pixels: NDArray[Any]
    alpha: NDArray[Any] | None
    registry: Registry
    findings: list[Finding] = field(default_factory=list)
    extras: dict[str, NDArray[np.uint8]] = field(default_factory=dict)


def edit(photo: Photo, recipe: Recipe, registry: Registry) -> Edited:
    """The photo, its faces found already, after all steps of the recipe.

    Raises:
        EffectError: an effect raised or gave an unfit result.
        Withheld: the recipe redacts and no face is sure, unless it says `no_faces: copy`.
    """
    if recipe.redacts and recipe.output.no_faces != "copy":
        _demand_faces(photo)
    work = _Work(photo, photo.pixels.copy(), None if photo.alpha is None else photo.alpha.copy(), registry)
    work.findings += inspect(photo, registry)
    covers = [_Cover(step, face) for step in recipe.steps if step.effect.blind for face in covered_faces(work, step)]
    if recipe.redacts:
        _blindfold(work, covers, _redact(work, covers))
    for step in recipe.steps:
        if not step.effect.blind:
            _run(work, step)
    if not recipe.redacts:
        return Edited(photo.replaced(pixels=work.pixels, alpha=work.alpha), work.extras, tuple(work.findings))
    mask = _redact(work, covers)
    gone = {each.face.index for each in covers}
    bare = replace(photo.source, exif=b"", xmp=b"", iptc=b"", icc=b"")  # a thumbnail in there would show the face
    return Edited(
        photo.replaced(pixels=work.pixels, alpha=work.alpha, source=bare),
        work.extras,
        tuple(work.findings),
        Covered(mask, _fill(photo, covers, registry), tuple(face.box for face in photo.faces if face.index in gone)),
        tuple(face for face in photo.faces if face.index not in gone),
    )


def _demand_faces(photo: Photo) -> None:
    """Withhold a photo in which no face is sure: the doubtful ones may be false alarms beside one that was missed."""
    hint = "look at it yourself; no_faces: copy lets it pass"
    if not photo.faces:
        raise Withheld("no face was found, so nothing can be promised", hint)
    if max(face.score for face in photo.faces) < Search.threshold:
        raise Withheld("only doubtful faces were found", hint)


def inspect(photo: Photo, registry: Registry) -> list[Finding]:
    """What all inspectors see in a photo, its faces found already.

    Raises:
        EffectError: an inspector raised.
    """
    findings: list[Finding] = []
    for name, inspector in registry.inspectors.items():
        try:
            seen = list(inspector(photo))
        except (Exception, SystemExit) as error:  # a plugin may raise anything; one photo pays, not the run
            raise EffectError(f'inspector "{name}" failed: {reason(error)}') from error
        if strange := _strange(seen):
            raise EffectError(f'inspector "{name}" gave {strange}', "it must give faceedit.Finding")
        findings += seen
    return findings


def chosen(work: _Work, step: Step) -> list[Face]:
    """The faces that an ordinary step works on; where `when` cannot be decided, it is left out."""
    faces = step.faces.select(work.photo.faces, work.photo.width)
    return [face for face in faces if step.when is None or step.when.holds(work.photo, work.findings, face)]


def covered_faces(work: _Work, step: Step) -> list[Face]:
    """The faces that a blind step hides; what cannot be decided is hidden.

    Doubtful faces may be false alarms. The step's selector is asked with and without them, and what it selects either
    time is hidden: a false alarm at the photo's edge must not pass as "the left one" and save the one who is.
    """
    photo = work.photo
    sure = [face for face in photo.faces if face.score >= Search.threshold]
    meant = {face.index for faces in (photo.faces, sure) for face in step.faces.select(faces, photo.width)}
    answers = {True, None}
    return [
        face
        for face in photo.faces
        if face.index in meant and (step.when is None or step.when.holds(photo, work.findings, face) in answers)
    ]


@dataclass(frozen=True)
class _Cover:
    """One face that one blind step hides."""

    step: Step
    face: Face

    def area(self, photo: Photo) -> tuple[Box, Bools]:
        """The window and the mask in it.

        Raises:
            Withheld: the mask is empty.
        """
        parts = parse_parts(self.step.expression)
        grow = self.step.effect.grow if self.step.grow is None else self.step.grow
        window, mask = cover(self.face, parts, max(grow, 0.0), grid(photo.source))
        if not mask.any():
            raise Withheld(f"face {self.face.index} has no area that could be covered", "look at the photo yourself")
        return window, mask


def _redact(work: _Work, covers: list[_Cover]) -> Bools:
    """Lay what blind effects give over their faces, opaque and with a hard edge; what is hidden, (H, W)."""
    everything = np.zeros(work.pixels.shape[:2], bool)
    for each in covers:
        window, mask = each.area(work.photo)
        work.pixels[window.slices][mask] = _blind_fill(work, each, window)[mask]
        if work.alpha is not None:
            work.alpha[window.slices][mask] = np.iinfo(work.alpha.dtype).max
        everything[window.slices] |= mask
    return everything


def _fill(photo: Photo, covers: list[_Cover], registry: Registry) -> NDArray[Any]:
    """What must be seen where faces are hidden, made anew and on nothing, (H, W, 3); 0 elsewhere."""
    blank = _Work(photo, np.zeros_like(photo.pixels), None, registry)
    _redact(blank, covers)
    return blank.pixels


def _blind_fill(work: _Work, each: _Cover, window: Box) -> NDArray[Any]:
    zeros = np.zeros((window.height, window.width, 3), np.float32)
    result = _call(work, each.step, Region(zeros, window, each.face.box))
    fill = zeros if result.pixels is None else result.pixels
    return np.rint(np.clip(fill, 0, 1) * np.iinfo(work.pixels.dtype).max).astype(work.pixels.dtype)


def _blindfold(work: _Work, covers: list[_Cover], mask: Bools) -> None:
    """Leave nothing for ordinary steps that tells of hidden pixels: neither in maps nor in findings' details."""
    gone = {each.face.index for each in covers}
    faces = [hidden(face, mask, "skin" if face.index in gone else "background") for face in work.photo.faces]
    work.photo = work.photo.replaced(pixels=work.pixels.copy(), faces=tuple(faces))
    work.findings = [
        replace(finding, details={"unknown": True} if is_unknown(finding) else {}) for finding in work.findings
    ]


def _run(work: _Work, step: Step) -> None:
    """Run one ordinary step on every face that it is for, or once on the whole photo."""
    faces = chosen(work, step)
    if not faces:
        work.findings.append(Finding("nothing_to_do", details={"step": step.name}))
    elif step.effect.scope == "photo":
        _apply(work, step, work.photo.box, tuple(faces), "")
    else:
        for face in faces:
            _apply(work, step, face.window, (face,), f"-{face.index}")


def _apply(work: _Work, step: Step, window: Box, faces: tuple[Face, ...], suffix: str) -> None:
    if not window.area:
        return
    before = work.pixels[window.slices]
    region = Region(
        as_float(before),
        window,
        faces[0].box,
        faces,
        tuple(work.findings),
        on=step.expression,
        grow=step.effect.grow if step.grow is None else step.grow,
        feather=step.effect.feather if step.feather is None else step.feather,
    )
    result = _call(work, step, region)
    work.findings += result.findings
    for name, picture in result.extras.items():
        work.extras[f"{name}{suffix}"] = picture
    if step.strength == 0:
        return
    mask = region.selected * np.float32(step.strength)
    if result.pixels is not None:
        work.pixels[window.slices] = lay_back(before, result.pixels, mask)
    if result.alpha is not None:
        _lay_alpha(work, window, result.alpha, mask)


def _lay_alpha(work: _Work, window: Box, alpha: Float, mask: Float) -> None:
    if work.alpha is None:
        work.alpha = np.full(work.pixels.shape[:2], np.iinfo(work.pixels.dtype).max, work.pixels.dtype)
    before = work.alpha[window.slices]
    work.alpha[window.slices] = lay_back(before[..., None], alpha[..., None], mask)[..., 0]


def _call(work: _Work, step: Step, region: Region) -> Result:
    """One effect on one region, its answer checked.

    Raises:
        EffectError: it raised, or what it gave has another shape, type or holds NaN.
    """
    plugin = work.registry.owner(step.effect.name)
    where = f'step "{step.name}": effect "{step.effect.name}" of {plugin}'
    try:
        answer = step.effect(region, **step.options)
    except (Exception, SystemExit) as error:  # a plugin may raise anything; one photo pays, not the run
        raise EffectError(f"{where} failed: {reason(error)}") from error
    if answer is None:
        raise EffectError(f"{where} gave nothing", "it must return pixels or a Result")
    result = answer if isinstance(answer, Result) else Result(answer)
    unfit, wanted = _unfit(result, region.shape)
    if unfit:
        raise EffectError(f"{where} gave {unfit}", wanted)
    return result


def _unfit(result: Result, shape: tuple[int, int]) -> tuple[str, str]:
    """What is wrong with an effect's answer and what it must be; the first text is empty where nothing is."""
    for name, array, wanted in (("pixels", result.pixels, (*shape, 3)), ("alpha", result.alpha, shape)):
        if array is None:
            continue
        if not isinstance(array, np.ndarray) or array.shape != wanted or array.dtype.kind != "f":
            return f"{name} of {_kind(array)}", f"it must be float32 {wanted}"
        if not np.isfinite(array).all():
            return "NaN or infinity", ""
    for name, picture in result.extras.items():
        if not _EXTRA.fullmatch(name):
            return f'an extra named "{name}"', "it becomes a file's name: letters, digits, _ and - are allowed"
        if _kind(picture).partition(" ")[0] != "uint8" or picture.shape[2:] not in ((3,), (4,)) or not picture.size:
            return f'extra "{name}" of {_kind(picture)}', "it must be uint8 (h, w, 3 or 4)"
    return _strange(result.findings), "it must be a faceedit.Finding"


def _strange(findings: Sequence[object]) -> str:
    """What is no finding among findings, in words; empty where nothing is."""
    kinds = [type(each).__name__ for each in findings if not isinstance(each, Finding)]
    return f"a finding of {kinds[0]}" if kinds else ""


def _kind(array: object) -> str:
    return f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
