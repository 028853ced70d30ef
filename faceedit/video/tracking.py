"""Faces followed from frame to frame: which detections are one face, and where it was before it was first seen."""

import math
from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from faceedit.detection import Detection
from faceedit.geometry import Box
from faceedit.video.motion import Move, Small, follow
from faceedit.video.tracks import BELIEVED, COLUMNS, Pose, Track

# A face is followed without being seen for so many seconds.
UNSEEN = 3.0
# Where it is neither seen nor followed, it is waited for so long, in seconds.
WAIT = 0.6
# A detection is a track's face where they overlap so much.
OVERLAP = 0.2
# Faces that overlap so much may change places unseen; two tracks that overlap so much follow one face.
CROSSING, DOUBLE = 0.05, 0.6
# Share of the way that a track goes towards where its face is seen.
PULL = 0.35
# Frames that are kept to follow a new face back in time.
BACK = 48
# Where in a row, from its end, stands what was seen.
_SEEN = len(COLUMNS) - COLUMNS.index("seen_x")


@dataclass
class Tracker:
    """Follows faces frame by frame. `height` and `width` are the frame's, `rate` its frames a second."""

    height: int
    width: int
    rate: float
    tracks: list[Track] = field(default_factory=list)
    live: list[Track] = field(default_factory=list)
    frame: int = -1
    shot: int = 0
    _count: int = 0
    _past: deque[Small] = field(default_factory=lambda: deque(maxlen=BACK))

    def cut(self) -> None:
        """A new scene begins: nothing is followed across."""
        for track in self.live:
            track.trim()
        self.live.clear()
        self._past.clear()
        self.shot += 1

    def advance(self, small: Small) -> None:
        """The next frame: all faces are followed into it. Call `see` after it."""
        self.frame += 1
        if self._past:
            before = self._past[-1]
            for track in self.live:
                self._follow(track, before, small)
        self._past.append(small)

    def _follow(self, track: Track, before: Small, after: Small) -> None:
        middle, width = (track.now.x, track.now.y), max(8.0, min(track.now.width, track.now.height))
        move = follow(before, after, middle, width) if track.lost == 0 else Move(*track.speed, sure=-1.0)
        if move.sure < BELIEVED:
            move = Move(*track.speed, sure=move.sure)
            track.lost += 1
        else:
            track.lost = 0
            track.speed = (0.5 * track.speed[0] + 0.5 * move.dx, 0.5 * track.speed[1] + 0.5 * move.dy)
        track.now, track.path = track.now.moved(move), track.path.moved(move)
        track.unseen += 1
        track.add(None, move.sure)

    def see(self, found: Sequence[tuple[Detection, float]]) -> list[Track]:
        """What was seen on this frame: detections with the turn of each, NaN where nobody knows. New tracks."""
        pairs = self._pairs([face for face, _ in found])
        for index, track in pairs.items():
            self._seen(track, *found[index])
        doubles = self._doubles([face for face, _ in found], pairs)
        for index, track in doubles.items():
            _widen(track, found[index][0].box)
        new = [self._new(*found[index]) for index in range(len(found)) if index not in pairs and index not in doubles]
        self._end_lost()
        self._mark_crossings()
        return new

    def _pairs(self, found: Sequence[Detection]) -> dict[int, Track]:
        ranked = sorted(
            (
                (_overlap(face.box, track.now.box), index, number)
                for index, face in enumerate(found)
                for number, track in enumerate(self.live)
            ),
            reverse=True,
        )
        pairs: dict[int, Track] = {}
        taken: set[int] = set()
        for overlap, index, number in ranked:
            if overlap >= OVERLAP and index not in pairs and number not in taken:
                pairs[index] = self.live[number]
                taken.add(number)
        return pairs

    def _doubles(self, found: Sequence[Detection], pairs: dict[int, Track]) -> dict[int, Track]:
        """Second boxes on faces that have been paired."""
        return {
            index: track
            for index, face in enumerate(found)
            for track in pairs.values()
            if index not in pairs and face.box.iou(Pose(*track.rows[-_SEEN:][:4]).box) > DOUBLE
        }

    def _seen(self, track: Track, face: Detection, angle: float) -> None:
        pose = Pose.of(face.box)
        track.score = max(track.score, face.score)
        row = track.rows[-len(COLUMNS) :]
        if track.lost:  # the pixels did not say where it went: it went where it is seen
            jump = (pose.x - track.now.x, pose.y - track.now.y)
            track.path = Pose(track.path.x + jump[0], track.path.y + jump[1], *track.path.values[2:])
            track.now = track.now.towards(pose, 1.0)
        else:
            track.now = track.now.towards(pose, PULL)
        track.unseen = track.lost = 0
        row[:5] = array("f", track.path.values)
        row[5:9] = array("f", pose.values[:4])
        row[9] = angle if not math.isnan(angle) else row[9]
        row[10] = max(row[10], 0.0)
        track.rows[-len(COLUMNS) :] = row

    def _new(self, face: Detection, angle: float) -> Track:
        pose = Pose.of(face.box, 0.0 if math.isnan(angle) else angle)
        track = Track(self._count, self.shot, self.frame, face.score, now=pose, path=pose)
        track.add(pose, 1.0, angle)
        track.prepend(self._back(pose))
        self._count += 1
        self.tracks.append(track)
        self.live.append(track)
        return track

    def _back(self, pose: Pose) -> list[tuple[Pose, float]]:
        """The frames before a face was first seen, as far as its pixels can be followed back."""
        found: list[tuple[Pose, float]] = []
        past = list(self._past)
        for after, before in zip(reversed(past), reversed(past[:-1]), strict=False):
            move = follow(after, before, (pose.x, pose.y), max(8.0, min(pose.width, pose.height)))
            pose = pose.moved(move)
            if move.sure < BELIEVED or not self._within(pose):
                break
            found.append((pose, move.sure))
        return found

    def _within(self, pose: Pose) -> bool:
        return bool(pose.box.clipped(self.height, self.width).area)

    def _end_lost(self) -> None:
        for track in list(self.live):
            gone = track.lost > WAIT * self.rate or track.unseen > UNSEEN * self.rate or not self._within(track.now)
            if gone or self._is_double(track):
                track.trim()
                self.live.remove(track)

    def _is_double(self, track: Track) -> bool:
        """Whether a track that sees nothing any more has slipped onto a face that another one sees."""
        others = [each for each in self.live if each is not track and each.unseen < track.unseen]
        return any(track.now.box.iou(each.now.box) > DOUBLE for each in others)

    def _mark_crossings(self) -> None:
        """Note who might be taken for whom from now on."""
        for index, one in enumerate(self.live):
            for other in self.live[index + 1 :]:
                if one.now.box.iou(other.now.box) > CROSSING:
                    one.crossings.append(self.frame)
                    other.crossings.append(self.frame)

    def forget(self) -> None:
        """Forget the tracks that have ended, as live frames never do."""
        self.tracks[:] = self.live

    def finish(self) -> list[Track]:
        """All tracks, at the end of the video."""
        for track in self.live:
            track.trim()
        return self.tracks


def _widen(track: Track, box: Box) -> None:
    """Let what was last seen of a face hold another box too."""
    row = track.rows[-len(COLUMNS) :]
    one = Pose(*row[-_SEEN:][:4]).box
    edges = (min(one.left, box.left), min(one.top, box.top), max(one.right, box.right), max(one.bottom, box.bottom))
    row[-_SEEN : 4 - _SEEN] = array("f", Pose.of(Box(*edges)).values[:4])
    track.rows[-len(COLUMNS) :] = row


def _overlap(one: Box, other: Box) -> float:
    """How much two boxes are the same face: their intersection over union, or half the share of the smaller within."""
    common = one.intersection(other).area
    return max(one.iou(other), 0.5 * common / max(1, min(one.area, other.area)))
