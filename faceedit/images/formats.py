"""The formats faceedit reads and writes: their names, suffixes, and what each can hold."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from faceedit.errors import UsageError


@dataclass(frozen=True)
class Format:
    """One file format: Pillow's name for it, its suffixes (the usual one first), and what it can hold."""

    name: str
    pillow: str
    suffixes: tuple[str, ...]
    alpha: bool = True
    grey: bool = True
    deep: bool = False  # 16 bits a sample
    several: str = ""  # what it holds more than one picture as: frames or pages
    metadata: frozenset[str] = frozenset()  # of exif, xmp, iptc, comment, texts
    longest: int = 1 << 31  # pixels a side
    block: int = 1 << 31  # bytes of one block of metadata


_EXIF_XMP = frozenset({"exif", "xmp"})
_ALL = _EXIF_XMP | {"iptc"}
_COMMENT = frozenset({"comment"})
_FORMATS = (
    Format(
        "jpeg",
        "JPEG",
        (".jpg", ".jpeg", ".jpe", ".jfif"),
        alpha=False,
        metadata=_ALL | _COMMENT,
        longest=65500,
        block=65500,
    ),
    Format("png", "PNG", (".png", ".apng"), deep=True, metadata=_EXIF_XMP | {"comment", "texts"}, several="frames"),
    Format("tiff", "TIFF", (".tif", ".tiff"), deep=True, metadata=_ALL, several="pages"),
    Format("webp", "WEBP", (".webp",), grey=False, metadata=_EXIF_XMP, longest=16383, several="frames"),
    Format("avif", "AVIF", (".avif",), grey=False, metadata=_EXIF_XMP, longest=65535),
    Format("heif", "HEIF", (".heic", ".heif", ".hif"), grey=False, metadata=_EXIF_XMP, longest=65535),
    Format("bmp", "BMP", (".bmp", ".dib"), alpha=False),
    Format("gif", "GIF", (".gif",), metadata=_COMMENT, longest=65535, several="frames"),
)
FORMATS = {entry.name: entry for entry in _FORMATS}
RAW_SUFFIXES = frozenset({".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw"})
"""Those of camera raw files: in folders they are photos where faceedit[raw] is installed, and passed over elsewhere."""

PICTURE_SUFFIXES = frozenset(suffix for entry in _FORMATS for suffix in entry.suffixes) | (
    RAW_SUFFIXES if importlib.util.find_spec("rawpy") else frozenset()
)
"""The lower-case suffixes that make a file in a folder a photo: `path.suffix.lower() in PICTURE_SUFFIXES`."""

_BY_SUFFIX = {suffix: entry.name for entry in _FORMATS for suffix in entry.suffixes}
# MPO is a JPEG with further pictures behind it (a gain map, a second view); DIB is a BMP.
_BY_PILLOW = {entry.pillow: entry for entry in _FORMATS} | {"MPO": FORMATS["jpeg"], "DIB": FORMATS["bmp"]}


def suffix_format(path: Path | str) -> str | None:
    """The format that a file name asks for ("a.JPG" asks for "jpeg"), or None for a name of no known kind."""
    return _BY_SUFFIX.get(Path(path).suffix.lower())


def format_suffix(name: str) -> str:
    """The usual suffix of a format, with its dot: ".jpg" for "jpeg".

    Raises:
        UsageError: faceedit knows no format of this name.
    """
    return format_named(name).suffixes[0]


def format_named(name: str) -> Format:
    """The format of this name.

    Raises:
        UsageError: faceedit knows no format of this name.
    """
    if name not in FORMATS:
        raise UsageError(f'"{name}" is no picture format that faceedit writes', f"use one of {', '.join(FORMATS)}")
    return FORMATS[name]


def format_of_pillow(name: str | None) -> Format:
    """The format that Pillow calls `name` ("JPEG", "MPO", ...)."""
    return _BY_PILLOW[name or ""]
