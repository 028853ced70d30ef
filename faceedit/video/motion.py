"""How a picture changes from one frame to the next: where a face went, and whether the scene was cut.

Works on small grey pictures. Points are (x, y) in pixels of the frame; a picture knows by how much it was made smaller.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import match_template

Grey = NDArray[np.float32]

# The longer side of the small pictures: a face of 24 px in a 1280-px frame still has 18.
SIDE = 960
# A patch is looked at on a grid of so many cells a side; it holds the face with a margin of this factor.
CELLS, AROUND = 24, 1.3
# How far a face may go between two frames, in widths of it, and how much it may grow or shrink.
REACH, STEPS = 1.0, (1.0, 0.94, 1.06)
# Gauss-Newton steps of the fine fit.
ROUNDS = 6
# Two frames whose small pictures correlate less than this, and whose tones are spread so differently, are a cut.
SAME, TONES = 0.35, 0.35
THUMB = (36, 64)


@dataclass(frozen=True)
class Move:
    """A similarity: a point p goes to `scale` * R(`angle`) (p - (x, y)) + (x + dx, y + dy); (x, y) is a face's middle.

    `angle` is in degrees, clockwise. `sure` is how alike the face looks before and after, -1..1.
    """

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    angle: float = 0.0
    sure: float = 1.0


@dataclass(frozen=True)
class Small:
    """A frame as a small grey picture (h, w) float32 0..255; `factor` is its width as a share of the frame's."""

    grey: Grey
    factor: float

    @classmethod
    def of(cls, pixels: NDArray[np.uint8], factor: float) -> "Small":
        """Of an RGB picture (h, w, 3) uint8 that is this share of the frame's size."""
        return cls((pixels @ np.array([0.299, 0.587, 0.114], np.float32)).astype(np.float32), factor)

    @property
    def thumb(self) -> Grey:
        """The picture on a grid of `THUMB` cells."""
        rows, columns = (np.arange(count) * side // count for side, count in zip(self.grey.shape, THUMB, strict=True))
        sums = np.add.reduceat(np.add.reduceat(self.grey, rows, 0), columns, 1)
        heights = np.diff(np.append(rows, self.grey.shape[0]))
        widths = np.diff(np.append(columns, self.grey.shape[1]))
        return (sums / (heights[:, None] * widths)).astype(np.float32)

    def read(self, middle: tuple[float, float], side: float, cells: int, angle: float = 0.0) -> Grey:
        """A square around a point of the frame, `side` px wide and turned, as (cells, cells)."""
        turn = math.radians(angle)
        along = (np.arange(cells, dtype=np.float64) + 0.5) / cells - 0.5
        step = side * self.factor
        x0, y0 = middle[0] * self.factor - 0.5, middle[1] * self.factor - 0.5
        u, v = along[None, :] * step, along[:, None] * step
        x = x0 + u * math.cos(turn) - v * math.sin(turn)
        y = y0 + u * math.sin(turn) + v * math.cos(turn)
        read: Grey = ndimage.map_coordinates(self.grey, [y, x], order=1, mode="nearest", prefilter=False)
        return read


def is_cut(before: Grey, after: Grey) -> bool:
    """Whether a new scene begins between two thumbs: neither their pictures nor their tones are alike.

    A cut that is missed lets a cover run on for a moment; one that is imagined would end it. So it must be plain.
    """
    one, other = (np.histogram(each, 24, (0, 256))[0] / each.size for each in (before, after))
    differs = np.abs(np.cumsum(one) - np.cumsum(other)).max() > TONES / 2 or 1 - np.minimum(one, other).sum() > TONES
    return bool(differs and likeness(before, after) < SAME)


def likeness(one: Grey, other: Grey) -> float:
    """The correlation of two pictures of one size, -1..1; of two that show nothing, 1."""
    first, second = one - one.mean(), other - other.mean()
    strength = float(np.sqrt((first * first).sum() * (second * second).sum()))
    if strength < one.size:  # less than one grey level: there is nothing to tell them apart by
        return 1.0 if abs(float(one.mean() - other.mean())) < 8 else 0.0
    return float((first * second).sum()) / strength


def follow(before: Small, after: Small, middle: tuple[float, float], width: float) -> Move:
    """Where a face of `width` px around `middle` went from one frame to the next."""
    patch = before.read(middle, AROUND * width, CELLS)
    best = _coarse(after, patch, middle, width)
    return _fine(before, after, middle, width, best)


def _coarse(after: Small, patch: Grey, middle: tuple[float, float], width: float) -> Move:
    """The best whole place for a patch: near by first, which nearly always suffices."""
    best = Move(sure=-1.0)
    for reach in (0.3, REACH):
        for scale in STEPS:
            side = AROUND * width * scale
            cells = round(CELLS * (AROUND + 2 * reach) / AROUND)
            wide = after.read(middle, side * cells / CELLS, cells)
            if patch.std() < 0.5 or wide.std() < 0.5:
                continue
            found = match_template(wide, patch)
            row, column = np.unravel_index(int(found.argmax()), found.shape)
            if found[row, column] > best.sure + 0.01:
                shift = side / CELLS
                dx, dy = ((at - (found.shape[0] - 1) / 2) * shift for at in (int(column), int(row)))
                best = Move(dx, dy, scale, 0.0, float(found[row, column]))
        if best.sure > 0.8:
            break
    return best


def _fine(before: Small, after: Small, middle: tuple[float, float], width: float, start: Move) -> Move:
    """A similarity fitted to the pixels, beginning at `start`: Gauss-Newton on the squared difference.

    Source: Baker and Matthews, "Lucas-Kanade 20 years on", 2004 (forwards additive).
    """
    side, cells = AROUND * width, CELLS + 8
    patch = before.read(middle, side, cells)
    patch = patch - patch.mean()
    along = ((np.arange(cells) + 0.5) / cells - 0.5) * side
    u, v = np.meshgrid(along, along)
    dx, dy, a, b = start.dx, start.dy, start.scale, 0.0  # a, b: scale times cos and sin of the turn
    for _ in range(ROUNDS):
        angle, scale = math.degrees(math.atan2(b, a)), math.hypot(a, b)
        seen = after.read((middle[0] + dx, middle[1] + dy), side * scale, cells, angle)
        down, across = np.gradient(seen, side * scale / cells)
        turn = math.radians(angle)
        gx = across * math.cos(turn) - down * math.sin(turn)  # as seen in the frame's own directions
        gy = across * math.sin(turn) + down * math.cos(turn)
        jacobian = np.stack([gx, gy, gx * u + gy * v, gy * u - gx * v], -1).reshape(-1, 4)
        error = (patch - (seen - seen.mean())).ravel()
        try:
            step = np.linalg.solve(jacobian.T @ jacobian + np.eye(4) * 1e-3, jacobian.T @ error)
        except np.linalg.LinAlgError:
            break
        dx, dy, a, b = dx + step[0], dy + step[1], a + step[2], b + step[3]
        if not 0.7 < math.hypot(a, b) < 1.4 or max(abs(dx - start.dx), abs(dy - start.dy)) > 0.3 * width:
            return start
        if np.abs(step[:2]).max() < 0.02:
            break
    angle, scale = math.degrees(math.atan2(b, a)), math.hypot(a, b)
    seen = after.read((middle[0] + dx, middle[1] + dy), side * scale, cells, angle)
    sure = likeness(patch, seen)
    return Move(float(dx), float(dy), scale, angle, sure) if sure >= start.sure - 0.05 else start
