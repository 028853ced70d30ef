"""A geometric overlay: stars on both cheeks, that turn and grow with the face."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse


@faceedit.effect(on="skin")
def stars(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the stars")] = "#f2c12e",
    size: Annotated[float, Field(gt=0, le=0.5, description="of a star, share of the face's width")] = 0.09,
) -> NDArray[np.float32]:
    """Paint a five-pointed star on each cheek."""
    painted = region.pixels.copy()
    mouth = region.center("lips | mouth")
    if mouth is None:
        return painted
    rows, columns = np.indices(region.shape, np.float32)
    middle = np.mean(region.eyes, axis=0)
    for eye in region.eyes:
        x, y = (middle + mouth) / 2 + 1.1 * (eye - middle)
        angle = np.arctan2(columns - x, y - rows) - np.float32(np.radians(region.angle))
        spoke = np.abs((angle + np.pi / 5) % (2 * np.pi / 5) - np.pi / 5)  # 0 at a point, pi/5 between two
        distance = np.hypot(columns - x, rows - y) / np.float32(size * region.width_px)
        painted[distance * (np.cos(spoke) + 3.1 * np.sin(spoke)) < 1] = parse(color)
    return painted


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [stars]
