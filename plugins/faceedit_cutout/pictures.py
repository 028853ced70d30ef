"""Cut-outs and stickers: pictures of their own beside the photo."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

import faceedit
from faceedit.backdrop import Backdrop, backdrop
from faceedit.color import Color, parse
from faceedit.extras import Picture
from faceedit.matte import blurred, bounds, grown
from faceedit_cutout.subject import Float, Missing, Subject, joined, single, taken_out
from faceedit_cutout.subject import missing as nothing_seen

Parts = Annotated[
    str, Field(description="what is cut out: head, hair, face, person or any part expression, such as hair | hat")
]
Files = Annotated[Literal["each", "one"], Field(description="a file for each face, or one for all")]
Canvas = Annotated[
    Literal["trim", "full"], Field(description="trim ends at the cut-out, full is as large as the photo")
]
Kind = Annotated[Literal["png", "webp", "tiff"], Field(description="the file format")]
# Deviation of the blur behind a cut-out, as a share of the face's width.
BLUR = 0.15


@faceedit.effect(on="{parts}", scope="photo")
def cutout(
    region: faceedit.Region,
    *,
    parts: Parts = "head",  # noqa: ARG001 - the host reads it, in `on`
    files: Files = "each",
    canvas: Canvas = "trim",
    background: Annotated[
        Backdrop, Field(description="transparent, blur (the photo's own), a color, or a picture beside the recipe")
    ] = "transparent",
    format: Kind = "png",
    missing: Missing = "error",
) -> faceedit.Result:
    """Cut each face's head, hair or other parts out, as a picture of its own; the photo stays as it is.

    Hairs are kept with soft edges, the old background is taken out of their colour, and fully transparent pixels are
    black. Where the parts go on beyond what the model sees the cut-out fades, and a finding `cut_off` says so.
    """
    subjects, findings = _subjects(region)
    if not subjects:
        return nothing_seen(region, region.on, missing)
    pictures = {}
    for name, one in _named("cutout", subjects, files, region.shape):
        behind = None if background == "transparent" else _behind(region, background, one)
        pictures[name] = Picture(_rgba(one, behind, canvas, region.shape), format)
    return faceedit.Result(extras=pictures, findings=findings)


@faceedit.effect(on="{parts}", scope="photo")
def sticker(
    region: faceedit.Region,
    *,
    parts: Parts = "head",  # noqa: ARG001 - the host reads it, in `on`
    files: Files = "each",
    border: Annotated[float, Field(gt=0, le=0.5, description="width of the outline, share of the face's width")] = 0.06,
    color: Annotated[Color, Field(description="of the outline")] = "#ffffff",
    format: Kind = "png",
    missing: Missing = "error",
) -> faceedit.Result:
    """Make a sticker of each face's head or other parts: cut out, with an even outline, as a picture of its own."""
    subjects, findings = _subjects(region)
    if not subjects:
        return nothing_seen(region, region.on, missing)
    pictures = {}
    for name, one in _named("sticker", subjects, files, region.shape):
        lined = _outlined(one, border * one.width_px, parse(color))
        pictures[name] = Picture(_rgba(lined, None, "trim", region.shape), format)
    return faceedit.Result(extras=pictures, findings=findings)


def _subjects(region: faceedit.Region) -> tuple[list[tuple[int, Subject]], list[faceedit.Finding]]:
    """What is cut out, by the index of its face, and what is to be said about it."""
    subjects, findings = [], []
    for one in single(region):
        found = taken_out(one, region.on)
        if found:
            subjects.append((one.faces[0].index, found))
            findings += found.findings(one)
        else:
            findings += one.untouched(region.on).findings
    return subjects, findings


def _named(
    name: str, subjects: list[tuple[int, Subject]], files: str, shape: tuple[int, int]
) -> list[tuple[str, Subject]]:
    """The pictures to make, by name."""
    if files == "each":
        return [(f"{name}-{index}", one) for index, one in subjects]
    pixels, opacity = joined([one for _, one in subjects], *shape)
    largest = max(one.width_px for _, one in subjects)
    return [(name, Subject(pixels, opacity, faceedit.Box(0, 0, shape[1], shape[0]), largest))]


def _behind(region: faceedit.Region, background: str, one: Subject) -> Float:
    """What lies behind a subject, the whole photo's size."""
    if background != "blur":
        return backdrop(background, *region.shape)
    around = np.ones(region.shape, np.float32)
    around[one.box.slices] -= one.opacity
    return blurred(region.pixels, BLUR * one.width_px, np.clip(around, 0.001, 1))


def _rgba(one: Subject, behind: Float | None, canvas: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture (h, w, 4), or (h, w, 3) where something lies behind."""
    drawn = np.dstack([one.pixels, one.opacity])
    if canvas == "full":
        kept = np.zeros((*shape, 4), np.float32)
        kept[one.box.slices] = drawn
    else:
        area = bounds(np.rint(one.opacity * 255))
        kept = drawn[area]
    if behind is not None:
        below = behind if canvas == "full" else behind[one.box.slices][area]
        return np.rint(np.clip(below + kept[..., 3:] * (kept[..., :3] - below), 0, 1) * 255).astype(np.uint8)
    picture = np.rint(np.clip(kept, 0, 1) * 255).astype(np.uint8)
    picture[picture[..., 3] == 0] = 0
    return picture


def _outlined(one: Subject, border_px: float, color: Float) -> Subject:
    """The subject on a larger shape of one colour, without holes and thin gaps."""
    margin = int(np.ceil(border_px)) + 2
    opacity = np.pad(one.opacity, margin)
    solid = blurred((opacity > 0.5).astype(np.float32), border_px / 4)
    shape = ndimage.binary_fill_holes(grown(solid, border_px) > 0.5).astype(np.float32)
    outline = np.clip((blurred(shape, 1.5) - 0.5) * 3 + 0.5, 0, 1)
    pixels = color + opacity[..., None] * (np.pad(one.pixels, ((margin, margin), (margin, margin), (0, 0))) - color)
    box = one.box.grown(margin)
    return Subject(pixels.astype(np.float32), np.maximum(outline, opacity), box, one.width_px)
