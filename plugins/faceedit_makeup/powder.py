"""Powder: a colour laid thinly on skin."""

import numpy as np
from numpy.typing import NDArray

import faceedit
from faceedit.color import parse, to_oklab
from faceedit.matte import bounds

Float = NDArray[np.float32]


def powdered(region: faceedit.Region, color: str, weight: Float, *, darker: float = 0.5) -> Float | faceedit.Result:
    """The region with a powder of `color` on it, as thick as `weight` (h, w): colour moves all the way there.

    Lightness moves by the share `darker`, and hardly upwards, so that the skin's own light stays.
    """
    area = bounds(np.where(region.selected > 0, weight, 0) > 0.004)
    if not weight[area].size:
        return region.untouched()
    lab, target, share = to_oklab(region.pixels[area]), to_oklab(parse(color)), weight[area]
    step = target - lab
    step[..., 0] = np.float32(darker) * np.clip(step[..., 0], -1, 0.05)
    return region.repainted(area, lab + share[..., None] * step)
