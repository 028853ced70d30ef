"""One photo through one recipe: pure, no files and no clock.

Blind steps are laid first, so that no other effect ever sees what they hide, and once more after the last step,
so that none can bring it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.coverage import cover
from faceedit.errors import EffectError, Withheld
from faceedit.geometry import Box
from faceedit.labels import parse_parts
from faceedit.photo import Face, Finding, Photo
from faceedit.recipe import Recipe, Step
from faceedit.region import Float, Region, Result, as_float, lay_back
from faceedit.registry import Registry


@dataclass(frozen=True)
class Edited:
    """What came of one photo: the photo itself, pictures beside it by name, all findings, and what was covered."""

    photo: Photo
    extras: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    covered: tuple[Box, ...] = ()


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
        Withheld: the recipe redacts and no face was found, unless it says `no_faces: copy`.
    """
    if recipe.redacts and not photo.faces and recipe.output.no_faces != "copy":
        raise Withheld(
            "no face was found, so nothing can be promised", "look at it yourself; no_faces: copy lets it pass"
        )
    work = _Work(photo, photo.pixels.copy(), None if photo.alpha is None else photo.alpha.copy(), registry)
    work.findings += inspect(photo, registry)
    covers = [(step, chosen(work, step)) for step in recipe.steps if step.effect.blind]
    _redact(work, covers)
    for step in recipe.steps:
        if not step.effect.blind:
            _run(work, step)
    _redact(work, covers)
    edited = photo.replaced(pixels=work.pixels, alpha=work.alpha)
    covered = tuple(face.box for _, faces in covers for face in faces)
    return Edited(edited, work.extras, tuple(work.findings), covered)


def inspect(photo: Photo, registry: Registry) -> list[Finding]:
    """What all inspectors see in a photo, its faces found already.

    Raises:
        EffectError: an inspector raised.
    """
    findings: list[Finding] = []
    for name, inspector in registry.inspectors.items():
        try:
            findings += inspector(photo)
        except Exception as error:  # a plugin may raise anything; one photo pays, not the run
            raise EffectError(f'inspector "{name}" failed: {type(error).__name__}: {error}') from error
    return findings


def chosen(work: _Work, step: Step) -> list[Face]:
    """The faces that a step works on; what cannot be decided is redacted, and else left alone."""
    faces = []
    for face in step.faces.select(work.photo.faces, work.photo.width):
        answer = True if step.when is None else step.when.holds(work.photo, work.findings, face)
        if answer or (answer is None and step.effect.blind):
            faces.append(face)
    return faces


def _redact(work: _Work, covers: list[tuple[Step, list[Face]]]) -> None:
    """Lay what blind effects give over their faces, opaque and with a hard edge."""
    for step, faces in covers:
        parts = parse_parts(step.effect.parts(step.options, step.on))
        for face in faces:
            window, mask = cover(face, parts)
            zeros = np.zeros((window.height, window.width, 3), np.float32)
            result = _call(work, step, Region(zeros, window, face.box))
            fill = zeros if result.pixels is None else result.pixels
            top = np.iinfo(work.pixels.dtype).max
            work.pixels[window.slices][mask] = np.rint(np.clip(fill, 0, 1)[mask] * top).astype(work.pixels.dtype)
            if work.alpha is not None:
                work.alpha[window.slices][mask] = top


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
    region = Region(as_float(before), window, faces[0].box, faces, tuple(work.findings))
    result = _call(work, step, region)
    work.findings += result.findings
    for name, picture in result.extras.items():
        work.extras[f"{name}{suffix}"] = picture
    if step.strength == 0:
        return
    mask = _mask(region, step)
    if result.pixels is not None:
        work.pixels[window.slices] = lay_back(before, result.pixels, mask)
    if result.alpha is not None:
        _lay_alpha(work, window, result.alpha, mask)


def _mask(region: Region, step: Step) -> Float:
    effect = step.effect
    grow = effect.grow if step.grow is None else step.grow
    feather = effect.feather if step.feather is None else step.feather
    return region.mask(effect.parts(step.options, step.on), grow=grow, feather=feather) * np.float32(step.strength)


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
    except Exception as error:  # a plugin may raise anything; one photo pays, not the run
        raise EffectError(f"{where} failed: {type(error).__name__}: {error}") from error
    result = answer if isinstance(answer, Result) else Result(answer)
    for name, array, shape in (
        ("pixels", result.pixels, (*region.shape, 3)),
        ("alpha", result.alpha, region.shape),
    ):
        if array is None:
            continue
        if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype.kind != "f":
            got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise EffectError(f"{where} gave {name} of {got}", f"it must be float32 {shape}")
        if not np.isfinite(array).all():
            raise EffectError(f"{where} gave NaN or infinity")
    return result
