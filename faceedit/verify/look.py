"""The second look: faces in a finished picture, sought in other ways than the first time.

Other scales, other tiles, mirrored, in all four turns, and by the segmentation alone, which knows nothing of boxes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.detection import BySegmentation, Detection, Detector, Search, find_faces, merged
from faceedit.faces import first_crop
from faceedit.geometry import Box
from faceedit.labels import ID, PARTS
from faceedit.photo import Face, FaceMap, Photo, eight_bit
from faceedit.segmentation import Segmenter, maps

# Between the first look's 240, 340, 480, 680, 960: a face that falls between two of those is seen by one of these.
SCALES = (285, 405, 570, 810)
THRESHOLD = 0.66
# Tiles are cut from the photo at this share of its size, so that their scale and borders differ from the first look's.
TILES = 0.75
LARGEST_TILED = 2880
# Longer sides of the pictures that the segmentation looks through by itself, and how sure it must be.
SEGMENTED = (360, 720)
SEGMENTED_THRESHOLD = 0.9


@dataclass(frozen=True)
class SecondLook:
    """Looks for faces in a picture. Without a segmenter only the detector looks."""

    detector: Detector
    segmenter: Segmenter | None = None

    def __call__(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """All faces seen in a picture, (H, W, 3) uint8, also doubtful ones, largest first."""
        longer = max(pixels.shape[:2])
        search = Search(THRESHOLD, SCALES, min(round(TILES * longer), LARGEST_TILED), "always")
        width = pixels.shape[1]
        mirrored = np.ascontiguousarray(pixels[:, ::-1])
        found = [_mirrored(face, width) for face in find_faces(mirrored, self.detector, search)]
        return sorted(merged([*found, *self._segmented(pixels)]), key=lambda face: (-face.box.area, face.box))

    def _segmented(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """Areas of face with a nose and an eye, at two scales."""
        if self.segmenter is None:
            return []
        look = BySegmentation(self.segmenter)
        found = []
        for side in SEGMENTED:
            factor = side / max(pixels.shape[:2])
            if factor > 2:
                continue
            small = _resized(pixels, factor)
            found += [_enlarged(face, factor, pixels) for face in look.detect(small)]
        return [face for face in found if face.score >= SEGMENTED_THRESHOLD]

    def with_faces(self, photo: Photo, found: list[Detection]) -> Photo:
        """The photo with further faces behind those that it has, each with a map of its own."""
        first = len(photo.faces)
        shape = photo.height, photo.width
        seen = self._maps(photo, found)
        more = [
            Face(first + index, face.box, face.score, own, shape)
            for index, (face, own) in enumerate(zip(found, seen, strict=True))
        ]
        return photo.replaced(faces=(*photo.faces, *more))

    def _maps(self, photo: Photo, found: list[Detection]) -> list[FaceMap]:
        crops = [first_crop(face) for face in found]
        if self.segmenter is not None:
            return maps(eight_bit(photo.pixels), crops, self.segmenter)
        nothing = np.zeros((len(PARTS), 8, 8), np.float16)
        nothing[ID["background"]] = 30
        return [FaceMap(nothing.copy(), crop) for crop in crops]


def _mirrored(face: Detection, width: int) -> Detection:
    box = face.box
    return Detection(Box(width - box.right, box.top, width - box.left, box.bottom), face.score, -face.angle)


def _resized(pixels: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))


def _enlarged(face: Detection, factor: float, pixels: NDArray[np.uint8]) -> Detection:
    box = face.box
    edges = (round(edge / factor) for edge in (box.left, box.top, box.right, box.bottom))
    return Detection(Box(*edges).clipped(*pixels.shape[:2]), face.score)
