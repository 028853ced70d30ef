"""EXIF blocks taken apart and put together again.

A block is a small TIFF file: a header, directories of tagged values, and offsets between them. It is always rebuilt
from the values that a policy lets through, never copied: what no directory points to (old thumbnails, padding,
whatever a program left there) does not survive. A hostile block costs nothing but its own metadata.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

ORIENTATION, SOFTWARE, MAKER_NOTE = 0x0112, 0x0131, 0x927C
EXIF_IFD, GPS_IFD, INTEROP_IFD = 0x8769, 0x8825, 0xA005
COLOR_SPACE, WIDTH, HEIGHT, INTEROP_INDEX = 0xA001, 0xA002, 0xA003, 0x0001
SUBJECT_AREA, SUBJECT_PLACE = 0x9214, 0xA214

# Bytes an item by TIFF type: BYTE, ASCII, SHORT, LONG, RATIONAL, their signed kin, UNDEFINED, FLOAT, DOUBLE.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7
_MOST_ENTRIES = 300
_LARGEST_VALUE = 1 << 16  # a whole EXIF block in a JPEG is no larger
_CHILDREN = {0: (EXIF_IFD, GPS_IFD), EXIF_IFD: (INTEROP_IFD,)}


@dataclass(frozen=True)
class Value:
    """One tag's value: TIFF type, number of items, its bytes, and where it must lie (maker notes; 0 is anywhere)."""

    type: int
    count: int
    content: bytes
    offset: int = 0


Directory = Mapping[int, Value]


@dataclass(frozen=True)
class Exif:
    """The values of a block by directory (0 is the main one, the others go by their pointer's tag) and tag.

    `order` is "<" or ">", the byte order of all values.
    """

    order: str = "<"
    directories: Mapping[int, Directory] = field(default_factory=dict)

    def number(self, directory: int, tag: int) -> int | None:
        """The first item of an integer value, or None."""
        value = self.directories.get(directory, {}).get(tag)
        if value is None or value.type not in (SHORT, LONG):
            return None
        code = "H" if value.type == SHORT else "I"
        return int(struct.unpack_from(self.order + code, value.content)[0])

    def numbers(self, type_: int, *items: int) -> Value:
        """A value of SHORTs or LONGs in this block's byte order."""
        code = "H" if type_ == SHORT else "I"
        return Value(type_, len(items), struct.pack(f"{self.order}{len(items)}{code}", *items))

    def with_value(self, directory: int, tag: int, value: Value) -> "Exif":
        """The same with one value set."""
        values = {**self.directories.get(directory, {}), tag: value}
        return replace(self, directories={**self.directories, directory: values})


def without(found: Exif, directory: int, tag: int) -> Exif:
    """The same without one tag."""
    values = {name: value for name, value in found.directories.get(directory, {}).items() if name != tag}
    return Exif(found.order, {**found.directories, directory: values})


def unpinned(found: Exif) -> Exif:
    """The same with a maker note that may lie anywhere, for files where its old place is taken."""
    inner = found.directories.get(EXIF_IFD, {})
    if MAKER_NOTE not in inner:
        return found
    return found.with_value(EXIF_IFD, MAKER_NOTE, replace(inner[MAKER_NOTE], offset=0))


def text(words: str) -> Value:
    """An ASCII value."""
    content = words.encode("ascii") + b"\0"
    return Value(ASCII, len(content), content)


def parse(block: bytes) -> Exif:
    """The values of an EXIF block or of a TIFF file's first page; whatever cannot be read is left out."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        return Exif()
    directories: dict[int, dict[int, Value]] = {}
    _collect(block, order, 0, struct.unpack_from(order + "I", block, 4)[0], directories)
    return Exif(order, directories)


def _collect(block: bytes, order: str, name: int, offset: int, into: dict[int, dict[int, Value]]) -> None:
    into[name] = _directory(block, order, offset)
    for child in _CHILDREN.get(name, ()):
        pointer = Exif(order, into).number(name, child)
        into[name].pop(child, None)
        if pointer is not None and child not in into:
            _collect(block, order, child, pointer, into)


def _directory(block: bytes, order: str, offset: int) -> dict[int, Value]:
    values: dict[int, Value] = {}
    if offset + 2 > len(block):
        return values
    count = struct.unpack_from(order + "H", block, offset)[0]
    for index in range(min(count, _MOST_ENTRIES)):
        at = offset + 2 + 12 * index
        if at + 12 > len(block):
            break
        tag, type_, items = struct.unpack_from(order + "HHI", block, at)
        size = _SIZES.get(type_, 0) * items
        start = at + 8 if size <= 4 else struct.unpack_from(order + "I", block, at + 8)[0]
        if 0 < size <= min(_LARGEST_VALUE, len(block) - start):
            pinned = tag == MAKER_NOTE and size > 4
            values[tag] = Value(type_, items, block[start : start + size], start if pinned else 0)
    return values


def serialize(exif: Exif) -> bytes:
    """The block as bytes, without the "Exif" marker; b"" where there is nothing to say.

    A maker note is put where it lay, for many hold offsets that count from the start of the block.
    """
    if not any(exif.directories.values()):
        return b""
    note = exif.directories.get(EXIF_IFD, {}).get(MAKER_NOTE)
    body = b""
    if note is not None and note.offset >= 8:
        body = bytes(note.offset - 8) + note.content
    return with_body(exif, body)


def with_body(exif: Exif, body: bytes) -> bytes:
    """A TIFF file: its header, `body` at offset 8, then the directories."""
    body += bytes(len(body) % 2)
    header = (b"II*\0" if exif.order == "<" else b"MM\0*") + struct.pack(exif.order + "I", 8 + len(body))
    return header + body + directory_at(exif, 0, 8 + len(body))


def directory_at(exif: Exif, name: int, offset: int) -> bytes:
    """A directory to stand at `offset`: its table, no next one, then its values and sub-directories."""
    values = dict(exif.directories.get(name, {}))
    children = {child for child in _CHILDREN.get(name, ()) if exif.directories.get(child)}
    values |= dict.fromkeys(children, Value(LONG, 1, b""))
    table, heap = b"", b""
    heap_offset = offset + 2 + 12 * len(values) + 4
    for tag, value in sorted(values.items()):
        at = heap_offset + len(heap)
        if tag in children:
            heap += directory_at(exif, tag, at)
        elif value.offset >= 8:
            at = value.offset
        elif len(value.content) > 4:
            heap += value.content + bytes(len(value.content) % 2)
        fits = tag not in children and len(value.content) <= 4
        place = value.content.ljust(4, b"\0") if fits else struct.pack(exif.order + "I", at)
        table += struct.pack(exif.order + "HHI", tag, value.type, value.count) + place
    return struct.pack(exif.order + "H", len(values)) + table + bytes(4) + heap
