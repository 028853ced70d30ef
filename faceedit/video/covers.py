"""Where a recipe that redacts hides faces: around each track, before it begins, after it ends, and over its gaps.

Larger than the face by how it moves. Nothing goes over a cut.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.detection import Search
from faceedit.faces import DOUBTFUL
from faceedit.geometry import Box
from faceedit.video.tracks import BELIEVED, COLUMNS, Track, smoothed

# A face is hidden so many seconds before it is first and after it is last known of, and at least so many frames.
AROUND, FEWEST = 0.5, 8
# There the cover grows by this share of the face each frame, up to so many times.
GROWTH, LARGEST = 0.05, 1.6
# Each frame's cover holds where the face is in so many frames before and after it.
NEIGHBOURS = 2
# Tracks that end and begin within so many seconds and widths of the face may be one face that was hidden between.
GAP, NEAR = 2.5, 3.0
_SEEN = COLUMNS.index("seen_x")
_SURE = COLUMNS.index("sure")


@dataclass(frozen=True)
class Cover:
    """What hides one face on one frame: a box in the frame, whose `track` it is, and on which frame of that.

    Before, after and between tracks the face was not `followed`, and the nearest track and frame stand here.
    """

    box: Box
    track: Track
    at: int
    followed: bool

    @property
    def score(self) -> float:
        """How sure it is that it is a face."""
        return self.track.score if self.track.score >= Search.threshold else DOUBTFUL


@dataclass(frozen=True)
class _Stretch:
    """Boxes (n, 4) of one face from a frame on."""

    first: int
    boxes: NDArray[np.float64]
    track: Track
    followed: bool = True


@dataclass
class Covers:
    """What is to be hidden on each frame. `shots` are the first frames of the scenes and `frames` their number."""

    tracks: Sequence[Track]
    shots: Sequence[int]
    frames: int
    rate: float
    height: int
    width: int
    _by_shot: dict[int, list[_Stretch]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        boxes = {track.number: self._boxes(track) for track in self.tracks if len(track)}
        for track in self.tracks:
            if len(track):
                self._by_shot.setdefault(track.shot, []).extend(self._around(track, boxes[track.number]))
        for shot, stretches in self._by_shot.items():
            tracks = [each for each in self.tracks if each.shot == shot and len(each)]
            stretches += list(self._bridges(tracks, boxes))

    def on(self, frame: int) -> list[Cover]:
        """What is to be hidden on a frame."""
        shot = int(np.searchsorted(self.shots, frame, "right")) - 1
        found = []
        for each in self._by_shot.get(shot, ()):
            if not 0 <= frame - each.first < len(each.boxes):
                continue
            left, top, right, bottom = each.boxes[frame - each.first]
            box = Box(*(int(edge) for edge in (np.floor(left), np.floor(top), np.ceil(right), np.ceil(bottom))))
            box = box.clipped(self.height, self.width)
            if box.area:
                at = min(max(frame, each.track.start), each.track.end - 1)
                found.append(Cover(box, each.track, at, each.followed))
        return found

    def _ends(self, track: Track) -> tuple[int, int]:
        """The first frame of a track's shot, and the one after its last."""
        after = self.shots[track.shot + 1] if track.shot + 1 < len(self.shots) else self.frames
        return self.shots[track.shot], after

    def _around(self, track: Track, boxes: NDArray[np.float64]) -> Iterator[_Stretch]:
        yield _Stretch(track.start, _widest(boxes), track)
        reach = max(FEWEST, round(AROUND * self.rate))
        begins, ends = self._ends(track)
        before, after = min(reach, track.start - begins), min(reach, ends - track.end)
        if before > 0:
            yield _Stretch(track.start - before, _beyond(boxes[::-1], before)[::-1], track, followed=False)
        if after > 0:
            yield _Stretch(track.end, _beyond(boxes, after), track, followed=False)

    def _boxes(self, track: Track) -> NDArray[np.float64]:
        """(frames, 4): where the face is by the smoothed way, by what was seen, and larger where neither is sure."""
        table, poses = track.table, smoothed(track, self.rate)
        seen = ~np.isnan(table[:, _SEEN])
        nearest = ndimage.distance_transform_edt(~seen, return_distances=False, return_indices=True)[0]
        turn = np.radians(poses[:, 4] - poses[nearest, 4])
        cos, sin = np.abs(np.cos(turn)), np.abs(np.sin(turn))
        width, height = poses[:, 2] * cos + poses[:, 3] * sin, poses[:, 2] * sin + poses[:, 3] * cos
        unsure = _runs((table[:, _SURE] < BELIEVED) & ~seen)
        factor = np.minimum(1 + GROWTH * unsure, LARGEST)
        boxes = _corners(poses[:, 0], poses[:, 1], width * factor, height * factor)
        there = _corners(*table[:, _SEEN : _SEEN + 4].T)
        boxes[seen] = _union(boxes[seen], there[seen])
        return boxes

    def _bridges(self, tracks: Sequence[Track], boxes: Mapping[int, NDArray[np.float64]]) -> Iterator[_Stretch]:
        """The gaps between tracks that may be one face: every pair that could be, as a needless cover harms nobody."""
        for before in tracks:
            for after in tracks:
                gap = after.start - before.end
                if not 0 < gap <= GAP * self.rate:
                    continue
                one, other = boxes[before.number][-1], boxes[after.number][0]
                size = max(one[2] - one[0], other[2] - other[0], 1.0)
                away = np.abs((one[:2] + one[2:] - other[:2] - other[2:]) / 2).max() / size
                if away <= NEAR:
                    share = (np.arange(1, gap + 1) / (gap + 1))[:, None]
                    yield _Stretch(before.end, _scaled(one + share * (other - one), 1.25), before, followed=False)


def _corners(
    x: NDArray[np.float64], y: NDArray[np.float64], width: NDArray[np.float64], height: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.column_stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2])


def _union(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.minimum(one[:, :2], other[:, :2]), np.maximum(one[:, 2:], other[:, 2:])])


def _widest(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each box with those of the frames around it."""
    size = 2 * NEIGHBOURS + 1
    return np.column_stack(
        [
            ndimage.minimum_filter1d(boxes[:, :2], size, axis=0, mode="nearest"),
            ndimage.maximum_filter1d(boxes[:, 2:], size, axis=0, mode="nearest"),
        ]
    )


def _beyond(boxes: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The boxes of so many frames after the last one: the face may stay, or go on as it went, and they grow."""
    last = boxes[-1:]
    few = boxes[-6:]
    speed = np.median(np.diff(few, axis=0), axis=0) if len(few) > 1 else np.zeros(4)
    speed = np.tile((speed[:2] + speed[2:]) / 2, 2)
    steps = np.arange(1, count + 1)[:, None]
    wide = _union(np.repeat(last, count, axis=0), last + steps * speed)
    return _scaled(wide, np.minimum(1 + GROWTH * steps, LARGEST))


def _scaled(boxes: NDArray[np.float64], factor: NDArray[np.float64] | float) -> NDArray[np.float64]:
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    return np.hstack([middle - half * factor, middle + half * factor])


def _runs(flags: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How many flags in a row have been true, up to each, from the nearer end of the run."""
    forward, back = np.zeros(len(flags)), np.zeros(len(flags))
    for index in range(len(flags)):
        forward[index] = forward[index - 1] + 1 if flags[index] and index else float(flags[index])
    for index in range(len(flags) - 1, -1, -1):
        back[index] = back[index + 1] + 1 if flags[index] and index + 1 < len(flags) else float(flags[index])
    return np.minimum(forward, back)
