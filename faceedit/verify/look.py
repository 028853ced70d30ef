"""The second look: faces in a finished picture, sought in other ways than the first time.

Other scales, other tiles, mirrored, in all four turns; and by the segmentation alone, which knows nothing of boxes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceedit.detection import Detection, Detector, Search, find_faces, merged
from faceedit.faces import first_crop
from faceedit.geometry import Box
from faceedit.labels import ID, PARTS
from faceedit.photo import Face, FaceMap, Photo, eight_bit
from faceedit.segmentation import Segmenter, maps
from faceedit.verify import anatomy

# Between the 240, 340, 480, 680, 960 of a thorough first look: a face between two of those is seen by one of these.
SCALES = (285, 405, 570, 810)
# Measured on 41 redacted photos: 3 false alarms at 0.55, all of them below 0.68, and a patch for each is no loss.
THRESHOLD = 0.6
# Tiles are cut from the photo at this share of its size, so that their scale and borders differ from the first look's.
TILES = 0.75
LARGEST_TILED = 2880


@dataclass(frozen=True)
class SecondLook:
    """Looks for faces in a picture. Without a segmenter only the detector looks."""

    detector: Detector
    segmenter: Segmenter | None = None

    def __call__(self, pixels: NDArray[np.uint8]) -> list[Detection]:
        """All faces seen in a picture, (H, W, 3) uint8, also doubtful ones, largest first."""
        longer = max(pixels.shape[:2])
        tile_px = min(round(TILES * longer), LARGEST_TILED)
        search = Search(THRESHOLD, THRESHOLD, SCALES, tile_px, turns="always", tiles="always")
        found = [_mirrored(face, pixels.shape[1]) for face in find_faces(pixels[:, ::-1], self.detector, search)]
        if self.segmenter is not None:
            found += anatomy.faces(pixels, self.segmenter)
        return sorted(merged(found), key=lambda face: (-face.box.area, face.box))

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
