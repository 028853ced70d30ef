"""Lipstick."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse, to_oklab
from faceedit.matte import blurred, bounds, mean_inside, smoothstep

Float = NDArray[np.float32]

# What a lipstick does to the lips' own light: contrast, and how much of a highlight stays white.
_FINISHES = {"matte": (0.8, 0.3), "satin": (1.0, 0.7), "gloss": (1.15, 1.0)}

# Area of the mouth's inside, in squares of the face's width, at which it is "perhaps" and "surely" wide open.
OPEN = (0.025, 0.045)
# Distance of the lips' colour from the skin's, in OKLab's a and b, that tells them apart.
APART = (0.015, 0.035)


@faceedit.effect(on="lips")
def lipstick(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the lipstick")] = "#a3123b",
    finish: Annotated[Literal["matte", "satin", "gloss"], Field(description="how much the lips shine")] = "satin",
    amount: Annotated[float, Field(ge=0, le=1, description="coverage: 0 is bare, 1 is opaque")] = 0.7,
) -> Float | faceedit.Result:
    """Put lipstick on the lips: their colour moves to `color`, their own light and lines stay.

    `matte` quietens highlights, `gloss` makes them shine. Teeth between open lips, gums of a wide-open mouth, and skin
    or a moustache that the lips' mask takes in are left as they are.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    contrast, white = _FINISHES[finish]
    target, mean = to_oklab(parse(color)), mean_inside(lab, weight)
    local = lab[..., 0] - blurred(lab[..., 0], 0.03 * region.width_px, weight)
    shine = white * smoothstep(local, 0.03, 0.15)
    own = contrast * (lab[..., 0] - mean[0])
    painted = np.empty_like(lab)
    painted[..., 0] = target[0] + own * np.where(own < 0, min(float(target[0] / max(mean[0], 0.05)), 1), 1)
    # A hair or a fold in shadow shows as much less of the colour as of the light.
    shade = np.clip(painted[..., 0] / max(float(target[0]), 0.05), 0, 1)
    painted[..., 1:] = (target[1:] + 0.5 * (lab[..., 1:] - mean[1:])) * (shade * (1 - 0.7 * shine))[..., None]
    painted += target - mean_inside(painted, weight)
    painted[..., 0] += 0.08 * shine * (finish == "gloss")
    bare = np.maximum(_teeth(lab, mean, region.mask("mouth", grow=0.01, feather=0.01)[area]), _gums(region, area, lab))
    cover = amount * (1 - np.maximum(bare, _skin(region, area, lab)))
    return region.repainted(area, lab + cover[..., None] * (painted - lab))


def _gums(region: faceedit.Region, area: tuple[slice, slice], lab: Float) -> Float:
    """How much a pixel of the upper lip looks like gum: by the teeth of a wide-open mouth, lighter and redder."""
    opened = smoothstep(region.mask("mouth").sum() / region.width_px**2, *OPEN)
    if not opened:
        return np.zeros(lab.shape[:2], np.float32)
    beside = region.mask("teeth", grow=0.06, feather=0.03)[area]
    lips = mean_inside(lab, region.selected[area] * (1 - beside))
    beside = beside * region.mask("u_lip", grow=0.01)[area]
    redder = smoothstep(lab[..., 1] - lips[1], 0, 0.025)
    return opened * beside * redder * smoothstep(lab[..., 0] - lips[0], 0, 0.06)


def _skin(region: faceedit.Region, area: tuple[slice, slice], lab: Float) -> Float:
    """How much a pixel along the outer edge looks like the skin or the moustache around, and not like the lips."""
    tone = blurred(lab[..., 1:], 0.006 * region.width_px)
    within = np.minimum(region.selected[area] + region.mask("mouth")[area], 1)
    inner = smoothstep(blurred(within, 0.025 * region.width_px), 0.75, 0.95)
    around = region.mask("skin")[area]
    skin, lips = mean_inside(tone, around), mean_inside(tone, region.selected[area] * inner)
    across = np.asarray(lips - skin, np.float32)
    apart = np.square(across).sum()
    lip = smoothstep((tone - skin) @ across / np.maximum(apart, np.float32(1e-6)), -0.3, 0.3)
    return smoothstep(np.sqrt(apart), *APART) * (1 - inner) * (1 - lip)


def _teeth(lab: Float, lips: Float, near_mouth: Float) -> Float:
    """How much a pixel looks like a tooth: near the mouth's inside, lighter and paler than the lips."""
    pale = 1 - smoothstep(np.hypot(lab[..., 1], lab[..., 2]), 0.03, 0.07)
    return near_mouth * pale * smoothstep(lab[..., 0] - lips[0], 0.02, 0.12)
