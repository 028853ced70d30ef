"""A TIFF file taken apart tag by tag, each byte accounted for: what is not needed to see the picture is a problem."""

import struct
import zlib
from dataclasses import dataclass

# Bytes an item by type, and the tags that say how samples are coded.
_SIZES = {1: 1, 3: 2, 4: 4, 5: 8}
_CODES = {1: "B", 3: "H", 4: "I"}
_ALLOWED = frozenset(
    {254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 317, 320, 322, 323, 324, 325}
    | {338, 339}
)
_NAMES = {
    270: "a description",
    271: "the camera's maker",
    272: "the camera's model",
    305: "the program's name",
    306: "a date",
    315: "a name",
    330: "further pictures",
    700: "XMP",
    33432: "a copyright note",
    33723: "IPTC",
    34377: "Photoshop data",
    34665: "EXIF",
    34675: "a colour profile",
    34853: "a place",
}
_SUBFILE, _REDUCED = 254, 1
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _CHANNELS, _ROWS = 256, 257, 258, 259, 277, 278
_STARTS, _LENGTHS = (273, 324), (279, 325)
_DEFLATE = (8, 32946)
_PLAIN = 1


@dataclass
class _Walk:
    """The file, its byte order, the values of its tags, and the stretches of it that something points to."""

    content: bytes
    order: str
    values: dict[int, tuple[int, ...]]
    known: list[tuple[int, int]]


def problems(content: bytes, *, several: bool = False) -> list[str]:
    """What a TIFF file holds beside the picture, or beside `several` pages, in plain sentences; empty if nothing."""
    order = "<" if content[:2] == b"II" else ">"
    if content[2:4] not in (b"*\0", b"\0*"):
        return ["is a BigTIFF or another kind that cannot be checked"]
    try:
        walk = _Walk(content, order, {}, [(0, 8)])
        (at,) = struct.unpack_from(order + "I", content, 4)
        found: list[str] = []
        pages = {0}
        while at not in pages:
            pages.add(at)
            walk.values = {}
            wrong, at = _directory(walk, at)
            found += wrong + _samples(walk)
            if at and not several:
                found.append("holds further pages")
                break
        return [*dict.fromkeys(found), *_gaps(walk)]
    except (struct.error, zlib.error, KeyError, IndexError, ZeroDivisionError, OverflowError):
        return ["is damaged"]


def _directory(walk: _Walk, at: int) -> tuple[list[str], int]:
    """Problems of a page's tags, and where the next page's are."""
    found: list[str] = []
    (count,) = struct.unpack_from(walk.order + "H", walk.content, at)
    for index in range(count):
        found += _tag(walk, at + 2 + 12 * index)
    (following,) = struct.unpack_from(walk.order + "I", walk.content, at + 2 + 12 * count)
    walk.known.append((at, at + 6 + 12 * count))
    reduced = bool(walk.values.get(_SUBFILE, (0,))[0] & _REDUCED)
    return [*found, *(["holds a smaller copy of a picture"] if reduced else [])], following


def _tag(walk: _Walk, at: int) -> list[str]:
    tag, type_, items = struct.unpack_from(walk.order + "HHI", walk.content, at)
    if tag not in _ALLOWED:
        return [f"holds {_NAMES.get(tag, f'a tag of an unknown kind ({tag})')}"]
    size = _SIZES[type_] * items
    start = at + 8 if size <= 4 else struct.unpack_from(walk.order + "I", walk.content, at + 8)[0]
    if size > 4:
        walk.known.append((start, start + size))
    if type_ in _CODES:
        walk.values[tag] = struct.unpack_from(f"{walk.order}{items}{_CODES[type_]}", walk.content, start)
    return []


def _samples(walk: _Walk) -> list[str]:
    """What is wrong with the strips or tiles: more in them than the picture needs."""
    values = walk.values
    starts, lengths = (values.get(strips) or values[tiles] for strips, tiles in (_STARTS, _LENGTHS))
    walk.known += [(start, start + length) for start, length in zip(starts, lengths, strict=False)]
    if _STARTS[1] in values or len(starts) != len(lengths):
        return ["is made of tiles, which are not checked"]
    compression = values.get(_COMPRESSION, (_PLAIN,))[0]
    channels = values.get(_CHANNELS, (1,))[0]
    row = (values[_WIDTH][0] * sum(values[_BITS]) * (channels // len(values[_BITS]) or 1) + 7) // 8
    rows = min(values.get(_ROWS, values[_HEIGHT])[0], values[_HEIGHT][0])
    left = values[_HEIGHT][0]
    for start, length in zip(starts, lengths, strict=True):
        needed = min(rows, left) * row
        left -= rows
        if not _exact(walk.content[start : start + length], compression, needed):
            return ["a strip holds other data than the picture needs, or is of a kind that is not checked"]
    return []


def _exact(strip: bytes, compression: int, needed: int) -> bool:
    if compression == _PLAIN:
        return len(strip) == needed
    if compression not in _DEFLATE:
        return False
    stream = zlib.decompressobj()
    inflated = stream.decompress(strip, needed + 1)
    return len(inflated) == needed and not stream.unused_data and not stream.decompress(stream.unconsumed_tail, 1)


def _gaps(walk: _Walk) -> list[str]:
    """Bytes of the file that nothing points to, but for single ones between even offsets."""
    at = hidden = 0
    for start, end in sorted(walk.known):
        hidden += max(0, start - at - 1)
        at = max(at, end)
    hidden += max(0, len(walk.content) - at - 1)
    return [f"{hidden} bytes lie where no tag points to"] if hidden else []
