"""Glitter on the skin: a third party's plugin, complete."""

from typing import Annotated

import numpy as np
from pydantic import Field

import faceedit


@faceedit.effect(on="skin", feather=0.01)
def sparkle(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="share of the skin that glitters")] = 0.3,
    size: Annotated[float, Field(gt=0, le=0.1, description="of one flake, share of the face's width")] = 0.012,
) -> np.ndarray:
    """Scatter bright flakes over the skin, the same ones every time."""
    step = max(1, round(size * region.width_px))
    height, width = (-(-length // step) for length in region.shape)
    flakes = np.random.default_rng(seed=0).random((height, width), np.float32) < amount / 10
    glitter = flakes.repeat(step, 0).repeat(step, 1)[: region.shape[0], : region.shape[1], None]
    return np.where(glitter, 0.4 * region.pixels + 0.6, region.pixels).astype(np.float32)


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [sparkle]
