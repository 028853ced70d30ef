"""Pictures, profiles and blocks that the tests of `faceedit.images` make for themselves."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

NASTY = Path(__file__).parents[1].parent / "shared" / "data" / "nasty"
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# Chromaticities of red, green, blue and white, and gamma; "srgb" is P3's own tone curve.
SPACES = {
    "display-p3": ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.329), "srgb"),
    "a98-rgb": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), (0.3127, 0.329), 563 / 256),
    "prophoto-rgb": ((0.734699, 0.265301), (0.159597, 0.840403), (0.036598, 0.000105), (0.345704, 0.35854), 1.8),
}


def rgb_profile(name: str, *, table: int = 0) -> bytes:
    """An ICC profile of one of SPACES; with `table`, its curves are tables of that many values."""
    *corners, white, gamma = SPACES[name]
    columns = np.array([_xyz(*corner) for corner in corners]).T
    columns = columns * np.linalg.solve(columns, _xyz(*white))
    cone = _BRADFORD @ _xyz(*white)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / cone) @ _BRADFORD @ columns
    tags = {name: _xyz_tag(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), adapted.T, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma, table))
    return _profile(b"RGB ", tags)


def grey_profile(gamma: float | tuple[float, ...]) -> bytes:
    """An ICC profile for grey samples with a gamma, or with a parametric curve's 1, 3, 4, 5 or 7 parameters."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma, 0)})


def table_profile(space: str, ink: dict[tuple[int, ...], tuple[float, float, float]]) -> bytes:
    """An ICC profile ("RGB " or "CMYK") that is a table: CIELAB for each corner (channels 0 or 1), linear between."""
    channels = len(next(iter(ink)))
    ramp = bytes(range(256))
    corners = [ink[tuple(corner)] for corner in np.ndindex(*[2] * channels)]
    grid = b"".join(bytes([round(light * 2.55), round(a + 128), round(b + 128)]) for light, a, b in corners)
    header = b"mft1\0\0\0\0" + bytes([channels, 3, 2, 0]) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return _profile(space.encode(), {b"A2B0": header + ramp * channels + grid + ramp * 3}, b"Lab ")


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz_tag(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _curve(gamma: float | str | tuple[float, ...], table: int) -> bytes:
    if isinstance(gamma, tuple):
        return b"para\0\0\0\0" + struct.pack(">HH", (1, 3, 4, 5, 7).index(len(gamma)), 0) + _fixed(*gamma)
    if gamma == "srgb":
        return b"para\0\0\0\0\0\3\0\0" + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    if table:
        values = np.round(np.linspace(0, 1, table) ** gamma * 65535).astype(">u2").tobytes()
        return b"curv\0\0\0\0" + struct.pack(">I", table) + values
    return b"curv\0\0\0\0\0\0\0\1" + struct.pack(">H", round(gamma * 256))


def _profile(space: bytes, tags: dict[bytes, bytes], connection: bytes = b"XYZ ") -> bytes:
    text = b"made by a test"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text + bytes(79)
    tags = {b"desc": description, b"wtpt": _xyz_tag(_D50), **tags}
    table, heap, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, body in tags.items():
        table += name + struct.pack(">II", start + len(heap), len(body))
        heap += body + bytes(-len(body) % 4)
    size = start + len(heap)
    header = struct.pack(">I4sI4s4s4s", size, b"test", 0x02400000, b"mntr", space, connection) + bytes(12)
    header += b"acsp" + bytes(28) + _fixed(*_D50)
    return header.ljust(128, b"\0") + table + heap


def saved(pixels: np.ndarray | Image.Image, kind: str = "PNG", **settings: object) -> bytes:
    """A picture as the bytes of a file, by Pillow."""
    file = io.BytesIO()
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    picture.save(file, kind, **settings)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    """A file's picture, by Pillow, loaded."""
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def scene(height: int = 40, width: int = 64) -> np.ndarray:
    """(H, W, 3) uint8: smooth colours, no two corners alike."""
    y, x = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    return (np.dstack([x, y, 0.5 + 0.5 * np.sin(6 * x * y)]) * 255).astype(np.uint8)


def exif_block(order: str = "<", *, thumbnail: bytes = b"", note: bytes = b"", owner: bytes = b"") -> bytes:
    """An EXIF block (orientation 6) with GPS, a maker note, names and serial numbers, and a thumbnail behind it all."""
    ascii_, short, long_, undefined = 2, 3, 4, 7
    number = lambda code, *values: struct.pack(f"{order}{len(values)}{code}", *values)  # noqa: E731
    inner = [
        (0x8769, 0x829A, 5, 1, number("I", 1, 250)),
        (0x8769, 0x927C, undefined, len(note), note),
        (0x8769, 0xA001, short, 1, number("H", 2)),
        (0x8769, 0xA002, long_, 1, number("I", 999)),
        (0x8769, 0xA430, ascii_, len(owner), owner),
        (0x8769, 0xA431, ascii_, len(owner), owner),
        (0x8825, 0x0002, 5, 3, number("I", 52, 1, 31, 1, 7, 1)),
        (0x8825, 0x001B, undefined, len(owner), owner),
        (0, 0x010E, ascii_, len(owner), owner),
        (0, 0x0110, ascii_, 6, b"Pixie\0"),
        (0, 0x0112, short, 1, number("H", 6)),
        (0, 0x013B, ascii_, len(owner), owner),
        (0, 0x8298, ascii_, 4, b"me!\0"),
    ]
    sizes = {
        name: 2 + 12 * sum(entry[0] == name and entry[3] > 0 for entry in inner) + 4 for name in (0, 0x8769, 0x8825)
    }
    sizes[0] += 24
    offsets = {0: 8, 0x8769: 8 + sizes[0], 0x8825: 8 + sizes[0] + sizes[0x8769]}
    heap_at = 8 + sum(sizes.values()) + (30 if thumbnail else 0)
    heap, tables = b"", {name: [] for name in offsets}
    pointers = [(0, child, long_, 1, number("I", offsets[child])) for child in (0x8769, 0x8825)]
    for name, tag, kind, count, content in sorted([*inner, *pointers], key=lambda entry: entry[:2]):
        if count:
            place = content.ljust(4, b"\0") if len(content) <= 4 else number("I", heap_at + len(heap))
            heap += content + bytes(len(content) % 2) if len(content) > 4 else b""
            tables[name].append(struct.pack(order + "HHI", tag, kind, count) + place)
    next_at = heap_at - 30 if thumbnail else 0
    parts = [
        number("H", len(tables[name])) + b"".join(tables[name]) + number("I", next_at * (name == 0)) for name in offsets
    ]
    if thumbnail:
        place, size = number("I", heap_at + len(heap)), number("I", len(thumbnail))
        parts.append(number("H", 2) + struct.pack(order + "HHI", 0x201, long_, 1) + place)
        parts.append(struct.pack(order + "HHI", 0x202, long_, 1) + size + bytes(4))
    start = (b"II*\0" if order == "<" else b"MM\0*") + number("I", 8)
    return start + b"".join(parts) + heap + thumbnail
