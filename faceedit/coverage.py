"""The area that a redaction covers: generous, hard-edged, on the grid of JPEG's chroma blocks.

It depends on the detector's box and the segmentation, never on what is laid over it.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.geometry import Box
from faceedit.photo import Face

# The detector's box ends at the forehead and ears; grown by this factor it holds the whole head of most people.
BOX_GROWTH = 1.3
# Parts count from this probability on, well below an even chance, and grow by this share of the face's width.
DOUBT = 0.3
PART_GROWTH = 0.04
# Chroma blocks of a 4:2:0 JPEG are 16 x 16 pixels and upsampling reads one pixel further: a fill on this grid
# with this margin leaves no outside pixel that depends on what was covered.
GRID = 16
MARGIN = 2


def cover(face: Face, parts: frozenset[str]) -> tuple[Box, NDArray[np.bool_]]:
    """What to cover of one face: a window of the photo and a mask (h, w) bool in it.

    The grown detector's box united with the parts of the head that touch it, holes filled, snapped outwards to
    the 16-px grid plus 2 px, clipped at the photo's border with the border pixels included.
    """
    height, width = face.photo_shape
    box = face.box.scaled(BOX_GROWTH).clipped(height, width)
    window = _snapped(_union(box, face.window), height, width)
    mask = np.zeros((window.height, window.width), bool)
    mask[_within(box, window)] = True
    if face.window.area:
        seen = face.map.mask(parts, face.window) > DOUBT
        place = _within(face.window, window)
        mask[place] |= _grown(seen, PART_GROWTH * face.width_px)
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    touching = np.unique(labels[_within(box, window)])
    mask = ndimage.binary_fill_holes(np.isin(labels, touching[touching > 0]))
    return window, _on_grid(mask)


def _union(one: Box, other: Box) -> Box:
    if not other.area:
        return one
    return Box(
        min(one.left, other.left), min(one.top, other.top), max(one.right, other.right), max(one.bottom, other.bottom)
    )


def _snapped(box: Box, height: int, width: int) -> Box:
    """The box on the grid, with one cell more on each side for growth and margin, clipped to the photo."""
    left, top = (low // GRID * GRID - GRID for low in (box.left, box.top))
    right, bottom = (-(-high // GRID) * GRID + GRID for high in (box.right, box.bottom))
    return Box(left, top, right, bottom).clipped(height, width)


def _within(box: Box, window: Box) -> tuple[slice, slice]:
    return Box(box.left - window.left, box.top - window.top, box.right - window.left, box.bottom - window.top).slices


def _grown(mask: NDArray[np.bool_], distance_px: float) -> NDArray[np.bool_]:
    if not mask.any():
        return mask
    return ndimage.distance_transform_edt(~mask) <= distance_px


def _on_grid(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every grid cell that the mask touches, whole, and `MARGIN` pixels around it; the mask starts on the grid."""
    height, width = mask.shape
    rows, columns = -(-height // GRID), -(-width // GRID)
    padded = np.zeros((rows * GRID, columns * GRID), bool)
    padded[:height, :width] = mask
    cells = padded.reshape(rows, GRID, columns, GRID).any((1, 3))
    full = cells.repeat(GRID, 0).repeat(GRID, 1)[:height, :width]
    side = 2 * MARGIN + 1
    return ndimage.binary_dilation(full, np.ones((side, side)))
