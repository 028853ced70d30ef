"""Where one face is on each frame of a video.

A track keeps two rows a frame: where the pixels say that the face went (exact, but drifting), and where it was seen
(true, but trembling). `smoothed` joins both.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.geometry import Box
from faceedit.video.motion import Move

# The pixels are believed from this likeness on.
BELIEVED = 0.55
# Seconds over which the difference of seen and followed is averaged.
STEADY = 0.4
COLUMNS = ("x", "y", "width", "height", "angle", "seen_x", "seen_y", "seen_width", "seen_height", "seen_angle", "sure")
_NOWHERE = (math.nan,) * 5


@dataclass(frozen=True)
class Pose:
    """Where a face is: its middle, size and turn, in pixels of the frame and degrees."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @classmethod
    def of(cls, box: Box, angle: float = 0.0) -> "Pose":
        """Of a detector's box."""
        return cls(*box.center, box.width, box.height, angle)

    @property
    def box(self) -> Box:
        """The upright box, which may lie beyond the frame."""
        left, top = math.floor(self.x - self.width / 2), math.floor(self.y - self.height / 2)
        return Box(left, top, math.ceil(self.x + self.width / 2), math.ceil(self.y + self.height / 2))

    def moved(self, move: Move) -> "Pose":
        """After a move about its middle."""
        return Pose(
            self.x + move.dx,
            self.y + move.dy,
            self.width * move.scale,
            self.height * move.scale,
            self.angle + move.angle,
        )

    def towards(self, other: "Pose", share: float) -> "Pose":
        """Between this and another one; the turn stays."""
        x, y, width, height, _ = (one + share * (two - one) for one, two in zip(self.values, other.values, strict=True))
        return Pose(x, y, width, height, self.angle)

    @property
    def values(self) -> tuple[float, float, float, float, float]:
        """As a row."""
        return self.x, self.y, self.width, self.height, self.angle


@dataclass
class Track:
    """One face from frame `start` on, in one shot; `score` is the best that somebody gave it.

    `rows` holds `COLUMNS` for each frame: 44 bytes, whatever the size of the picture.
    """

    number: int
    shot: int
    start: int
    score: float = 0.0
    rows: "array[float]" = field(default_factory=lambda: array("f"))
    # Where it is now; where the pixels alone have led; how it went last.
    now: Pose = Pose(0, 0, 1, 1)
    path: Pose = Pose(0, 0, 1, 1)
    speed: tuple[float, float] = (0.0, 0.0)
    unseen: int = 0
    lost: int = 0
    crossings: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) // len(COLUMNS)

    @property
    def end(self) -> int:
        """The frame after the last one."""
        return self.start + len(self)

    @property
    def table(self) -> NDArray[np.float64]:
        """(frames, COLUMNS)."""
        return np.array(self.rows, np.float64).reshape(-1, len(COLUMNS))

    def add(self, seen: Pose | None, sure: float, angle_seen: float = math.nan) -> None:
        """A row for the next frame."""
        row = (*seen.values[:4], angle_seen) if seen else _NOWHERE
        self.rows.extend((*self.path.values, *row, sure))

    def prepend(self, poses: Sequence[tuple[Pose, float]]) -> None:
        """Rows for the frames before the first one, the nearest first."""
        before = array("f")
        for pose, sure in reversed(poses):
            before.extend((*pose.values, *_NOWHERE, sure))
        self.rows = before + self.rows
        self.start -= len(poses)

    def trim(self) -> None:
        """Forget the last frames on which nothing was known."""
        if self.lost:
            del self.rows[-self.lost * len(COLUMNS) :]
            self.lost = 0


def smoothed(track: Track, rate: float) -> NDArray[np.float64]:
    """Where a face was on each frame of its track, (frames, 5) as `Pose` has it.

    The way of the pixels, plus the averaged difference to what was seen: exact from frame to frame, true in the long
    run. No look back: the averages reach into the future too.
    """
    table = track.table
    path, seen = table[:, :5].copy(), table[:, 5:10]
    path[:, 2:4] = np.log(np.maximum(path[:, 2:4], 1))
    there = np.log(np.maximum(seen[:, 2:4], 1))
    seen = np.column_stack([seen[:, :2], there, seen[:, 4]])
    deviation = max(0.5, STEADY * rate)
    for column in range(5):
        known = ~np.isnan(seen[:, column])
        if known.any():
            gap = np.where(known, seen[:, column] - path[:, column], 0.0)
            if column == 4:
                gap = (gap + 180) % 360 - 180
            weight = ndimage.gaussian_filter1d(known.astype(float), deviation, mode="constant", truncate=6) + 1e-12
            far = weight < 1e-6
            mean = ndimage.gaussian_filter1d(gap, deviation, mode="constant", truncate=6) / weight
            if far.any():  # the nearest known difference
                nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)[0]
                mean = np.where(far, gap[nearest], mean)
            path[:, column] += mean
    path[:, 2:4] = np.exp(path[:, 2:4])
    return path
