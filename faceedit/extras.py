"""What an effect may hand over beside the photo: pictures, and files that are no picture."""

import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faceedit import images
from faceedit.photo import Photo, Source

# Names of extras become parts of file names.
_NAME = re.compile(r"[\w-]{1,60}")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


@dataclass(frozen=True)
class Picture:
    """A picture for a file of its own.

    `pixels` is (h, w) grey, (h, w, 3) or (h, w, 4), uint8 or uint16; `dpi` is written into the file.
    """

    pixels: NDArray[Any]
    format: Literal["png", "webp", "tiff"] = "png"
    dpi: float | None = None


@dataclass(frozen=True)
class File:
    """A file that is no picture, as its bytes. A recipe that redacts withholds the photo: nobody can look into it."""

    suffix: str
    content: bytes


Extra = NDArray[np.uint8] | Picture | File
"""Of arrays, (h, w, 3 or 4) uint8 for a PNG."""


def unfit(name: str, extra: object) -> tuple[str, str]:
    """What is wrong with an extra and what it must be; two empty texts where nothing is."""
    if not _NAME.fullmatch(name):
        return f'an extra named "{name}"', "it becomes a file's name: letters, digits, _ and - are allowed"
    if isinstance(extra, File):
        good = isinstance(extra.content, bytes) and _SUFFIX.fullmatch(extra.suffix)
        return ("", "") if good else (f'extra "{name}" with suffix "{extra.suffix}"', 'write bytes, and ".json"')
    pixels = extra.pixels if isinstance(extra, Picture) else extra
    kinds, shapes = (
        (("uint8", "uint16"), ((), (3,), (4,))) if isinstance(extra, Picture) else (("uint8",), ((3,), (4,)))
    )
    kind = f"{pixels.dtype} {pixels.shape}" if isinstance(pixels, np.ndarray) else type(pixels).__name__
    if not isinstance(pixels, np.ndarray) or str(pixels.dtype) not in kinds or not pixels.size:
        return f'extra "{name}" of {kind}', f"it must be {' or '.join(kinds)} (h, w, 3 or 4)"
    if pixels.ndim < 2 or pixels.shape[2:] not in shapes:
        return f'extra "{name}" of {kind}', f"it must be {' or '.join(kinds)} (h, w, 3 or 4)"
    return "", ""


def suffix(extra: Extra) -> str:
    """The suffix of an extra's file, with its dot."""
    if isinstance(extra, File):
        return extra.suffix
    return images.format_suffix(extra.format if isinstance(extra, Picture) else "png")


def as_photo(extra: NDArray[np.uint8] | Picture) -> Photo:
    """A picture beside the photo as a photo of its own."""
    picture = extra if isinstance(extra, Picture) else Picture(extra)
    pixels, grey = picture.pixels, picture.pixels.ndim == 2
    alpha = np.ascontiguousarray(pixels[..., 3]) if pixels.shape[2:] == (4,) else None
    colors = np.repeat(pixels[..., None], 3, axis=2) if grey else np.ascontiguousarray(pixels[..., :3])
    # Lossless WebP, the only kind that keeps transparent pixels black.
    source = Source(grey=grey, lossless=True, dpi=(picture.dpi, picture.dpi) if picture.dpi else None)
    return Photo(colors, alpha, source=source)


def encoded(extra: Extra, *, bare: bool = False) -> bytes:
    """The bytes of an extra's file; `bare` leaves even its resolution out.

    Raises:
        PhotoError: the format cannot hold the picture.
    """
    if isinstance(extra, File):
        return extra.content
    kind = extra.format if isinstance(extra, Picture) else "png"
    resolved = isinstance(extra, Picture) and extra.dpi and not bare
    return images.encode(as_photo(extra), images.WriteOptions(kind, metadata="keep" if resolved else "none"))
