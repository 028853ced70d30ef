"""Grids of samples at other sizes: averaged where they become smaller, read bilinearly where larger.

Values are planes (h, w) or channels (h, w, n), float32; a sample stands in the middle of its cell, so that the first of
a row is at 0.5. Reading goes by runs of rows, which stay in the processor's cache: many times faster than by pixels.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.geometry import Box, Crop

Float = NDArray[np.float32]
# For each place along an edge the two samples that it lies between, and the second one's share.
Between = tuple[NDArray[np.intp], NDArray[np.intp], Float]

# Values read at a time.
RUN = 65536


def between(places: NDArray[np.floating[Any]], size: int) -> Between:
    """Where places along an edge of `size` samples lie; those beyond its ends have the last sample's value."""
    at = np.clip(places - 0.5, 0, size - 1)
    low = at.astype(np.intp)
    return low, np.minimum(low + 1, size - 1), (at - low).astype(np.float32)


def stretched(size: int, full: int) -> Between:
    """Where the pixels of an edge of `full` lie, once it is covered by `size` samples."""
    return between((np.arange(full) + 0.5) * (size / full), size)


def widened(values: Float, across: Between) -> Float:
    """Values read at places across, (h, places, ...)."""
    left, right, share = across
    wide: Float = values.take(left, axis=1)
    step = values.take(right, axis=1)
    step -= wide
    step *= share.reshape(-1, *(1 for _ in values.shape[2:]))
    wide += step
    return wide


def read_rows(values: Float, down: Between, across: Between) -> Iterator[tuple[slice, Float]]:
    """Values read at places down and across, some rows at a time: which, and their values (rows, places, ...)."""
    wide = widened(values, across)
    top, bottom, share = down
    share = share.reshape(-1, *(1 for _ in wide.shape[1:]))
    rows = max(1, RUN // max(1, math.prod(wide.shape[1:])))
    for start in range(0, len(top), rows):
        run = slice(start, min(start + rows, len(top)))
        above, read = wide.take(top[run], axis=0), wide.take(bottom[run], axis=0)
        read -= above
        read *= share[run]
        read += above
        yield run, read


def resized(values: Float, size: tuple[int, int]) -> Float:
    """Values at another size (width, height): averaged where smaller, bilinear where larger."""
    height, width = values.shape[:2]
    if size[0] < width or size[1] < height:
        values = _averaged(values, min(size[0], width), min(size[1], height))
        height, width = values.shape[:2]
    if (width, height) == size:
        return values
    result = np.empty((size[1], size[0], *values.shape[2:]), np.float32)
    for run, rows in read_rows(values, stretched(height, size[1]), stretched(width, size[0])):
        result[run] = rows
    return result


def _averaged(values: Float, width: int, height: int) -> Float:
    """The means of `width` x `height` cells."""
    down, across = (
        np.rint(np.arange(cells + 1) * (full / cells)).astype(np.intp)
        for cells, full in ((height, values.shape[0]), (width, values.shape[1]))
    )
    rows = np.empty((height, *values.shape[1:]), np.float32)
    for row, (start, stop) in enumerate(itertools.pairwise(down)):  # `reduceat` is many times slower along this axis
        np.add.reduce(values[start:stop], axis=0, out=rows[row])
    sums: Float = np.add.reduceat(rows, across[:-1], axis=1)
    cells = np.outer(np.diff(down), np.diff(across)).astype(np.float32)
    sums /= cells.reshape(height, width, *(1 for _ in values.shape[2:]))
    return sums


def warp(plane: Float, crop: Crop, window: Box) -> Float:
    """A plane on the crop's grid read bilinearly at the pixels of `window`, (h, w) float32; 0 beyond the crop."""
    height, width = plane.shape
    inverse = _to_grid(crop, height, width, window)
    if inverse[0, 1] == inverse[1, 0] == 0:
        return _upright(plane, inverse, window)
    picture = Image.fromarray(np.ascontiguousarray(plane, np.float32))
    size = (max(window.width, 1), max(window.height, 1))
    read = picture.transform(size, Image.Transform.AFFINE, tuple(inverse.ravel()), Image.Resampling.BILINEAR)
    return np.asarray(read)[: window.height, : window.width]


def warp_outer(down: Float, across: Float, crop: Crop, window: Box) -> Float:
    """As `warp` of a plane that is a product of what changes down and what changes across; several times faster."""
    inverse = _to_grid(crop, len(down), len(across), window)
    if inverse[0, 1] or inverse[1, 0]:
        return warp(np.outer(down, across), crop, window)
    column = _edge(down, inverse[1, 1], inverse[1, 2], window.height)
    return column[:, None] * _edge(across, inverse[0, 0], inverse[0, 2], window.width)


def _edge(values: Float, scale: float, start: float, size: int) -> Float:
    """Values along an edge read linearly at `size` pixels, which are `scale` samples apart; 0 beyond its ends."""
    places = scale * (np.arange(size) + 0.5) + start
    read = np.interp(places, np.arange(len(values)) + 0.5, values)
    return np.where((places < 0) | (places >= len(values)), 0, read).astype(np.float32)


def _to_grid(crop: Crop, height: int, width: int, window: Box) -> NDArray[np.float64]:
    """The map (2, 3) from points in `window` to a grid on the crop."""
    inverse = crop.inverse() * np.array([[width], [height]])
    inverse[:, 2] += inverse[:, :2] @ (window.left, window.top)
    return inverse


def _upright(plane: Float, inverse: NDArray[np.float64], window: Box) -> Float:
    """As `warp`, of a crop that is not tilted, whose rows and columns are the photo's: several times faster."""
    height, width = plane.shape
    across = inverse[0, 0] * (np.arange(window.width) + 0.5) + inverse[0, 2]
    down = inverse[1, 1] * (np.arange(window.height) + 0.5) + inverse[1, 2]
    result = np.empty((window.height, window.width), np.float32)
    for run, rows in read_rows(plane, between(down, height), between(across, width)):
        result[run] = rows
    above, left = (down < 0) | (down >= height), (across < 0) | (across >= width)
    if above.any() or left.any():
        result[above] = 0
        result[:, left] = 0
    return result
