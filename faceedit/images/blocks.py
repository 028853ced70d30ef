"""JPEG blocks that no effect touched, taken over from the input's file as they are.

A JPEG that is decoded and encoded anew loses a little everywhere, also where nothing was edited. Here the coefficients
of all untouched blocks come from the input and only the others from the newly encoded file. Needs jpeglib
(`faceedit[lossless]`), which reads and writes coefficients; as it trusts its files, it is used in another process.
"""

import importlib
import importlib.util
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.errors import PhotoError
from faceedit.images.icc import Simple
from faceedit.images.isolated import shared
from faceedit.images.metadata import says_adobe_rgb
from faceedit.images.read import Limits
from faceedit.images.upright import orientation
from faceedit.photo import Photo, Source

Bools = NDArray[np.bool_]

_PLANES = ("Y", "Cb", "Cr")
# Of larger photos the coefficients would take more memory than all other work on them.
_MOST_PX = 64_000_000
_START, _SCAN, _COMMENT = b"\xff\xd8", 0xDA, 0xFE


def blocks_can_be_kept() -> bool:
    """Whether this installation has what it takes."""
    return importlib.util.find_spec("jpeglib") is not None


def with_old_blocks(encoded: bytes, content: bytes, before: Photo, after: Photo, *, own_space: bool) -> bytes:
    """An encoded JPEG with the blocks of the input's `content` wherever `after` is as `before`.

    It stays as it is where that cannot be: jpeglib is not installed, the pixels were converted to another color space,
    tables and subsampling differ, or the photo has more than 64 megapixels. Blocks turn with the photo, if the edges
    that come first then are edges of blocks.
    """
    source, same_size = before.source, before.pixels.shape == after.pixels.shape
    fit = same_size and before.height * before.width <= _MOST_PX
    if not blocks_can_be_kept() or source.format != "jpeg" or not fit:
        return encoded
    if not (own_space or _as_stored(source)):
        return encoded
    touched = (before.pixels != after.pixels).any(-1)
    try:
        return (
            shared.call("picture", Limits(), partial(_merged, encoded, content, touched, orientation(source.exif)))
            or encoded
        )
    except PhotoError:  # jpeglib is choosier than the decoder that could read the file
        return encoded


def _as_stored(source: Source) -> bool:
    """Whether the pixels are the file's own, not converted from another color space."""
    if not source.icc:
        return not says_adobe_rgb(source.exif)
    space = Simple.parsed(source.icc)
    return space is not None and space.is_srgb


def _merged(encoded: bytes, content: bytes, touched: Bools, turn: int) -> bytes | None:
    """The new file with the old one's blocks, or None where the two do not fit together."""
    with tempfile.TemporaryDirectory(prefix="faceedit-") as place:
        new = _coefficients(Path(place, "new"), encoded)
        if not _taken_over(_coefficients(Path(place, "old"), content), new, touched, turn):
            return None
        path = Path(place, "merged")
        new.write_dct(str(path))
        return _with_segments(path.read_bytes(), encoded)


def _taken_over(old: Any, new: Any, touched: Bools, turn: int) -> bool:
    """Whether the two fit together; the old blocks then stand, turned, in the new file."""
    if not _alike(old, new, turn) or not _even(new, touched, turn):
        return False
    largest = new.samp_factor.max(0)
    for plane, factor in zip(_PLANES, new.samp_factor, strict=False):
        blocks = getattr(new, plane)
        height, width = (8 * largest // factor).tolist()
        reached = _reached(touched, height, width, blocks.shape)
        np.copyto(blocks, _turned(getattr(old, plane), turn), where=~reached[..., None, None])
    return True


def _turned(blocks: NDArray[np.int16], turn: int) -> NDArray[np.int16]:
    """Blocks of coefficients (rows, columns, 8, 8) as EXIF's orientation 1..8 wants their picture shown.

    A mirrored wave is the same wave, with the other sign where its number is odd.
    """
    if turn >= 5:
        blocks = blocks.transpose(1, 0, 3, 2)
    signs = np.where(np.arange(8) % 2, -1, 1).astype(np.int16)
    if turn in (3, 4, 7, 8):
        blocks = blocks[::-1] * signs[:, None]
    if turn in (2, 3, 6, 7):
        blocks = blocks[:, ::-1] * signs
    return blocks


def _even(new: Any, touched: Bools, turn: int) -> bool:
    """Whether the edges that a turn brings to the front are edges of blocks."""
    height, width = 8 * new.samp_factor.max(0)
    rows = turn in (3, 4, 7, 8) and touched.shape[0] % height
    columns = turn in (2, 3, 6, 7) and touched.shape[1] % width
    return not rows and not columns


def _coefficients(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return importlib.import_module("jpeglib").read_dct(str(path))


def _alike(old: Any, new: Any, turn: int) -> bool:
    """Whether size, subsampling and tables are the same, once the old ones are turned."""
    size, factors, tables = old.Y.shape[:2], old.samp_factor, old.qt
    if turn >= 5:
        size, factors, tables = size[::-1], factors[:, ::-1], tables.swapaxes(1, 2)
    same = old.num_components == new.num_components <= len(_PLANES) and size == new.Y.shape[:2]
    return same and np.array_equal(factors, new.samp_factor) and np.array_equal(tables, new.qt)


def _reached(touched: Bools, height: int, width: int, shape: tuple[int, ...]) -> Bools:
    """Which blocks, of `height` x `width` pixels each, hold a touched pixel."""
    padded = np.zeros((shape[0] * height, shape[1] * width), bool)
    rows, columns = (min(sizes) for sizes in zip(touched.shape, padded.shape, strict=True))
    padded[:rows, :columns] = touched[:rows, :columns]
    return np.asarray(padded.reshape(shape[0], height, shape[1], width).any((1, 3)))


def _with_segments(jpeg: bytes, model: bytes) -> bytes:
    """A JPEG with the metadata of another in the place of its own."""
    own = [part for kind, part in _segments(jpeg) if not _is_metadata(kind)]
    theirs = [part for kind, part in _segments(model) if _is_metadata(kind)]
    return b"".join([_START, *theirs, *own])


def _is_metadata(kind: int) -> bool:
    return 0xE0 <= kind <= 0xEF or kind == _COMMENT


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """A JPEG's segments behind its start, by kind; the last one is the scan with all that follows."""
    at = len(_START)
    while jpeg[at + 1] != _SCAN:
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        yield jpeg[at + 1], jpeg[at : at + size]
        at += size
    yield _SCAN, jpeg[at:]
