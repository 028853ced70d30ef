"""One photo through one recipe: pure, no files and no clock.

Blind steps are laid first, so that no other effect ever sees what they hide, and once more after the last step,
so that none can bring it back. Between them every map is blank where a face is hidden.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit import matte
from faceedit.calls import answer, inspect
from faceedit.coverage import Bools, Covered, cover, grid, hidden
from faceedit.detection import Search
from faceedit.errors import Withheld
from faceedit.extras import Extra
from faceedit.geometry import Box
from faceedit.labels import parse_parts
from faceedit.layers import Layer, layer
from faceedit.photo import Face, Finding, Photo
from faceedit.recipe import Recipe, Step, is_unknown
from faceedit.region import Float, Region, as_float, lay_back
from faceedit.registry import Registry

# What is to be done about a photo in which no face is sure.
LOOK = "look at it yourself, or decide with --review; no_faces: copy in the recipe lets all such photos pass"
# For each folder of people that a step names in `keep`, the indexes of the faces that are theirs.
Known = Mapping[str, Collection[int]]


@dataclass(frozen=True)
class Edited:
    """What came of one photo: the photo itself, pictures beside it by name, and all findings.

    `layers` are what each step made, for layered documents. Where the recipe redacts, `covered` is what it hides, and
    `left` are the faces that it leaves on purpose.
    """

    photo: Photo
    extras: Mapping[str, Extra] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    covered: Covered | None = None
    left: tuple[Face, ...] = ()
    layers: tuple[Layer, ...] = ()


@dataclass
class _Work:
    """The photo while its steps run; `blind` once faces are hidden, and nothing may tell of them."""

    photo: Photo
    pixels: NDArray[Any]
    alpha: NDArray[Any] | None
    registry: Registry
    blind: bool = False
    known: Known = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    extras: dict[str, Extra] = field(default_factory=dict)
    layers: list[Layer] | None = None  # None where nobody wants them


def edit(
    photo: Photo,
    recipe: Recipe,
    registry: Registry,
    known: Known | None = None,
    findings: Sequence[Finding] | None = None,
) -> Edited:
    """The photo, its faces found already, after all steps of the recipe.

    Without `known`, a step that keeps people visible knows nobody, and hides all. `findings` stand for what inspectors
    would see, where somebody has asked them already.

    Raises:
        EffectError: an effect raised or gave an unfit result.
        Withheld: the recipe redacts and no face is sure, unless it says `no_faces: copy`.
    """
    if recipe.redacts and recipe.no_faces != "copy":
        _demand_faces(photo)
    work = _Work(photo, photo.pixels.copy(), None if photo.alpha is None else photo.alpha.copy(), registry)
    work.known = known or {}
    work.layers = [] if any(output.layered for output in recipe.written) else None
    if findings is None:
        findings = inspect(photo, registry, [kind for step in recipe.steps if step.when for kind in step.when.kinds])
    work.findings += findings
    covers = tuple(
        _cover(photo, step, face) for step in recipe.steps if step.effect.blind for face in covered_faces(work, step)
    )
    if recipe.redacts:
        _blindfold(work, covers, _redact(work, covers))
    for step in recipe.steps:
        if not step.effect.blind:
            _run(work, step)
        elif all(each.step is not step for each in covers):
            work.findings.append(_unused(work, step))
    if not recipe.redacts:
        done, layers = photo.replaced(pixels=work.pixels, alpha=work.alpha), tuple(work.layers or ())
        return Edited(done, work.extras, tuple(work.findings), layers=layers)
    mask = _redact(work, covers)
    gone = {each.face.index for each in covers}
    bare = replace(photo.source, exif=b"", xmp=b"", iptc=b"", icc=b"", texts=())  # a thumbnail would show the face
    return Edited(
        photo.replaced(pixels=work.pixels, alpha=work.alpha, source=bare),
        work.extras,
        tuple(work.findings),
        Covered(mask, _fill(photo, covers, registry), tuple(face.box for face in photo.faces if face.index in gone)),
        tuple(face for face in photo.faces if face.index not in gone),
    )


def hide(photo: Photo, recipe: Recipe, registry: Registry) -> NDArray[Any]:
    """The photo's pixels with what blind steps hide, and no other step: for live frames, where no file is proved.

    Raises:
        EffectError: an effect raised or gave an unfit result.
    """
    work = _Work(photo, photo.pixels.copy(), None, registry)
    covers = [_cover(photo, step, face) for step in recipe.steps for face in covered_faces(work, step)]
    _redact(work, tuple(_trimmed(each) for each in covers))
    return work.pixels


def _trimmed(each: "_Cover") -> "_Cover":
    """The cover in the smallest window that holds it: a fill is anchored at the face's box, not at the window."""
    rows, columns = matte.bounds(each.mask, 0)
    left, top = each.window.left, each.window.top
    window = Box(left + columns.start, top + rows.start, left + columns.stop, top + rows.stop)
    return replace(each, window=window, mask=each.mask[rows, columns])


def _demand_faces(photo: Photo) -> None:
    """Withhold a photo in which no face is sure: the doubtful ones may be false alarms beside one that was missed."""
    if not photo.faces:
        raise Withheld("no face was found, so nothing can be promised", LOOK)
    if max(face.score for face in photo.faces) < Search.threshold:
        raise Withheld("only doubtful faces were found", LOOK)


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
    meant -= set(work.known.get(step.keep, ())) if step.keep else set()
    answers = {True, None}
    return [
        face
        for face in photo.faces
        if face.index in meant and (step.when is None or step.when.holds(photo, work.findings, face) in answers)
    ]


@dataclass(frozen=True)
class _Cover:
    """One face that one blind step hides: a window of the photo, and the mask (h, w) bool in it."""

    step: Step
    face: Face
    window: Box
    mask: Bools


def _cover(photo: Photo, step: Step, face: Face) -> _Cover:
    """What a blind step hides of a face.

    Raises:
        Withheld: the mask is empty.
    """
    grow = step.effect.grow if step.grow is None else step.grow
    window, mask = cover(face, parse_parts(step.expression), max(grow, 0.0), grid(photo.source))
    if not mask.any():
        raise Withheld(f"face {face.index} has no area that could be covered", "look at the photo yourself")
    return _Cover(step, face, window, mask)


def _redact(work: _Work, covers: tuple[_Cover, ...]) -> Bools:
    """Lay what blind effects give over their faces, opaque and with a hard edge; what is hidden, (H, W)."""
    everything = np.zeros(work.pixels.shape[:2], bool)
    for each in covers:
        place, mask = each.window.slices, each.mask
        np.copyto(work.pixels[place], _blind_fill(work, each), where=mask[..., None])
        if work.alpha is not None:
            work.alpha[place][mask] = np.iinfo(work.alpha.dtype).max
        everything[place] |= mask
    return everything


def _fill(photo: Photo, covers: tuple[_Cover, ...], registry: Registry) -> NDArray[Any]:
    """What must be seen where faces are hidden, made anew and on nothing, (H, W, 3); 0 elsewhere."""
    nothing = np.zeros(photo.pixels.shape, photo.pixels.dtype)  # takes memory only where it is filled
    blank = _Work(photo, nothing, None, registry)
    _redact(blank, covers)
    return blank.pixels


def _blind_fill(work: _Work, each: _Cover) -> NDArray[Any]:
    zeros = np.zeros((*each.mask.shape, 3), np.float32)
    result = answer(each.step, Region(zeros, each.window, each.face.box), work.registry)
    fill = zeros if result.pixels is None else result.pixels
    return np.rint(np.clip(fill, 0, 1) * np.iinfo(work.pixels.dtype).max).astype(work.pixels.dtype)


def _blindfold(work: _Work, covers: tuple[_Cover, ...], mask: Bools) -> None:
    """Leave nothing for ordinary steps that tells of hidden pixels: neither in maps nor in findings' details."""
    gone = {each.face.index for each in covers}
    faces = [hidden(face, mask, "skin" if face.index in gone else "background") for face in work.photo.faces]
    work.blind = True
    work.photo = work.photo.replaced(pixels=work.pixels.view(), faces=tuple(faces))
    work.findings = [
        replace(finding, details={"unknown": True} if is_unknown(finding) else {}) for finding in work.findings
    ]


def _run(work: _Work, step: Step) -> None:
    """Run one ordinary step on every face that it is for, or once on the whole photo."""
    faces = chosen(work, step)
    if not faces:
        work.findings.append(_unused(work, step))
    elif step.effect.scope == "photo":
        _apply(work, step, work.photo.box, tuple(faces), "")
    else:
        for face in faces:
            _apply(work, step, face.window, (face,), f"-{face.index}")


def _unused(work: _Work, step: Step) -> Finding:
    """That a step is for no face of the photo, and whether its condition alone is why."""
    kept_by = {"when": str(step.when)} if step.when and step.faces.select(work.photo.faces, work.photo.width) else {}
    return _idle(step, None, **kept_by)


def _idle(step: Step, face: int | None = None, **details: str) -> Finding:
    """That a step found nothing to work on: no face that it is for, or on one none of its parts."""
    return Finding("nothing_to_do", face, details={"step": step.name, **details})


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
    # Made before the effect runs: what that does to its own region changes nothing here.
    mask = region.selected * np.float32(step.strength)
    result = answer(step, region, work.registry)
    work.findings += [replace(each, details={}) for each in result.findings] if work.blind else result.findings
    for name, picture in result.extras.items():
        work.extras[f"{name}{suffix}"] = picture
    if step.strength == 0:
        return
    if not mask.any() and not result.extras and not any(each.kind == "nothing_to_do" for each in result.findings):
        work.findings.append(_idle(step, faces[0].index if suffix else None, missing=step.expression))
    if result.pixels is not None:
        after = lay_back(before, result.pixels, mask)
        if work.layers is not None:
            face = faces[0].index if suffix else None
            work.layers.append(layer(step.name, face, window, (before, after, result.pixels), mask))
        work.pixels[window.slices] = after
    if result.alpha is not None:
        _lay_alpha(work, window, result.alpha, mask)


def _lay_alpha(work: _Work, window: Box, alpha: Float, mask: Float) -> None:
    if work.alpha is None:
        work.alpha = np.full(work.pixels.shape[:2], np.iinfo(work.pixels.dtype).max, work.pixels.dtype)
    before = work.alpha[window.slices]
    work.alpha[window.slices] = lay_back(before[..., None], alpha[..., None], mask)[..., 0]
