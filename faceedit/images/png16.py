"""PNG with 16 bits a sample, which Pillow halves silently: read whole, and written.

Reading leaves the inflating and unfiltering to Pillow's own PNG decoder, asked twice: once for the high and once for
the low byte of each sample. Chunks, checksums and everything else have been checked by Pillow when this is called.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by the header's colour type
_COLOR_TYPE = {1: 0, 3: 2, 2: 4, 4: 6}
# Pillow mode and raw modes that pick a sample's first and second byte; None where one picture holds both.
_BYTES = {3: ("RGB", "RGB;16B", "RGB;16L"), 4: ("RGBA", "RGBA;16B", "RGBA;16L")}
_ROWS = 256  # filtered and compressed at a time


def is_deep(content: bytes) -> bool:
    """Whether these bytes are a PNG with 16 bits a sample."""
    return content.startswith(SIGNATURE) and content[12:16] == b"IHDR" and content[24:25] == b"\x10"


def decode(content: bytes) -> NDArray[np.uint16]:
    """The samples, (H, W, C) with C of 1 to 4 (grey, grey and alpha, RGB, RGBA); a transparent colour becomes alpha.

    Raises:
        ValueError: the picture data is damaged or cut off.
    """
    chunks = list(_chunks(content))
    header = next(body for name, body in chunks if name == b"IHDR")
    width, height, _, color, _, _, interlace = struct.unpack(">IIBBBBB", header)
    packed = b"".join(body for name, body in chunks if name == b"IDAT")
    channels = _CHANNELS[color]
    samples = _unpacked(packed, (width, height), channels, interlace)
    key = next((body for name, body in chunks if name == b"tRNS"), b"")
    if channels in (1, 3) and len(key) == 2 * channels:
        clear = (samples == np.frombuffer(key, ">u2")).all(axis=2, keepdims=True)
        samples = np.dstack([samples, np.where(clear, 0, 65535).astype(np.uint16)])
    return samples


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        yield name, content[at + 8 : at + 8 + length]
        at += 12 + length


def _unpacked(packed: bytes, size: tuple[int, int], channels: int, interlace: int) -> NDArray[np.uint16]:
    def read(mode: str, raw: str) -> NDArray[Any]:
        return np.asarray(Image.frombytes(mode, size, packed, "zip", raw, interlace))

    if channels == 1:  # two bytes a pixel are taken for grey and alpha, four for red, green, blue and alpha
        halves = read("LA", "LA")
    elif channels == 2:
        halves = read("RGBA", "RGBA")
    else:
        mode, high, low = _BYTES[channels]
        return (read(mode, high).astype(np.uint16) << 8) | read(mode, low)
    return np.ascontiguousarray(halves).view(">u2").astype(np.uint16)


def encode(samples: NDArray[np.uint16], chunks: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """(H, W, C) uint16, C of 1 to 4, as a PNG file, with further chunks (name, body) before the picture data."""
    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOR_TYPE[channels], 0, 0, 0)
    parts = [SIGNATURE, _chunk(b"IHDR", header), *(_chunk(name, body) for name, body in chunks)]
    parts.append(_chunk(b"IDAT", _packed(samples)))
    parts.append(_chunk(b"IEND", b""))
    return b"".join(parts)


def with_chunks(png: bytes, chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A PNG file with further chunks (name, body) right behind its header."""
    end = len(SIGNATURE) + 25
    return png[:end] + b"".join(_chunk(name, body) for name, body in chunks) + png[end:]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _packed(samples: NDArray[np.uint16]) -> bytes:
    """Rows filtered by Paeth, the filter that suits photos best, and deflated."""
    height, width, channels = samples.shape
    step = 2 * channels
    compressor = zlib.compressobj(6)
    above = np.zeros((1, step * width), np.uint8)
    parts = []
    for top in range(0, height, _ROWS):
        rows = samples[top : top + _ROWS].astype(">u2").reshape(-1, channels * width).view(np.uint8)
        upper = np.vstack([above, rows[:-1]])
        left, corner = (np.pad(part[:, :-step], ((0, 0), (step, 0))) for part in (rows, upper))
        filtered = rows - _paeth(left, upper, corner)
        parts.append(compressor.compress(np.pad(filtered, ((0, 0), (1, 0)), constant_values=4).tobytes()))
        above = rows[-1:]
    return b"".join([*parts, compressor.flush()])


def _paeth(left: NDArray[np.uint8], above: NDArray[np.uint8], corner: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whichever of the three neighbours is nearest to left + above - corner. Source: PNG specification, 9.4."""
    a, b, c = (part.astype(np.int16) for part in (left, above, corner))
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    nearest_b = np.where(to_b <= to_c, above, corner)
    return np.where((to_a <= to_b) & (to_a <= to_c), left, nearest_b)
