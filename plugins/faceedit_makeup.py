"""Makeup, hair colour and skin: effects that move colours in OKLab and leave the light and the detail alone."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, fit_gamut, from_oklab, parse, to_oklab
from faceedit.matte import alpha, blurred, bounds, guided_filter

Float = NDArray[np.float32]
Share = Annotated[float, Field(ge=0, le=1)]

# Half the width of the zone along the hair's edge in which strands are told from skin and background.
HAIR_BAND = 0.06
# Differences of lightness within smoothed skin that count as contour, not as blotch.
CONTOUR = 0.04
# Share of the finest texture that full smoothing takes away.
PORES_LOST = 0.2
# What a lipstick does to the lips' own light: contrast, and how much of a highlight stays white.
_FINISHES = {"matte": (0.8, 0.3), "satin": (1.0, 0.7), "gloss": (1.15, 1.0)}


@faceedit.effect(on="lips")
def lipstick(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the lipstick")] = "#a3123b",
    finish: Annotated[Literal["matte", "satin", "gloss"], Field(description="how much the lips shine")] = "satin",
    amount: Annotated[float, Field(ge=0, le=1, description="coverage: 0 is bare, 1 is opaque")] = 0.7,
) -> Float:
    """Put lipstick on the lips: their colour moves to `color`, their own light and lines stay.

    `matte` quietens highlights, `gloss` makes them shine. Teeth between open lips are left as they are.
    """
    area = bounds(region.selected)
    before, weight = region.pixels[area], region.selected[area]
    lab, target = to_oklab(before), to_oklab(parse(color))
    contrast, white = _FINISHES[finish]
    mean = _mean(lab, weight)
    rest = lab[..., 0] - mean[0]
    shine = white * _step(lab[..., 0] - blurred(lab[..., 0], 0.03 * region.width_px, weight), 0.03, 0.15)
    painted = np.empty_like(lab)
    painted[..., 0] = target[0] + contrast * rest + (0.08 * shine if finish == "gloss" else 0)
    painted[..., 1:] = target[1:] + 0.5 * (lab[..., 1:] - mean[1:])
    painted[..., 1:] *= (1 - 0.7 * shine)[..., None]
    cover = amount * (1 - _teeth(lab, mean, region.mask("mouth", grow=0.01, feather=0.01)[area]))
    return _with(region, area, lab + cover[..., None] * (painted - lab))


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
) -> Float:
    """Dye the hair: it reaches `color` from black as well as from blond, and strands keep their light and shadow.

    With `fade` the color comes in towards the tips.
    """
    area = bounds(region.selected)
    hair = region.mask(region.on)[area]
    opacity = alpha(region.pixels[area], hair, HAIR_BAND * region.width_px)
    lab, core = to_oklab(region.pixels[area]), np.minimum(hair, opacity)
    strands = _strands(lab, opacity, HAIR_BAND * region.width_px)
    target, mean = to_oklab(parse(color)), _mean(lab, core)
    lightness = min(float(target[0]), float(mean[0]) + lift)
    dyed = np.empty_like(lab)
    dyed[..., 0] = _relit(strands[..., 0], float(mean[0]), lightness)
    spread = 0.6 if style == "natural" else 0.25
    reached = (
        target[1:] * lightness / max(float(target[0]), lightness, 1e-3)
    )  # a blond held back by `lift` is no mustard
    dyed[..., 1:] = reached + spread * (strands[..., 1:] - mean[1:])
    dyed[..., 1:] *= _saturation(dyed[..., 0], lightness)[..., None]
    if fade > 0:
        opacity = opacity * _towards_tips(region, area, fade)
    return _with(region, area, lab + opacity[..., None] * (dyed - strands))


@faceedit.effect(on="skin | nose | ears | neck")
def skin_tone(
    region: faceedit.Region,
    *,
    warmth: Annotated[float, Field(ge=-1, le=1, description="-1 is cool, 1 is golden")] = 0.0,
    lightness: Annotated[float, Field(ge=-1, le=1, description="-1 is much darker, 1 is much lighter")] = 0.0,
    evenness: Annotated[float, Field(ge=0, le=1, description="how far blotches of colour are evened out")] = 0.0,
) -> Float:
    """Make the skin warmer or cooler, lighter or darker, and its colour more even.

    Face, ears and neck move by the same step, so that no seam shows between them.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if evenness:
        even = blurred(lab, 0.02 * region.width_px, weight)
        wide = blurred(even, 0.15 * region.width_px, weight)
        lab = lab + np.array([0.35, 0.8, 0.8], np.float32) * np.float32(evenness) * (wide - even)
    # All of OKLab times one factor is more or less light on the same skin; it ends before white.
    light = lab[..., :1]
    lab = lab * (1 + 0.3 * lightness * np.clip(1.6 * (1 - light), 0, 1))
    return _with(region, area, lab + light * np.array([0, 0.008, 0.045], np.float32) * np.float32(warmth))


@faceedit.effect(on="skin | nose")
def smooth(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 leaves the skin alone, 1 is a beauty cover")] = 0.4,
    size: Annotated[float, Field(gt=0, le=0.2, description="of the unevenness, share of the face's width")] = 0.04,
) -> Float:
    """Smooth the skin and keep its pores: blotches and fine shadows go, texture and contours stay."""
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    reach = size * region.width_px
    fine = blurred(lab, 0.1 * reach, weight)
    coarse = blurred(fine, 0.7 * reach, weight)
    coarse[..., 0] = guided_filter(lab[..., 0], lab[..., 0], reach, CONTOUR**2)
    smoothed = lab - amount * (fine - coarse) - PORES_LOST * amount * (lab - fine)
    return _with(region, area, smoothed)


def _with(region: faceedit.Region, area: tuple[slice, slice], lab: Float) -> Float:
    """The region's pixels with OKLab colours put in at `area`."""
    result = region.pixels.copy()
    result[area] = from_oklab(fit_gamut(lab))
    return result


def _mean(lab: Float, weight: Float) -> Float:
    """The mean colour (3,) of where the mask is sure, or of all of it where it nowhere is."""
    core = np.where(weight > 0.8, weight, 0) if (weight > 0.8).any() else weight
    return np.tensordot(core, lab, 2) / np.maximum(core.sum(), np.float32(1e-6))


def _step(values: Float, low: float, high: float) -> Float:
    """0 below `low`, 1 above `high`, smooth between."""
    share = np.clip((values - low) / (high - low), 0, 1).astype(np.float32)
    return share * share * (3 - 2 * share)


def _teeth(lab: Float, lips: Float, near_mouth: Float) -> Float:
    """How much a pixel looks like a tooth: near the mouth's inside, lighter and paler than the lips."""
    pale = 1 - _step(np.hypot(lab[..., 1], lab[..., 2]), 0.03, 0.07)
    return near_mouth * pale * _step(lab[..., 0] - lips[0], 0.02, 0.12)


def _strands(lab: Float, opacity: Float, reach_px: float) -> Float:
    """The hair's own colour at each pixel: the pixel's where hair is all there is, else that of the hair nearby."""
    nearby = blurred(lab, reach_px / 2, _step(opacity, 0.9, 1.0))
    own = _step(opacity, 0.5, 0.98)[..., None]
    return own * lab + (1 - own) * nearby


def _relit(lightness: Float, mean: float, target: float) -> Float:
    """Lightness moved from `mean` to `target`; contrast grows with it as in real hair, highlights bend before white."""
    contrast = min(max((target / max(mean, 0.02)) ** 0.5, 0.7), 2.0)
    rest = contrast * (lightness - mean)
    room = np.float32(max(0.97 - target, 0.05))
    return target + np.where(rest > 0, room * np.tanh(rest / room), rest)


def _saturation(lightness: Float, middle: float) -> Float:
    """Dyed hair is less colourful in its deep shadows and its highlights."""
    shadow = np.clip(lightness / max(middle, 1e-3), 0, 1)
    light = 1 - 0.6 * _step(lightness, middle + 0.15, 0.98 if middle < 0.75 else 1.2)
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
    along = (down - top) / max(bottom - top, 1)
    return _step(along, fade - 0.25, fade + 0.25)


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [lipstick, hair_color, skin_tone, smooth]
