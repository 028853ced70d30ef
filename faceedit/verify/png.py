"""A PNG file taken apart chunk by chunk: what is not needed to see the picture is a problem."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

# Chunks that say how the picture is coded and shown, and the bytes that they may have at most.
_ALLOWED = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 1 << 31, b"IEND": 0, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
# And those of an animation.
_FRAMES = {b"acTL": 8, b"fcTL": 26, b"fdAT": 1 << 31}
_ONCE = frozenset(_ALLOWED) - {b"IDAT"}
_NAMES = {
    b"tEXt": "text",
    b"zTXt": "text",
    b"iTXt": "text or XMP",
    b"eXIf": "EXIF",
    b"iCCP": "a colour profile",
    b"acTL": "an animation",
    b"fdAT": "an animation",
    b"tIME": "a date",
}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first column, first row, and steps of the seven passes.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_PIECE = 1 << 16


@dataclass
class _Walk:
    """What was met in a file: its header, the pieces of its picture, and those of frames, each with its size."""

    header: bytes = b""
    said: int = 0
    pieces: list[bytes] = field(default_factory=list)
    frames: list[tuple[int, int, list[bytes]]] = field(default_factory=list)

    def take(self, name: bytes, body: bytes) -> None:
        """Note one chunk."""
        if name == b"IHDR":
            self.header = body
        elif name == b"acTL":
            self.said = int.from_bytes(body[:4], "big")
        elif name == b"fcTL":
            width, height = struct.unpack_from(">II", body, 4)
            self.frames.append((width, height, []))
        elif name == b"fdAT" and self.frames:
            self.frames[-1][2].append(body[4:])
        elif name == b"IDAT":
            self.pieces.append(body)
            if self.frames:  # the picture is the first frame
                self.frames[-1][2].append(body)


def problems(content: bytes, *, several: bool = False) -> list[str]:
    """What a PNG file holds beside the picture, or beside `several` frames, in plain sentences; empty if nothing."""
    found: list[str] = []
    seen: set[bytes] = set()
    walk = _Walk()
    end = 8
    for name, body, after in _chunks(content):
        found += [] if several and _FRAMES.get(name, -1) >= len(body) else _judged(name, body, seen)
        seen.add(name)
        walk.take(name, body)
        end = after
        if name == b"IEND":
            break
    if b"IEND" not in seen:
        return [*found, "the picture is cut off, or a chunk is damaged"]
    if end < len(content):
        found.append(f"{len(content) - end} bytes lie behind the end of the picture")
    if several and len(walk.frames) != walk.said:
        found.append("holds another number of frames than it says")
    return found + _coded(walk, seen)


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Name, body and end of each whole chunk with a right checksum; it stops at the first other one."""
    at = 8
    while at + 12 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            return
        yield name, content[at + 8 : end - 4], end
        at = end


def _judged(name: bytes, body: bytes, seen: set[bytes]) -> list[str]:
    if name not in _ALLOWED:
        shown = name.decode("ascii", "backslashreplace")
        return [f"holds {_NAMES.get(name, f'a chunk of an unknown kind ({shown})')}"]
    if len(body) > _ALLOWED[name] or (name in _ONCE and name in seen):
        return [f"the chunk {name.decode()} holds more than it should"]
    return []


def _coded(walk: _Walk, seen: set[bytes]) -> list[str]:
    """What is wrong with the picture's own data: more of it than the picture needs, or a palette without use."""
    if len(walk.header) != 13:
        return ["the header is damaged"]
    width, height, depth, color, *_, interlaced = struct.unpack(">IIBBBBB", walk.header)
    if color not in _CHANNELS:
        return ["the header is damaged"]
    if b"PLTE" in seen and color != 3:
        return ["holds a palette that the picture does not use"]
    bits = depth * _CHANNELS[color]
    found: list[str] = []
    for across, down, pieces in [(width, height, walk.pieces), *walk.frames]:
        parts = _parts(down, across, bool(interlaced))
        found += _inflated(pieces, sum(rows * (1 + (columns * bits + 7) // 8) for rows, columns in parts))
    return list(dict.fromkeys(found))


def _parts(height: int, width: int, interlaced: bool) -> list[tuple[int, int]]:
    """Rows and columns of the whole picture, or of the seven passes it is sent in."""
    if not interlaced:
        return [(height, width)]
    sizes = [(-(-(height - top) // down), -(-(width - left) // right)) for left, top, right, down in _PASSES]
    return [(rows, columns) for rows, columns in sizes if rows > 0 and columns > 0]


def _inflated(pieces: list[bytes], needed: int) -> list[str]:
    stream = zlib.decompressobj()
    total = 0
    try:
        for piece in pieces:
            waiting = piece
            while waiting and not stream.eof and total <= needed:
                total += len(stream.decompress(waiting, _PIECE))
                waiting = stream.unconsumed_tail
            if (stream.eof and (stream.unused_data or waiting)) or (stream.eof and piece is not pieces[-1]):
                return ["bytes lie behind the picture's data"]
    except zlib.error:
        return ["the picture's data is damaged"]
    if total != needed or not stream.eof:
        return [f"the picture's data is of another length than its {needed} bytes"]
    return []
