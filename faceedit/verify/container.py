"""A picture file's own bytes held against an allow-list: anything that is not needed to see the picture is named.

One module a format does the work: `jpeg`, `png`, `webp`, `tiff`, `gif`. AVIF and HEIF are only skimmed, which is said.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from faceedit.verify import gif, jpeg, png, tiff, webp


@dataclass(frozen=True)
class Contents:
    """What a file is, what it holds beside the picture (`problems`), and what could not be checked (`notes`)."""

    format: str
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


# Boxes that an AVIF or HEIF still consists of; "free" and "skip" may hold anything.
_BOXES = (b"ftyp", b"meta", b"mdat")
_ITEMS = {b"Exif": "EXIF", b"mime": "XMP or other text", b"uri ": "a link"}
_UNCHECKED = "what an AVIF or HEIF file holds within its picture data cannot be checked; JPEG and PNG can"


def check(content: bytes, *, several: bool = False) -> Contents:
    """What a picture file holds beside its picture, or beside its frames or pages if it may have `several`."""
    for name, starts, problems in _WALKS:
        if starts(content):
            found = _SEVERAL[name](content, several=True) if several and name in _SEVERAL else problems(content)
            return Contents(name, tuple(dict.fromkeys(found)), (_UNCHECKED,) if name == "avif or heif" else ())
    return Contents("", ("is of a kind that cannot be checked",))


def _skimmed(content: bytes) -> list[str]:
    """Problems of an AVIF or HEIF: other boxes than a still needs, items of text, bytes behind the last box."""
    found: list[str] = []
    at = 0
    while at + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        if length < 8 or at + length > len(content):
            return [*found, "a box is cut off or damaged"]
        if name not in _BOXES:
            found.append(f"holds a box of an unknown kind ({name!r})")
        if name == b"meta":
            found += _items(content[at : at + length])
        at += length
    return found if at == len(content) else [*found, "bytes lie behind the last box"]


def _items(meta: bytes) -> list[str]:
    """Items of the `meta` box that are no pictures; each is announced by an `infe` box, version 2 or 3."""
    found = []
    at = meta.find(b"infe")
    while at >= 0:
        wide = meta[at + 4 : at + 5] == b"\3"
        kind = meta[at + 12 + 2 * wide : at + 16 + 2 * wide]
        if kind in _ITEMS:
            found.append(f"holds {_ITEMS[kind]}")
        at = meta.find(b"infe", at + 4)
    if b"colrprof" in meta or b"colrrICC" in meta:
        found.append("holds a colour profile")
    return found


_Starts = Callable[[bytes], bool]
_WALKS: tuple[tuple[str, _Starts, Callable[[bytes], list[str]]], ...] = (
    ("jpeg", lambda content: content[:2] == b"\xff\xd8", jpeg.problems),
    ("png", lambda content: content[:8] == b"\x89PNG\r\n\x1a\n", png.problems),
    ("webp", lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", webp.problems),
    ("tiff", lambda content: content[:4] in (b"II*\0", b"MM\0*"), tiff.problems),
    ("gif", lambda content: content[:6] in (b"GIF87a", b"GIF89a"), gif.problems),
    ("avif or heif", lambda content: content[4:8] == b"ftyp", _skimmed),
)
_SEVERAL = {"png": png.problems, "webp": webp.problems, "tiff": tiff.problems, "gif": gif.problems}
