"""Video files taken apart: runs in the process that decodes, since a file may crash, hang or bloat a decoder.

One video is open at a time. What leaves this module are plain values, and every error is one line.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.logging
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from faceedit.errors import UnreadablePhoto
from faceedit.video.frames import FULL, LIMITED, UNSPECIFIED, Frame, Layout, planes_of, timecode

AGAIN = "export or download it anew"
# Seconds that may be missing at the end of a video: the last frame of variable length, rounding of the container.
MISSING = 0.5
# What libav itself puts into the metadata of a file that it has read.
OF_THE_FORMAT = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
# More frames a second are no rate but the fineness of the file's clock.
FASTEST = 480


@dataclass(frozen=True)
class Info:
    """What a video's header says. `duration` is in seconds and `frames` a number, 0 where nobody knows.

    `primaries` and `transfer` are numbers of H.273; `aspect` is that of a sample. `bit_rate` is the picture's, in bits
    a second. `notes` are plain sentences about what will not be kept.
    """

    layout: Layout
    codec: str
    time_base: Fraction
    rate: Fraction
    duration: float
    frames: int
    rotation: int = 0
    aspect: Fraction = Fraction(1)
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    sound: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class _Session:
    """One video that is being read."""

    def __init__(self, path: str, name: str, megapixels: float, number: int) -> None:
        self.name, self.number = name, number
        self.container = _opened(path, name)
        self.stream = _video(self.container, name)
        self._refuse_large(megapixels)
        self.stream.thread_type = "SLICE"
        self.last: Frame | None = None
        self.pictures = self._decoded()
        self.first = next(self.pictures, None)
        if self.first is None:
            raise UnreadablePhoto(f"{self.name}: holds no picture that can be decoded", AGAIN)
        self.info = _info(self.container, self.stream, self.first)

    def frames(self, most: int) -> list[Frame]:
        """The next frames, at most so many; none at the end."""
        found: list[Frame] = []
        while len(found) < most:
            picture = self.first or next(self.pictures, None)
            self.first = None
            if picture is None:
                self._demand_whole()
                break
            self.last = self._frame(picture)
            found.append(self.last)
        return found

    def _refuse_large(self, megapixels: float) -> None:
        width, height = self.stream.codec_context.width, self.stream.codec_context.height
        if width * height > megapixels * 1e6:
            raise UnreadablePhoto(
                f"{self.name}: {width} x {height} pixels are more than {megapixels:g} megapixels",
                "allow more with --max-megapixels",
            )

    def _decoded(self) -> Iterator[VideoFrame]:
        try:
            for picture in self.container.decode(self.stream):
                if picture.is_corrupt:
                    raise UnreadablePhoto(f"{self.name}: is damaged at {timecode(picture.time or 0.0)}", AGAIN)
                yield picture
        except (av.FFmpegError, OSError) as error:
            at = f"after {timecode(self.last.seconds(self.info.time_base))}" if self.last else "from its beginning on"
            raise UnreadablePhoto(f"{self.name}: cannot be decoded {at}: {_words(error)}", AGAIN) from error

    def _frame(self, picture: VideoFrame) -> Frame:
        layout = self.info.layout
        turned = self.info.rotation % 180 != 0
        width, height = (layout.height, layout.width) if turned else (layout.width, layout.height)
        if (picture.width, picture.height, picture.format.name) != (width, height, layout.format):
            picture = picture.reformat(width, height, layout.format)
        # libav counts the turn that a viewer makes counter-clockwise, as numpy does.
        planes = tuple(np.rot90(plane, self.info.rotation // 90) for plane in planes_of(picture, layout))
        step = max(1, round(1 / (self.info.rate * self.info.time_base)))
        earliest = self.last.pts + 1 if self.last else None
        pts = picture.pts if picture.pts is not None else (self.last.pts + step if self.last else 0)
        return Frame(
            tuple(np.ascontiguousarray(plane) for plane in planes),
            pts if earliest is None else max(pts, earliest),
            picture.duration or step,
        )

    def _demand_whole(self) -> None:
        """Whether the video goes on for as long as its header says.

        Raises:
            UnreadablePhoto: it ends before.
        """
        if self.last is None or not self.info.duration:
            return
        begins = float((self.stream.start_time or 0) * self.info.time_base)
        end = self.last.seconds(self.info.time_base) + float(self.last.duration * self.info.time_base) - begins
        if end < self.info.duration - MISSING - 0.02 * self.info.duration:
            raise UnreadablePhoto(
                f"{self.name}: is cut off: it ends after {timecode(end)} of {timecode(self.info.duration)}", AGAIN
            )


_session: _Session | None = None


def begin(number: int, path: str, name: str, megapixels: float) -> Info:
    """Open a video that errors call `name`, by a number that no other has had, and say what its header says.

    Raises:
        UnreadablePhoto: it is no video that can be decoded.
    """
    global _session  # noqa: PLW0603 - the process that decodes has no other place between two calls
    if _session is not None:
        end(_session.number)
    av.logging.set_level(av.logging.PANIC)
    _session = _Session(path, name, megapixels, number)
    return _session.info


def more(number: int, name: str, most: int) -> list[Frame]:
    """The next frames of the open video, at most so many; none at its end.

    Raises:
        UnreadablePhoto: it is damaged or cut off, or not open any more.
    """
    if _session is None or _session.number != number:
        raise UnreadablePhoto(f"{name}: was closed while it was read", "run it again")
    return _session.frames(most)


def end(number: int) -> None:
    """Close the video of this number, if it is the open one."""
    global _session  # noqa: PLW0603 - as above
    if _session is not None and _session.number == number:
        _session.container.close()
        _session = None


def _opened(path: str, name: str) -> InputContainer:
    try:
        if not Path(path).stat().st_size:
            raise UnreadablePhoto(f"{name}: is empty", AGAIN)
        return av.open(path, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UnreadablePhoto(f"{name}: is no video that can be read: {_words(error)}", AGAIN) from error


def _video(container: InputContainer, name: str) -> VideoStream:
    streams = [each for each in container.streams.video if not _is_cover_art(each)]
    if not streams:
        what = "only sound" if container.streams.audio else "no picture"
        raise UnreadablePhoto(f"{name}: holds {what}", "name a video with pictures")
    if getattr(streams[0], "codec_context", None) is None or not streams[0].codec_context.name:
        raise UnreadablePhoto(f"{name}: is in a coding that PyAV cannot decode", "convert it to H.264")
    return streams[0]


def _is_cover_art(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _info(container: InputContainer, stream: VideoStream, first: VideoFrame) -> Info:
    coded = stream.codec_context
    rotation = round(first.rotation / 90) * 90 % 360
    full = coded.color_range == FULL or first.format.name.startswith("yuvj")
    width, height = (first.height, first.width) if rotation % 180 else (first.width, first.height)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    rate = next((each for each in (stream.average_rate, stream.guessed_rate) if each and each <= FASTEST), Fraction(25))
    seconds = _seconds(container, stream)
    layout = Layout(width, height, _planar(first, rotation), int(coded.colorspace), FULL if full else LIMITED)
    return Info(
        layout,
        coded.codec.canonical_name,
        stream.time_base or Fraction(1, 90000),
        rate,
        seconds,
        stream.frames or round(seconds * rate),
        rotation,
        1 / aspect if rotation % 180 else aspect,
        int(coded.color_primaries),
        int(coded.color_trc),
        tuple(each.codec_context.name if each.codec_context else "unknown" for each in container.streams.audio),
        {**container.metadata},
        tuple(sorted(_others(container))),
        tuple(_notes(container, stream, first)),
    )


def _others(container: InputContainer) -> set[str]:
    """What lies in the file beside pictures and sound."""
    found = {each.type for each in container.streams if each.type not in ("video", "audio")}
    return found | ({"cover picture"} if any(map(_is_cover_art, container.streams.video)) else set())


def _seconds(container: InputContainer, stream: VideoStream) -> float:
    """How long the pictures go on, 0 where nothing says that of them alone: the sound may go on for longer."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    hours, _, rest = stream.metadata.get("DURATION", "").partition(":")
    minutes, _, seconds = rest.partition(":")
    with contextlib.suppress(ValueError):
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return (container.duration or 0) / av.time_base if len(container.streams) == 1 else 0.0


def _notes(container: InputContainer, stream: VideoStream, first: VideoFrame) -> Iterator[str]:
    if len([each for each in container.streams.video if not _is_cover_art(each)]) > 1:
        yield "of several pictures that run side by side only the first was kept"
    if first.interlaced_frame:
        yield "the video is interlaced, and was edited as if it were not"
    if int(stream.codec_context.color_trc) in (16, 18):
        yield "the video is HDR; effects took its colours for those of an ordinary one"


def _planar(first: VideoFrame, rotation: int) -> str:
    """The planar format with at least the samples of a frame's own."""
    parts = first.format.components
    deep = max(each.bits for each in parts) > 8
    if first.format.is_rgb or len(parts) < 3:
        chroma = "420" if len(parts) < 3 else "444"
    else:
        wide, high = parts[1].width < parts[0].width, parts[1].height < parts[0].height
        chroma = "420" if wide and high else "422" if wide and not rotation % 180 else "444"
    return f"yuv{chroma}p10le" if deep else f"yuv{chroma}p"


def _words(error: Any) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())
