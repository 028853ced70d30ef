"""Edited photos back in the color space of their files: what no effect touched has the file's own samples, bit for bit.

To a pixel that was changed, the change is added in the file's space, so that colors which sRGB cannot show stay vivid
where an edit fades out, and are the edit's own where it is strong.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from faceedit.color import to_linear
from faceedit.images.icc import Simple
from faceedit.images.isolated import native_isolated
from faceedit.images.read import Limits
from faceedit.photo import Photo

Float = NDArray[np.float32]

# Changes of sRGB from which on nothing is left of what lay beyond it.
_STRONG = np.float32(0.1)
_AT_ONCE = 1 << 20  # pixels


def in_own_space(before: Photo, after: Photo, content: bytes, limits: Limits) -> Photo | None:
    """The edited photo in the space of its file's `content`; None where that is sRGB or cannot be gone back to.

    A space can be gone back to where its profile is a formula: three primaries and their tone curves, as those of
    cameras, telephones and screens.
    """
    space = Simple.parsed(before.source.icc) if before.source.icc else None
    if space is None or space.primaries is None or space.is_srgb or after.pixels.shape != before.pixels.shape:
        return None
    samples = native_isolated(content, limits=limits)
    if samples.space != "RGB" or samples.values.dtype != before.pixels.dtype:
        return None
    pixels = samples.values.copy()
    rows, columns = np.nonzero((before.pixels != after.pixels).any(-1))
    for start in range(0, len(rows), _AT_ONCE):
        at = rows[start : start + _AT_ONCE], columns[start : start + _AT_ONCE]
        pixels[at] = _moved(pixels[at], before.pixels[at], after.pixels[at], space)
    return dataclasses.replace(after, pixels=pixels)


def _moved(
    own: NDArray[np.unsignedinteger],
    before: NDArray[np.unsignedinteger],
    after: NDArray[np.unsignedinteger],
    space: Simple,
) -> NDArray[np.unsignedinteger]:
    """Samples (N, 3) in the file's space, changed as `before` was to `after` in sRGB."""
    top = np.float32(np.iinfo(own.dtype).max)
    old, new = (values.astype(np.float32) / top for values in (before, after))
    left = np.clip(1 - np.abs(new - old).max(-1, keepdims=True) / _STRONG, 0, 1)
    beyond = own.astype(np.float32) / top - space.from_linear_srgb(to_linear(old))
    moved = space.from_linear_srgb(to_linear(new)) + left * beyond
    samples: NDArray[np.unsignedinteger] = np.rint(np.clip(moved, 0, 1) * top).astype(own.dtype)
    return samples
