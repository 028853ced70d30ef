"""The background blurred or replaced; people keep their place, and their colours do not glow into it."""

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

import faceedit
from faceedit.backdrop import WORDS, Backdrop, backdrop, enlarged
from faceedit.matte import blurred
from faceedit_cutout.subject import Float, joined, single, taken_out

# A picture enlarged more than this looks soft behind a sharp person.
SOFT = 2.0
# People take this much more room than their matte when the background is blurred without them, share of a face.
AROUND = 0.03
# A body that is seen down to this share of what the model saw goes on below it; how vague its sides are then.
END, SIDEWAYS = 0.85, 0.08


def _seen(background: str) -> str:
    if background in WORDS:
        raise ValueError(f'"{background}" is for cut-outs: name a color or a file')
    return background


@faceedit.effect(on="person | background", scope="photo")
def background_blur(
    region: faceedit.Region,
    *,
    size: Annotated[float, Field(gt=0, le=2, description="of the blur, share of the largest face's width")] = 0.15,
) -> faceedit.Result:
    """Blur what lies behind the people, as a wide open lens does.

    The people are taken out before the background is blurred, so that nothing of them glows into it. Bodies are
    followed as far as the model sees them; where it does not, straight downwards, and a finding `cut_off` says so.
    """
    people, opacity, findings = _people(region, fades=False)
    below = _below(region, opacity)
    margin = AROUND * region.width_px
    whole = np.maximum(opacity, below)
    around = np.clip(1 - 1.5 * blurred(whole, margin) - whole, 0, 1)
    sigma = size * region.width_px
    behind = blurred(region.pixels, sigma, around)
    reached = np.clip(blurred(around, sigma) / np.float32(0.02), 0, 1)[..., None]  # far within a person nothing is seen
    behind = behind * reached + region.pixels * (1 - reached)
    laid = _laid(region.pixels, people, opacity, behind)
    laid += below[..., None] * (region.pixels - laid)
    return faceedit.Result(laid, findings=findings)


@faceedit.effect(on="person | background", scope="photo")
def background_replace(
    region: faceedit.Region,
    *,
    background: Annotated[
        Backdrop, AfterValidator(_seen), Field(description="a color, or a picture beside the recipe")
    ] = "#ffffff",
) -> faceedit.Result:
    """Put a color or another picture behind the people.

    A picture of another size or shape is scaled until it covers the photo. Bodies are followed as far as the model
    sees them; where it does not, they fade into the background, and a finding `cut_off` says so.
    """
    people, opacity, findings = _people(region, fades=True)
    larger = enlarged(background, *region.shape)
    if larger > SOFT:
        findings.append(faceedit.Finding("background_enlarged", details={"times": round(larger, 1)}))
    behind = backdrop(background, *region.shape)
    return faceedit.Result(_laid(region.pixels, people, opacity, behind), findings=findings)


def _people(region: faceedit.Region, *, fades: bool) -> tuple[Float, Float, list[faceedit.Finding]]:
    """All people of the photo: their colours, their opacity, and where they are cut off."""
    subjects, findings = [], []
    for one in single(region):
        found = taken_out(one, "person", fades=fades)
        if found:
            subjects.append(found)
            findings += found.findings(one)
    return *joined(subjects, *region.shape), findings


def _below(region: faceedit.Region, opacity: Float) -> Float:
    """How likely bodies go on below what the model saw of them, (h, w): straight down from its end."""
    below = np.zeros(region.shape, np.float32)
    sigma = SIDEWAYS * region.width_px
    for face in region.faces:
        window = face.window
        inside = opacity[window.slices] > 0.5
        columns = np.flatnonzero(inside.any(0))
        last = inside.shape[0] - 1 - inside[::-1].argmax(0)[columns]
        _, down = face.map.crop.to_crop(np.column_stack([columns + window.left, last + window.top]).astype(float)).T
        for column, row in zip(columns[down > END], last[down > END], strict=True):
            below[max(0, row + window.top - round(2 * sigma)) :, column + window.left] = 1
    return blurred(below, sigma)


def _laid(pixels: Float, people: Float, opacity: Float, behind: Float) -> Float:
    """People over a background; where they are opaque the photo's own samples."""
    mixed = behind + opacity[..., None] * (people - behind)
    return np.where(opacity[..., None] >= 1, pixels, mixed)
