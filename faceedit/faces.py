"""The segmentation service: a Photo goes in, the same Photo with its faces and their maps comes out."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from faceedit.detection import Detection, Detector, Search, find_faces
from faceedit.geometry import Crop
from faceedit.labels import GROUPS, ID
from faceedit.photo import Face, FaceMap, Photo, Source, eight_bit
from faceedit.segmentation import Segmenter, looked_closer, maps, widened

# A crop is twice the detector's box, its middle a little above the box's, as models for CelebAMask-HQ expect.
CROP_SHARE = 2.0
CROP_MIDDLE = 0.47
# Eye lines tilted by more degrees than this are turned upright and shown to the model again.
TILT = 8.0
# A detection with at least this score needs no second opinion; a box with more than this share of face is no face.
# On 41 wild photos the faces below that score had a share of at most 0.76; of 34 photos without faces four had a
# detection above the threshold with more, and three raise an alarm. The shares are those of `lite`.
CERTAIN = 0.88
SLAB = 0.79
# The highest score of a detection that the segmentation finds no face in.
DOUBTFUL = 0.5
# Logit that makes a pixel background for a face that does not own it.
OTHERS = 30.0


@dataclass(frozen=True)
class FaceFinder:
    """Finds and labels the faces of photos with a detector and a segmenter.

    `search` says how hard the detector looks; `plausible_only` drops detections that the segmentation finds no face in.
    Long hair is followed beyond a face's crop; with `bodies` so is everything that belongs to the person.
    """

    segmenter: Segmenter
    detector: Detector
    search: Search = field(default_factory=Search)
    plausible_only: bool = True
    bodies: bool = False

    def __call__(self, photo: Photo) -> Photo:
        """The photo with all its faces, each with its map: largest first, but doubtful ones after all others."""
        pixels = eight_bit(photo.pixels)
        found = find_faces(pixels, self.detector, self.search)
        seen = maps(pixels, [first_crop(face) for face in found], self.segmenter)
        agreed = [plausible(face, one) for face, one in zip(found, seen, strict=True)]
        found = [
            face if agreed[index] else replace(face, score=min(face.score, DOUBTFUL))
            for index, face in enumerate(found)
        ]
        sure = [face.score >= Search.threshold for face in found]
        kept = [index for index in range(len(found)) if sure[index] or not self.plausible_only]
        kept.sort(key=lambda index: not sure[index])  # a false alarm is never "the largest"
        found, seen = [found[index] for index in kept], [seen[index] for index in kept]
        seen = looked_closer(pixels, self._upright(pixels, seen), self.segmenter)
        seen = widened(pixels, seen, self.segmenter, bodies=self.bodies)
        certain = sum(sure)  # these come first; a false alarm takes no pixel from a true face
        centers, widths = [face.box.center for face in found], [face.box.width for face in found]
        seen = apart(centers[:certain], widths[:certain], seen[:certain]) + seen[certain:]
        faces = tuple(
            Face(index, face.box, face.score, own, (photo.height, photo.width))
            for index, (face, own) in enumerate(zip(found, seen, strict=True))
        )
        return photo.replaced(faces=faces, model=self.segmenter.model, source=self._noted(photo.source, found))

    def _noted(self, source: Source, shown: list[Detection]) -> Source:
        """The photo's source with what the segmenter has to say, where it was shown something."""
        notes = getattr(self.segmenter, "notes", ()) if shown else ()
        return replace(source, notes=(*source.notes, *notes)) if notes else source

    def _upright(self, pixels: NDArray[np.uint8], seen: list[FaceMap]) -> list[FaceMap]:
        """Maps of tilted faces made again from a crop turned by the eye line."""
        tilts = [tilt(one) for one in seen]
        again = [index for index, degrees in enumerate(tilts) if abs(degrees) > TILT]
        crops = [replace(seen[index].crop, angle=seen[index].crop.angle + tilts[index]) for index in again]
        result = list(seen)
        for index, better in zip(again, maps(pixels, crops, self.segmenter), strict=True):
            result[index] = better
        return result


def first_crop(face: Detection) -> Crop:
    """The square around a detected face that the model sees first."""
    x, y = face.box.center
    side = CROP_SHARE * max(face.box.width, face.box.height)
    turn = math.radians(face.angle)
    lift = (0.5 - CROP_MIDDLE) * max(face.box.width, face.box.height)
    return Crop(x + lift * math.sin(turn), y - lift * math.cos(turn), max(side, 4.0), face.angle)


def tilt(one: FaceMap) -> float:
    """By how many degrees the eye line is still turned clockwise within the crop; 0 where an eye is missing."""
    left, right = one.center("l_eye"), one.center("r_eye")
    if left is None or right is None:
        return 0.0
    points = one.crop.to_crop(np.array([right, left]))
    across, down = points[1] - points[0]
    if math.hypot(across, down) < 0.06:  # two eyes on one spot are no line
        return 0.0
    return math.degrees(math.atan2(down, across))


def apart(centers: list[tuple[float, float]], widths: list[int], seen: list[FaceMap]) -> list[FaceMap]:
    """Maps in which each point belongs to one face: the one whose middle is nearest, in widths of that face."""
    result = []
    for index, one in enumerate(seen):
        rivals = [other for other in range(len(seen)) if other != index and _meet(one.crop, seen[other].crop)]
        if not rivals:
            result.append(one)
            continue
        x, y = one.crop.cells(*one.logits.shape[1:]).T.reshape(2, *one.logits.shape[1:])
        own = np.hypot(x - centers[index][0], y - centers[index][1]) / widths[index]
        lost = np.zeros(x.shape, bool)
        for other in rivals:
            lost |= np.hypot(x - centers[other][0], y - centers[other][1]) / widths[other] < own
        logits = one.logits.copy()
        logits[:, lost] = -OTHERS
        logits[ID["background"], lost] = OTHERS
        result.append(replace(one, logits=logits))
    return result


def _meet(one: Crop, other: Crop) -> bool:
    return one.bounds().intersection(other.bounds()).area > 0


def plausible(face: Detection, one: FaceMap) -> bool:
    """Whether the segmentation agrees that this is a face; a detection that is certain needs no second opinion.

    Fur and texture that fool a detector are labelled as one slab of face parts; a real face leaves room for hair
    and background within the box. Of turned faces a higher score is asked, as few photos lie on their side.
    """
    if face.score >= CERTAIN:
        return True
    if face.angle % 360 and face.score < Search.turned_threshold:
        return False
    plane = one.on_crop(frozenset(GROUPS["face"]))
    margin = round(plane.shape[0] * (1 - 1 / CROP_SHARE) / 2)
    return float(plane[margin:-margin, margin:-margin].mean()) <= SLAB
