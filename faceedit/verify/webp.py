"""A WebP file taken apart chunk by chunk: what is not needed to see the picture is a problem.

Not seen: bytes that a hostile encoder hides behind the samples within the picture's own chunk.
"""

import struct

_NAMES = {
    b"EXIF": "EXIF",
    b"XMP ": "XMP",
    b"ICCP": "a colour profile",
    b"ANIM": "an animation",
    b"ANMF": "an animation",
}
_PICTURES = (b"VP8 ", b"VP8L")
_ALPHA = 0x10


def problems(content: bytes) -> list[str]:
    """What a WebP file holds beside the picture, in plain sentences; empty if nothing."""
    found: list[str] = []
    size = struct.unpack_from("<I", content, 4)[0] + 8
    if size != len(content):
        found.append(f"the file has {len(content)} bytes and says {size}")
    names = []
    at = 12
    while at + 8 <= len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        body = content[at + 8 : at + 8 + length]
        padding = content[at + 8 + length : at + 8 + length + length % 2]
        if len(body) != length or any(padding):
            return [*found, "a chunk is cut off or damaged"]
        found += _judged(name, body)
        names.append(name)
        at += 8 + length + length % 2
    if at != len(content) and size == len(content):
        found.append("bytes lie behind the last chunk")
    if sum(name in _PICTURES for name in names) != 1 or len(set(names)) != len(names):
        found.append("holds more than one picture, or none")
    return found


def _judged(name: bytes, body: bytes) -> list[str]:
    if name in _PICTURES or name == b"ALPH":
        return []
    if name == b"VP8X":
        plain = len(body) == 10 and not body[0] & ~_ALPHA and not any(body[1:4])
        return [] if plain else ["the header announces metadata or an animation"]
    return [f"holds {_NAMES.get(name, f'a chunk of an unknown kind ({name!r})')}"]
