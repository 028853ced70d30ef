"""Video files made: pictures encoded into a file of their own, then joined with the sound of the source.

The coding is the source's where libav can write it. The sound's packets are copied as they are. Joining opens the
source, and so runs in the process that decodes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, cast

import av
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from faceedit.errors import PhotoError
from faceedit.images.files import shown
from faceedit.video.decoding import OF_THE_FORMAT, Info
from faceedit.video.frames import Frame, Layout, video_frame

Policy = Literal["keep", "safe", "none"]

# What "same" means: so little is lost that few would see it.
QUALITY = 92
# In an intermediate file of this format every coding and every time base can lie.
BETWEEN = "mov"
# The same input gives the same bytes: no dates, no random numbers, no version of libav in the file.
EXACT = {"fflags": "+bitexact"}
SAFE = frozenset({"title", "date", "creation_time", "copyright", "genre", "language", "artist", "album"})
_MP4 = frozenset({".mp4", ".m4v", ".mov"})


@dataclass(frozen=True)
class Coding:
    """An encoder and how it is told the quality: `scale` times the constant rate factor of H.264.

    `between` is the format of the intermediate file, one that keeps its times exactly.
    """

    encoder: str
    scale: float = 1.0
    options: Mapping[str, str] | None = None
    containers: frozenset[str] = _MP4 | {".mkv"}
    between: str = "mp4"


_H264 = Coding("libx264", 1.0, {"preset": "fast"})
_VP9 = Coding("libvpx-vp9", 63 / 51, {"deadline": "realtime", "cpu-used": "6", "row-mt": "1"}, _MP4 | {".mkv", ".webm"})
CODINGS = {
    "h264": _H264,
    "hevc": Coding("libx265", 1.15, {"preset": "fast", "x265-params": "log-level=none"}),
    "vp9": _VP9,
    "vp8": replace(_VP9, containers=_MP4 | {".mkv", ".webm"}),
    "av1": Coding("libsvtav1", 63 / 51, {"preset": "9"}, _MP4 | {".mkv", ".webm"}),
    "ffv1": Coding("ffv1", 0.0, {}, frozenset({".mkv"}), "nut"),
    "mjpeg": Coding("mjpeg", 0.0, {"qmin": "2", "qmax": "2"}),
}


def coding(codec: str, suffix: str) -> Coding:
    """The encoder for a video whose source is coded so, in a file with this suffix."""
    found = CODINGS.get(codec)
    if found and suffix.lower() in found.containers:
        return found
    return _VP9 if suffix.lower() == ".webm" else _H264


class Encoder:
    """Encodes frames into an intermediate file; use it in a `with` block.

    `layout` may be smaller than the source's. `quality` is 1..100 or "same".

    Raises:
        PhotoError: the frames cannot be encoded or written.
    """

    def __init__(self, path: Path, info: Info, layout: Layout, suffix: str, quality: int | Literal["same"]) -> None:
        self.path, self.layout, self.time_base = path, layout, info.time_base
        chosen = coding(info.codec, suffix)
        try:
            self._container: OutputContainer = av.open(str(path), "w", format=chosen.between, options=EXACT)
            self._stream = cast("VideoStream", self._container.add_stream(chosen.encoder, rate=info.rate))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise PhotoError(f"{shown(path)}: cannot be written: {error}", "choose another folder") from error
        stream = self._stream
        stream.width, stream.height = layout.width, layout.height
        stream.pix_fmt = _format(chosen.encoder, layout)
        stream.time_base = info.time_base
        context = stream.codec_context
        context.time_base = info.time_base
        context.sample_aspect_ratio = info.aspect
        context.color_range, context.colorspace = layout.range, layout.matrix
        context.color_primaries, context.color_trc = info.primaries, info.transfer
        context.options = dict(chosen.options or {}) | _rate(chosen, quality)

    def write(self, frame: Frame) -> None:
        """Add one frame, in the layout's format."""
        picture = video_frame(frame.planes, self.layout)
        picture.pts, picture.duration, picture.time_base = frame.pts, frame.duration, self.time_base
        picture.colorspace, picture.color_range = self.layout.matrix, self.layout.range
        self._mux(picture)

    def _mux(self, picture: Any) -> None:
        try:
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            raise PhotoError(f"{shown(self.path)}: cannot be written: {error}", "make room on the disk") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self._mux(None)
        self._container.close()


def join(pictures: str, source: str, target: str, suffix: str, policy: Policy) -> list[str]:
    """Write a video of encoded pictures and the source's sound, and of its texts and metadata what the policy allows.

    Answers with notes about what was left out.

    Raises:
        PhotoError: it cannot be written.
    """
    notes: list[str] = []
    try:
        with (
            av.open(pictures) as seen,
            av.open(source, metadata_errors="replace") as heard,
            av.open(target, "w", format=_container(suffix), options=EXACT) as joined,
        ):
            ways = _ways(seen, heard, joined, policy, notes)
            if policy != "none":
                joined.metadata.update(_metadata(heard.metadata, policy))
            for packet in _by_time(_packets(seen, {0: ways["seen", 0]}), _packets(heard, _of(ways, "heard"))):
                joined.mux(packet)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise PhotoError(f"{shown(target)}: cannot be written: {error}", "choose .mkv, which holds more") from error
    return notes


def _ways(
    seen: InputContainer, heard: InputContainer, joined: OutputContainer, policy: Policy, notes: list[str]
) -> dict[tuple[str, int], Any]:
    """Where each stream that is kept goes."""
    ways: dict[tuple[str, int], Any] = {
        ("seen", 0): joined.add_stream_from_template(seen.streams.video[0], opaque=True)
    }
    for stream in heard.streams:
        if stream.type == "video":
            cover_art = bool(stream.disposition & Disposition.attached_pic)
            if cover_art:
                notes.append("the cover picture was left out")
            continue
        if stream.type != "audio" and (stream.type != "subtitle" or policy == "none"):
            notes.append(f"a stream of {stream.type} was left out")
            continue
        try:
            ways["heard", stream.index] = copy = joined.add_stream_from_template(stream, opaque=True)
        except (av.FFmpegError, ValueError, TypeError):  # a coding that this container does not hold
            notes.append(f"{'the sound' if stream.type == 'audio' else 'texts'} cannot lie in such a file")
            continue
        copy.metadata.clear()
        if policy != "none":
            copy.metadata.update(_metadata(stream.metadata, policy))
    return ways


def _of(ways: Mapping[tuple[str, int], Any], side: str) -> dict[int, Any]:
    return {index: stream for (each, index), stream in ways.items() if each == side}


def _metadata(found: Mapping[str, str], policy: Policy) -> dict[str, str]:
    kept = {key: value for key, value in found.items() if key.lower() not in OF_THE_FORMAT}
    return kept if policy == "keep" else {key: value for key, value in kept.items() if key.lower() in SAFE}


def _packets(container: InputContainer, ways: Mapping[int, Any]) -> Iterator[tuple[float, Any]]:
    streams = [each for each in container.streams if each.index in ways]
    for packet in container.demux(streams) if streams else ():
        if packet.dts is None:  # the end
            continue
        at = float(packet.dts * packet.time_base)
        packet.stream = ways[packet.stream.index]
        yield at, packet


def _by_time(*rows: Iterator[tuple[float, Any]]) -> Iterator[Any]:
    """The packets of several files in the order of their times."""
    heads = [(next(row, None), row) for row in rows]
    while left := [(head, row) for head, row in heads if head is not None]:
        head, row = min(left, key=lambda each: each[0][0])
        yield head[1]
        heads = [(next(other, None) if other is row else first, other) for first, other in heads]


def _container(suffix: str) -> str:
    return {".mkv": "matroska", ".webm": "webm", ".mov": "mov"}.get(suffix.lower(), "mp4")


def _format(encoder: str, layout: Layout) -> str:
    """The pixel format that an encoder takes for a layout."""
    if encoder == "mjpeg":
        return layout.format.replace("yuv4", "yuvj4").removesuffix("10le").removesuffix("p1")
    return layout.format


def encodable(info: Info, suffix: str, max_side: int | None) -> Layout:
    """The layout that frames are written in: the source's, made smaller where an output says so, and fit to encode.

    Pictures with halved chroma must have even sides: an odd last row or column is left out.
    """
    layout, encoder = info.layout, coding(info.codec, suffix).encoder
    factor = min(1.0, (max_side or 1 << 30) / max(layout.width, layout.height))
    width, height = (max(2, round(side * factor)) for side in (layout.width, layout.height))
    kind = layout.format
    if encoder == "libsvtav1":
        kind = "yuv420p10le" if layout.deep else "yuv420p"
    if encoder in ("mjpeg",):
        kind = kind.removesuffix("10le") if layout.deep else kind
    down, across = replace(layout, format=kind).shrink
    return replace(layout, width=width // across * across, height=height // down * down, format=kind)


def _rate(chosen: Coding, quality: int | Literal["same"]) -> dict[str, str]:
    """The encoder's options for a quality."""
    if not chosen.scale:
        return {}
    percent = QUALITY if quality == "same" else quality
    factor = round((40 - 0.26 * percent) * chosen.scale)
    return {"crf": str(factor)} | ({"b": "0"} if "vp9" in chosen.encoder else {})
