"""TIFF with 16 bits a sample, which Pillow halves silently or garbles: read whole. And TIFF written, of either depth.

Pillow's decoders do the reading where they can, asked twice: once for the first and once for the second byte of each
sample. tifffile reads the layouts that Pillow does not know.
"""

import io
import logging
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import UnreadablePhoto
from faceedit.images import exif
from faceedit.images.exif import LONG, RATIONAL, SHORT, UNDEFINED, Exif, Value
from faceedit.images.upright import orientation, turned

_BITS, _PHOTOMETRIC, _PLANAR, _EXTRA, _FORMAT, _SUBFILE = 258, 262, 284, 338, 339, 254
_REDUCED = 1
_DEFLATE = (8, 32946)
_WHITE_IS_ZERO, _SEPARATE_PLANES, _PREMULTIPLIED, _UNSIGNED = 0, 2, 1, 1
_SPACES = {0: "L", 1: "L", 2: "RGB", 5: "CMYK"}  # by photometric interpretation
_COLORS = {"L": 1, "RGB": 3, "CMYK": 4}
_STRIP_BYTES = 1 << 20

# tifffile logs what it thinks of a file; the photo's own error line says it once.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def is_tiff(content: bytes) -> bool:
    """Whether these bytes start as a TIFF or BigTIFF file."""
    return content[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def pages(content: bytes) -> Iterator[bytes]:
    """A TIFF file's pages, each as a file that holds it alone; smaller copies of pages are left out.

    Damaged bytes raise whatever they raise.
    """
    order = "<" if content[:2] == b"II" else ">"
    # Where the first page's place stands and how places and counts are written: TIFF, or BigTIFF.
    link, place, number, step = (8, "Q", "Q", 20) if 43 in content[2:4] else (4, "I", "H", 12)
    size, seen, start = struct.calcsize(place), {0}, link
    (at,) = struct.unpack_from(order + place, content, start)
    while at not in seen:
        seen.add(at)
        (count,) = struct.unpack_from(order + number, content, at)
        tags = at + struct.calcsize(number)
        link = tags + step * count
        (following,) = struct.unpack_from(order + place, content, link)
        page = bytearray(content)
        struct.pack_into(order + place, page, start, at)
        page[link : link + size] = bytes(size)
        entries = (struct.unpack_from(order + "HH" + place + "I", content, tags + step * each) for each in range(count))
        if not any(tag == _SUBFILE and value & _REDUCED for tag, _, _, value in entries):
            yield bytes(page)
        at = following


def is_deep(picture: Image.Image) -> bool:
    """Whether an opened TIFF holds 16 bits a sample."""
    return 16 in getattr(picture, "tag_v2", {}).get(_BITS, ())


def decode(picture: Image.Image, content: bytes) -> tuple[NDArray[np.uint16], str]:
    """The samples of an opened 16-bit TIFF, upright, (H, W, C), and their space: L, RGB or CMYK; alpha comes last.

    Raises:
        UnreadablePhoto: the layout is not supported.
    """
    tags: dict[int, Any] = getattr(picture, "tag_v2", {})
    if tags.get(_FORMAT, (_UNSIGNED,))[0] != _UNSIGNED:
        raise UnreadablePhoto("holds samples that are not whole numbers", "save it with 8 or 16 bits")
    photometric = tags.get(_PHOTOMETRIC, 1)
    space = _SPACES.get(photometric)
    if space is None:
        raise UnreadablePhoto("holds 16-bit colors of an unusual kind", "save it as RGB")
    if tags.get(_PLANAR) == _SEPARATE_PLANES:
        return decode_odd(content, picture.width * picture.height)
    values = _grey(picture) if picture.mode.startswith("I;16") else _interleaved(content)
    if photometric == _WHITE_IS_ZERO:
        values = np.uint16(65535) - values
    premultiplied = values.shape[2] > _COLORS[space] and tags.get(_EXTRA, (0,))[0] == _PREMULTIPLIED
    return (_divided(values) if premultiplied else values), space


def _grey(picture: Image.Image) -> NDArray[np.uint16]:
    picture.load()
    return np.array(picture).astype(np.uint16)[..., None]


def _interleaved(content: bytes) -> NDArray[np.uint16]:
    first, second = (_byte(content, which) for which in "BL")
    little = sys.byteorder == "little" if first[1].endswith("N") else first[1].endswith("L")
    high, low = (second, first) if little else (first, second)
    return (high[0].astype(np.uint16) << 8) | low[0]


def _byte(content: bytes, which: str) -> tuple[NDArray[Any], str]:
    """Each sample's first ("B") or second ("L") byte as it lies, (H, W, C), and the raw mode the file asked for."""
    picture = Image.open(io.BytesIO(content), formats=["TIFF"])
    tiles: list[Any] = picture.tile
    raw = str(tiles[0].args[0])
    wanted = raw.replace("RGBa", "RGBA")[:-1] + which
    picture.tile = [tile._replace(args=(wanted, *tile.args[1:])) for tile in tiles]
    picture.load()
    return np.asarray(picture), raw


def _divided(values: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Colours that were multiplied by their alpha, divided by it."""
    alpha = values[..., -1:].astype(np.float64)
    colors = values[..., :-1] / np.maximum(alpha, 1) * 65535
    return np.concatenate([np.minimum(colors + 0.5, 65535).astype(np.uint16), values[..., -1:]], axis=2)


def decode_odd(content: bytes, most_pixels: float, *, only_page: bool = False) -> tuple[NDArray[np.uint16], str]:
    """The same for 16-bit layouts that Pillow cannot open or garbles: separate planes, grey with alpha.

    Raises:
        UnreadablePhoto: the layout is not supported.
    """
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        page = file.pages.first
        space = _SPACES.get(int(page.photometric), "")
        height, width, channels = page.imagelength, page.imagewidth, page.samplesperpixel
        plain = page.dtype == np.uint16 and page.imagedepth == 1 and space and channels >= _COLORS[space]
        if not plain or channels > 5 or height * width > most_pixels or not _bounded(page, content):
            raise UnreadablePhoto("holds a TIFF layout that is not supported", "save it as plain RGB")
        if only_page and len(file.pages) > 1:
            raise UnreadablePhoto("holds several pages in a TIFF layout that is not supported", "save it as plain RGB")
        values: NDArray[np.uint16] = page.asarray(maxworkers=1)
    if page.planarconfig == _SEPARATE_PLANES:
        values = values.reshape(channels, height, width).transpose(1, 2, 0)
    values = values.reshape(height, width, channels)[..., : _COLORS[space] + 1]
    white_is_zero = int(page.photometric) == _WHITE_IS_ZERO
    return turned(np.uint16(65535) - values if white_is_zero else values, orientation(content)), space


def _bounded(page: Any, content: bytes) -> bool:
    """Whether no strip inflates to more than the whole page: tifffile itself sets no bound."""
    if int(page.compression) == 1:
        return True
    if int(page.compression) not in _DEFLATE:
        return False
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        inflated = zlib.decompressobj().decompress(content[offset : offset + count], page.nbytes + 1)
        if len(inflated) > page.nbytes:
            return False
    return True


@dataclass(frozen=True)
class Page:
    """What a page is made of: samples (H, W, C) uint8 or uint16, C of 1 to 4 (grey, grey and alpha, RGB, RGBA).

    `blocks` are further tags of plain bytes (XMP, IPTC, ICC profile).
    """

    samples: NDArray[Any]
    metadata: Exif = field(default_factory=Exif)
    blocks: dict[int, bytes] = field(default_factory=dict)
    dpi: tuple[float, float] | None = None


def encode(pages: Sequence[Page]) -> bytes:
    """Pages as a TIFF file, deflated without loss. The first one's byte order is that of all values."""
    order = pages[0].metadata.order
    content, link = bytearray(b"II*\0" if order == "<" else b"MM\0*") + bytes(4), 4
    for page in pages:
        metadata = page.metadata if page.metadata.order == order else Exif(order)
        rows = max(1, _STRIP_BYTES // (page.samples[0].nbytes or 1))
        strips = [_strip(page.samples[top : top + rows], order) for top in range(0, len(page.samples), rows)]
        tags = _tags(page, metadata, rows, strips, len(content))
        content += b"".join(strips)
        content += bytes(len(content) % 2)
        struct.pack_into(order + "I", content, link, len(content))
        main = {**metadata.directories.get(0, {}), **tags}
        directory = exif.directory_at(Exif(order, {**metadata.directories, 0: main}), 0, len(content))
        link = len(content) + 2 + 12 * struct.unpack_from(order + "H", directory)[0]
        content += directory
    return bytes(content)


def _tags(page: Page, metadata: Exif, rows: int, strips: list[bytes], start: int) -> dict[int, Value]:
    """The tags that say how a page's samples lie in the file, in strips of so many rows, from `start` on."""
    height, width, channels = page.samples.shape
    depth = 8 * page.samples.dtype.itemsize
    offsets = np.cumsum([start, *map(len, strips)])[:-1]
    colors = 3 if channels > 2 else 1
    tags = {
        256: metadata.numbers(LONG, width),
        257: metadata.numbers(LONG, height),
        _BITS: metadata.numbers(SHORT, *[depth] * channels),
        259: metadata.numbers(SHORT, 8),  # deflate
        _PHOTOMETRIC: metadata.numbers(SHORT, 2 if colors == 3 else 1),
        273: metadata.numbers(LONG, *map(int, offsets)),
        277: metadata.numbers(SHORT, channels),
        278: metadata.numbers(LONG, rows),
        279: metadata.numbers(LONG, *map(len, strips)),
        317: metadata.numbers(SHORT, 2),  # each sample as the difference to the one before
    }
    if channels > colors:
        tags[_EXTRA] = metadata.numbers(SHORT, 2)  # alpha that colours are not multiplied by
    for tag, value in zip((282, 283), page.dpi or (), strict=False):
        tags[tag] = Value(RATIONAL, 1, struct.pack(metadata.order + "II", round(value * 10000), 10000))
    tags |= {296: metadata.numbers(SHORT, 2)} if page.dpi else {}  # per inch
    return tags | {tag: Value(UNDEFINED, len(block), block) for tag, block in page.blocks.items() if block}


def _strip(rows: NDArray[Any], order: str) -> bytes:
    differences = rows.copy()
    differences[:, 1:] -= rows[:, :-1]
    in_order = rows.dtype.newbyteorder("<" if order == "<" else ">")
    return zlib.compress(differences.astype(in_order).tobytes(), 6)
