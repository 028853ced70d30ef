"""Which of several planes is the largest at each pixel, planes read bilinearly through a crop: exact, and cheap.

A cell is the square between four neighbouring samples of the planes. Interpolation within it is a convex combination of
its corners, so a cell whose corners have one winner has it everywhere: only the other cells are computed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.geometry import Box, Crop

Float = NDArray[np.float64]
Winners = NDArray[np.uint8]  # (h, w)

# Stands for "not decided by its corners" in the map of cells.
MIXED = 255
# Photo rows looked at together where the crop may be tilted.
STRIP = 64
# Cells are gone through one by one where a window has many pixels for each.
LARGE = 1000 * 1000


def winners(planes: NDArray[Any], crop: Crop, window: Box) -> Winners:
    """The number of the largest of `planes` (k < 255, h, w) at each pixel of `window`, (H, W) uint8; 0 beyond the crop.

    The same as reading all planes at all pixels bilinearly and taking the first of the largest.
    """
    result = np.zeros((window.height, window.width), np.uint8)
    if (
        crop.angle % 90 == 0 and window.area >= LARGE
    ):  # a quarter turn of the crop is one of the planes, and keeps rows and columns apart
        cells = _Cells(np.rot90(planes, -round(crop.angle / 90), (1, 2)))
        _straight(result, cells, cells.matrix(replace(crop, angle=0.0), window))
    else:
        cells = _Cells(planes)
        _anyhow(result, cells, cells.matrix(crop, window))
    return result


class _Cells:
    """The cells of planes (k, h, w), (h + 1) x (w + 1) of them: samples at the border are repeated outwards.

    A place is (down, across) in cells: 2.25 is a quarter into the third cell. Planes lie from 0.5 to h + 0.5.
    """

    def __init__(self, planes: NDArray[Any]) -> None:
        self.shape = planes.shape[1:]
        self.samples = np.pad(planes.astype(np.float64), ((0, 0), (1, 1), (1, 1)), mode="edge")  # (k, h + 2, w + 2)
        first = self.samples.argmax(0).astype(np.uint8)
        corners = list(_corners(first))
        same = np.logical_and.reduce([corner == corners[0] for corner in corners])
        self.decided = np.where(same, corners[0], np.uint8(MIXED))  # (h + 1, w + 1)
        lowest = np.minimum.reduce(list(_corners(self.samples)))
        # A plane whose highest corner is below all corners of another cannot win in the cell.
        self.rivals = np.maximum.reduce(list(_corners(self.samples))) >= lowest.max(0)  # (k, h + 1, w + 1)

    def matrix(self, crop: Crop, window: Box) -> Float:
        """(2, 3): place (across, down) = matrix @ (column, row, 1) for the middle of a pixel of `window`."""
        height, width = self.shape
        matrix = crop.inverse() * np.array([[width], [height]])
        matrix[:, 2] += matrix[:, :2] @ (window.left + 0.5, window.top + 0.5) + 0.5
        return matrix

    def decide(self, row: int, column: int, down: Float, across: Float) -> Winners:
        """The winners at places within one cell, 0..1 `down` and `across` it, in their common shape."""
        rivals = np.flatnonzero(self.rivals[:, row, column])
        best, winner = None, None
        for rival in rivals:
            corners = self.samples[rival, row : row + 2, column : column + 2].ravel()
            value = _between(corners, down, across)
            if best is None or winner is None:
                best, winner = value, np.full(value.shape, rival, np.uint8)
            else:
                winner[value > best] = rival
                best = np.maximum(best, value)
        assert winner is not None  # noqa: S101 - the plane with the highest lowest corner is its own rival
        return winner


def _between(corners: Iterable[Any], down: Float, across: Float) -> Float:
    """The value at places 0..1 `down` and `across` a cell, from its corners in reading order."""
    top_left, top_right, low_left, low_right = corners
    left = top_left + (low_left - top_left) * down
    right = top_right + (low_right - top_right) * down
    between: Float = left + (right - left) * across
    return between


def _corners(samples: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The four corners of all cells, each (..., h + 1, w + 1), of samples (..., h + 2, w + 2)."""
    for rows in (slice(None, -1), slice(1, None)):
        for columns in (slice(None, -1), slice(1, None)):
            yield samples[..., rows, columns]


def _straight(result: Winners, cells: _Cells, matrix: Float) -> None:
    """Fill in the winners where rows and columns of the photo are those of the planes."""
    height, width = cells.shape
    place_x = matrix[0, 0] * np.arange(result.shape[1]) + matrix[0, 2]
    place_y = matrix[1, 1] * np.arange(result.shape[0]) + matrix[1, 2]
    columns = slice(*np.searchsorted(place_x, (0.5, width + 0.5)))
    rows = slice(*np.searchsorted(place_y, (0.5, height + 0.5)))
    place_x, place_y, inside = place_x[columns], place_y[rows], result[rows, columns]
    x, y = place_x.astype(np.intp), place_y.astype(np.intp)
    inside[:] = cells.decided[:, x][y]
    across, down = place_x - x, (place_y - y)[:, None]
    from_x, from_y = np.searchsorted(x, np.arange(width + 2)), np.searchsorted(y, np.arange(height + 2))
    for row, column in np.argwhere(cells.decided == MIXED):
        high, wide = slice(from_y[row], from_y[row + 1]), slice(from_x[column], from_x[column + 1])
        if high.start < high.stop and wide.start < wide.stop:
            inside[high, wide] = cells.decide(row, column, down[high], across[wide])


def _anyhow(result: Winners, cells: _Cells, matrix: Float) -> None:
    """Fill in the winners, however the planes lie, a strip of rows after the other."""
    # Half cells, because the planes end in the middle of the outermost cells; a ring of background lies around.
    table = np.pad(cells.decided.repeat(2, 0).repeat(2, 1)[1:-1, 1:-1], 1)
    height, width = table.shape
    columns = np.arange(result.shape[1])
    for top in range(0, result.shape[0], STRIP):
        strip = result[top : top + STRIP]
        place_x, place_y = _places(matrix, columns, np.arange(top, top + len(strip))[:, None])
        index = np.clip(2 * place_y, 0, height - 1).astype(np.int32) * width
        index += np.clip(2 * place_x, 0, width - 1).astype(np.int32)
        np.take(table, index, out=strip, mode="clip")
        mixed = np.flatnonzero(strip == MIXED)
        strip.reshape(-1)[mixed] = _of_places(cells, place_x.ravel()[mixed], place_y.ravel()[mixed])


def _of_places(cells: _Cells, place_x: Float, place_y: Float) -> Winners:
    """The winners (n,) at n places, rival by rival, each where its cell lets it win."""
    cell_x, cell_y = place_x.astype(np.intp), place_y.astype(np.intp)
    across, down, cell = place_x - cell_x, place_y - cell_y, cell_y * (cells.shape[1] + 1) + cell_x
    best, winner = np.full(cell.shape, -np.inf), np.zeros(cell.shape, np.uint8)
    for rival, plane in enumerate(cells.samples):
        near = np.flatnonzero(cells.rivals[rival].ravel()[cell])
        if near.size:
            corners = [corner.ravel()[cell[near]] for corner in _corners(plane)]
            value = _between(corners, down[near], across[near])
            better = value > best[near]
            best[near[better]], winner[near[better]] = value[better], rival
    return winner


def _places(matrix: Float, columns: NDArray[Any], rows: NDArray[Any]) -> tuple[Float, Float]:
    """The places (across, down) of pixels in cells."""
    (x_by_column, x_by_row, x), (y_by_column, y_by_row, y) = matrix
    return x_by_column * columns + (x_by_row * rows + x), y_by_column * columns + (y_by_row * rows + y)
