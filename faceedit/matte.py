"""Soft edges: masks that follow the photo's own edges, and colours without the old background.

Works on one crop at a time, arrays in, arrays out.
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
