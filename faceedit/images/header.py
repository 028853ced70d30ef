"""What the first bytes of a file tell before a pixel is decoded: its kind, its frames, how it was compressed."""

import importlib
from typing import Any

from PIL import Image, JpegImagePlugin

from faceedit.errors import UnreadablePhoto
from faceedit.images import exif

_ALLOWED = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "BMP", "DIB", "GIF")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
)
_OTHERS = (
    (b"%PDF", "a PDF document"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an icon"),
    (b"PK\3\4", "an archive"),
    (b"<svg", "an SVG drawing"),
    (b"<?xml", "an XML document"),
)
# Panasonic, Olympus, Fujifilm; Canon's are told by their eighth byte on.
_RAW_STARTS = (b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FUJIFILM")
AGAIN = "copy or export the photo again"
_READABLE = "faceedit reads JPEG, PNG, WebP, TIFF, AVIF, BMP, GIF, and HEIC with faceedit[heif]"
_SUBFILE, _DNG_VERSION, _REDUCED = 254, 50706, 1


class CameraRaw(UnreadablePhoto):
    """The bytes are a camera's raw file, which Pillow does not read."""


def kinds(content: bytes) -> list[str]:
    """Pillow's names of the formats that may be tried on these bytes.

    Raises:
        UnreadablePhoto: the bytes are HEIC, which this installation does not read.
        CameraRaw: the bytes are a camera's raw file.
    """
    if content.startswith(_RAW_STARTS) or content[4:11] == b"ftypcrx":
        raise _raw()
    if content[:4] == b"II*\0" and content[8:10] == b"CR":  # its first page is a preview
        raise _raw()
    if _DNG_VERSION in exif.parse(content).directories.get(0, {}):
        raise _raw()
    if not is_heif(content):
        return list(_ALLOWED)
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError as error:
        raise UnreadablePhoto("is a HEIC picture", 'pip install "faceedit[heif]" reads them') from error
    return ["HEIF", "AVIF"]


def is_heif(content: bytes) -> bool:
    """Whether these bytes start as a HEIC or HEIF file; AVIF has brands of its own."""
    return content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS and b"avif" not in content[12:64]


def unopened(content: bytes) -> UnreadablePhoto:
    """The error for bytes that no decoder opens: what they look like, and what to do."""
    for start, name in _SIGNATURES:
        if content.startswith(start):
            return UnreadablePhoto(f"is a damaged {name} file", AGAIN)
    if is_heif(content):
        return UnreadablePhoto("is a damaged HEIC file", AGAIN)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return UnreadablePhoto("is a damaged WEBP file", AGAIN)
    if content[4:8] == b"ftyp" and b"avif" in content[8:64]:
        return UnreadablePhoto("is an AVIF file that is damaged or of an unusual kind", AGAIN)
    other = next((name for start, name in _OTHERS if content.lstrip().startswith(start)), "")
    return UnreadablePhoto(f"is {other}, not a photo" if other else "is no picture of a known kind", _READABLE)


def frames(picture: Image.Image, most: int) -> int:
    """How many pictures the file holds. Gain maps and previews beside the photo are not counted.

    Raises:
        UnreadablePhoto: there are more than `most`.
        CameraRaw: the first is only a preview.
    """
    if picture.format in ("JPEG", "MPO"):
        return 1
    count = _pages(picture, most) if picture.format == "TIFF" else int(getattr(picture, "n_frames", 1))
    if count > most:
        raise UnreadablePhoto(f"has more than {most} frames or pages")
    return count


def remarks(picture: Image.Image, content: bytes) -> tuple[str, ...]:
    """What reading this file leaves out, in plain sentences."""
    if picture.format == "MPO" or (picture.format == "JPEG" and "mp" in picture.info):
        return ("the file's further pictures (gain map, second view, preview) were left out",)
    # Box av1C: marker, profile and level, then tier and the bit for more than 8 bits. Source: AV1-ISOBMFF, 2.3.3.
    box = content.find(b"av1C")
    if picture.format == "AVIF" and box >= 0 and content[box + 6 : box + 7] >= b"\x40" and content[box + 6] & 0x40:
        return ("10 bits or more were read as 8",)
    return ()


def _pages(picture: Image.Image, most: int) -> int:
    """The pages of a TIFF that are not smaller copies of others."""
    tags: Any = getattr(picture, "tag_v2", {})
    if _is_reduced(tags):
        raise _raw()
    count = 1
    for page in range(1, most + 1):
        try:
            picture.seek(page)
        except EOFError:
            break
        count += not _is_reduced(getattr(picture, "tag_v2", {}))
    else:
        count = most + 1
    picture.seek(0)
    return count


def _raw() -> CameraRaw:
    return CameraRaw("is a camera's raw file", 'develop it to TIFF or JPEG first, or pip install "faceedit[raw]"')


def _is_reduced(tags: Any) -> bool:
    kind = tags.get(_SUBFILE, 0)
    return isinstance(kind, int) and bool(kind & _REDUCED)


def coding(picture: Image.Image, content: bytes) -> dict[str, Any]:
    """The fields of `Source` that say how the file was compressed."""
    if isinstance(picture, JpegImagePlugin.JpegImageFile):
        tables: dict[int, list[int]] = picture.quantization
        used = [layer[3] for layer in picture.layer]
        if used and all(index in tables for index in used):
            ordered = [list(tables[index]) for index in used[:3]]
            while len(ordered) > 1 and ordered[-1] == ordered[-2]:  # libjpeg uses the last for what follows
                ordered.pop()
            return {"quantization": dict(enumerate(ordered)), "subsampling": JpegImagePlugin.get_sampling(picture)}
    if picture.format == "WEBP":
        return {"lossless": _is_lossless(content)}
    return {}


def _is_lossless(webp: bytes) -> bool:
    at = 12
    while at + 8 <= len(webp) and webp[at : at + 4] not in (b"VP8L", b"VP8 "):
        size = int.from_bytes(webp[at + 4 : at + 8], "little")
        # A frame of an animation holds 16 bytes and then chunks of its own.
        at += 24 if webp[at : at + 4] == b"ANMF" else 8 + size + size % 2
    return webp[at : at + 4] == b"VP8L"
