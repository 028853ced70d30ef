"""What a file says beside its pixels: collected when read, let through by policy when written.

keep: EXIF, XMP, IPTC, texts and resolution, brought up to date; never a thumbnail or a preview of the old pixels.
safe: EXIF by an allow-list of harmless tags; no place, names, serial numbers, maker note, XMP or IPTC.
none: nothing at all.
"""

import math
import re
import struct
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image

from faceedit.images import exif, xmp
from faceedit.images.exif import EXIF_IFD, GPS_IFD, INTEROP_IFD, Exif
from faceedit.images.formats import Format
from faceedit.photo import Photo

Policy = Literal["keep", "safe", "none"]

# Tags of directory 0 that describe how a file stores its pixels, or hold other blocks, previews or layers.
_STRUCTURE = frozenset(
    {*range(0xFE, 0x10E), 0x111, *range(0x115, 0x11A), 0x11C, *range(0x11D, 0x128), 0x12D, *range(0x13D, 0x160)}
    | {*range(0x200, 0x215), 0x2BC, 0x8649, 0x83BB, 0x8773, 0x935C, 0xC634, 0xEA1C, 0xEA1D}
)
# Make, Model, orientation, resolution, software, date, copyright.
_SAFE_MAIN = frozenset({0x10F, 0x110, 0x112, 0x11A, 0x11B, 0x128, 0x131, 0x132, 0x213, 0x8298})
# How the picture was taken: exposure, aperture, sensitivity, dates, lens model, flash, modes; no owner, serials, ids.
_SAFE_EXIF = frozenset(
    {0x829A, 0x829D, 0x8822, 0x8827, 0x8830, 0x8832, 0x9000, 0x9003, 0x9004, 0x9101, *range(0x9201, 0x920B)}
    | {0xA000, 0xA001, 0xA002, 0xA003, *range(0xA20E, 0xA211), 0xA217, 0xA300, 0xA301, *range(0xA401, 0xA40B)}
    | {0xA40C, 0xA432, 0xA433, 0xA434}
)
# A preview of the old pixels inside another value; Minolta changes the first byte of its own.
_PREVIEW = re.compile(rb"\xd8\xff[\xc4\xdb\xe0-\xef\xfe]")
# A file's comment goes by PNG's registered keyword; these keywords of PNG are not for people.
COMMENT, SOFTWARE = "Comment", "Software"
_BLOCKS = ("Raw profile type", "XML:")
_MOST_TEXTS, _LONGEST_TEXT = 64, 65000
_IPTC_RESOURCE, _IPTC_TAG = 0x0404, 33723


@dataclass(frozen=True)
class Payload:
    """The metadata that a file is written with; empty blocks are left out. `notes` say what had to go, and why."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    texts: tuple[tuple[str, str], ...] = ()
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def collected(picture: Image.Image, content: bytes) -> dict[str, Any]:
    """The metadata fields of `Source` from an opened picture and the file's bytes."""
    info: dict[Any, Any] = picture.info
    if picture.format == "TIFF":
        block, iptc = _tiff_exif(content), _tiff_iptc(picture)
    else:
        resources = info.get("photoshop")
        block = _bytes(info.get("exif") or _text_exif(info)).removeprefix(b"Exif\0\0")
        iptc = _bytes(resources.get(_IPTC_RESOURCE)) if isinstance(resources, dict) else b""
    packet = info.get("xmp")
    return {
        "exif": block,
        "xmp": packet.encode("utf-8", "replace") if isinstance(packet, str) else _bytes(packet),
        "iptc": iptc,
        "icc": _bytes(info.get("icc_profile")),
        "texts": _texts(picture),
        "dpi": _dpi(info.get("dpi")),
    }


def collected_from_tiff(content: bytes) -> dict[str, Any]:
    """The same from a TIFF file that Pillow cannot open."""
    main = exif.parse(content).directories.get(0, {})
    blocks = {"xmp": 0x2BC, "iptc": _IPTC_TAG, "icc": 0x8773}
    return {"exif": _tiff_exif(content)} | {name: main[tag].content for name, tag in blocks.items() if tag in main}


def _texts(picture: Image.Image) -> tuple[tuple[str, str], ...]:
    """A file's comment, and the named texts of a PNG but those that hold other blocks."""
    comment = _bytes(picture.info.get("comment"))
    if comment and picture.format in ("JPEG", "MPO", "GIF"):
        return ((COMMENT, _decoded(comment)),) if not _PREVIEW.search(comment) else ()
    if picture.format != "PNG":
        return ()
    named = [(str(name), text) for name, text in picture.info.items() if isinstance(text, str)]
    return tuple((name, text) for name, text in named if not name.startswith(_BLOCKS))[:_MOST_TEXTS]


def _decoded(comment: bytes) -> str:
    try:
        return comment.rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return comment.rstrip(b"\0").decode("latin-1")


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""


def _text_exif(info: dict[Any, Any]) -> bytes:
    """EXIF as ImageMagick writes it into PNG text: three lines of heading, then hexadecimal digits."""
    lines = str(info.get("Raw profile type exif") or info.get("Raw profile type APP1") or "").split("\n")
    try:
        return bytes.fromhex("".join(lines[3:]))
    except ValueError:
        return b""


def _tiff_exif(content: bytes) -> bytes:
    found = exif.parse(content)
    main = {tag: value for tag, value in found.directories.get(0, {}).items() if tag not in _STRUCTURE}
    directories = {**found.directories, 0: main}
    return exif.serialize(exif.unpinned(Exif(found.order, directories)))


def _tiff_iptc(picture: Image.Image) -> bytes:
    value = getattr(picture, "tag_v2", {}).get(_IPTC_TAG)
    if isinstance(value, tuple) and all(isinstance(item, int) for item in value):  # the bytes, declared as LONGs
        return struct.pack(f"<{len(value)}I", *value)
    return _bytes(value)


def _dpi(found: object) -> tuple[float, float] | None:
    try:
        x, y = (float(value) for value in found)  # type: ignore[attr-defined]  # checked by trying
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (x, y) if all(math.isfinite(value) and 1 <= value <= 65535 for value in (x, y)) else None


def says_adobe_rgb(block: bytes) -> bool:
    """Whether an EXIF block tells that the colours are Adobe RGB, as cameras do that embed no profile."""
    index = exif.parse(block).directories.get(INTEROP_IFD, {}).get(exif.INTEROP_INDEX)
    return index is not None and index.content.startswith(b"R03")


def payload(photo: Photo, policy: Policy, kind: Format, *, people: bool = True, srgb: bool = True) -> Payload:
    """What travels with the photo into a file of this format; `people` False drops face regions and their names.

    `srgb` says that the pixels are written in sRGB, and not in the space of the source.
    """
    source = photo.source
    if policy == "none":
        return Payload()
    found = _present(exif.parse(source.exif), photo, srgb=srgb)
    if policy == "safe":
        return Payload(exif.serialize(_safe(found)) if "exif" in kind.metadata else b"", dpi=source.dpi)
    notes: list[str] = []
    if b"HasExtendedXMP" in source.xmp:
        notes.append("extended XMP was left out: it is not read")
    if not people and xmp.names_faces(source.xmp):
        notes.append("face regions were left out of XMP: they no longer hold")
    packet = xmp.updated(source.xmp, photo.width, photo.height, people=people, srgb=srgb)
    return Payload(
        _fitting("EXIF", source.exif, exif.serialize(_kept(found, kind, notes)), kind, notes),
        _fitting("XMP", source.xmp, packet, kind, notes),
        _fitting("IPTC", source.iptc, source.iptc, kind, notes),
        _fitting_texts(source.texts, kind, notes),
        source.dpi,
        tuple(notes),
    )


def _fitting(name: str, before: bytes, after: bytes, kind: Format, notes: list[str]) -> bytes:
    """The block if the format can hold it; a note if it had to go."""
    if not before:
        return b""
    reason = f"{kind.name} holds none" if name.lower() not in kind.metadata else "it is damaged" if not after else ""
    reason = reason or ("" if len(after) <= kind.block else f"it is too large for {kind.name}")
    reason = reason or ("it holds a picture of the old pixels" if _PREVIEW.search(after) else "")
    if reason:
        notes.append(f"{name} was left out: {reason}")
    return b"" if reason else after


def _fitting_texts(texts: tuple[tuple[str, str], ...], kind: Format, notes: list[str]) -> tuple[tuple[str, str], ...]:
    """The texts that the format can hold, brought up to date; a note if some had to go."""
    allowed = [COMMENT] if "comment" in kind.metadata else []
    kept = tuple(
        (name, "faceedit" if name == SOFTWARE else text)
        for name, text in texts
        if (name in allowed or "texts" in kind.metadata) and len(text.encode("utf-8", "replace")) <= _LONGEST_TEXT
    )
    if len(kept) < len(texts):
        what = "the comment was" if [name for name, _ in texts] == [COMMENT] else "named texts were"
        notes.append(f"{what} left out: {kind.name} holds none, or none so long")
    return kept


def _present(found: Exif, photo: Photo, *, srgb: bool) -> Exif:
    """The block as it must be for upright pixels of this size, in sRGB if they are; only what is there is changed."""
    facts = {
        (0, exif.ORIENTATION): found.numbers(exif.SHORT, 1),
        (EXIF_IFD, exif.WIDTH): found.numbers(exif.LONG, photo.width),
        (EXIF_IFD, exif.HEIGHT): found.numbers(exif.LONG, photo.height),
    }
    if srgb:
        facts[EXIF_IFD, exif.COLOR_SPACE] = found.numbers(exif.SHORT, 1)
        facts[INTEROP_IFD, exif.INTEROP_INDEX] = exif.text("R98")
    if any(found.directories.values()):
        found = found.with_value(0, exif.SOFTWARE, exif.text("faceedit"))
    if found.number(0, exif.ORIENTATION) not in (None, 1):  # where the subject is was said of the picture as it lay
        for tag in (exif.SUBJECT_AREA, exif.SUBJECT_PLACE):
            found = exif.without(found, EXIF_IFD, tag)
    for (directory, tag), value in facts.items():
        if tag in found.directories.get(directory, {}):
            found = found.with_value(directory, tag, value)
    return found


def _kept(found: Exif, kind: Format, notes: list[str]) -> Exif:
    """All but file structure and anything that holds a picture; without the maker note if it cannot travel."""
    directories = {}
    for name, values in found.directories.items():
        forbidden = _STRUCTURE if name == 0 else frozenset()
        directories[name] = {
            tag: value for tag, value in values.items() if tag not in forbidden and not _PREVIEW.search(value.content)
        }
    kept = Exif(found.order, directories)
    note = found.directories.get(EXIF_IFD, {}).get(exif.MAKER_NOTE)
    if note is not None and _PREVIEW.search(note.content):
        notes.append("the maker note was left out: it holds a picture of the old pixels")
    elif note is not None and len(exif.serialize(kept)) > kind.block:
        notes.append(f"the maker note was left out: it is too large for {kind.name}")
        return exif.without(kept, EXIF_IFD, exif.MAKER_NOTE)
    return kept


def _safe(found: Exif) -> Exif:
    allowed = {0: _SAFE_MAIN, EXIF_IFD: _SAFE_EXIF, GPS_IFD: frozenset(), INTEROP_IFD: frozenset({exif.INTEROP_INDEX})}
    directories = {
        name: {tag: value for tag, value in values.items() if tag in allowed[name] and len(value.content) <= 256}
        for name, values in found.directories.items()
    }
    return Exif(found.order, directories)
