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
_START, _SCAN, _COMMENT = b"\xff\xd8", 0xDA, 0xFE


def with_old_blocks(encoded: bytes, content: bytes, before: Photo, after: Photo, *, own_space: bool) -> bytes:
    """An encoded JPEG with the blocks of the input's `content` wherever `after` is as `before`.

    It stays as it is where that cannot be: jpeglib is not installed, the pixels were turned or converted to another
    color space, or tables and subsampling differ.
    """
    source, same_size = before.source, before.pixels.shape == after.pixels.shape
    if not importlib.util.find_spec("jpeglib") or source.format != "jpeg" or not same_size:
        return encoded
    if orientation(source.exif) != 1 or not (own_space or _as_stored(source)):
        return encoded
    touched = (before.pixels != after.pixels).any(-1)
    try:
        return shared.call("picture", Limits(), partial(_merged, encoded, content, touched)) or encoded
    except PhotoError:  # jpeglib is choosier than the decoder that could read the file
        return encoded


def _as_stored(source: Source) -> bool:
    """Whether the pixels are the file's own, not converted from another color space."""
    if not source.icc:
        return not says_adobe_rgb(source.exif)
    space = Simple.parsed(source.icc)
    return space is not None and space.is_srgb


def _merged(encoded: bytes, content: bytes, touched: Bools) -> bytes | None:
    """The new file with the old one's blocks, or None where the two do not fit together."""
    with tempfile.TemporaryDirectory(prefix="faceedit-") as place:
        old, new = (_coefficients(Path(place, name), each) for name, each in (("old", content), ("new", encoded)))
        if not _alike(old, new):
            return None
        largest = new.samp_factor.max(0)
        for plane, factor in zip(_PLANES, new.samp_factor, strict=False):
            blocks = getattr(new, plane).copy()
            height, width = (8 * largest // factor).tolist()
            kept = ~_reached(touched, height, width, blocks.shape)
            blocks[kept] = getattr(old, plane)[kept]
            setattr(new, plane, blocks)
        path = Path(place, "merged")
        new.write_dct(str(path))
        return _with_segments(path.read_bytes(), encoded)


def _coefficients(path: Path, content: bytes) -> Any:
    path.write_bytes(content)
    return importlib.import_module("jpeglib").read_dct(str(path))


def _alike(old: Any, new: Any) -> bool:
    same = old.num_components == new.num_components <= len(_PLANES) and old.Y.shape == new.Y.shape
    return same and all(np.array_equal(getattr(old, name), getattr(new, name)) for name in ("samp_factor", "qt"))


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
