"""Small videos of painted faces, and a way through them that needs no model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import faceedit_redact
import numpy as np
from engine_support import paint
from faces_support import Oracle, Skins, painted_in_label_colors

from faceedit.detection import THOROUGH, Detection, Search
from faceedit.faces import FaceFinder
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from faceedit.testing import painted_photo
from faceedit.verify import SecondLook
from faceedit.video.container import Reader
from faceedit.video.frames import rgb
from faceedit.video.work import VideoEditor

HEIGHT, WIDTH, RATE = 176, 320, 25


def painted(count: int = 10, step: int = 4, *, shown: Sequence[int] | None = None) -> list[np.ndarray]:
    """Frames on which a painted face goes to the right; on those that are not `shown` there is none."""
    face = painted_in_label_colors(painted_photo(96, 96, face_px=40, accessories=())).pixels
    rows, columns = np.mgrid[:HEIGHT, : WIDTH + 400]
    background = np.stack([60 + (rows // 16 + columns // 16) % 2 * 40 + columns % 16 * 3] * 3, -1).astype(np.uint8)
    frames = []
    for index in range(count):
        frame = background.copy()
        if shown is None or index in shown:
            frame[16:112, 10 + step * index : 106 + step * index] = face
        frames.append(np.ascontiguousarray(frame[:, :WIDTH]))
    return frames


def write_video(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    codec: str = "ffv1",
    pix_fmt: str = "yuv444p",
    times: Sequence[int] | None = None,
    sound: str = "",
    rotation: int = 0,
    **stream_settings: Any,
) -> Path:
    """A video of these frames; `times` are in hundredths of a second, `sound` is a codec."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], pix_fmt
        stream.codec_context.time_base = stream.time_base = Fraction(1, 100)
        for name, value in stream_settings.items():
            setattr(stream.codec_context, name, value)
        if rotation:
            stream.set_display_rotation(rotation)
        container.metadata["title"], container.metadata["location"] = "A title", "+10.0+010.0/"
        tone = container.add_stream(sound, rate=48000) if sound else None
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
            frame.pts, frame.time_base = (times or range(0, 4 * len(frames), 4))[index], Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if tone is not None:
            for index in range(len(frames) * 2):
                wave = np.sin(np.arange(1024) * 0.05).astype(np.float32)[None].repeat(2, 0)
                samples = av.AudioFrame.from_ndarray(wave, format="fltp", layout="stereo")
                samples.sample_rate, samples.pts = 48000, index * 1024
                container.mux(tone.encode(samples))
            container.mux(tone.encode(None))
    return path


def pictures(path: Path) -> list[np.ndarray]:
    reader = Reader(path)
    return [rgb(frame.planes, reader.info.layout) for frame in reader]


def times(path: Path) -> list[float]:
    reader = Reader(path)
    return [round(frame.seconds(reader.info.time_base), 3) for frame in reader]


def sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


@dataclass(frozen=True)
class Scripted(SecondLook):
    """A second look that sees what it is told, by how often it was asked; nothing else."""

    answers: dict[int, list[Detection]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)

    def __call__(self, pixels: Any) -> list[Detection]:  # noqa: ARG002 - it does not look
        self.asked.append(1)
        return self.answers.get(len(self.asked) - 1, [])


class NoDetector:
    """Sees nothing."""

    name = "none"

    def detect(self, pixels: Any) -> list[Detection]:  # noqa: ARG002 - the protocol's
        return []


def editor(steps: str, output: str = "", look: SecondLook | None = None, **settings: Any) -> VideoEditor:
    """An editor of videos that finds painted faces."""
    registry = Registry.of(faceedit_redact, paint)
    text = f"faceedit: 1\nsteps: [{steps}]\n" + (f"output: {{{output}}}\n" if output else "")
    recipe = parse_recipe(text, registry)
    find = FaceFinder(Oracle(), Skins(), THOROUGH if recipe.redacts else Search())
    return VideoEditor(recipe, registry, find, look=look or SecondLook(find.detector), **settings)
