"""A WebP file taken apart chunk by chunk: what is not needed to see the picture is a problem.

Not seen: bytes that a hostile encoder hides behind the samples within the picture's own chunk.
"""

import struct
from collections.abc import Iterator

_NAMES = {
    b"EXIF": "EXIF",
    b"XMP ": "XMP",
    b"ICCP": "a colour profile",
    b"ANIM": "an animation",
    b"ANMF": "an animation",
}
_PICTURES = (b"VP8 ", b"VP8L")
_OF_FRAMES = {*_PICTURES, b"ALPH"}
_ALPHA, _ANIMATION = 0x10, 0x02


def problems(content: bytes, *, several: bool = False) -> list[str]:
    """What a WebP file holds beside the picture, or beside `several` frames, in plain sentences; empty if nothing."""
    found: list[str] = []
    size = struct.unpack_from("<I", content, 4)[0] + 8
    if size != len(content):
        found.append(f"the file has {len(content)} bytes and says {size}")
    chunks = list(_chunks(content, 12))
    if chunks and chunks[-1] is None:
        return [*found, "a chunk is cut off or damaged"]
    whole = [chunk for chunk in chunks if chunk]
    for name, body in whole:
        found += _frame(body) if several and name == b"ANMF" else _judged(name, body, several)
    at = 12 + sum(8 + len(body) + len(body) % 2 for _, body in whole)
    if at != len(content) and size == len(content):
        found.append("bytes lie behind the last chunk")
    names = [name for name, _ in whole if not several or name != b"ANMF"]
    pictures = sum(name in _PICTURES for name in names)
    if pictures != int(len(names) == len(whole)) or len(set(names)) != len(names):
        found.append("holds more than one picture, or none")
    return found


def _chunks(content: bytes, at: int) -> Iterator[tuple[bytes, bytes] | None]:
    """Names and bodies of chunks; None at last where one is cut off or damaged."""
    while at + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + length]
        padding = content[at + 8 + length : at + 8 + length + length % 2]
        if len(body) != length or any(padding):
            yield None
            return
        yield name, body
        at += 8 + length + length % 2


def _frame(body: bytes) -> list[str]:
    """Problems of one frame: 16 bytes that say where it lies, then a picture's own chunks."""
    chunks = list(_chunks(body, 16))
    names = [chunk[0] for chunk in chunks if chunk]
    plain = None not in chunks and sum(name in _PICTURES for name in names) == 1 and set(names) <= _OF_FRAMES
    length = 16 + sum(8 + len(chunk[1]) + len(chunk[1]) % 2 for chunk in chunks if chunk)
    return [] if plain and length == len(body) else ["a frame holds more than its picture"]


def _judged(name: bytes, body: bytes, several: bool) -> list[str]:
    if name in _PICTURES or name == b"ALPH" or (several and name == b"ANIM" and len(body) == 6):
        return []
    if name == b"VP8X":
        allowed = _ALPHA | (_ANIMATION if several else 0)
        plain = len(body) == 10 and not body[0] & ~allowed and not any(body[1:4])
        return [] if plain else ["the header announces metadata or an animation"]
    return [f"holds {_NAMES.get(name, f'a chunk of an unknown kind ({name!r})')}"]
