"""Hair colour."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse, to_oklab, to_srgb
from faceedit.matte import alpha, blurred, bounds, mean_inside, smoothstep

Float = NDArray[np.float32]

# Half the width of the zone along the hair's edge in which strands are told from skin and background.
HAIR_BAND = 0.06


@faceedit.effect(on="hair", grow=0.05, feather=0.02)
def hair_color(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="that the hair is dyed")] = "#7a3b22",
    style: Annotated[
        Literal["natural", "vivid"], Field(description="natural keeps the strands' own differences in colour")
    ] = "natural",
    lift: Annotated[float, Field(ge=0, le=1, description="most that hair gets lighter, in OKLab lightness")] = 0.4,
    fade: Annotated[float, Field(ge=0, le=1, description="share of the hair's length that keeps its colour")] = 0.0,
) -> Float | faceedit.Result:
    """Dye the hair: it reaches `color` from black as well as from blond, and strands keep their light and shadow.

    With `fade` the color comes in towards the tips. `lift` holds black hair back from becoming implausibly blond.
    """
    area = bounds(region.selected)
    hair, reach = region.mask(region.on)[area], HAIR_BAND * region.width_px
    if not hair.any():
        return region.untouched()
    pixels = region.pixels[area]
    opacity = alpha(pixels, hair, reach)
    strands = _strands(pixels, opacity, reach)
    if fade > 0:
        opacity = opacity * _towards_tips(region, area, fade)
    dyed = opacity > 0
    if not dyed.any():
        return region.untouched()
    before, lab = to_oklab(pixels[dyed]), to_oklab(strands[dyed])
    weight = np.minimum(hair, opacity)[dyed]
    after = _dyed(lab, weight, to_oklab(parse(color)), lift, 0.6 if style == "natural" else 0.25)
    result = region.pixels.copy()
    result[area][dyed] = to_srgb(before + opacity[dyed][:, None] * (after - lab))
    return result


def _strands(pixels: Float, opacity: Float, reach_px: float) -> Float:
    """The hair's own colour at each pixel: the pixel's where hair is all there is, else that of the hair nearby."""
    nearby = blurred(pixels, reach_px / 2, smoothstep(opacity, 0.9, 1.0))
    own = smoothstep(opacity, 0.5, 0.98)[..., None]
    return nearby + own * (pixels - nearby)


def _dyed(hair: Float, weight: Float, target: Float, lift: float, spread: float) -> Float:
    """Hair (n, 3), weighed by (n,), dyed to `target`; `spread` is how much of its differences in colour stays."""
    mean = mean_inside(hair, weight)
    lightness = min(float(target[0]), float(mean[0]) + lift)
    # A blond held back by `lift` has less colour too, or it would be mustard.
    reached = np.array([lightness, *(target[1:] * lightness / max(float(target[0]), 1e-3))], np.float32)
    dyed: Float = reached + np.array([1, spread, spread], np.float32) * (hair - mean)
    dyed[:, 0] = _relit(hair[:, 0], float(mean[0]), lightness)
    colorful = _saturation(dyed[:, 0], lightness)
    dyed[:, 1] *= colorful
    dyed[:, 2] *= colorful
    return dyed + (reached - mean_inside(dyed, weight))


def _relit(lightness: Float, mean: float, target: float) -> Float:
    """Lightness moved from `mean` to `target`; strands stand out more, highlights bend before white."""
    ratio = max(target, 0.02) / max(mean, 0.02)
    room = max(0.97 - target, 0.05)
    brightest = max(float(np.percentile(lightness, 99)) - mean, 1e-3)
    contrast = min(max(ratio, 1 / ratio) ** 0.5, 2.0, max(0.8 * room / brightest, 0.8))
    rest = contrast * (lightness - mean)
    relit = target + np.where(rest > 0.6 * room, _bent(rest, 0.6 * room, room), rest)
    return relit.astype(np.float32)


def _bent(rest: Float, start: float, end: float) -> Float:
    """What lies beyond `start` bent so that it nears `end` and never passes it."""
    over = np.float32(end - start)
    return np.asarray(start + over * np.tanh((rest - start) / over), np.float32)


def _saturation(lightness: Float, middle: float) -> Float:
    """Dyed hair is less colourful in its deep shadows and its highlights."""
    shadow = np.clip(lightness / max(middle, 1e-3), 0, 1)
    light = 1 - 0.6 * smoothstep(lightness, middle + 0.15, max(0.98, middle + 0.3))
    return np.sqrt(shadow) * light


def _towards_tips(region: faceedit.Region, area: tuple[slice, slice], fade: float) -> Float:
    """0 at the roots to 1 at the tips, along the face's own up and down."""
    rows, columns = np.mgrid[area].astype(np.float32)
    turn = np.radians(region.angle)
    down = rows * np.cos(turn) - columns * np.sin(turn)
    held = down[region.selected[area] > 0.5]
    if not len(held):
        return np.ones(down.shape, np.float32)
    top, bottom = np.percentile(held, (2, 98))
    return smoothstep((down - top) / max(bottom - top, 1), fade - 0.25, fade + 0.25)
