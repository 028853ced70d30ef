"""Glitter on the skin: a third party's plugin, complete."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.matte import blurred, smoothstep


@faceedit.effect(on="skin | nose", feather=0.01)
def sparkle(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="how many flakes")] = 0.7,
    size: Annotated[float, Field(gt=0, le=0.1, description="of one flake, share of the face's width")] = 0.014,
) -> NDArray[np.float32]:
    """Scatter bright flakes over the skin, the same ones every time; they shine where light falls on it."""
    noise = np.random.default_rng(seed=0).standard_normal(region.shape, np.float32)
    noise = blurred(noise, 0.4 * size * region.width_px)
    noise = noise / max(float(noise.std()), 1e-6)
    flakes = smoothstep(noise, 3.2 - 1.4 * amount, 4.0 - 1.4 * amount)[..., None]
    light = region.pixels.mean(-1, keepdims=True)
    return region.pixels + flakes * np.minimum(1, 0.3 + light) * (1 - region.pixels)


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [sparkle]
