"""Filters of planes and colours (h, w) or (h, w, n), float32; sums over wide windows are taken on reduced grids."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

# Pixels worked on at a time: their arrays stay in the processor's cache.
RUN = 8192

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
    guides = [guide] if guide.ndim == 2 else [guide[..., channel] for channel in range(3)]
    small = [resized(each, size) for each in guides]
    *slopes, offset = coefficients(small, resized(plane, size), max(1, round(radius_px / step)), epsilon)
    full = resized(offset, (width, height)).copy()
    for slope, each in zip(slopes, guides, strict=True):
        full += resized(slope, (width, height)) * each
    return np.clip(full, 0, 1)


def coefficients(guides: list[Plane], plane: Plane, radius: int, epsilon: float, *, r2: bool = False) -> list[Plane]:
    """Of the line that fits `plane` in each window: its slopes, one a guide, its offset, its `r2`; window means."""

    def mean(values: Any) -> Any:
        return ndimage.uniform_filter(values, 2 * radius + 1, mode="nearest")

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


def resized(plane: Plane, size: tuple[int, int]) -> Plane:
    """A plane at another size (width, height): averaged where smaller, bilinear where larger."""
    if plane.shape == (size[1], size[0]):
        return plane
    reduce = Image.Resampling.BOX if size[0] < plane.shape[1] else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(plane.astype(np.float32, copy=False)).resize(size, reduce))


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
    share = np.clip((values - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)
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
    result = mask.copy()
    if distance_px > 0:
        reached = np.clip(distance_px + 1 - _distance(mask[area] > 0.5, distance_px), 0, 1)
        result[area] = np.maximum(mask[area], reached)
    else:
        kept = np.clip(_distance(mask[area] <= 0.5, distance_px) + distance_px, 0, 1)
        result[area] = np.minimum(mask[area], kept)
    return result


def _distance(where: NDArray[np.bool_], reach_px: float) -> Plane:
    """Distance in pixels to the nearest place in `where`, infinite if there is none; long ones on a reduced grid."""
    if not where.any():
        return np.full(where.shape, np.inf, np.float32)
    step = max(1, int(abs(reach_px) // 16))
    height, width = where.shape
    small = resized(where.astype(np.float32), (max(1, width // step), max(1, height // step))) >= 0.5
    if not small.any():
        return ndimage.distance_transform_edt(~where).astype(np.float32)
    cells = ndimage.distance_transform_edt(~small).astype(np.float32)
    # From the middle of a cell to the edge of the next is half a cell: in pixels that is the half pixel less.
    return resized(np.where(small, 0, cells * step - np.float32((step - 1) / 2)), (width, height))


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
    planes = [values] if values.ndim == 2 else [values[..., channel] for channel in range(values.shape[2])]
    if weight is None:
        reduced = [soft(plane, sigma_px) for plane in planes]
    else:
        total = np.maximum(soft(weight, sigma_px), np.float32(1e-4))
        reduced = [soft(plane * weight, sigma_px) / total for plane in planes]
    return resized(reduced[0], size) if values.ndim == 2 else np.dstack([resized(plane, size) for plane in reduced])


def soft(values: Plane, sigma_px: float) -> Any:
    """A Gaussian blur left on its reduced grid."""
    step = max(1, int(sigma_px // 3))
    small = resized(values, (max(1, values.shape[1] // step), max(1, values.shape[0] // step)))
    return ndimage.gaussian_filter(small, sigma_px / step, mode="nearest", truncate=3)


def channels(pixels: Channels, size: tuple[int, int]) -> Channels:
    """Three planes at another size (width, height), as `resized`."""
    return np.dstack([resized(pixels[..., channel], size) for channel in range(3)])


def read(small: NDArray[np.float32], where: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Channels (h, w, n) of a reduced grid, read bilinearly at the pixels of `where` (H, W), (pixels, n)."""
    rows, columns = np.nonzero(where)
    height, width, channels = small.shape
    top, bottom, down = _between(rows, height, where.shape[0])
    left, right, across = _between(columns, width, where.shape[1])
    flat = small.reshape(-1, channels)  # taken from by one index, which is several times faster than by two

    def row(start: NDArray[np.intp], run: slice) -> NDArray[np.float32]:
        first = flat.take(start[run] * width + left[run], axis=0)
        return first + across[run] * (flat.take(start[run] * width + right[run], axis=0) - first)

    result = np.empty((len(rows), channels), np.float32)
    for begin in range(0, len(rows), RUN):
        run = slice(begin, begin + RUN)
        upper = row(top, run)
        result[run] = upper + down[run] * (row(bottom, run) - upper)
    return result


def _between(
    places: NDArray[np.intp], size: int, full: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The two cells of a grid of `size` that pixels of an edge of `full` lie between, and the second one's share."""
    at = np.clip((np.arange(full) + 0.5) * (size / full) - 0.5, 0, size - 1)
    low = at.astype(np.intp)
    share = (at - low).astype(np.float32)
    return low[places], np.minimum(low + 1, size - 1)[places], share[places][:, None]
