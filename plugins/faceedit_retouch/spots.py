"""Where small spots are on skin."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.matte import blurred

Float = NDArray[np.float32]

# A spot is looked for on a grid on which the largest one is this many cells wide; smaller cells than this tell no more.
CELLS, FINEST_PX = 14, 0.25
# How much redder, or how much darker, than the skin around it a spot is (OKLab). A spot that is darker by more than so
# many times its redness is brown; one that is lighter than this is a reflection.
REDDER, DARKER, BROWN, LIGHTER = 0.01, 0.03, 3.0, 0.02
# A spot fills this share of its box, which is at most so many times longer than wide.
FILLED, LONGEST = 0.5, 2.6
# The share of skin around a spot, so that nostrils, brows and the hairline are none.
SKIN_AROUND = 0.97


def found(lab: Float, weight: Float, largest_px: float, *, moles: bool) -> Float:
    """The spots of skin of colours (h, w, 3) under its `weight` (h, w): (h, w) float32, 1 on a spot.

    Red spots, and with `moles` brown and dark ones too; none is wider than `largest_px`.
    """
    share = min(CELLS / max(largest_px, 1.0), 1 / FINEST_PX)
    size = (max(1, round(lab.shape[1] * share)), max(1, round(lab.shape[0] * share)))
    small = np.dstack([_resized(np.ascontiguousarray(lab[..., channel]), size) for channel in range(3)])
    skin = _resized(weight, size)
    width = largest_px * share
    step = blurred(small, 0.08 * width, skin) - blurred(small, 0.8 * width, skin)
    light, red = step[..., 0], step[..., 1]
    brown = -light > BROWN * np.maximum(red, 0)
    spot = (red > REDDER) & (light < LIGHTER) & ~brown
    if moles:
        spot |= (light < -DARKER) & brown
    around = ndimage.uniform_filter((skin > 0.6).astype(np.float32), 2 * max(1, round(0.8 * width)) + 1)
    marks, count = ndimage.label(spot & (skin > 0.6) & (around > SKIN_AROUND))
    kept = [
        index + 1
        for index, box in enumerate(ndimage.find_objects(marks, count))
        if _round(marks[box] == index + 1, width)
    ]
    return _resized(np.isin(marks, kept).astype(np.float32), (lab.shape[1], lab.shape[0]))


def _round(mark: NDArray[np.bool_], widest: float) -> bool:
    height, width = mark.shape
    longer, shorter = max(height, width), min(height, width)
    compact = mark.mean() >= FILLED and longer <= LONGEST * shorter
    return bool(compact and 1.5 <= longer <= 1.2 * widest and mark.sum() >= 4)


def _resized(plane: Float, size: tuple[int, int]) -> Float:
    reduce = Image.Resampling.BOX if size[0] < plane.shape[1] else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(plane).resize(size, reduce))
