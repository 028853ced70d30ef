"""A GIF file's blocks, one after the other, without decoding a picture.

Source: GIF89a specification (CompuServe, 1990).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = 13
_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_PICTURE_HEADER = 10


@dataclass(frozen=True)
class Block:
    """One block: `kind` is "picture", "trailer" or an extension's label as a number; `data` what its sub-blocks hold.

    `area` is a picture's left, top, width and height, and `end` where the next block begins.
    """

    kind: str | int
    data: bytes
    end: int
    area: tuple[int, ...] = ()


def blocks(content: bytes) -> Iterator[Block]:
    """A file's blocks up to its trailer.

    Raises:
        IndexError, struct.error: the file is cut off.
        ValueError: something is no block.
    """
    at = _HEADER + _table(content[10])
    while True:
        if content[at] == _TRAILER:
            yield Block("trailer", b"", at + 1)
            return
        if content[at] == _EXTENSION:
            label, (data, at) = content[at + 1], _joined(content, at + 2)
            yield Block(label, data, at)
        elif content[at] == _PICTURE:
            *area, flags = struct.unpack_from("<4HB", content, at + 1)
            data, at = _joined(content, at + _PICTURE_HEADER + _table(flags) + 1)
            yield Block("picture", data, at, tuple(area))
        else:
            raise ValueError("no block of a GIF")


def pictures(content: bytes) -> int:
    """How many pictures a GIF file holds; -1 if it is cut off or damaged."""
    try:
        return sum(block.kind == "picture" for block in blocks(content))
    except (IndexError, ValueError, struct.error):
        return -1


def _table(flags: int) -> int:
    """The bytes of the color table that these flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _joined(content: bytes, at: int) -> tuple[bytes, int]:
    parts = []
    while size := content[at]:
        parts.append(content[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(parts), at + 1
