"""The first pass over a video: scenes, faces and their tracks, frame by frame. Nothing is edited yet.

Every frame is looked at quickly, or every few; key frames thoroughly, in all turns, and by the segmentation too.
Between them pixels are followed.
"""

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from faceedit.calls import inspect
from faceedit.detection import THOROUGH, Detection, Search, find_faces
from faceedit.faces import CERTAIN, DOUBTFUL, FaceFinder, first_crop, plausible, tilt
from faceedit.geometry import Box
from faceedit.photo import Face, FaceMap, Photo, eight_bit
from faceedit.recipe import Recipe, is_unknown
from faceedit.registry import Registry
from faceedit.segmentation import maps
from faceedit.video.frames import Frame, Layout, rgb
from faceedit.video.motion import SIDE, Grey, Small, is_cut
from faceedit.video.tracking import Tracker
from faceedit.video.tracks import Track


@dataclass(frozen=True)
class Care:
    """How hard a video is looked at: quickly every so many frames, thoroughly every so many seconds."""

    every: int
    seconds: float
    quick: Search
    key: Search


# Turned faces are found on key frames, and followed from there.
USUAL = Care(3, 1.0, Search(scales=(240, 480), turns="never"), Search())
REDACTING = Care(1, 0.4, Search(threshold=0.6, scales=(240, 480), turns="never"), THOROUGH)
# Every so many quick looks one sees small faces too.
FINE, FINE_SCALES = 3, (240, 480, 960)
# A face that is lost is looked for thoroughly at once, but not more often than every so many frames.
HURRY = 4

Votes = Counter[tuple[int, str, bool]]


@dataclass
class Seen:
    """What the first pass found: tracks, the first frame of each shot, and all that was detected, for another pass.

    `votes` count on how many key frames an inspector saw something on a track; `looked` is how many there were.
    """

    tracks: list[Track]
    shots: list[int]
    times: "array[float]" = field(default_factory=lambda: array("d"))  # of each frame, in seconds
    detected: "array[float]" = field(default_factory=lambda: array("f"))  # frame, box, score, turn
    votes: Votes = field(default_factory=Counter)
    looked: Counter[int] = field(default_factory=Counter)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self.times)

    def detections(self) -> dict[int, list[tuple[Detection, float]]]:
        """What was detected, by frame."""
        found: dict[int, list[tuple[Detection, float]]] = {}
        for frame, left, top, right, bottom, score, turn in np.array(self.detected, np.float64).reshape(-1, 7):
            face = Detection(Box(int(left), int(top), int(right), int(bottom)), float(score))
            found.setdefault(int(frame), []).append((face, float(turn)))
        return found


@dataclass
class Looker:
    """Looks at frames in their order, with `find`'s detector and segmenter.

    `again` is what was detected in an earlier pass, by frame: then nothing is detected anew, and only followed.
    """

    find: FaceFinder
    recipe: Recipe
    registry: Registry
    layout: Layout
    rate: float
    time_base: Fraction
    again: Mapping[int, Sequence[tuple[Detection, float]]] | None = None

    def __post_init__(self) -> None:
        self.care = REDACTING if self.recipe.redacts else USUAL
        self.tracker = Tracker(self.layout.height, self.layout.width, self.rate)
        self.seen = Seen(self.tracker.tracks, [0])
        self._thumb: Grey | None = None
        self._last_key = -(1 << 30)
        self._asked = [kind for step in self.recipe.steps if step.when for kind in step.when.kinds]

    def __call__(self, frame: Frame) -> None:
        """Look at the next frame."""
        width = min(self.layout.width, round(SIDE * self.layout.width / max(self.layout.width, self.layout.height)))
        pixels = rgb(frame.planes, self.layout, width)
        small = Small.of(pixels, width / self.layout.width)
        index, thumb = self.seen.frames, small.thumb
        begins = self._thumb is None or is_cut(self._thumb, thumb)
        if begins and index:
            self.tracker.cut()
            self.seen.shots.append(index)
        self._thumb = thumb
        self.tracker.advance(small)
        if self.again is not None:
            found = list(self.again.get(index, ()))
        else:
            found = self._looked(frame, pixels, small.factor, index, begins=begins)
            for face, turn in found:
                self.seen.detected.extend((index, *face.box.as_list(), face.score, turn))
        self.tracker.see(found)
        self.seen.times.append(frame.seconds(self.time_base))

    def _looked(
        self, frame: Frame, pixels: NDArray[np.uint8], factor: float, index: int, *, begins: bool
    ) -> list[tuple[Detection, float]]:
        lost = any(track.lost == 1 for track in self.tracker.live)
        since = index - self._last_key
        if begins or since >= self.care.seconds * self.rate or (lost and since >= HURRY):
            self._last_key = index
            return self._key(rgb(frame.planes, self.layout))
        if index % self.care.every:
            return []
        search = self.care.quick
        if index % (FINE * self.care.every) == 0:
            search = Search(search.threshold, search.turned_threshold, FINE_SCALES, turns="never")
        found = find_faces(pixels, self.find.detector, search)
        return [(_doubted(face, _enlarged(face.box, factor, self.layout)), math.nan) for face in found]

    def _key(self, full: NDArray[np.uint8]) -> list[tuple[Detection, float]]:
        """All faces of a key frame, with their turns; those that the segmentation does not believe in are doubtful."""
        pixels = eight_bit(full)
        found = find_faces(pixels, self.find.detector, self.care.key)
        seen = maps(pixels, [first_crop(face) for face in found], self.find.segmenter)
        result = []
        for face, one in zip(found, seen, strict=True):
            score = face.score if plausible(face, one) else min(face.score, DOUBTFUL)
            result.append((Detection(face.box, score, face.angle), one.crop.angle + tilt(one)))
        self._inspect(pixels, result, seen)
        if self.recipe.redacts:
            return result
        return [(face, turn) for face, turn in result if face.score >= Search.threshold]

    def _inspect(
        self, pixels: NDArray[np.uint8], found: Sequence[tuple[Detection, float]], seen: Sequence[FaceMap]
    ) -> None:
        """Count what inspectors see on this frame; it is told of the tracks that the faces will be put on."""
        if not self._asked or self.recipe.redacts:
            return
        shape = pixels.shape[0], pixels.shape[1]
        faces, owners = [], {}
        for number, ((face, _), one) in enumerate(zip(found, seen, strict=True)):
            faces.append(Face(number, face.box, face.score, one, shape))
            best = max(self.tracker.live, key=lambda track: track.now.box.iou(face.box), default=None)
            if best is not None and best.now.box.iou(face.box) > 0.2:
                owners[number] = best.number
        photo = Photo(pixels, faces=tuple(faces), model=self.find.segmenter.model)
        for finding in inspect(photo, self.registry, self._asked):
            if finding.face in owners:
                self.seen.votes[owners[finding.face], finding.kind, is_unknown(finding)] += 1
        for owner in owners.values():
            self.seen.looked[owner] += 1

    def finish(self) -> Seen:
        """What was found in all frames."""
        self.tracker.finish()
        return self.seen


def _doubted(face: Detection, box: Box) -> Detection:
    """A face of a quick look, which the segmentation has no say in: doubtful, unless it is certain."""
    return Detection(box, face.score if face.score >= CERTAIN else min(face.score, DOUBTFUL))


def _enlarged(box: Box, factor: float, layout: Layout) -> Box:
    edges = (round(edge / factor) for edge in (box.left, box.top, box.right, box.bottom))
    return Box(*edges).clipped(layout.height, layout.width)
