"""The area that a redaction covers: generous, hard-edged, on the grid of JPEG's chroma blocks.

It depends on the detector's box and the segmentation, never on what is laid over it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.faces import DOUBTFUL
from faceedit.geometry import Box
from faceedit.labels import ID
from faceedit.photo import Face, Source

Bools = NDArray[np.bool_]

# The detector's box ends at the forehead and ears; grown by this factor it holds the whole head of most people.
BOX_GROWTH = 1.3
# Parts count from this probability on, well below an even chance, and grow by this share of the face's width.
DOUBT = 0.3
PART_GROWTH = 0.04
# Chroma blocks of a 4:2:0 JPEG are 16 x 16 pixels and upsampling reads one pixel further: a fill on this grid
# with this margin leaves no outside pixel that depends on what was covered. Rare subsamplings have blocks of 32.
GRID = 16
RARE_GRID = 32
MARGIN = 2
# Logit that makes a cell of a covered face's map what it is said to be.
SURE = 30.0


@dataclass(frozen=True)
class Covered:
    """All that redaction hides in one photo: `mask` (H, W) bool, and the photo as it must be there, `fill` (H, W, 3).

    `boxes` are the detector's, of the faces that were covered.
    """

    mask: Bools
    fill: NDArray[Any]
    boxes: tuple[Box, ...]

    @property
    def share(self) -> float:
        """The covered share of the photo, 0..1."""
        return float(self.mask.mean()) if self.mask.size else 0.0


def grid(source: Source) -> int:
    """The edge of the blocks over which a photo's file has spread each pixel, as far as they are known."""
    rare = source.format == "jpeg" and source.subsampling not in (0, 1, 2) and not source.grey
    return RARE_GRID if rare else GRID


def cover(face: Face, parts: frozenset[str], grow: float = 0.0, grid: int = GRID) -> tuple[Box, Bools]:
    """What to cover of one face: a window of the photo and a mask (h, w) bool in it.

    The grown detector's box united with the parts of the head that touch it, holes filled, moved outwards by `grow`
    (a share of the face's width), snapped outwards to the grid plus 2 px, clipped at the photo's border with the
    border pixels included. Of a face that the segmentation does not believe in, the box alone.
    """
    height, width = face.photo_shape
    more = grow * face.width_px
    reach = PART_GROWTH * face.width_px + more
    box = face.box.scaled(BOX_GROWTH).grown(int(np.ceil(more))).clipped(height, width)
    known = _known(face, parts)
    window = _snapped(_union(box, known).grown(int(np.ceil(reach))), grid, height, width)
    mask = np.zeros((window.height, window.width), bool)
    if known.area:
        mask[known.seen_from(window).slices] = face.map.mask(parts, known) > DOUBT
        mask = _grown(mask, reach)
    mask[box.seen_from(window).slices] = True
    labels, _ = ndimage.label(mask, np.ones((3, 3)))
    touching = np.unique(labels[box.seen_from(window).slices])
    mask = _filled(np.isin(labels, touching[touching > 0]))
    return window, _on_grids(mask, grid, (height % grid, width % grid))


def hidden(face: Face, mask: Bools, part: str) -> Face:
    """The same face with a map that says nothing about what lies under `mask` (H, W) bool: all of it is `part`."""
    logits = face.map.logits.copy()
    height, width = logits.shape[1:]
    x, y = face.map.crop.cells(height, width).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    under = np.zeros(x.shape, bool)
    under[inside] = mask[y[inside].astype(int), x[inside].astype(int)]
    under = under.reshape(height, width)
    logits[:, under] = -SURE
    logits[ID[part], under] = SURE
    return Face(face.index, face.box, face.score, replace(face.map, logits=logits), face.photo_shape)


def _known(face: Face, parts: frozenset[str]) -> Box:
    """A window of the photo outside of which no pixel is one of the parts; empty where the map is not believed."""
    plane = face.map.on_crop(parts)
    rows, columns = np.nonzero(plane > DOUBT)
    if face.score <= DOUBTFUL or not rows.size:
        return Box(0, 0, 0, 0)
    # A pixel is read from the four cells around it.
    (top, bottom), (left, right) = ((cells.min() - 1, cells.max() + 2) for cells in (rows, columns))
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) / plane.shape[::-1]
    x, y = face.map.crop.to_photo(corners).T
    around = Box(int(np.floor(x.min())), int(np.floor(y.min())), int(np.ceil(x.max())), int(np.ceil(y.max())))
    return around.intersection(face.window)


def _union(one: Box, other: Box) -> Box:
    if not other.area:
        return one
    return Box(
        min(one.left, other.left), min(one.top, other.top), max(one.right, other.right), max(one.bottom, other.bottom)
    )


def _snapped(box: Box, grid: int, height: int, width: int) -> Box:
    """The box on the grid, with two cells more on each side for growth and margin, clipped to the photo."""
    left, top = (low // grid * grid - 2 * grid for low in (box.left, box.top))
    right, bottom = (-(-high // grid) * grid + 2 * grid for high in (box.right, box.bottom))
    return Box(left, top, right, bottom).clipped(height, width)


def _grown(mask: Bools, distance_px: float) -> Bools:
    """The mask and all that is at most so far from it: a tenth of the time that a map of distances takes."""
    height, width = mask.shape
    across, done, grown = mask.copy(), 0, np.zeros_like(mask)
    for down in range(min(int(distance_px), height - 1), -1, -1):
        reach = min(int(np.sqrt(distance_px**2 - down**2 + 1e-9)), width - 1)
        for right in range(done + 1, reach + 1):
            across[:, right:] |= mask[:, :-right]
            across[:, :-right] |= mask[:, right:]
        done = reach
        grown[down:] |= across[: height - down]
        grown[: height - down] |= across[down:]
    return grown


def _filled(mask: Bools) -> Bools:
    """The mask with its holes: all but what hangs together with the border."""
    areas, count = ndimage.label(~mask)
    outside = np.zeros(count + 1, bool)
    for edge in (areas[0], areas[-1], areas[:, 0], areas[:, -1]):
        outside[edge] = True
    outside[0] = False
    return ~outside[areas]


def _on_grids(mask: Bools, grid: int, ends: tuple[int, int]) -> Bools:
    """Every grid cell that the mask touches, whole, and `MARGIN` pixels around it; the mask starts on the grid.

    A file whose picture was turned upright has its own grid counted from the other end: `ends` are where that one's
    first lines lie. Which of them the file used cannot always be known, so the cells of all are taken.
    """
    full = np.zeros_like(mask)
    for row in {0, ends[0]}:
        for column in {0, ends[1]}:
            full |= _on_grid(mask, grid, -row % grid, -column % grid)
    return ndimage.maximum_filter(full, 2 * MARGIN + 1)  # a dilation by a square, but quicker


def _on_grid(mask: Bools, grid: int, down: int, right: int) -> Bools:
    """The cells of a grid that begins `down` and `right` pixels before the mask."""
    height, width = mask.shape
    rows, columns = -(-(height + down) // grid), -(-(width + right) // grid)
    padded = np.zeros((rows * grid, columns * grid), bool)
    padded[down : down + height, right : right + width] = mask
    cells = padded.reshape(rows, grid, columns, grid).any((1, 3))
    return cells.repeat(grid, 0).repeat(grid, 1)[down : down + height, right : right + width]
