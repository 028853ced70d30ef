"""Faces found without a detector: areas of skin in which eyes, nose and mouth lie as they do in a face.

Made for the second look. Blind to small and to turned faces; a segmentation shown no face often invents parts of one,
so the arrangement must be right in every respect.
"""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.detection import Detection, merged, reduced
from faceedit.faces import first_crop
from faceedit.geometry import Box, Crop
from faceedit.labels import GROUPS, ID
from faceedit.photo import FaceMap
from faceedit.segmentation import Segmenter, maps

# The photo is looked through at these longer sides, in windows of this edge that overlap by half.
SIDES = (240, 480)
WINDOW = 240
# No more than a doubt: below the score from which a photo counts as having a face for sure.
SCORE = 0.7
# How far the box must be the same in a closer look, as intersection over union.
AGREEMENT = 0.5

_FACE = [ID[name] for name in GROUPS["face"]]
_FEATURES = tuple(
    [ID[name] for name in names] for names in (("l_eye", "r_eye", "eye_g"), ("nose",), ("u_lip", "l_lip", "mouth"))
)
# Measured on frontal and half-turned faces: how large each feature is as a share of the face, and where its middle
# lies, as shares of the face's height and width.
_SIZES = ((0.01, 0.4), (0.03, 0.14), (0.025, 0.16))
_DOWN = ((0.25, 0.5), (0.4, 0.66), (0.6, 0.9))
_ACROSS = 0.15
_STEPS = (0.08, 0.12)
_SHAPE = (0.95, 1.75)
_SHARE = (0.2, 0.75)


def faces(pixels: NDArray[np.uint8], segmenter: Segmenter) -> list[Detection]:
    """Faces of 12 to 75 % of the longer side of a picture, (H, W, 3) uint8."""
    found = []
    view = reduced(pixels, 2 * max(SIDES))
    for side in SIDES:
        factor = side / max(pixels.shape[:2])
        if factor > 2:
            continue
        size = [max(1, round(length * factor)) for length in pixels.shape[1::-1]]
        small = np.asarray(view.resize((size[0], size[1]), Image.Resampling.BILINEAR))
        for one in maps(small, _windows(*small.shape[:2]), segmenter):
            found += [Detection(_enlarged(box, factor, pixels), SCORE) for box in arranged(one)]
    return _confirmed(pixels, merged(found), segmenter)


def _confirmed(pixels: NDArray[np.uint8], found: list[Detection], segmenter: Segmenter) -> list[Detection]:
    """Those that are still faces when the model sees them as it is used to see faces: in the middle, at full size."""
    closer = maps(pixels, [first_crop(face) for face in found], segmenter)
    return [
        face
        for face, one in zip(found, closer, strict=True)
        if any(face.box.iou(box) > AGREEMENT for box in arranged(one))
    ]


def arranged(one: FaceMap) -> Iterator[Box]:
    """The boxes of faces in a window's map, in its photo's pixels."""
    labels = one.logits.argmax(0)  # (h, w)
    side = labels.shape[0]
    areas, _ = ndimage.label(np.isin(labels, _FACE))
    for number, place in enumerate(ndimage.find_objects(areas), 1):
        rows, columns = place
        height, width = rows.stop - rows.start, columns.stop - columns.start
        fits = _SHAPE[0] <= height / width <= _SHAPE[1] and _SHARE[0] <= width / side <= _SHARE[1]
        if fits and _is_face(labels[place], areas[place] == number):
            corners = np.array([[columns.start, rows.start], [columns.stop, rows.stop]]) / side
            (left, top), (right, bottom) = one.crop.to_photo(corners)
            yield Box(round(left), round(top), round(right), round(bottom))


def _is_face(labels: NDArray[np.intp], inside: NDArray[np.bool_]) -> bool:
    """Whether eyes, nose and mouth have the size and the place that they have in a face."""
    middles = []
    for parts, sizes in zip(_FEATURES, _SIZES, strict=True):
        feature = np.isin(labels, parts) & inside
        if not sizes[0] < feature.sum() / inside.sum() < sizes[1]:
            return False
        middles.append((np.argwhere(feature).mean(0) + 0.5) / labels.shape)
    down = all(low <= y <= high for (y, _), (low, high) in zip(middles, _DOWN, strict=True))
    across = all(abs(x - 0.5) < _ACROSS for _, x in middles)
    apart = [lower[0] - upper[0] for upper, lower in itertools.pairwise(middles)]
    return down and across and all(gap > least for gap, least in zip(apart, _STEPS, strict=True))


def _windows(height: int, width: int) -> list[Crop]:
    half = WINDOW // 2
    return [
        Crop(left + half, top + half, WINDOW)
        for top in range(-half // 2, max(1, height - half // 2), half)
        for left in range(-half // 2, max(1, width - half // 2), half)
    ]


def _enlarged(box: Box, factor: float, pixels: NDArray[np.uint8]) -> Box:
    edges = (round(edge / factor) for edge in (box.left, box.top, box.right, box.bottom))
    return Box(*edges).clipped(*pixels.shape[:2])
