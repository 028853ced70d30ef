"""An edited photo as a file that is as true to the one it came from as can be: color space, and untouched blocks."""

import dataclasses

import numpy as np

from faceedit.images.blocks import blocks_can_be_kept, with_old_blocks
from faceedit.images.icc import Simple
from faceedit.images.own_space import in_own_space
from faceedit.images.read import Limits
from faceedit.images.upright import orientation
from faceedit.images.write import WriteOptions, encode, notes, output_format
from faceedit.photo import Photo

_ROWS = 256


@dataclasses.dataclass(frozen=True)
class Original:
    """The photo before it was edited, and the bytes of its file."""

    photo: Photo
    content: bytes


def unchanged(before: Photo, after: Photo) -> bool:
    """Whether two photos have the same samples; compared in strips, which takes no memory worth the name."""
    if before.pixels.shape != after.pixels.shape:
        return False
    strips = (slice(top, top + _ROWS) for top in range(0, before.height, _ROWS))
    if not all(np.array_equal(before.pixels[rows], after.pixels[rows]) for rows in strips):
        return False
    if before.alpha is None or after.alpha is None:
        return before.alpha is after.alpha
    return np.array_equal(before.alpha, after.alpha)


def encode_edited(
    photo: Photo, original: Original, options: WriteOptions, limits: Limits, *, keep_space: bool, old_blocks: bool
) -> tuple[bytes, list[str]]:
    """The bytes of an edited photo's file, and notes on what it does not hold.

    With `keep_space` it is written in its own color space; with `old_blocks` the blocks of a JPEG in which nothing
    was edited are those of the input. Neither is done where `options` ask for bare pixels.
    """
    before, content, bare = original.photo, original.content, options.metadata == "none"
    found = notes(photo, options)
    own = in_own_space(before, photo, content, limits) if keep_space and not bare else None
    if own is None and keep_space and not _is_srgb(before):
        found.append("it was written in sRGB: its own color space could not be kept")
    encoded = encode(own or photo, dataclasses.replace(options, own_space=own is not None))
    same = output_format(photo, options).name == "jpeg" and options.quality == "same"
    if old_blocks and same and not bare:
        merged = with_old_blocks(encoded, content, before, photo, own_space=own is not None)
        if merged == encoded and blocks_can_be_kept() and orientation(before.source.exif) != 1:
            found.append("all its JPEG blocks were encoded anew: they could not be turned with it")
        encoded = merged
    return encoded, found


def _is_srgb(photo: Photo) -> bool:
    space = Simple.parsed(photo.source.icc) if photo.source.icc else None
    return not photo.source.icc or (space is not None and space.is_srgb)
