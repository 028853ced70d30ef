"""Effects on the lenses of glasses: glare taken out, and a tint laid in."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

import faceedit
from faceedit.color import Color, from_linear, parse, to_linear, to_oklab
from faceedit.matte import blurred, bounds, smoothstep

Float = NDArray[np.float32]

# How far around each eye a lens reaches sideways and up or down, as a share of the face's width.
WIDE, HIGH = 0.21, 0.17
# Glare is this much lighter (OKLab) than what lies around it, and this pale.
LIGHTER, PALE = 0.10, 0.11
# Size of the surroundings that glare is told from and filled with, as a share of the face's width.
AROUND = 0.09
# A tint lets frames be: what is much darker than the lens keeps its colour.
FRAME = 0.22


@faceedit.effect(on="eye_g | eyes | skin | brows")
def remove_glare(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 is none, 1 dims glare to what lies around it")] = 0.85,
) -> Float | faceedit.Result:
    """Dim glare on the lenses of glasses: pale spots much lighter than what lies around them, there alone.

    What a strong reflection hides cannot be brought back: it is filled with the light around it.
    """
    inside = _lenses(region)
    area = bounds(inside, 2)
    if not inside[area].size:
        return region.untouched("eye_g")
    pixels, weight, reach = region.pixels[area], inside[area], AROUND * region.width_px
    glare = _glare(pixels, region.mask("eyes")[area], reach) * weight
    if glare.max(initial=0) < 0.1:
        return region.untouched("glare")
    around = blurred(pixels, reach / 2, np.clip(1 - 3 * glare, 0, 1) * (weight > 0.05) + np.float32(1e-4))
    # Of the light that the glare adds, the part beyond the surroundings goes; what shines through stays.
    dimmed = np.minimum(pixels, around + 0.15 * np.maximum(pixels - around, 0))
    result = region.pixels.copy()
    result[area] += np.float32(amount) * glare[..., None] * (dimmed - pixels)
    return result


@faceedit.effect(on="eye_g | eyes | skin | brows")
def tint_lenses(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the lenses")] = "#3c4a3a",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is clear glass, 1 is opaque")] = 0.6,
) -> Float | faceedit.Result:
    """Tint the lenses of glasses: the light that comes through takes their colour; frames and reflections stay."""
    inside = _lenses(region)
    area = bounds(inside)
    if not inside[area].size:
        return region.untouched("eye_g")
    pixels, weight = region.pixels[area], inside[area]
    lightness = to_oklab(pixels)[..., 0]
    lens = blurred(lightness, 0.1 * region.width_px, weight)
    frame = smoothstep(lens - lightness, FRAME * 0.6, FRAME) * (1 - region.mask("eyes | brows", grow=0.02)[area])
    through = from_linear(to_linear(pixels) * to_linear(parse(color)))
    shine = smoothstep(lightness, 0.9, 0.98)
    result = region.pixels.copy()
    share = np.float32(amount) * weight * (1 - frame) * (1 - 0.6 * shine)
    result[area] += share[..., None] * (through + (0.4 * amount * amount) * (parse(color) - through) - pixels)
    return result


def _lenses(region: faceedit.Region) -> Float:
    """Where the lenses are, (h, w) 0..1: around each eye, within what the model takes for glasses; empty without any.

    Models label frames and lenses as glasses and eyes behind clear lenses as eyes, so the glasses' outline is filled.
    """
    glasses = region.mask("eye_g")
    worn = (glasses > 0.5).sum() > (0.04 * region.width_px) ** 2
    nothing = np.zeros(region.shape, np.float32)
    if not worn:
        return nothing
    gap = max(1, round(0.02 * region.width_px))
    area = bounds(glasses, 3 * gap)
    whole = np.maximum(glasses, region.mask("eyes"))[area] > 0.5
    closed = ndimage.binary_closing(whole, iterations=gap)
    filled = nothing.copy()
    filled[area] = ndimage.binary_fill_holes(closed)
    near = nothing.copy()
    rows, columns = np.ogrid[: region.shape[0], : region.shape[1]]
    turn = np.radians(region.angle)
    for part, (x, y) in zip(("l_eye", "r_eye"), region.eyes, strict=True):
        if region.center(part) is None and region.center("eye_g") is None:
            continue
        across = (columns - x) * np.cos(turn) + (rows - y) * np.sin(turn)
        down = (rows - y) * np.cos(turn) - (columns - x) * np.sin(turn)
        distance = np.hypot(across / (WIDE * region.width_px), down / (HIGH * region.width_px))
        near = np.maximum(near, 1 - smoothstep(distance.astype(np.float32), 0.85, 1.0))
    lenses: Float = blurred(filled, 0.006 * region.width_px) * near
    return np.where(lenses > 0.02, lenses, np.float32(0))


def _glare(pixels: Float, eyes: Float, reach: float) -> Float:
    """How likely each pixel is glare, 0..1: lighter than its surroundings, and pale. Catchlights in eyes are left."""
    lab = to_oklab(pixels)
    usual = ndimage.percentile_filter(_small(lab[..., 0], reach), 40, size=7)
    usual = _large(usual, lab.shape[:2])
    lighter = smoothstep(lab[..., 0] - usual, LIGHTER, 2 * LIGHTER)
    pale = 1 - smoothstep(np.hypot(lab[..., 1], lab[..., 2]), PALE * 0.6, PALE)
    bright = smoothstep(lab[..., 0], 0.6, 0.75)
    found = lighter * pale * bright
    white_of_eyes = eyes * (1 - smoothstep(lab[..., 0], 0.9, 0.97))
    return np.clip(1.3 * blurred(found * (1 - white_of_eyes), reach / 12), 0, 1)


def _small(plane: Float, reach: float) -> Float:
    """A plane on a grid on which seven cells are as wide as the surroundings."""
    step = max(1, round(2 * reach / 7))
    return plane[::step, ::step]


def _large(plane: Float, shape: tuple[int, ...]) -> Float:
    zoom = [full / small for full, small in zip(shape, plane.shape, strict=True)]
    return np.asarray(ndimage.zoom(plane, zoom, order=1, grid_mode=True, mode="nearest"), np.float32)
