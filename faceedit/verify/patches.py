"""Flat patches in pictures whose making is not known: what a solid fill looks like after any codec."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faceedit.coverage import Bools
from faceedit.geometry import Box

# Samples this close to a box's most frequent color, 0..255, are the fill; noise of lossy coding stays below.
NEAR = 6
# Colors are counted in steps of this many values.
STEP = 8


def patches(pixels: NDArray[np.uint8], boxes: Sequence[Box]) -> Bools:
    """Where, within the boxes, a picture (H, W, 3) uint8 has one color only; (H, W), False outside the boxes."""
    mask = np.zeros(pixels.shape[:2], bool)
    for box in boxes:
        if box.area:
            inside = pixels[box.slices].astype(np.int16)
            mask[box.slices] |= np.abs(inside - _commonest(inside)).max(-1) <= NEAR
    return mask


def _commonest(pixels: NDArray[np.int16]) -> NDArray[np.float64]:
    """The mean of the most frequent color."""
    flat = pixels.reshape(-1, 3)
    steps = (flat // STEP) @ np.array([1 << 10, 1 << 5, 1])
    values, counts = np.unique(steps, return_counts=True)
    mean: NDArray[np.float64] = flat[steps == values[counts.argmax()]].mean(0)
    return mean
