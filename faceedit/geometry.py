"""Boxes in pixels and the affine map between a photo and a face's square crop.

Points are (x, y) in continuous pixel coordinates: pixel (0, 0) covers the square from (0, 0) to (1, 1).
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

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
        v, u = np.mgrid[:height, :width]
        return self.to_photo(np.column_stack([(u.ravel() + 0.5) / width, (v.ravel() + 0.5) / height]))

    def bounds(self) -> Box:
        """The upright box of photo pixels around the crop."""
        corners = self.to_photo(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
        left, top = np.floor(corners.min(0) + 1e-6)
        right, bottom = np.ceil(corners.max(0) - 1e-6)
        return Box(int(left), int(top), int(right), int(bottom))


def _apply(matrix: NDArray[np.float64], points: Points) -> Points:
    result: Points = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return result
