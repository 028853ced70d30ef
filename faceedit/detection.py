"""Where faces are: a Detector looks at pictures of about 1 MP; `find_faces` shows it a photo at several scales,
in tiles and turned, and merges what it saw.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.geometry import Box

Pixels8 = NDArray[np.uint8]  # (h, w, 3)

# Detections of lower scores are not even considered.
LOWEST = 0.2


@dataclass(frozen=True)
class Detection:
    """A face: its box in pixels, its score 0..1, and its tilt in degrees clockwise (a multiple of 90)."""

    box: Box
    score: float
    angle: float = 0.0


class Detector(Protocol):
    """Finds upright faces in one picture of up to about 1 megapixel."""

    name: str

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces seen in `pixels`, (h, w, 3) uint8 RGB, also doubtful ones with their low scores."""
        ...


@dataclass(frozen=True)
class Search:
    """How hard to look. Sizes are of a picture's longer side, in pixels.

    `scales` are whole looks; tiles follow where the photo is larger, at most `tile_px` of the photo's side in all.
    `tiles`: "always", or "if small": unless all that the whole looks saw are large faces, one of them sure.
    `turns`: also upside down and sideways: "never", "if none" is surely upright, "always".
    Scores below `threshold` are dropped, of turned faces those below `turned_threshold`: three more looks are three
    more chances of a false alarm, and few photos lie on their side.
    """

    threshold: float = 0.77
    turned_threshold: float = 0.83
    scales: tuple[int, ...] = (240, 480, 960)
    tile_px: int = 1760  # two tiles of 960 with their overlap
    turns: str = "if none"
    tiles: str = "if small"


# For redaction: a false alarm costs a patch, a miss costs a person.
THOROUGH = Search(0.6, 0.6, (240, 340, 480, 680, 960), tile_px=3840, turns="always", tiles="always")

# Detectors see turned faces too, with lower scores: of 41 photos turned three ways, each scored highest upright, and
# 6 of the 123 turned ones reached this (all upside down).
SURELY_UPRIGHT = 0.9

TILE = 960
OVERLAP = 160
# The detector is at its best on faces up to this share of the picture; larger ones come from a smaller scale.
LARGEST_SHARE = 0.62
# What is seen of up to this share of the photo's longer side, however doubtful, calls for tiles: others may be smaller.
SMALL_SHARE = 0.035
# Rows of a large photo that are reduced together: the whole of it is never copied.
ROWS = 512


def find_faces(pixels: Pixels8, detector: Detector, search: Search) -> list[Detection]:
    """The faces in a photo, (H, W, 3) uint8, largest first, boxes in its pixels."""
    height, width = pixels.shape[:2]
    view = _View(reduced(pixels, max(search.scales)), width, height)
    found = list(_look(view, detector, search))
    if view.longer > TILE and (search.tiles == "always" or _small_ones(found, view)):
        found += _tiles(_View(reduced(pixels, search.tile_px), width, height), detector)
    found = [face for face in found if face.score >= search.threshold]
    upright = any(face.score >= SURELY_UPRIGHT for face in found)
    if search.turns == "always" or (search.turns == "if none" and not upright):
        for quarter in (1, 2, 3):
            turned = _turned(view, quarter, detector, search)
            found += [face for face in turned if face.score >= search.turned_threshold]
    kept = merged(found)
    return sorted(kept, key=lambda face: (-face.box.area, face.box))


def reduced(pixels: Pixels8, longest: int) -> Image.Image:
    """A photo with its longer side at most `longest` pixels, (H, W, 3) uint8 averaged and then read bilinearly."""
    height, width = pixels.shape[:2]
    factor = min(1.0, longest / max(height, width))
    step = int(1 / factor)
    if step == 1:
        return _resized(Image.fromarray(pixels), factor)
    rows = ROWS // step * step or step
    strips = [Image.fromarray(pixels[top : top + rows]).reduce(step) for top in range(0, height, rows)]
    coarse = Image.fromarray(np.concatenate([np.asarray(strip) for strip in strips]))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    # What the last row and column stand for may be less than a step.
    return coarse.resize(size, Image.Resampling.BILINEAR, box=(0, 0, width / step, height / step))


def _small_ones(found: list[Detection], view: "_View") -> bool:
    """Whether there may be smaller faces than the whole looks can tell: they saw small ones, or no sure one at all."""
    if not any(face.score >= Search.threshold for face in found):
        return True
    return any(max(face.box.width, face.box.height) <= SMALL_SHARE * view.longer for face in found)


@dataclass(frozen=True)
class _View:
    """A photo of `width` x `height` as it is looked at: a smaller copy, `picture`."""

    picture: Image.Image
    width: int
    height: int

    @property
    def longer(self) -> int:
        return max(self.width, self.height)

    @property
    def factor(self) -> float:
        """How much smaller the picture is."""
        return max(self.picture.size) / self.longer

    def at(self, factor: float) -> Image.Image:
        """The photo at a share of its size."""
        return _resized(self.picture, factor * self.longer / max(self.picture.size))

    def turned(self, quarter: int) -> "_View":
        """The photo after turns of 90 degrees counter-clockwise."""
        methods = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
        sides = (self.height, self.width) if quarter % 2 else (self.width, self.height)
        return _View(self.picture.transpose(methods[quarter - 1]), *sides)


def _turned(view: _View, quarter: int, detector: Detector, search: Search) -> Iterator[Detection]:
    """Faces seen after `quarter` turns of 90 degrees counter-clockwise, in the photo's own coordinates."""
    turned = view.turned(quarter)
    for face in _look(turned, detector, search):
        yield Detection(_turned_back(face.box, quarter, turned.height, turned.width), face.score, 90.0 * quarter)


def _turned_back(box: Box, quarter: int, height: int, width: int) -> Box:
    """A box in a picture (height, width) that was turned counter-clockwise, as a box in the picture before."""
    for _ in range(quarter):
        box = Box(height - box.bottom, box.left, height - box.top, box.right)
        height, width = width, height
    return box


def _look(view: _View, detector: Detector, search: Search) -> Iterator[Detection]:
    for side in search.scales:
        if side <= max(view.longer, min(search.scales)) * 2:
            yield from _whole(view, side / view.longer, detector)


def _tiles(view: _View, detector: Detector) -> Iterator[Detection]:
    picture = view.picture
    for left, top, right, bottom in _places(*picture.size):
        for face in detector.detect(np.asarray(picture.crop((left, top, right, bottom)))):
            if max(face.box.width, face.box.height) <= TILE * LARGEST_SHARE:
                yield _moved(face, left, top, view.factor, view)


def _whole(view: _View, factor: float, detector: Detector) -> Iterator[Detection]:
    reduced = view.at(factor)
    largest = max(reduced.size) * LARGEST_SHARE
    for face in detector.detect(np.asarray(reduced)):
        if max(face.box.width, face.box.height) <= largest or max(reduced.size) <= 240:
            yield _moved(face, 0, 0, factor, view)


def _resized(picture: Image.Image, factor: float) -> Image.Image:
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _places(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Overlapping tiles, as (left, top, right, bottom), that cover a picture: as few, and as small, as can be."""
    for top, bottom in _stretches(height):
        for left, right in _stretches(width):
            yield left, top, right, bottom


def _stretches(length: int) -> list[tuple[int, int]]:
    if length <= TILE:
        return [(0, length)]
    count = -(-(length - OVERLAP) // (TILE - OVERLAP))
    each = -(-(length + (count - 1) * OVERLAP) // count)
    starts = [round(index * (length - each) / (count - 1)) for index in range(count)]
    return [(start, start + each) for start in starts]


def _moved(face: Detection, left: int, top: int, factor: float, view: _View) -> Detection:
    edges = (face.box.left + left, face.box.top + top, face.box.right + left, face.box.bottom + top)
    box = Box(*(round(edge / factor) for edge in edges)).clipped(view.height, view.width)
    return Detection(box, face.score, face.angle)


def merged(faces: list[Detection]) -> list[Detection]:
    """One detection a face: of those that overlap, the surest is kept."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: (-face.score, -face.box.area, face.box)):
        if face.box.area and not any(same(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


def same(one: Box, other: Box) -> bool:
    """Whether two boxes overlap so much that they are of one face."""
    common = one.intersection(other).area
    return one.iou(other) > 0.3 or common > 0.6 * min(one.area, other.area)
