"""What a stream knows of live frames: who is where, by what number, with which map, and what was looked at when."""

import itertools
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from faceedit.detection import Detection, Search
from faceedit.faces import DOUBTFUL, apart
from faceedit.geometry import Box, Crop
from faceedit.photo import Face, FaceMap
from faceedit.recipe import Faces, Recipe
from faceedit.video.masks import MEMORY, mixed
from faceedit.video.motion import Grey, Small, follow
from faceedit.video.people import UNSEEN
from faceedit.video.rendering import nothing
from faceedit.video.tracking import Tracker
from faceedit.video.tracks import BELIEVED, COLUMNS, Pose, Track

# Blocks of the small picture, in pixels, and how much one changes (grey levels) before it is something new.
BLOCK, NEW = 16, 10.0
# Covers are larger than the face by this share, and grow by this one with each frame on which it is lost.
GROWTH, LOST = 1.1, 0.05
# Rows that are kept of each track.
ROWS = 64
RATE = 15.0


@dataclass
class _Known:
    """The map of a live face as it was seen last, where its pixels had led by then, and when that was."""

    map: FaceMap
    path: Pose
    time: float


@dataclass
class Live:
    """What is known since the last cut of frames of one `size` (height, width).

    Where people are to be hidden, nobody gets the number of somebody who has gone: `strict`.
    """

    size: tuple[int, int]
    strict: bool
    tracker: Tracker = field(init=False)
    time: float = -math.inf
    thumb: Grey | None = None
    # Whether the whole frame was looked at thoroughly since the cut, and when that was asked for last.
    looked: bool = False
    deep_at: float = -math.inf
    # The picture that was looked at quickly last, and how many frames were not since.
    base: Grey | None = None
    dropped: int = 0
    begins: int = 0
    numbers: dict[int, int] = field(default_factory=dict)
    given: int = 0  # numbers, ever
    doubted: set[int] = field(default_factory=set)
    _known: dict[int, _Known] = field(default_factory=dict)
    _past: deque[tuple[int, Small, dict[int, tuple[Pose, Pose]]]] = field(default_factory=lambda: deque(maxlen=48))

    def __post_init__(self) -> None:
        self.tracker = Tracker(*self.size, RATE)

    @property
    def small(self) -> Small:
        """The newest frame."""
        return self._past[-1][1]

    def after_cut(self) -> "Live":
        """What is still known after a cut: how many frames there were."""
        self.tracker.cut()
        fresh = Live(self.size, self.strict, given=self.given)
        fresh.tracker = self.tracker
        fresh.begins = self.tracker.frame + 1
        return fresh

    def advance(self, small: Small, time: float) -> None:
        """Follow all faces into the next frame."""
        if math.isfinite(self.time):
            self.tracker.rate = 0.9 * self.tracker.rate + 0.1 / max(time - self.time, 1e-3)
        self.time, self.thumb = time, small.thumb
        self.tracker.advance(small)
        self._past.append((self.tracker.frame, small, {}))

    def see(self, found: Sequence[Detection] | None) -> None:
        """What the quick look saw on the newest frame; None where there was none."""
        self.tracker.see([(face, math.nan) for face in found or ()])
        self.dropped = self.dropped + 1 if found is None else 0
        self.base = self.base if found is None else self.small.grey

    def learn(self, frame: int, maps: Mapping[int, FaceMap]) -> None:
        """Take over maps of tracks that were made on an earlier frame."""
        then = self._poses(frame)
        for number, one in maps.items():
            if number not in then:
                continue
            path, known = then[number][1], self._known.get(number)
            logits = one.logits.astype(np.float32)
            if known is not None and known.map.logits.shape == logits.shape:
                share = 1 - math.exp(-max(self.time - known.time, 0.01) / MEMORY)
                logits = mixed(known.map.logits.astype(np.float32), logits, share)
            self._known[number] = _Known(replace(one, logits=logits.astype(np.float16)), path, self.time)

    def catch_up(self, frame: int, found: Sequence[tuple[Detection, float]], same: float) -> None:
        """Take over what was seen on an earlier frame: faces known by then, or new ones followed up to now."""
        self.looked = True
        then, live = self._poses(frame), {track.number: track for track in self.tracker.live}
        late = []
        for face, turn in found:
            known = [number for number, (pose, _) in then.items() if pose.box.iou(face.box) > same and number in live]
            for number in known:
                live[number].score = max(live[number].score, face.score)
            if not known:
                late.append((replace(face, box=self._followed(face.box, frame)), turn))
        self.tracker.see(late)

    def _followed(self, box: Box, frame: int) -> Box:
        """Where a box of an earlier frame is now, as far as its pixels tell."""
        pose = Pose.of(box)
        smalls = [small for number, small, _ in self._past if number >= frame]
        for before, after in itertools.pairwise(smalls):
            move = follow(before, after, (pose.x, pose.y), max(8.0, min(pose.width, pose.height)))
            if move.sure < BELIEVED:
                break
            pose = pose.moved(move)
        return pose.box

    def _poses(self, frame: int) -> dict[int, tuple[Pose, Pose]]:
        return next((poses for number, _, poses in self._past if number == frame), {})

    def settle(self) -> None:
        """The newest frame has been looked at: remember where all are, number the new ones, forget what is gone."""
        tracks = self.tracker.live
        self._past[-1][2].update({track.number: (track.now, track.path) for track in tracks})
        there = {track.number for track in tracks}
        self._known = {number: known for number, known in self._known.items() if number in there}
        for track in tracks:
            if track.crossings or track.unseen > UNSEEN * self.tracker.rate:
                self.doubted.add(track.number)
            spare = len(track) - ROWS
            if spare > 0:
                del track.rows[: spare * len(COLUMNS)]
                track.start += spare
            del track.crossings[:]
        self.doubted &= there
        self.tracker.forget()
        self._number([track for track in tracks if track.score >= Search.threshold])

    def _number(self, tracks: Sequence[Track]) -> None:
        there = {track.number for track in self.tracker.live}
        self.numbers = {track: number for track, number in self.numbers.items() if track in there}
        for track in sorted(tracks, key=lambda each: -each.now.width * each.now.height):
            if track.number not in self.numbers:
                taken = set(self.numbers.values())
                free = next(number for number in range(len(taken) + 1) if number not in taken)
                self.numbers[track.number] = self.given if self.strict else free
                self.given += 1

    def shown(self) -> tuple[Face, ...]:
        """The faces of the newest frame, for ordinary effects: those that have been seen closely."""
        tracks = [each for each in self.tracker.live if each.number in self.numbers and each.number in self._known]
        tracks.sort(key=lambda each: self.numbers[each.number])
        maps = [self._map(each) for each in tracks]
        centers, widths = (
            [(each.now.x, each.now.y) for each in tracks],
            [max(1, round(each.now.width)) for each in tracks],
        )
        return tuple(
            Face(self.numbers[each.number], each.now.box.clipped(*self.size), each.score, own, self.size)
            for each, own in zip(tracks, apart(centers, widths, maps), strict=True)
        )

    def hidden(self, recipe: Recipe) -> tuple[tuple[Face, ...], Recipe]:
        """A face for each cover of the newest frame, and the recipe with its selectors resolved; doubt hides."""
        covers = [(each, _cover(each).clipped(*self.size)) for each in self.tracker.live]
        covers = [(each, box) for each, box in covers if box.area]
        faces = []
        for index, (each, box) in enumerate(covers):
            close = each.number in self._known and each.score > DOUBTFUL
            own, score = (self._map(each), max(each.score, Search.threshold)) if close else (nothing(box), DOUBTFUL)
            faces.append(Face(index, box, score, own, self.size))
        called = [
            replace(face, index=self.numbers.get(each.number, 9999))
            for face, (each, _) in zip(faces, covers, strict=True)
        ]
        steps = []
        for step in recipe.steps:
            meant = {id(face) for face in step.faces.select(called, self.size[1])}
            chosen = {index for index, face in enumerate(called) if id(face) in meant}
            if step.effect.blind:
                chosen |= {index for index, (each, _) in enumerate(covers) if each.number in self.doubted}
            steps.append(replace(step, faces=Faces("numbers", tuple(sorted(chosen)))))
        return tuple(faces), replace(recipe, steps=tuple(steps))

    def _map(self, track: Track) -> FaceMap:
        """A face's map where it is now: moved as its pixels have been since it was made."""
        known = self._known[track.number]
        old, now, crop = known.path, track.path, known.map.crop
        scale = now.width / max(old.width, 1e-6)
        turn = math.radians(now.angle - old.angle)
        x, y = (crop.x - old.x) * scale, (crop.y - old.y) * scale
        moved = Crop(
            now.x + x * math.cos(turn) - y * math.sin(turn),
            now.y + x * math.sin(turn) + y * math.cos(turn),
            crop.side * scale,
            crop.angle + now.angle - old.angle,
        )
        return _moved(known.map, moved)


def _moved(one: FaceMap, crop: Crop) -> FaceMap:
    """A map on another crop, where its face went; what was worked out on the old one is not worked out anew."""
    other = replace(one, crop=crop)
    other.__dict__["probabilities"] = one.probabilities
    return other


def _cover(track: Track) -> Box:
    """The box that hides a live face: where it is, where it will be on the next frame, larger the longer it is lost."""
    box, (right, down) = track.now.box, (round(part) for part in track.speed)
    wide = Box(
        min(box.left, box.left + right), min(box.top, box.top + down),
        max(box.right, box.right + right), max(box.bottom, box.bottom + down),
    )  # fmt: skip
    return wide.scaled(GROWTH + LOST * track.lost)


def changed(before: Grey, after: Grey) -> NDArray[np.bool_]:
    """Where a picture shows something new, (h, w), by whole blocks and those around them."""
    height, width = before.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    padded = np.zeros((rows * BLOCK, columns * BLOCK), np.float32)
    padded[:height, :width] = np.abs(after - before)
    new = padded.reshape(rows, BLOCK, columns, BLOCK).mean((1, 3)) > NEW
    around = np.pad(new, 1)
    wide = np.zeros_like(new)
    for down in range(3):
        for across in range(3):
            wide |= around[down : down + rows, across : across + columns]
    return wide.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]
