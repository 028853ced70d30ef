"""A JPEG file taken apart segment by segment: what is not needed to see the picture is a problem.

Not seen: bits that a hostile encoder hides in the picture's own samples.
"""

import io
import struct
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_EOI, _SOS, _DQT, _DHT, _DRI = 0xD9, 0xDA, 0xDB, 0xC4, 0xDD
_JFIF, _APP1, _ADOBE = 0xE0, 0xE1, 0xEE
_PROGRESSIVE = 0xC2
_FRAMES = (0xC0, 0xC1, _PROGRESSIVE)
_NAMES = {
    _JFIF: "a thumbnail (JFIF)",
    0xE2: "a colour profile or further pictures",
    0xED: "Photoshop or IPTC data",
    _ADOBE: "an Adobe segment of unusual length",
    0xFE: "a comment",
}
# A scan that loses its last bytes loses a part of the picture, unless they were no part of it.
_TAIL = 64


def problems(content: bytes) -> list[str]:
    """What a JPEG file holds beside the picture, in plain sentences; empty if nothing."""
    walk = _Walk(content)
    found = walk.run()
    if found or walk.progressive or len(content) < 8 * _TAIL:
        return found
    return _slack(content)


class _Walk:
    """One pass over the segments, remembering what later ones must agree with."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.defined: set[int] = set()
        self.used: set[int] = set()
        self.scans = 0
        self.progressive = False

    def run(self) -> list[str]:
        found: list[str] = []
        at = 2
        while (marker := self.marker(at)) != _EOI:
            body = _body(self.content, at)
            if marker is None or body is None:
                return [*found, f"byte {at} begins no whole segment"]
            found += self.judged(marker, body)
            at += 4 + len(body)
            if marker == _SOS:
                at, wrong = _after_scan(self.content, at)
                found += wrong
        return found + self.whole(at + 2)

    def marker(self, at: int) -> int | None:
        return self.content[at + 1] if at + 2 <= len(self.content) and self.content[at] == 0xFF else None

    def judged(self, marker: int, body: bytes) -> list[str]:
        """What is wrong with one segment."""
        if marker == _DQT:
            return _quantization(body, self.defined)
        if marker in _FRAMES:
            self.progressive |= marker == _PROGRESSIVE
            self.used |= {body[at] for at in range(8, len(body), 3)}
        self.scans += marker == _SOS
        return _shape(marker, body)

    def whole(self, end: int) -> list[str]:
        """What is wrong with the file as a whole, its picture ending at byte `end`."""
        found = []
        if end < len(self.content):
            found.append(f"{len(self.content) - end} bytes lie behind the end of the picture")
        if not self.scans or (self.scans > 1 and not self.progressive):
            found.append(f"holds {self.scans} scans where one was expected")
        if self.defined - self.used:
            found.append("holds a table that the picture does not use")
        return found


def _body(content: bytes, at: int) -> bytes | None:
    if at + 4 > len(content):
        return None
    length = struct.unpack_from(">H", content, at + 2)[0]
    return content[at + 4 : at + 2 + length] if length >= 2 and at + 2 + length <= len(content) else None


def _shape(marker: int, body: bytes) -> list[str]:
    """What is wrong with a segment by itself: its kind, or that it holds more than its kind needs."""
    size = len(body)
    fits = {
        _JFIF: size == 14 and body.startswith(b"JFIF\0") and body[12:] == b"\0\0",
        _ADOBE: size == 12 and body.startswith(b"Adobe"),
        _DRI: size == 2,
        _SOS: size > 0 and size == 4 + 2 * body[0],
        _DHT: _is_huffman(body),
    } | dict.fromkeys(_FRAMES, size >= 6 and size == 6 + 3 * body[5])
    if fits.get(marker):
        return []
    if marker in fits and marker not in (_JFIF, _ADOBE):
        return [f"a segment (0x{marker:02X}) holds more than its kind needs"]
    return [f"holds {_named(marker, body)}"]


def _named(marker: int, body: bytes) -> str:
    if marker == _APP1:
        return "XMP" if b"ns.adobe.com" in body[:40] else "EXIF"
    return _NAMES.get(marker, f"a segment of an unknown kind (0x{marker:02X})")


def _quantization(body: bytes, tables: set[int]) -> list[str]:
    at = 0
    while at < len(body):
        precision, name = body[at] >> 4, body[at] & 15
        at += 1 + 64 * (1 + precision)
        if precision > 1 or name > 3 or name in tables or at > len(body):
            return ["a quantization table is odd or defined twice"]
        tables.add(name)
    return []


def _is_huffman(body: bytes) -> bool:
    at = 0
    while at + 17 <= len(body):
        at += 17 + sum(body[at + 1 : at + 17])
    return at == len(body)


def _after_scan(content: bytes, at: int) -> tuple[int, list[str]]:
    """Where the marker behind a scan's coded samples begins, and what is wrong with the restart markers in it."""
    expected = 0
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            return len(content), ["the picture is cut off"]
        marker = content[at + 1]
        if marker == 0:
            at += 2
        elif 0xD0 <= marker <= 0xD7:
            if marker & 7 != expected:
                return at, ["restart markers are out of order"]
            expected = (expected + 1) % 8
            at += 2
        else:
            return at, []


def _slack(content: bytes) -> list[str]:
    """Whether the scan of a sequential file goes on behind the picture's last block.

    Without its tail the last blocks of a picture are mid-grey; if nothing changes, the tail was no part of it.
    """
    cut = content[: -_TAIL - 2].rstrip(b"\xff") + b"\xff\xd9"
    try:
        whole, shortened = (_corner(each) for each in (content, cut))
    except OSError:
        return ["the picture cannot be decoded"]
    grey = (abs(whole[-8:, -8:].astype(int) - 128) <= 1).all()
    return [] if grey or not np.array_equal(whole, shortened) else ["holds bytes behind the picture's last block"]


def _corner(content: bytes) -> NDArray[np.uint8]:
    """The last 32 rows of the picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture = Image.open(io.BytesIO(content), formats=["JPEG"])
        return np.array(picture.crop((0, max(0, picture.height - 32), *picture.size)))
