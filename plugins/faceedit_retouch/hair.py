"""Hair colour."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse, to_oklab, to_srgb
from faceedit.matte import alpha, bounds, mean_inside, picked, read, records, smoothstep, soft

Float = NDArray[np.float32]

# Half the width of the zone along the hair's edge in which strands are told from skin and background.
HAIR_BAND = 0.06
# Yellow hair is redder in its shadows, by this share of its yellow where there is no light; else it looks green there.
REDDER = 0.6
# From here on a pixel is nothing but hair.
OPAQUE = 0.98


@faceedit.effect(on="hair", grow=0.05, feather=0.02)
def hair_color(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="that the hair is dyed")] = "#5a3524",
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
    dyed = opacity > 0
    if not dyed.any():
        return region.untouched()
    before = to_oklab(picked(pixels, dyed))
    lab = _strands(pixels, opacity, before, reach)
    cover = opacity * _towards_tips(region, area, fade) if fade > 0 else opacity
    weight = np.minimum(hair, cover)[dyed]
    after = _dyed(lab, weight, to_oklab(parse(color)), lift, 0.6 if style == "natural" else 0.25)
    after -= lab
    after *= cover[dyed][:, None]
    after += before
    result = region.pixels.copy()
    records(result[area])[dyed] = records(to_srgb(after))
    return result


def _strands(pixels: Float, opacity: Float, lab: Float, reach_px: float) -> Float:
    """The hair's own colour in OKLab where there is any, (n, 3): that of the pixel, `lab`, if hair is all there is.

    Elsewhere it is that of the hair nearby.
    """
    mixed = (opacity > 0) & (opacity < OPAQUE)
    sure = smoothstep(opacity, 0.9, 1.0)
    total = np.maximum(soft(sure, reach_px / 2), np.float32(1e-4))
    around = [soft(pixels[..., channel] * sure, reach_px / 2) / total for channel in range(3)]
    nearby = read(np.dstack(around), mixed)
    own = smoothstep(opacity[mixed], 0.5, OPAQUE)[:, None]
    strands, colors = lab.copy(), picked(pixels, mixed)
    strands[opacity[opacity > 0] < OPAQUE] = to_oklab(np.asarray(nearby + own * (colors - nearby), np.float32))
    return strands


def _dyed(hair: Float, weight: Float, target: Float, lift: float, spread: float) -> Float:
    """Hair (n, 3), weighed by (n,), dyed to `target`; `spread` is how much of its differences in colour stays."""
    mean = mean_inside(hair, weight)
    lightness = min(float(target[0]), float(mean[0]) + lift)
    # A blond held back by `lift` has less colour too, or it would be mustard.
    reached = np.array([lightness, *(target[1:] * lightness / max(float(target[0]), 1e-3))], np.float32)
    dyed: Float = reached + np.array([1, spread, spread], np.float32) * (hair - mean)
    dyed[:, 0] = _relit(hair[:, 0], float(mean[0]), lightness)
    dyed[:, 1] += np.float32(REDDER * max(reached[2], 0)) * np.clip(1 - dyed[:, 0] / max(lightness, 1e-3), 0, 1)
    colorful = _saturation(dyed[:, 0], lightness)
    dyed[:, 1] *= colorful
    dyed[:, 2] *= colorful
    return dyed + (reached - mean_inside(dyed, weight))


def _relit(lightness: Float, mean: float, target: float) -> Float:
    """Lightness moved from `mean` to `target`; lighter hair has deeper shadows too, highlights bend before white."""
    ratio = max(target, 0.02) / max(mean, 0.02)
    room = max(0.97 - target, 0.05)
    brightest = max(float(np.percentile(lightness, 99)) - mean, 1e-3)
    contrast = min(max(ratio, 1.0) ** 0.8, 2.6, max(0.8 * room / brightest, 0.8))
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
