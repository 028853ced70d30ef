"""Retouching: hair colour, skin tone and smoothness. Colours move in OKLab; light and detail stay the photo's own."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, distance, fit_gamut, from_oklab, parse, to_oklab
from faceedit.matte import alpha, blurred, bounds, guided_filter, mean_inside, smoothstep

Float = NDArray[np.float32]

# Half the width of the zone along the hair's edge in which strands are told from skin and background.
HAIR_BAND = 0.06
# Differences of lightness within smoothed skin that count as contour, not as blotch.
CONTOUR = 0.04
# A mouth whose brightest spot is darker than this shows no teeth.
DARK_MOUTH = 0.45
# Share of the finest texture that full smoothing takes away.
PORES_LOST = 0.2


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
        return _nothing(region)
    pixels = region.pixels[area]
    opacity = alpha(pixels, hair, reach)
    strands = _strands(pixels, opacity, reach)
    if fade > 0:
        opacity = opacity * _towards_tips(region, area, fade)
    dyed = opacity > 0
    before, lab = to_oklab(pixels[dyed]), to_oklab(strands[dyed])
    weight = np.minimum(hair, opacity)[dyed]
    after = _dyed(lab, weight, to_oklab(parse(color)), lift, 0.6 if style == "natural" else 0.25)
    result = region.pixels.copy()
    result[area][dyed] = from_oklab(fit_gamut(before + opacity[dyed][:, None] * (after - lab)))
    return result


@faceedit.effect(on="skin | nose | ears | neck")
def skin_tone(
    region: faceedit.Region,
    *,
    warmth: Annotated[float, Field(ge=-1, le=1, description="-1 is cool, 1 is golden")] = 0.0,
    lightness: Annotated[float, Field(ge=-1, le=1, description="-1 is much darker, 1 is much lighter")] = 0.0,
    evenness: Annotated[float, Field(ge=0, le=1, description="how far blotches of colour are evened out")] = 0.0,
) -> Float | faceedit.Result:
    """Make the skin warmer or cooler, lighter or darker, and its colour more even.

    Face, ears and neck move by the same step, so that no seam shows between them.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return _nothing(region)
    even = blurred(lab, 0.02 * region.width_px, weight)
    wide = blurred(even, 0.15 * region.width_px, weight)
    toned = lab + np.array([0.35, 0.8, 0.8], np.float32) * np.float32(evenness) * (wide - even)
    # All of OKLab times one factor is more or less light on the same skin; it ends before white.
    light = toned[..., :1]
    toned = toned * (1 + 0.3 * lightness * np.clip(1.6 * (1 - light), 0, 1))
    toned = toned + light * np.array([0, 0.008, 0.045], np.float32) * np.float32(warmth)
    skin = 1 - smoothstep(distance(lab, wide), 0.15, 0.35)  # what the mask takes in of a wall or a collar stays
    return _with(region, area, lab + skin[..., None] * (toned - lab))


@faceedit.effect(on="skin | nose")
def smooth(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 leaves the skin alone, 1 is a beauty cover")] = 0.4,
    size: Annotated[float, Field(gt=0, le=0.2, description="of the unevenness, share of the face's width")] = 0.04,
) -> Float | faceedit.Result:
    """Smooth the skin and keep its pores: blotches and fine shadows go, texture and contours stay."""
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return _nothing(region)
    reach = size * region.width_px
    # Beyond the skin there is more of it, so that lips and brows are no part of its unevenness.
    skin = lab + (1 - weight)[..., None] * (blurred(lab, reach, weight) - lab)
    fine = blurred(skin, 0.1 * reach)
    coarse = blurred(fine, 0.7 * reach)
    coarse[..., 0] = guided_filter(fine[..., 0], fine[..., 0], reach, CONTOUR**2)
    return _with(region, area, lab - amount * (fine - coarse) - PORES_LOST * amount * (skin - fine))


@faceedit.effect(on="mouth", grow=0.01)
def teeth(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 leaves the teeth, 1 is a toothpaste advert")] = 0.4,
) -> Float | faceedit.Result:
    """Whiten teeth: less yellow, a little lighter. Lips, gums and tongue stay; a closed mouth is left alone."""
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return _nothing(region)
    bright = float(np.percentile(lab[..., 0][weight > 0.5], 95)) if (weight > 0.5).any() else 0.0
    tooth = smoothstep(lab[..., 0], 0.55 * bright, 0.8 * bright) * (1 - smoothstep(lab[..., 1], 0.03, 0.07))
    if bright < DARK_MOUTH or float((tooth * weight).sum()) < 0.05 * float(weight.sum()):
        return _nothing(region)
    share = np.float32(amount) * tooth
    lab[..., 0] += 0.35 * share * lab[..., 0] * (1 - lab[..., 0])
    lab[..., 1:] *= 1 - 0.7 * share[..., None]
    return _with(region, area, lab)


@faceedit.effect(on="eyes")
def eyes(
    region: faceedit.Region,
    *,
    whites: Annotated[float, Field(ge=0, le=1, description="how much clearer the whites become")] = 0.3,
    iris: Annotated[float, Field(ge=0, le=1, description="how much lighter and more colourful the iris becomes")] = 0.3,
    red: Annotated[float, Field(ge=0, le=1, description="how much of a flash's red is taken out of the pupil")] = 0.0,
) -> Float | faceedit.Result:
    """Brighten the eyes: clearer whites, a livelier iris, and no red from the flash. Lashes and highlights stay."""
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not (weight > 0.5).any():
        return _nothing(region)
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    low, high = (float(value) for value in np.percentile(light[weight > 0.5], (20, 95)))
    white = smoothstep(light, low + 0.45 * (high - low), high) * (1 - smoothstep(chroma, 0.04, 0.09))
    ring = (1 - smoothstep(light, low + 0.4 * (high - low), high)) * smoothstep(light, 0.12, 0.3)
    flash = np.float32(red) * smoothstep(lab[..., 1] - np.abs(lab[..., 2]), 0.06, 0.12)
    lab[..., 0] += light * (1 - light) * (0.3 * whites * white + 0.35 * iris * ring)
    lab[..., 1:] *= (1 - 0.6 * whites * white + 0.5 * iris * ring)[..., None]
    lab[..., 1:] *= (1 - flash)[..., None]
    lab[..., 0] *= 1 - 0.6 * flash
    return _with(region, area, lab)


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
    contrast = min(max(ratio, 1 / ratio) ** 0.5, 2.0)
    rest = contrast * (lightness - mean)
    room = np.float32(max(0.97 - target, 0.05))
    return target + np.where(rest > 0, room * np.tanh(rest / room), rest)


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


def _with(region: faceedit.Region, area: tuple[slice, slice], lab: Float) -> Float:
    """The region's pixels with OKLab colours put in at `area`."""
    result = region.pixels.copy()
    result[area] = from_oklab(fit_gamut(lab))
    return result


def _nothing(region: faceedit.Region) -> faceedit.Result:
    """No change, and a finding that says so."""
    missing = {"missing": region.on}
    return faceedit.Result(findings=[faceedit.Finding("nothing_to_do", region.faces[0].index, details=missing)])


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [hair_color, skin_tone, smooth, teeth, eyes]
