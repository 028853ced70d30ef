"""Boxes in pixels, the affine map between a photo and a face's square crop, and a face's own frame.

Points are (x, y) in continuous pixel coordinates: pixel (0, 0) covers the square from (0, 0) to (1, 1).
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Deviations from the middle of a Gaussian beyond which it counts as 0: there, it is a thousandth.
FAINT = 3.7
Points = NDArray[np.float64]  # (n, 2), x and y


@dataclass(frozen=True, order=True)
class Box:
    """A half-open rectangle of pixels: `left` and `top` are inside, `right` and `bottom` are not."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels, 0 if empty."""
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        """Height in pixels, 0 if empty."""
        return max(0, self.bottom - self.top)

    @property
    def area(self) -> int:
        """Area in pixels."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """The middle, (x, y)."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box in an array: `pixels[box.slices]`."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def as_list(self) -> list[int]:
        """[left, top, right, bottom], as in reports."""
        return [self.left, self.top, self.right, self.bottom]

    def clipped(self, height: int, width: int) -> Self:
        """The part inside a photo of this size (perhaps empty)."""
        left, right = (min(max(x, 0), width) for x in (self.left, self.right))
        top, bottom = (min(max(y, 0), height) for y in (self.top, self.bottom))
        return type(self)(left, top, right, bottom)

    def scaled(self, factor: float) -> Self:
        """Grown (or shrunk) about its middle, rounded outwards."""
        x, y = self.center
        half_width, half_height = self.width * factor / 2, self.height * factor / 2
        return type(self)(
            math.floor(x - half_width),
            math.floor(y - half_height),
            math.ceil(x + half_width),
            math.ceil(y + half_height),
        )

    def seen_from(self, window: "Box") -> Self:
        """The same place, counted from the corner of a window."""
        x, y = window.left, window.top
        return type(self)(self.left - x, self.top - y, self.right - x, self.bottom - y)

    def grown(self, margin_px: int) -> Self:
        """Moved outwards by `margin_px` on each side."""
        return type(self)(self.left - margin_px, self.top - margin_px, self.right + margin_px, self.bottom + margin_px)

    def intersection(self, other: "Box") -> Self:
        """The common part (perhaps empty)."""
        return type(self)(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0..1."""
        common = self.intersection(other).area
        total = self.area + other.area - common
        return common / total if total else 0.0

    def contains(self, x: float, y: float) -> bool:
        """Whether the point lies inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom


@dataclass(frozen=True)
class Crop:
    """A square of the photo, perhaps tilted, that a model sees upright.

    `x, y` is its middle and `side` its edge in photo pixels; `angle` is the face's tilt in degrees, clockwise
    as seen in the picture (the crop's own "down" points that way).
    Crop coordinates run from (0, 0) to (1, 1), whatever the size of the grid laid over it.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def matrix(self) -> NDArray[np.float64]:
        """(2, 3): photo point = matrix @ (u, v, 1) for a crop point (u, v)."""
        turn = math.radians(self.angle)
        cos, sin = math.cos(turn) * self.side, math.sin(turn) * self.side
        return np.array(
            [
                [cos, -sin, self.x - (cos - sin) / 2],
                [sin, cos, self.y - (sin + cos) / 2],
            ]
        )

    def inverse(self) -> NDArray[np.float64]:
        """(2, 3): crop point = inverse @ (x, y, 1) for a photo point (x, y)."""
        forward = self.matrix()
        linear = np.linalg.inv(forward[:, :2])
        return np.column_stack([linear, -linear @ forward[:, 2]])

    def to_photo(self, points: Points) -> Points:
        """(n, 2) crop points as photo points."""
        return _apply(self.matrix(), points)

    def to_crop(self, points: Points) -> Points:
        """(n, 2) photo points as crop points."""
        return _apply(self.inverse(), points)

    def cells(self, height: int, width: int) -> Points:
        """The middles of a grid's cells as photo points, (height * width, 2), row by row."""
        u, v = ((np.arange(count) + 0.5) / count for count in (width, height))
        points = np.empty((height, width, 2))
        for axis, (by_u, by_v, start) in enumerate(self.matrix()):
            np.add.outer(by_v * v + start, by_u * u, out=points[..., axis])
        return points.reshape(-1, 2)

    def cells_within(self, height: int, width: int, photo_shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which cells of a grid have their middle within a photo of this height and width, (height, width)."""
        x, y = self.cells(height, width).T.reshape(2, height, width)
        return (x >= 0) & (y >= 0) & (y < photo_shape[0]) & (x < photo_shape[1])

    def around(self, rows: slice, columns: slice, side: int) -> Box:
        """The upright box of photo pixels around some cells of a grid of `side` x `side`."""
        left, right, top, bottom = (edge / side for edge in (columns.start, columns.stop, rows.start, rows.stop))
        points = self.to_photo(np.array([[left, top], [right, top], [left, bottom], [right, bottom]]))
        (x, y), (x_end, y_end) = np.floor(points.min(0)).astype(int), np.ceil(points.max(0)).astype(int)
        return Box(int(x), int(y), int(x_end), int(y_end))

    def ends_within(self, height: int, width: int) -> tuple[bool, ...]:
        """Whether each edge, top, right, bottom, left, lies within a photo of this size."""
        along, ends = np.linspace(0, 1, 9), np.zeros(9)
        edges = ((along, ends), (ends + 1, along), (along, ends + 1), (ends, along))
        points = [self.to_photo(np.column_stack(edge)).T for edge in edges]
        return tuple(bool(((x > 0) & (x < width) & (y > 0) & (y < height)).any()) for x, y in points)

    def bounds(self) -> Box:
        """The upright box of photo pixels around the crop."""
        corners = self.to_photo(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
        left, top = np.floor(corners.min(0) + 1e-6)
        right, bottom = np.ceil(corners.max(0) - 1e-6)
        return Box(int(left), int(top), int(right), int(bottom))


@dataclass(frozen=True)
class Eye:
    """One eye: `side` is 1 for the person's left and -1 for the right; its middle, and its corners, as points (x, y).

    `seen` is 1 for an eye that looks at us and less for one that is foreshortened, as on a turned face.
    """

    side: int
    middle: Points
    inner: Points
    outer: Points
    seen: float


@dataclass(frozen=True)
class Frame:
    """A face's own directions and distances, for makeup on tilted and turned heads.

    `across` points to the person's left and `down` to the chin, both of length 1. `eyes` are those that are seen.
    `span` is how far apart two eyes of the face are when it looks at us; `height` how far the mouth is below them.
    """

    across: Points
    down: Points
    eyes: tuple[Eye, ...]
    mouth: Points
    span: float
    height: float

    @classmethod
    def of(cls, eyes: dict[int, Points], mouth: Points, angle: float) -> "Frame | None":
        """The frame of eyes by side and of a mouth, each given as points (n, 2) spread over it; None if one is missing.

        `angle` is the face's tilt in degrees, which counts where only one eye is seen.
        """
        middles = {side: points.mean(0) for side, points in eyes.items() if len(points) > 1}
        if not middles or len(mouth) < 2:
            return None
        turn = math.radians(angle)
        line = middles[1] - middles[-1] if len(middles) == 2 else np.array([math.cos(turn), math.sin(turn)])
        across = line / max(float(np.hypot(*line)), 1e-6)
        down = np.array([-across[1], across[0]])
        height = max(float((mouth.mean(0) - np.mean(list(middles.values()), 0)) @ down), 1.0)
        widths = {side: float(np.ptp(eyes[side] @ across)) for side in middles}
        widest = max(*widths.values(), 1e-6)
        found = tuple(_eye(side, eyes[side], across, widths[side] / widest) for side in middles)
        # Eyes of a face that looks at us are as far apart as eyes and mouth; those of a turned one look closer.
        return cls(across, down, found, mouth.mean(0), 0.95 * height, height)


def _eye(side: int, points: Points, across: Points, seen: float) -> Eye:
    along = points @ (side * across)
    low, high = np.percentile(along, (4, 96))
    return Eye(side, points.mean(0), points[along <= low].mean(0), points[along >= high].mean(0), seen)


def oval(
    shape: tuple[int, int], middle: Points, along: Points, length: float, width: float, *, below: float | None = None
) -> NDArray[np.float32]:
    """A Gaussian hill of height 1 on a picture (h, w): deviations `length` in direction `along`, `width` across it.

    `below` is the deviation on the far side, clockwise from `along`, where it is another one: downwards from an `along`
    that points to the right.
    """
    hill = np.zeros(shape, np.float32)
    reach = FAINT * max(length, width, below or 0.0, 1.0)
    rows, columns = (slice(max(0, int(at - reach)), max(0, math.ceil(at + reach))) for at in (middle[1], middle[0]))
    seen = hill[rows, columns]
    y, x = np.ogrid[: seen.shape[0], : seen.shape[1]]
    x, y = (x + (columns.start - middle[0])).astype(np.float32), (y + (rows.start - middle[1])).astype(np.float32)
    unit = (along / np.hypot(*along)).astype(np.float32)
    across = (x * unit[0] + y * unit[1]) / np.float32(max(length, 1.0))
    down = y * unit[0] - x * unit[1]
    above, under = 1 / max(width, 1.0), 1 / max(width if below is None else below, 1.0)
    depth = down * np.where(down > 0, np.float32(under), np.float32(above))
    seen[:] = np.exp(np.float32(-0.5) * (across * across + depth * depth))
    return hill


def _apply(matrix: NDArray[np.float64], points: Points) -> Points:
    result: Points = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return result
