"""Filters of planes and colours (h, w) or (h, w, n), float32; sums over wide windows are taken on reduced grids."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.grids import read_rows, resized, stretched, widened

# Pixels worked on at a time: their arrays stay in the processor's cache.
RUN = 16384

# Cells that touch at their corners hang together.
TOUCHING = np.ones((3, 3), bool)

Plane = NDArray[np.float32]  # (h, w)
Channels = NDArray[np.float32]  # (h, w, 3)


def luma(pixels: NDArray[np.float32]) -> Plane:
    """The luma of sRGB pixels (h, w, 3) 0..1 as (h, w) float32. Source: ITU-R BT.601."""
    return pixels @ np.array([0.299, 0.587, 0.114], np.float32)


def guided_filter(guide: NDArray[np.float32], plane: Plane, radius_px: float, epsilon: float = 1e-4) -> Plane:
    """`plane` smoothed so that its edges lie where `guide` (0..1) has edges, (h, w) float32 0..1.

    `guide` is a plane (h, w), or colours (h, w, 3), which also show edges between equally light colours, as of lips.
    Windows are 2 x `radius_px` + 1 pixels wide; `epsilon` is the guide's variance that counts as flat.
    The linear coefficients are computed on a reduced grid and read back at full size.

    Source: He, Sun, Tang, "Guided Image Filtering", 2013; He, Sun, "Fast Guided Filter", arXiv:1505.00996.
    """
    height, width = plane.shape
    step = max(1, round(radius_px / 3))
    size = (max(1, width // step), max(1, height // step))
    guide = guide.reshape(height, width, -1)
    radius = max(1, round(radius_px / step))
    lines = np.dstack(coefficients(resized(guide, size), resized(plane, size), radius, epsilon))
    result = np.empty((height, width), np.float32)
    for run, line in read_rows(lines, stretched(size[1], height), stretched(size[0], width)):
        np.einsum("hwc,hwc->hw", line[..., :-1], guide[run], out=result[run])
        result[run] += line[..., -1]
    return np.clip(result, 0, 1, out=result)


def coefficients(guide: Channels, plane: Plane, radius: int, epsilon: float, *, r2: bool = False) -> list[Plane]:
    """Of the line that fits `plane` in each window: its slopes, one a channel, its offset, its `r2`; window means."""

    def mean(values: Any) -> Any:
        return ndimage.uniform_filter(values, 2 * radius + 1, mode="nearest")

    guides = [*np.ascontiguousarray(np.moveaxis(guide, -1, 0))]
    means, mean_plane = [mean(guide) for guide in guides], mean(plane)
    along = [mean(guide * plane) - middle * mean_plane for guide, middle in zip(guides, means, strict=True)]
    spread = {
        (i, j): mean(guides[i] * guides[j]) - means[i] * means[j] + np.float32(epsilon if i == j else 0)
        for i in range(len(guides))
        for j in range(i, len(guides))
    }
    slopes = [along[0] / spread[0, 0]] if len(guides) == 1 else solved_3x3(spread, along)
    fitted: Plane = np.sum([slope * middle for slope, middle in zip(slopes, means, strict=True)], axis=0)
    line = [mean(each) for each in (*slopes, mean_plane - fitted)]
    if not r2:
        return line
    told = np.sum([slope * each for slope, each in zip(slopes, along, strict=True)], axis=0)
    spread_plane = mean(plane * plane) - mean_plane * mean_plane
    return [*line, mean(np.clip(told / np.maximum(spread_plane, np.float32(1e-4)), 0, 1))]


def solved_3x3(matrix: dict[tuple[int, int], Any], right: list[Any]) -> list[Plane]:
    """x of matrix x = right at each pixel, by elimination; the matrix is symmetric and positive, its upper half given.

    Source: Golub, Van Loan, "Matrix Computations", LDL factorization.
    """
    rr, rg, rb, gg, gb, bb = (matrix[place] for place in sorted(matrix))
    red, green, blue = right
    by_green, by_blue = rg / rr, rb / rr
    gg, gb, bb = gg - by_green * rg, gb - by_green * rb, bb - by_blue * rb
    green, blue = green - by_green * red, blue - by_blue * red
    last = gb / gg
    third = (blue - last * green) / (bb - last * gb)
    second = green / gg - last * third
    return [red / rr - by_green * second - by_blue * third, second, third]


def bounds(mask: NDArray[Any], margin_px: int = 0) -> tuple[slice, slice]:
    """The rows and columns that hold all of a mask's positive values, with a margin; empty slices for an empty mask.

    Effects work on `pixels[bounds(mask)]` instead of the whole window.
    """
    found = []
    for axis in (1, 0):
        filled = np.flatnonzero((mask > 0).any(axis))
        if not len(filled):
            return slice(0, 0), slice(0, 0)
        stop = min(int(filled[-1]) + 1 + margin_px, mask.shape[1 - axis])
        found.append(slice(max(0, int(filled[0]) - margin_px), stop))
    return found[0], found[1]


def records(colors: NDArray[Any]) -> NDArray[np.void]:
    """Colours (..., n) as one value each (...): a view whose elements a mask picks and puts back ten times faster."""
    whole: NDArray[np.void] = colors.view(np.dtype((np.void, colors.itemsize * colors.shape[-1])))[..., 0]
    return whole


def picked(colors: NDArray[Any], where: NDArray[np.bool_]) -> NDArray[Any]:
    """Colours (h, w, n) at the pixels of a mask, (pixels, n): as `colors[where]`, only faster."""
    taken = records(colors)[where]
    return taken.view(colors.dtype).reshape(len(taken), colors.shape[-1])


def smoothstep(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """0 up to `low`, 1 from `high` on, and a smooth slope between."""
    share = np.clip((values - np.float32(low)) * np.float32(1 / max(high - low, 1e-6)), 0, 1)
    return share * share * (3 - 2 * share)


def mean_inside(values: NDArray[np.float32], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean (n,) of values (..., n) where the mask (...) is sure, or, if it nowhere is, weighted by all of it."""
    core = np.where(mask > 0.8, mask, 0) if (mask > 0.8).any() else mask
    return np.tensordot(core, values, mask.ndim) / np.maximum(core.sum(), np.float32(1e-6))


def grown(mask: Plane, distance_px: float) -> Plane:
    """The mask moved outwards by `distance_px` pixels (inwards if negative), with an edge one pixel soft."""
    if distance_px == 0 or not mask.any():
        return mask
    area = bounds(mask, math.ceil(abs(distance_px)) + 2)
    result, outwards = mask.copy(), distance_px > 0
    away = _distance(mask[area], distance_px)
    (np.subtract if outwards else np.add)(np.float32(distance_px + outwards), away, out=away)
    np.clip(away, 0, 1, out=away)
    (np.maximum if outwards else np.minimum)(result[area], away, out=result[area])
    return result


def _distance(mask: Plane, reach_px: float) -> Plane:
    """Distance in pixels to the nearest place within the mask, or outside it for a negative reach; infinite if none.

    Long ones are worked out on a reduced grid.
    """

    def sought(plane: Plane) -> NDArray[np.bool_]:
        return plane > 0.5 if reach_px > 0 else plane <= 0.5

    step = max(1, int(abs(reach_px) // 12))
    height, width = mask.shape
    share = resized(sought(mask).astype(np.float32), (max(1, width // step), max(1, height // step)))
    small = share > 0.5
    small |= (share > 0) & ~ndimage.binary_dilation(small, TOUCHING)  # what is thinner than a cell
    if small.any():
        cells = ndimage.distance_transform_edt(~small).astype(np.float32)
        # From the middle of a cell to the edge of the next is half a cell: in pixels that is the half pixel less.
        return resized(np.where(small, 0, cells * step - np.float32((step - 1) / 2)), (width, height))
    return np.full(mask.shape, np.inf, np.float32)


def feathered(mask: Plane, sigma_px: float) -> Plane:
    """The mask with its edge softened by a Gaussian of `sigma_px` pixels."""
    return np.clip(blurred(mask, sigma_px), 0, 1)


def blurred(values: NDArray[np.float32], sigma_px: float, weight: Plane | None = None) -> NDArray[np.float32]:
    """A Gaussian blur of `sigma_px` pixels of a plane (h, w) or of channels (h, w, n), float32.

    With a `weight` (h, w) each pixel counts that much, so that nothing bleeds in from where the weight is 0;
    where no weight is within reach the result is 0.
    """
    if sigma_px <= 0 or not values.size:
        return values
    size = (values.shape[1], values.shape[0])
    if weight is None:
        return resized(soft(values, sigma_px), size)
    share = weight.reshape(*weight.shape, *(1 for _ in values.shape[2:]))
    return resized(soft(values * share, sigma_px) / np.maximum(soft(share, sigma_px), np.float32(1e-4)), size)


def soft(values: NDArray[np.float32], sigma_px: float) -> Any:
    """A Gaussian blur of a plane or of channels, left on its reduced grid."""
    step = max(1, int(sigma_px // 3))
    small = resized(values, (max(1, values.shape[1] // step), max(1, values.shape[0] // step)))
    return ndimage.gaussian_filter(small, sigma_px / step, mode="nearest", truncate=3, axes=(0, 1))


def readings(small: NDArray[np.float32], where: NDArray[np.bool_]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Channels (h, w, n) of a reduced grid, read bilinearly at the pixels of `where` (H, W), some pixels at a time.

    Yields which of those pixels, counted row by row, and what is read there, channel by channel: (n, pixels).
    """
    height, width = where.shape
    wide = widened(small, stretched(small.shape[1], width)).reshape(-1, small.shape[2])
    *ends, share = stretched(small.shape[0], height)
    places, counts = np.flatnonzero(where), np.count_nonzero(where, axis=1)
    above, below = (places + np.repeat((end - np.arange(height)) * width, counts) for end in ends)
    down = np.repeat(share, counts)[:, None]
    for start in range(0, len(places), RUN):
        run = slice(start, start + RUN)
        first, step = wide.take(above[run], axis=0), wide.take(below[run], axis=0)
        step -= first
        step *= down[run]
        first += step
        yield run, np.ascontiguousarray(first.T)
