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


@faceedit.effect(on="lips")
def lipstick(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the lipstick")] = "#a3123b",
    finish: Annotated[Literal["matte", "satin", "gloss"], Field(description="how much the lips shine")] = "satin",
    amount: Annotated[float, Field(ge=0, le=1, description="coverage: 0 is bare, 1 is opaque")] = 0.7,
) -> Float | faceedit.Result:
    """Put lipstick on the lips: their colour moves to `color`, their own light and lines stay.

    `matte` quietens highlights, `gloss` makes them shine. Teeth between open lips are left as they are.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    contrast, white = _FINISHES[finish]
    target, mean = to_oklab(parse(color)), mean_inside(lab, weight)
    local = lab[..., 0] - blurred(lab[..., 0], 0.03 * region.width_px, weight)
    shine = white * smoothstep(local, 0.03, 0.15)
    painted = np.empty_like(lab)
    painted[..., 0] = target[0] + contrast * (lab[..., 0] - mean[0])
    painted[..., 1:] = (target[1:] + 0.5 * (lab[..., 1:] - mean[1:])) * (1 - 0.7 * shine)[..., None]
    painted += target - mean_inside(painted, weight)
    painted[..., 0] += 0.08 * shine * (finish == "gloss")
    cover = amount * (1 - _teeth(lab, mean, region.mask("mouth", grow=0.01, feather=0.01)[area]))
    return region.repainted(area, lab + cover[..., None] * (painted - lab))


def _teeth(lab: Float, lips: Float, near_mouth: Float) -> Float:
    """How much a pixel looks like a tooth: near the mouth's inside, lighter and paler than the lips."""
    pale = 1 - smoothstep(np.hypot(lab[..., 1], lab[..., 2]), 0.03, 0.07)
    return near_mouth * pale * smoothstep(lab[..., 0] - lips[0], 0.02, 0.12)
