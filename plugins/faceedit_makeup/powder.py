"""Powder: a colour laid thinly on skin."""

import numpy as np
from numpy.typing import NDArray

import faceedit
from faceedit.color import from_linear, parse, to_linear, to_oklab
from faceedit.matte import bounds

Float = NDArray[np.float32]


def powdered(
    region: faceedit.Region, color: str, weight: Float, *, darker: float = 0.5, thick: float = 0.0, sheer: float = 0.0
) -> Float | faceedit.Result:
    """The region with a powder of `color` on it, as thick as `weight` (h, w): colour moves all the way there.

    Lightness moves by the share `darker`, by `thick` more where the layer is full, and hardly upwards, so that the
    skin's own light stays. The share `sheer` of the hue is the skin's own, seen through the powder, so dark and warm
    skin does not turn ashen.
    """
    area = bounds(np.where(region.selected > 0, weight, 0) > 0.004)
    if not weight[area].size:
        return region.untouched()
    lab, target, share = to_oklab(region.pixels[area]), to_oklab(parse(color)), weight[area]
    step = target - lab
    # Powder in the face's shadow has no more colour than there is light, or it would glow.
    usual = float(np.percentile(lab[..., 0][share > 0.5 * share.max()], 75))
    step[..., 1:] -= np.clip(1 - lab[..., :1] / max(usual, 0.05), 0, None) * target[1:]
    step[..., 0] = np.clip(step[..., 0], -1, 0.05) * (np.float32(darker) + np.float32(thick) * share)
    if sheer > 0:
        pigment = to_linear(parse(color))
        filtered = to_oklab(from_linear(to_linear(region.pixels[area]) * (pigment / max(float(pigment.max()), 1e-3))))
        step[..., 0] = np.minimum(step[..., 0], np.float32(sheer) * (filtered[..., 0] - lab[..., 0]))
        # As much less colour as light: merely filtered, light skin would turn pink under a dark powder.
        filtered *= ((lab[..., 0] + step[..., 0]) / np.maximum(filtered[..., 0], np.float32(0.05)))[..., None]
        step += np.float32(sheer) * (filtered - lab - step)
    return region.repainted(area, lab + share[..., None] * step)
