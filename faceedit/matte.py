"""Soft edges: masks that follow the photo's own edges, and colours without the old background.

Works on one crop at a time, arrays in, arrays out; lengths are in pixels. Sums over wide windows are taken on
reduced grids, so a wide blur costs no more than a narrow one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Plane = NDArray[np.float32]  # (h, w)


def luma(pixels: NDArray[np.float32]) -> Plane:
    """The luma of sRGB pixels (h, w, 3) 0..1 as (h, w) float32. Source: ITU-R BT.601."""
    return pixels @ np.array([0.299, 0.587, 0.114], np.float32)


def guided_filter(guide: Plane, plane: Plane, radius_px: float, epsilon: float = 1e-4) -> Plane:
    """`plane` smoothed so that its edges lie where `guide` (0..1) has edges, (h, w) float32 0..1.

    Windows are 2 x `radius_px` + 1 pixels wide; `epsilon` is the guide's variance that counts as flat.
    The linear coefficients are computed on a reduced grid and read back at full size.

    Source: He, Sun, Tang, "Guided Image Filtering", 2013; He, Sun, "Fast Guided Filter", arXiv:1505.00996.
    """
    height, width = plane.shape
    step = max(1, int(radius_px // 4))
    small = (max(1, width // step), max(1, height // step))
    a, b = _coefficients(_resized(guide, small), _resized(plane, small), max(1, round(radius_px / step)), epsilon)
    full = _resized(a, (width, height)) * guide + _resized(b, (width, height))
    return np.clip(full, 0, 1)


def _coefficients(guide: Plane, plane: Plane, radius: int, epsilon: float) -> tuple[Plane, Plane]:
    def mean(values: Any) -> Any:
        return ndimage.uniform_filter(values, 2 * radius + 1, mode="nearest")

    mean_guide, mean_plane = mean(guide), mean(plane)
    covariance = mean(guide * plane) - mean_guide * mean_plane
    variance = mean(guide * guide) - mean_guide * mean_guide
    a = covariance / (variance + epsilon)
    b = mean_plane - a * mean_guide
    return mean(a), mean(b)


def _resized(plane: Plane, size: tuple[int, int]) -> Plane:
    if plane.shape == (size[1], size[0]):
        return plane
    reduce = Image.Resampling.BOX if size[0] < plane.shape[1] else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(plane.astype(np.float32, copy=False)).resize(size, reduce))


def bounds(mask: Plane, margin_px: int = 0) -> tuple[slice, slice]:
    """The rows and columns that hold all of a mask's positive values, with a margin; empty slices for an empty mask.

    Effects work on `pixels[bounds(mask)]` instead of the whole window.
    """
    found = []
    for axis in (1, 0):
        filled = np.flatnonzero((mask > 0).any(axis))
        if not len(filled):
            return slice(0, 0), slice(0, 0)
        found.append(slice(max(0, int(filled[0]) - margin_px), int(filled[-1]) + 1 + margin_px))
    return found[0], found[1]


def grown(mask: Plane, distance_px: float) -> Plane:
    """The mask moved outwards by `distance_px` pixels (inwards if negative), with an edge one pixel soft."""
    if distance_px == 0:
        return mask
    core = mask > 0.5
    if distance_px > 0:
        away = ndimage.distance_transform_edt(~core) if core.any() else np.full(mask.shape, np.inf)
        return np.maximum(mask, np.clip(distance_px + 1 - away, 0, 1)).astype(np.float32)
    depth = ndimage.distance_transform_edt(core) if not core.all() else np.full(mask.shape, np.inf)
    return np.minimum(mask, np.clip(depth + distance_px, 0, 1)).astype(np.float32)


def feathered(mask: Plane, sigma_px: float) -> Plane:
    """The mask with its edge softened by a Gaussian of `sigma_px` pixels."""
    if sigma_px <= 0:
        return mask
    step = max(1, int(sigma_px // 4))
    height, width = mask.shape
    small = _resized(mask, (max(1, width // step), max(1, height // step)))
    soft = ndimage.gaussian_filter(small, sigma_px / step, mode="nearest", truncate=3)
    return np.clip(_resized(soft, (width, height)), 0, 1)


def blurred(values: Plane, sigma_px: float, weight: Plane | None = None) -> Plane:
    """A Gaussian blur of `sigma_px` pixels of a plane (h, w) or of channels (h, w, n), float32.

    With a `weight` (h, w) each pixel counts that much, so that nothing bleeds in from where the weight is 0;
    where no weight is within reach the result is 0.
    """
    if sigma_px <= 0:
        return values
    if weight is not None:
        shared = blurred(weight, sigma_px)
        summed = blurred(values * (weight if values.ndim == 2 else weight[..., None]), sigma_px)
        divisor: Plane = np.maximum(shared, np.float32(1e-4))
        return summed / (divisor if values.ndim == 2 else divisor[..., None])
    if values.ndim == 3:
        return np.dstack([blurred(values[..., channel], sigma_px) for channel in range(values.shape[2])])
    step = max(1, int(sigma_px // 3))
    height, width = values.shape
    small = _resized(values, (max(1, width // step), max(1, height // step)))
    soft = ndimage.gaussian_filter(small, sigma_px / step, mode="nearest", truncate=3)
    return _resized(soft, (width, height))


def alpha(pixels: Channels, probability: Plane, band_px: float) -> Plane:
    """How opaque each pixel of a subject is, (h, w) float32 0..1, from a model's soft `probability` of the subject.

    Within about `band_px` of the subject's edge, each pixel (h, w, 3) is explained as a mix of the colours that
    lie safely inside and safely outside nearby; where these look alike the probability decides.
    """
    prior = np.clip((guided_filter(luma(pixels), probability, band_px / 3) - 0.5) * SHARPEN + 0.5, 0, 1)
    inside, outside = _depths(probability, band_px)
    for _ in range(2):
        mixed = _unmixed(pixels, prior, inside, outside, band_px)
        mixed = np.where(inside >= 1, 1, np.where(outside >= 1, 0, mixed)).astype(np.float32)
        inside, outside = (np.maximum(sure, side > 0.97) for sure, side in ((inside, mixed), (outside, 1 - mixed)))
    return mixed


def foreground(pixels: Channels, opacity: Plane) -> Channels:
    """The subject's own colours (h, w, 3), without the background that shines through where `opacity` is below 1.

    Source: Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground Estimation", arXiv:2006.14970; its last
    level is one exact step for each mixed pixel.
    """
    height, width = opacity.shape
    longest = max(height, width)
    front = back = np.zeros((1, 1, 3), np.float32) + pixels.mean((0, 1))
    for level in range(1, 1 + int(np.ceil(np.log2(min(longest, FINEST))))):
        share = min(1.0, 2**level / longest)
        size = (max(1, round(width * share)), max(1, round(height * share)))
        small, mix = _resized_channels(pixels, size), _resized(opacity, size)
        front, back = _resized_channels(front, size), _resized_channels(back, size)
        for _ in range(10 if max(size) <= 32 else 3):
            front, back = _relaxed(small, mix, front, back)
    return _explained(pixels, opacity, _resized_channels(front, (width, height)), _resized_channels(back, (width, height)))
