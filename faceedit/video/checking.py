"""Finished videos looked at a second time, frame by frame: is all hidden that was to be, and is there a face besides.

Every frame is looked at by the detector, mirrored and at other scales than the first time; at short intervals, and
where a scene begins, all that `verify` does with a photo is done.
"""

import json
import tempfile
import weakref
import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.coverage import Bools, Covered
from faceedit.detection import Detection, Search, find_faces
from faceedit.errors import Withheld
from faceedit.geometry import Box
from faceedit.images import Limits
from faceedit.photo import eight_bit
from faceedit.verify import SecondLook, Verdict, unexplained
from faceedit.verify.patches import patches
from faceedit.video.container import Reader
from faceedit.video.decoding import OF_THE_FORMAT
from faceedit.video.frames import rgb, timecode

# Seconds between two full second looks.
FULLY = 0.5
# Quick second looks: between the scales of the first.
SCALES = (340, 680)
# What is kept of each frame's cover is so many times smaller.
COARSE = 4
# Inside a cover, this far from its edge (in coarse pixels), a decoded frame may differ so much from the fill.
EDGE, NEAR = 3, 40
# Doubtful moments that a message names.
NAMED = 12


@dataclass(frozen=True)
class Promise:
    """What one frame of a finished video must be, coarsely: hidden in `mask`, with `fill` there; `left` stay visible.

    Boxes are in pixels of the source.
    """

    mask: Bools
    fill: NDArray[np.uint8]
    left: tuple[Box, ...]


class Promises:
    """The promises of all frames, in their order. They lie in a temporary file: a video may have many."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when nobody holds the promises any more
        weakref.finalize(self, self._file.close)
        self._starts = array("q", [0])
        self._shape = (0, 0)

    def add(self, covered: Covered | None, left: Sequence[Box], shape: tuple[int, int]) -> None:
        """Add that of the next frame, whose height and width are `shape`."""
        rows, columns = slice(COARSE // 2, None, COARSE), slice(COARSE // 2, None, COARSE)
        self._shape = len(range(shape[0])[rows]), len(range(shape[1])[columns])
        mask = np.zeros(self._shape, bool) if covered is None else covered.mask[rows, columns]
        fill = np.zeros((*self._shape, 3), np.uint8) if covered is None else eight_bit(covered.fill[rows, columns])
        boxes = json.dumps([box.as_list() for box in left]).encode()
        pieces = (zlib.compress(np.packbits(mask).tobytes(), 1), zlib.compress(fill.tobytes(), 1), boxes)
        self._file.write(json.dumps([len(piece) for piece in pieces]).encode() + b"\n" + b"".join(pieces))
        self._starts.append(self._file.tell())

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: int) -> Promise:
        self._file.seek(self._starts[index])
        mask, fill, boxes = (self._file.read(length) for length in json.loads(self._file.readline()))
        self._file.seek(0, 2)
        bits = np.unpackbits(np.frombuffer(zlib.decompress(mask), np.uint8), count=self._shape[0] * self._shape[1])
        pixels = np.frombuffer(zlib.decompress(fill), np.uint8).reshape(*self._shape, 3)
        left = tuple(Box(*edges) for edges in json.loads(boxes))
        return Promise(bits.reshape(self._shape).astype(bool), pixels, left)


@dataclass(frozen=True)
class Doubt:
    """A face that is neither hidden nor left on purpose: on which frame, when in seconds, where in the source."""

    frame: int
    seconds: float
    face: Detection


@dataclass
class Checker:
    """Looks at finished videos of `frames` whose `shots` begin at these frames; `told` is called after each frame."""

    look: SecondLook
    shots: Sequence[int]
    rate: float
    told: Callable[[], None] = lambda: None

    def __call__(self, video: Reader, promises: Promises, source: tuple[int, int]) -> list[Doubt]:
        """What is doubtful in a finished video; `source` is the height and width that the promises are about.

        Raises:
            Withheld: something that was to be hidden is not, or a frame is missing.
        """
        doubts: list[Doubt] = []
        count, layout = 0, video.info.layout
        for index, frame in enumerate(video):
            count += 1
            if index >= len(promises):
                break
            promise = promises[index]
            pixels = eight_bit(rgb(frame.planes, layout))
            self._refuse_uncovered(pixels, promise, timecode(frame.seconds(video.info.time_base)))
            found = self.looked(pixels, index)
            found = [replace(face, box=_scaled(face.box, layout.width, layout.height, source)) for face in found]
            coarse = [replace(face, box=_coarse(face.box)) for face in found]
            open_ = unexplained(coarse, promise.mask, [_coarse(box) for box in promise.left])
            seconds = frame.seconds(video.info.time_base)
            doubts += [Doubt(index, seconds, face) for face, at in zip(found, coarse, strict=True) if at in open_]
            self.told()
        if count != len(promises):
            raise Withheld("the finished video has another number of frames", "please report this")
        return doubts

    def looked(self, pixels: NDArray[np.uint8], index: int) -> list[Detection]:
        """The faces on a frame, by all means on the first of a shot and every so many frames."""
        if index in self.shots or index % max(1, round(FULLY * self.rate)) == 0:
            return list(self.look(pixels))
        mirrored = np.ascontiguousarray(pixels[:, ::-1])
        search = Search(threshold=Search.threshold, scales=SCALES, turns="never")
        width = pixels.shape[1]
        found = find_faces(mirrored, self.look.detector, search)
        return [
            replace(face, box=Box(width - face.box.right, face.box.top, width - face.box.left, face.box.bottom))
            for face in found
        ]

    def _refuse_uncovered(self, pixels: NDArray[np.uint8], promise: Promise, moment: str) -> None:
        inside = ndimage.binary_erosion(promise.mask, iterations=EDGE, border_value=1)
        if not inside.any():
            return
        rows = ((np.arange(inside.shape[0]) + 0.5) * pixels.shape[0] / inside.shape[0]).astype(int)
        columns = ((np.arange(inside.shape[1]) + 0.5) * pixels.shape[1] / inside.shape[1]).astype(int)
        seen = pixels[rows[:, None], columns][inside].astype(np.int16)
        if (np.abs(seen - promise.fill[inside]).max(-1) > NEAR).mean() > 0.02:
            raise Withheld(f"a covered face may show through at {moment}", "please report this")


def verify_video(path: Path, look: SecondLook, limits: Limits) -> Verdict:
    """The verdict on a finished video, made by whatever program; flat patches of one color count as covers.

    Raises:
        UnreadablePhoto: it is no video that can be decoded whole.
    """
    reader = Reader(path, limits)
    info = reader.info
    checker = Checker(look, [0], float(info.rate))
    doubts: list[Doubt] = []
    for index, frame in enumerate(reader):
        pixels = eight_bit(rgb(frame.planes, info.layout))
        found = checker.looked(pixels, index)
        bare = unexplained(found, patches(pixels, [face.box for face in found]), ())
        doubts += [Doubt(index, frame.seconds(info.time_base), face) for face in bare]
    problems = [f"a face at {moments(doubts)}"] if doubts else []
    told = sorted(set(info.metadata) - OF_THE_FORMAT)
    problems += [f"holds {', '.join([*told, *info.others])}"] if told or info.others else []
    return Verdict((), tuple(problems), ("the sound was not listened to",) if info.sound else ())


def moments(doubts: Sequence[Doubt]) -> str:
    """When something is doubtful, in words: "0:00:03.200 to 0:00:03.880, 0:01:12.040"."""
    spans = list(_spans(doubts))
    named = [timecode(one) if one == other else f"{timecode(one)} to {timecode(other)}" for one, other in spans]
    more = f" and {len(named) - NAMED} more times" if len(named) > NAMED else ""
    return ", ".join(named[:NAMED]) + more


def _spans(doubts: Sequence[Doubt]) -> Iterator[tuple[float, float]]:
    begin = last = None
    for doubt in doubts:
        if last is not None and begin is not None and doubt.seconds > last + FULLY:
            yield begin, last
            begin = None
        begin = doubt.seconds if begin is None else begin
        last = doubt.seconds
    if begin is not None and last is not None:
        yield begin, last


def _scaled(box: Box, width: int, height: int, source: tuple[int, int]) -> Box:
    across, down = source[1] / width, source[0] / height
    return Box(int(box.left * across), int(box.top * down), round(box.right * across), round(box.bottom * down))


def _coarse(box: Box) -> Box:
    return Box(box.left // COARSE, box.top // COARSE, -(-box.right // COARSE), -(-box.bottom // COARSE))
