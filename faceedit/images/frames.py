"""Files that hold several pictures, read whole: animations frame by frame, documents page by page."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.errors import UnreadablePhoto
from faceedit.images import gif, header, png16
from faceedit.images.decode import shallow
from faceedit.images.read import (
    Limits,
    content_of,
    decoded,
    described,
    finished,
    named_errors,
    opened,
    plain_errors,
    strict_pillow,
)
from faceedit.images.tiff import is_tiff, pages
from faceedit.photo import Photo, Source

# What viewers make of a frame that says it is shown for no time, milliseconds.
_UNSAID = 100
_USUAL = Limits()


@dataclass(frozen=True)
class Timing:
    """How long each frame of an animation is shown, in milliseconds, and how often all of it; 0 is for ever.

    With `lead` the first picture is no frame, but what is shown where animations are not (PNG); it has no duration.
    """

    durations: tuple[int, ...]
    loops: int = 1
    lead: bool = False

    def held_by(self, name: str) -> "Timing":
        """The same as a format can say it: only PNG has a lead, and GIF counts hundredths of a second."""
        if name == "png":
            return self
        durations = (_UNSAID, *self.durations) if self.lead else self.durations
        if name == "gif":
            durations = tuple(max(10, round(each, -1)) for each in durations)
        return Timing(durations, self.loops)


@dataclass(frozen=True)
class Frames:
    """All pictures of a file in order. Pages have no `timing`."""

    photos: tuple[Photo, ...]
    timing: Timing | None = None

    def all_with_alpha(self) -> tuple[Photo, ...]:
        """The pictures, all with alpha if one has it, as an animation holds them."""
        if self.timing is None or all(photo.alpha is None for photo in self.photos):
            return self.photos
        return tuple(photo if photo.alpha is not None else _opaque(photo) for photo in self.photos)


def read_frames(source: Path | str | bytes, limits: Limits = _USUAL) -> Frames:
    """All pictures in a file or in memory, each as `read` gives one.

    Raises:
        UnreadablePhoto: as `read` does, and where all pictures together are beyond the limits.
    """
    path = None if isinstance(source, bytes) else Path(source)
    with named_errors(path):
        content = content_of(source, limits)
        with plain_errors(content, limits):
            return _pages(content, path, limits) if is_tiff(content) else _animation(content, path, limits)


def _pages(content: bytes, path: Path | None, limits: Limits) -> Frames:
    found: list[Photo] = []
    for page in pages(content):
        found.append(decoded(page, path, limits))
        _check(len(found), sum(photo.height * photo.width for photo in found), limits)
    return Frames(tuple(found))


def _check(count: int, pixels: int, limits: Limits) -> None:
    """Hold all pictures of a file against the limits.

    Raises:
        UnreadablePhoto: they are beyond.
    """
    if count > limits.frames:
        raise UnreadablePhoto(f"has more than {limits.frames} frames or pages")
    if pixels > limits.megapixels * 1e6:
        message = f"has more than {limits.megapixels:g} megapixels in all its frames or pages"
        raise UnreadablePhoto(message, "allow more with --max-megapixels")


def _animation(content: bytes, path: Path | None, limits: Limits) -> Frames:
    found, durations, facts = [], [], (Source(), 1)
    with strict_pillow(limits):
        picture = opened(content, limits)
        count = header.frames(picture, limits.frames)
        _check(count, count * picture.width * picture.height, limits)
        if picture.format == "GIF" and gif.pictures(content) != count:
            raise UnreadablePhoto("is damaged or cut off", header.AGAIN)
        for index in range(count):
            picture.seek(index)
            found.append(shallow(picture))
            durations.append(round(picture.info.get("duration", 0)) or _UNSAID)
            if index == 0:
                facts = described(picture, content, found[0], count)
                loops, lead = picture.info.get("loop", 1), bool(getattr(picture, "default_image", False))
    source, turn = dataclasses.replace(facts[0], path=path, grey=False), facts[1]
    if png16.is_deep(content):
        source = dataclasses.replace(source, notes=(*source.notes, "16 bits were read as 8: animations hold no more"))
    photos = [finished(each, source, turn) for each in found]
    return Frames(tuple(photos), Timing(tuple(durations[lead:]), loops, lead))


def _opaque(photo: Photo) -> Photo:
    dtype = photo.pixels.dtype
    return photo.replaced(alpha=np.full(photo.pixels.shape[:2], np.iinfo(dtype).max, dtype))
