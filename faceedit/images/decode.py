"""What Pillow opened, as arrays: every mode and depth, alpha apart, samples still in the file's own colour space."""

import importlib
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import UnreadablePhoto
from faceedit.images import png16, tiff

_WITH_ALPHA = frozenset({"LA", "RGBA"})
_PLAIN = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "LAB"})
# Modes that are first turned into a plain one; P, PA and whatever is new go to RGB or RGBA.
_GREY = {"1": "L", "La": "LA"}
_ROWS = 512
_DEEP_SPACES = {1: "L", 2: "L", 3: "RGB", 4: "RGB"}


@dataclass(frozen=True)
class Samples:
    """Colours (H, W, C) uint8 or uint16 in `space` (L, RGB, CMYK or LAB), and alpha (H, W) of the same dtype or None.

    `grey` tells whether the file itself holds no colour.
    """

    values: NDArray[Any]
    space: str
    alpha: NDArray[Any] | None = None

    @property
    def grey(self) -> bool:
        """Whether the file holds no colour."""
        return self.space == "L"


def samples(picture: Image.Image, content: bytes) -> Samples:
    """The samples of an opened picture; 16-bit PNG, TIFF and HEIC keep their depth.

    Raises:
        UnreadablePhoto: the samples are of a kind that is not supported. Damaged bytes raise whatever they raise.
    """
    if picture.format == "PNG" and png16.is_deep(content):
        picture.load()  # checks the chunks, and reads the text and EXIF behind the picture
        values = png16.decode(content)
        return _split(values, _DEEP_SPACES[values.shape[2]])
    if picture.format == "TIFF" and tiff.is_deep(picture):
        return _split(*tiff.decode(picture, content))
    if picture.format == "HEIF" and picture.info.get("bit_depth", 8) > 8:
        return _deep_heif(content)
    return shallow(picture)


def odd_tiff(content: bytes, most_pixels: float) -> Samples:
    """The samples of a 16-bit TIFF of one page, in a layout that Pillow cannot open."""
    return _split(*tiff.decode_odd(content, most_pixels, only_page=True))


def _deep_heif(content: bytes) -> Samples:
    picture = importlib.import_module("pillow_heif").open_heif(io.BytesIO(content), convert_hdr_to_8bit=False)
    return _split(np.array(picture, np.uint16), "RGB")


def shallow(picture: Image.Image) -> Samples:
    """The samples of an opened picture with 8 bits, of an animation those of the frame that it shows.

    Raises:
        UnreadablePhoto: the samples are of a kind that is not supported.
    """
    picture.load()
    if picture.mode in ("I", "F"):
        raise UnreadablePhoto("holds 32-bit samples, which are not supported", "save it with 8 or 16 bits")
    mode = _GREY.get(picture.mode, picture.mode)
    clear = "transparency" in picture.info and mode not in _WITH_ALPHA
    if clear:
        mode = "LA" if mode == "L" else "RGBA"
    elif mode not in _PLAIN:
        mode = "RGBA" if mode in ("PA", "RGBa") else "RGB"
    values = _array(picture if picture.mode == mode else picture.convert(mode))
    return _split(values, mode.removesuffix("A"))


def _array(picture: Image.Image) -> NDArray[np.uint8]:
    """An 8-bit picture as (H, W, C), strip by strip: Pillow needs twice the memory of what is converted at a time."""
    width, height = picture.size
    values = np.empty((height, width, len(picture.getbands())), np.uint8)
    for top in range(0, height, _ROWS):
        rows = values[top : top + _ROWS]
        rows[:] = np.asarray(picture.crop((0, top, width, top + len(rows)))).reshape(rows.shape)
    return values


def _split(values: NDArray[Any], space: str) -> Samples:
    colors = {"L": 1, "RGB": 3, "CMYK": 4, "LAB": 3}[space]
    alpha = np.ascontiguousarray(values[..., colors]) if values.shape[2] > colors else None
    return Samples(np.ascontiguousarray(values[..., :colors]), space, alpha)
