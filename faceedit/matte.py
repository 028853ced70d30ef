"""Soft edges: masks that follow the photo's own edges, and colours without the old background.

Works on one crop at a time, arrays in, arrays out; lengths are in pixels. Sums over wide windows are taken on
reduced grids, so a wide blur costs no more than a narrow one.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Plane = NDArray[np.float32]  # (h, w)
Channels = NDArray[np.float32]  # (h, w, 3)

# A blurred hard mask beyond this value is safely inside, below its complement safely outside.
SURE = 0.98
# Deviation of a colour within one surface (sensor noise, JPEG), and of a mask from the true opacity, both 0..1.
NOISE, DOUBT = 0.04, 0.25
# Germer's levels end at this many pixels; his regularisation, so that flat areas have an answer.
FINEST, SMOOTHNESS = 256, 1e-3


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
    step = max(1, round(radius_px / 4))
    size = (max(1, width // step), max(1, height // step))
    guides = [guide] if guide.ndim == 2 else [guide[..., channel] for channel in range(3)]
    small = [_resized(each, size) for each in guides]
    slopes, offset = _coefficients(small, _resized(plane, size), max(1, round(radius_px / step)), epsilon)
    full = _resized(offset, (width, height)).copy()
    for slope, each in zip(slopes, guides, strict=True):
        full += _resized(slope, (width, height)) * each
    return np.clip(full, 0, 1)


def _coefficients(guides: list[Plane], plane: Plane, radius: int, epsilon: float) -> tuple[list[Plane], Plane]:
    """The slopes, one a guide, and the offset of the line that fits `plane` in each window, averaged over windows."""

    def mean(values: Any) -> Any:
        return ndimage.uniform_filter(values, 2 * radius + 1, mode="nearest")

    means, mean_plane = [mean(guide) for guide in guides], mean(plane)
    along = [mean(guide * plane) - middle * mean_plane for guide, middle in zip(guides, means, strict=True)]
    spread = {
        (i, j): mean(guides[i] * guides[j]) - means[i] * means[j] + np.float32(epsilon if i == j else 0)
        for i in range(len(guides))
        for j in range(i, len(guides))
    }
    slopes = [along[0] / spread[0, 0]] if len(guides) == 1 else _solved_3x3(spread, along)
    fitted: Plane = np.sum([slope * middle for slope, middle in zip(slopes, means, strict=True)], axis=0)
    return [mean(slope) for slope in slopes], mean(mean_plane - fitted)


def _solved_3x3(matrix: dict[tuple[int, int], Plane], right: list[Plane]) -> list[Plane]:
    """x of matrix x = right at each pixel; the matrix is symmetric, its upper half given by row and column."""
    rr, rg, rb, gg, gb, bb = (matrix[place].astype(np.float64) for place in sorted(matrix))
    adjoint = {
        (0, 0): gg * bb - gb * gb,
        (0, 1): gb * rb - rg * bb,
        (0, 2): rg * gb - gg * rb,
        (1, 1): rr * bb - rb * rb,
        (1, 2): rb * rg - rr * gb,
        (2, 2): rr * gg - rg * rg,
    }
    scale = rr * adjoint[0, 0] + rg * adjoint[0, 1] + rb * adjoint[0, 2]
    rows = [[adjoint[min(i, j), max(i, j)] for j in range(3)] for i in range(3)]
    return [(sum(a * c for a, c in zip(row, right, strict=True)) / scale).astype(np.float32) for row in rows]


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
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
    step = max(1, int(abs(reach_px) // 8))
    height, width = where.shape
    small = _resized(where.astype(np.float32), (max(1, width // step), max(1, height // step))) >= 0.5
    if not small.any():
        return ndimage.distance_transform_edt(~where).astype(np.float32)
    cells = ndimage.distance_transform_edt(~small).astype(np.float32)
    # From the middle of a cell to the edge of the next is half a cell: in pixels that is the half pixel less.
    return _resized(np.where(small, 0, cells * step - np.float32((step - 1) / 2)), (width, height))


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
        soft = [_soft(plane, sigma_px) for plane in planes]
    else:
        total = np.maximum(_soft(weight, sigma_px), np.float32(1e-4))
        soft = [_soft(plane * weight, sigma_px) / total for plane in planes]
    return _resized(soft[0], size) if values.ndim == 2 else np.dstack([_resized(plane, size) for plane in soft])


def _soft(values: Plane, sigma_px: float) -> Any:
    """A Gaussian blur left on its reduced grid."""
    step = max(1, int(sigma_px // 3))
    small = _resized(values, (max(1, values.shape[1] // step), max(1, values.shape[0] // step)))
    return ndimage.gaussian_filter(small, sigma_px / step, mode="nearest", truncate=3)


def alpha(pixels: Channels, mask: Plane, band_px: float, hairy: Plane | None = None) -> Plane:
    """How opaque each pixel of a subject is, (h, w) float32 0..1, strand by strand, from a `mask` that is about right.

    Within about `band_px` of the mask's edge, each pixel (h, w, 3) is explained as a mix of the colours that
    lie safely inside and safely outside nearby; where these look alike the mask decides.
    With `hairy` (h, w) 0..1 the band is that wide only along hair, and half as wide along plain edges.
    """
    hard = (mask > 0.5).astype(np.float32)
    near = blurred(hard, band_px / 2)
    if hairy is not None:
        plain = blurred(hard, band_px / 4)
        near = plain + hairy * (near - plain)
    step = max(1, int(band_px // 16))
    size = (max(1, mask.shape[1] // step), max(1, mask.shape[0] // step))
    small, rough = _channels(pixels, size), _resized(near, size)
    for reach_px in (band_px, 0.4 * band_px):  # what the first look is sure of brings the second look's colours closer
        front, back = (_local_color(small, sure, reach_px / step) for sure in (rough > SURE, rough < 1 - SURE))
        if reach_px == band_px:
            rough = _unmixed(small, _resized(mask, size), rough, front, back)
    return _unmixed(pixels, mask, near, front, back)


def _local_color(pixels: Channels, where: NDArray[np.bool_], reach_px: float) -> list[Plane]:
    """The mean colour in `where` around each pixel, a plane a channel, and last its variance (mean of the channels)."""
    weight = where.astype(np.float32)
    mean = blurred(pixels, reach_px, weight)
    square = blurred(np.einsum("hwc,hwc->hw", pixels, pixels), reach_px, weight)
    spread = np.maximum(square - np.einsum("hwc,hwc->hw", mean, mean), 0) / 3
    unseen = blurred(weight, reach_px) < 1e-3  # no such place within reach: its colour tells nothing
    return [*np.moveaxis(mean, 2, 0), np.where(unseen, np.float32(10), spread)]


def _unmixed(pixels: Channels, mask: Plane, near: Plane, front: list[Plane], back: list[Plane]) -> Plane:
    """The front's share in each pixel that is `near` neither: least squares, the mask being one more observation."""
    size = (pixels.shape[1], pixels.shape[0])
    mixed = (near <= SURE) & (near >= 1 - SURE)
    *fronts, front_spread = (_resized(plane, size)[mixed] for plane in front)
    *backs, back_spread = (_resized(plane, size)[mixed] for plane in back)
    noise = NOISE**2 + front_spread + back_spread
    edge = 4 * near[mixed] * (1 - near[mixed])  # 1 on the mask's edge, 0 at the ends of the band
    weight = 1 / (np.float32(DOUBT**2) * np.maximum(edge, np.float32(0.3)))
    along = mask[mixed] * weight
    for channel, (close, far) in enumerate(zip(fronts, backs, strict=True)):
        along += (pixels[..., channel][mixed] - far) * (close - far) / noise
        weight += (close - far) ** 2 / noise
    opacity = (near > SURE).astype(np.float32)
    opacity[mixed] = np.clip(along / weight, 0, 1)
    return opacity


def foreground(pixels: Channels, opacity: Plane) -> Channels:
    """The subject's own colours (h, w, 3), without the background that shines through where `opacity` is below 1.

    Source: Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground Estimation", arXiv:2006.14970. Levels end
    at `FINEST` pixels; from there on one exact step explains each mixed pixel.
    """
    height, width = opacity.shape
    longest = max(height, width)
    front = back = np.zeros((1, 1, 3), np.float32) + pixels.mean((0, 1))
    for level in range(1, 1 + math.ceil(math.log2(max(2, min(longest, FINEST))))):
        share = min(1.0, 2**level / longest)
        size = (max(1, round(width * share)), max(1, round(height * share)))
        front, back = _channels(front, size), _channels(back, size)
        small, mix = _channels(pixels, size), _resized(opacity, size)
        for _ in range(10 if max(size) <= 32 else 3):
            front, back = _relaxed(small, mix, front, back)
    return _explained(pixels, opacity, _channels(front, (width, height)), _channels(back, (width, height)))


def _relaxed(pixels: Channels, mix: Plane, front: Channels, back: Channels) -> tuple[Channels, Channels]:
    """One Jacobi step: each pixel's two colours from itself and its four neighbours, alike where the opacity is."""
    share = np.zeros_like(mix) + np.float32(1e-8)
    fronts, backs = np.zeros_like(front), np.zeros_like(back)
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        weight = np.float32(SMOOTHNESS) + np.abs(mix - _shifted(mix, shift, axis))
        share += weight
        fronts += weight[..., None] * _shifted(front, shift, axis)
        backs += weight[..., None] * _shifted(back, shift, axis)
    return _solved(pixels, mix, share, fronts / share[..., None], backs / share[..., None])


def _solved(pixels: Channels, mix: Plane, share: Plane, front: Channels, back: Channels) -> tuple[Channels, Channels]:
    """The two colours nearest to a guess whose mix is the pixel; `share` says how much the guess weighs."""
    missing = pixels - mix[..., None] * front - (1 - mix)[..., None] * back
    step = missing / (mix * mix + (1 - mix) ** 2 + share)[..., None]
    front = np.clip(front + mix[..., None] * step, 0, 1)
    back = np.clip(back + (1 - mix)[..., None] * step, 0, 1)
    return front, back


def _explained(pixels: Channels, opacity: Plane, front: Channels, back: Channels) -> Channels:
    """`front` corrected so that it and `back` mix to the pixel, the pixel itself where it is opaque."""
    result = pixels.copy()
    mixed = (opacity < 1) & (opacity > 0)
    loose = np.full((1, 1), 0.01, np.float32)  # the guess is good; the mix has the last word
    fixed, _ = _solved(pixels[mixed][None], opacity[mixed][None], loose, front[mixed][None], back[mixed][None])
    result[mixed] = fixed[0]
    return result


def _shifted(values: Any, shift: int, axis: int) -> Any:
    """The neighbours' values, the border's own repeated beyond it."""
    moved = np.roll(values, shift, axis)
    edge = [slice(None)] * values.ndim
    edge[axis] = slice(0, 1) if shift > 0 else slice(-1, None)
    moved[tuple(edge)] = values[tuple(edge)]
    return moved


def _channels(pixels: Channels, size: tuple[int, int]) -> Channels:
    return np.dstack([_resized(pixels[..., channel], size) for channel in range(3)])
