"""Files to Photos: upright, in sRGB, with alpha and depth kept; anything else is one plain line.

The header is read first, so that size, frames and kind are known before a pixel is. Decoding is Pillow's work, and
whatever goes wrong in there becomes `UnreadablePhoto` at one place.
"""

import contextlib
import dataclasses
import io
import os
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFile, UnidentifiedImageError

from faceedit.errors import UnreadablePhoto
from faceedit.images import header, profiles, raw
from faceedit.images.decode import Samples, odd_tiff, samples
from faceedit.images.files import open_regular, shown
from faceedit.images.formats import format_of_pillow
from faceedit.images.metadata import collected, collected_from_tiff, says_adobe_rgb
from faceedit.images.tiff import is_tiff
from faceedit.images.upright import orientation, turned
from faceedit.photo import Photo, Source

_UPRIGHT = frozenset({"tiff", "heif"})  # turned by Pillow while loading
_LOCK = threading.Lock()


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for: megapixels of one picture, megabytes on disk, frames or pages.

    `seconds` and `gigabytes` are what decoding may take; they hold where it has a process of its own (`isolated`).
    """

    megapixels: float = 200
    megabytes: float = 1024
    frames: int = 1000
    seconds: float = 30
    gigabytes: float = 2


def read(source: Path | str | bytes, *, limits: Limits = Limits()) -> Photo:
    """The picture in a file or in memory, upright and in sRGB, (H, W, 3) uint8 or uint16; no faces yet.

    Raises:
        UnreadablePhoto: the file cannot be read, is no picture, is damaged or cut off, or is beyond the limits.
            Whatever the bytes are, nothing else is raised.
    """
    path = None if isinstance(source, bytes) else Path(source)
    with named_errors(path):
        return decoded(content_of(source, limits), path, limits)


def native(content: bytes, limits: Limits = Limits()) -> Samples:
    """The samples of a file that `read` could read, upright, in the file's own color space and without alpha."""
    with strict_pillow(limits):
        found, _, turn = _loaded(content, limits)
    return Samples(turned(found.values, turn), found.space)


@contextlib.contextmanager
def named_errors(path: Path | None) -> Iterator[None]:
    """Within, errors about a file are given its name."""
    try:
        yield
    except UnreadablePhoto as error:
        raise UnreadablePhoto(f"{shown(path or 'picture')}: {error.message}", error.hint) from error.__cause__


@contextlib.contextmanager
def plain_errors(content: bytes, limits: Limits) -> Iterator[None]:
    """Within, whatever decoders raise on these bytes becomes one plain line."""
    try:
        yield
    except UnreadablePhoto:
        raise
    except Exception as error:  # decoders raise anything at all on damaged bytes; this is the one place that maps it
        raise _plain(error, content, limits) from error


def content_of(source: Path | str | bytes, limits: Limits) -> bytes:
    """The bytes of a file that is within the limits; bytes are themselves.

    Raises:
        UnreadablePhoto: they cannot be had, or are too many or none.
    """
    content = source if isinstance(source, bytes) else _file_content(Path(source), limits)
    if not content:
        raise UnreadablePhoto("is empty")
    return content


def _file_content(path: Path, limits: Limits) -> bytes:
    try:
        if not path.is_file():
            raise UnreadablePhoto("is no file" if path.exists() else "does not exist")
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > limits.megabytes * 1e6:
                raise UnreadablePhoto(f"is larger than {limits.megabytes:g} MB")
            return file.read()
    except OSError as error:
        raise UnreadablePhoto(f"cannot be opened: {error.strerror}") from error


def decoded(content: bytes, path: Path | None, limits: Limits) -> Photo:
    """The photo that these bytes hold; the first one where there are several.

    Raises:
        UnreadablePhoto: as `read` does, without the name.
    """
    with plain_errors(content, limits):
        with strict_pillow(limits):
            found, source, turn = _loaded(content, limits)
        return finished(found, dataclasses.replace(source, path=path), turn)


def finished(found: Samples, source: Source, turn: int) -> Photo:
    """Samples as a photo: in sRGB, turned upright."""
    pixels, notes = profiles.to_srgb(found, source.icc, adobe=says_adobe_rgb(source.exif))
    alpha = None if found.alpha is None else turned(found.alpha, turn)
    return Photo(turned(pixels, turn), alpha, source=dataclasses.replace(source, notes=(*source.notes, *notes)))


@contextlib.contextmanager
def strict_pillow(limits: Limits) -> Iterator[None]:
    """Pillow with its process-wide switches set for one picture: our cap, bombs as errors, nothing cut off passes."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = int(limits.megapixels * 1e6), False
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _loaded(content: bytes, limits: Limits) -> tuple[Samples, Source, int]:
    """The samples, what else the file says, and how the picture has yet to be turned."""
    try:
        return _by_pillow(content, limits)
    except header.CameraRaw:
        if not raw.can_be_developed():
            raise
        return *raw.developed(content, limits.megapixels * 1e6), 1


def _by_pillow(content: bytes, limits: Limits) -> tuple[Samples, Source, int]:
    try:
        picture = opened(content, limits)
    except UnidentifiedImageError:
        if not is_tiff(content):
            raise
        found = odd_tiff(content, limits.megapixels * 1e6)
        return found, Source(format="tiff", grey=found.grey, **collected_from_tiff(content)), 1
    frames = header.frames(picture, limits.frames)
    found = samples(picture, content)
    return found, *described(picture, content, found, frames)


def described(picture: Image.Image, content: bytes, found: Samples, frames: int) -> tuple[Source, int]:
    """What the file of a picture that is loaded says besides, and how the picture has yet to be turned."""
    name, notes = format_of_pillow(picture.format).name, header.remarks(picture, content)
    facts = {**collected(picture, content), **header.coding(picture, content)}
    source = Source(format=name, frames=frames, notes=notes, grey=found.grey, **facts)
    return source, 1 if name in _UPRIGHT else orientation(source.exif)


def opened(content: bytes, limits: Limits) -> Image.Image:
    """The picture behind its header; not a pixel is decoded yet."""
    picture = Image.open(io.BytesIO(content), formats=header.kinds(content))
    if picture.width * picture.height > limits.megapixels * 1e6:  # Pillow measures some formats only when loading
        raise Image.DecompressionBombError
    return picture


def _plain(error: Exception, content: bytes, limits: Limits) -> UnreadablePhoto:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return UnreadablePhoto(f"has more than {limits.megapixels:g} megapixels", "allow more with --max-megapixels")
    if isinstance(error, UnidentifiedImageError):
        return header.unopened(content)
    if isinstance(error, MemoryError):
        return UnreadablePhoto("needs more memory to be decoded than it may have", "allow more with --max-memory")
    # Only these are sentences about the file; the others speak of Python.
    reason = shown(str(error)).strip()[:120] if isinstance(error, OSError | SyntaxError | RuntimeError) else ""
    if reason.startswith("decoder error"):  # libtiff says no more
        reason = "its data, or their compression, cannot be decoded"
    return UnreadablePhoto(f"is damaged or cut off{f' ({reason})' if reason else ''}", header.AGAIN)
