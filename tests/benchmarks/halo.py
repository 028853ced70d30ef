"""The edge of a recolouring: how much of it the colour itself implies, and whether a ring shows along it.

Red lips on light skin are a stronger edge than bare ones, whoever paints them. What an effect may be blamed for is an
edge beyond that of the same change of colour laid on by hand, and pixels that are neither the inside's colour, nor the
outside's, nor between them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bools = NDArray[np.bool_]
Float = NDArray[np.float32]

# Pixels on either side of an edge that are looked at; beyond them both sides are surely themselves.
BAND = 4
# Deviation of the windows in which both sides are averaged, and how many deviations of their own they may differ by.
NEARBY, USUAL = 6.0, 1.5
# A difference of OKLab colours from which on it is seen side by side.
VISIBLE = 0.02
# Deviation of a photo's own edges, in pixels of the labelled photos.
SHARP = 1.0


def band(labelled: Bools) -> Bools:
    """The pixels along the edge of a part."""
    inner, outer = (ndimage.binary_erosion(side, iterations=BAND) for side in (labelled, ~labelled))
    return ~(inner | outer) & ndimage.binary_dilation(labelled, iterations=BAND)


def by_hand(old: Float, new: Float, labelled: Bools) -> Float:
    """The same change of colour laid on through a labelled part's outline, as sharp as photos are; OKLab (h, w, 3)."""
    core = ndimage.binary_erosion(labelled, iterations=BAND)
    step = (new - old)[core if core.any() else labelled].mean(0)
    return old + ndimage.gaussian_filter(labelled.astype(np.float32), SHARP)[..., None] * step


def edge(lab: Float, where: Bools) -> float:
    """How strong the edges of an OKLab picture are there: the mean length of its gradient, all channels together."""
    slopes = [plane for channel in range(3) for plane in np.gradient(lab[..., channel])]
    return float(np.sqrt(sum(plane * plane for plane in slopes))[where].mean())


def ring(old: Float, new: Float, labelled: Bools) -> float:
    """The halo: on what share of a part's edge a change leaves colours visibly beyond those of the two sides.

    What strayed in the photo, such as a shadow below the lip, is no halo.
    """
    where = band(labelled)
    sides = [ndimage.binary_erosion(side, iterations=BAND) for side in (labelled, ~labelled)]
    near = [ndimage.gaussian_filter(side.astype(np.float32), NEARBY, truncate=3) for side in sides]
    where &= (near[0] > 0.02) & (near[1] > 0.02)
    if not where.any():
        return 0.0
    return float((_strayed(new, sides, near)[where] - _strayed(old, sides, near)[where] > VISIBLE).mean())


def _strayed(lab: Float, sides: list[Bools], near: list[Float]) -> Float:
    """How far each pixel lies from the box of colours that both sides near it span."""
    ends = []
    for side, total in zip(sides, near, strict=True):
        share = np.maximum(total, 1e-4)[..., None]
        mean, square = (
            np.dstack([ndimage.gaussian_filter(plane, NEARBY, truncate=3) for plane in np.moveaxis(values, -1, 0)])
            / share
            for values in (lab * side[..., None], lab * lab * side[..., None])
        )
        spread = USUAL * np.sqrt(np.maximum(square - mean * mean, 0))
        ends.append((mean - spread, mean + spread))
    low, high = np.minimum(ends[0][0], ends[1][0]), np.maximum(ends[0][1], ends[1][1])
    return np.sqrt(np.sum(np.maximum(np.maximum(low - lab, lab - high), 0) ** 2, axis=-1))
