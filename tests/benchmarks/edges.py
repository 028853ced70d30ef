"""How near the edges of masks lie to those drawn by people, as the model gives them and as effects get them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.faces import CROP_SHARE
from faceedit.geometry import Box, Crop
from faceedit.labelled import open_folder, read_names, read_pair
from faceedit.labels import ID, parse_parts
from faceedit.photo import Face, Photo
from faceedit.region import Region, as_float
from faceedit.segmentation import Segmenter, maps

EXPRESSIONS = ("hair", "skin", "lips", "brows", "eyes", "nose", "ears", "eye_g", "hat")
NEAR = 2.0  # pixels, of photos 512 pixels wide
Bools = NDArray[np.bool_]


def boundary_scores(folder: Path, names: Path, segmenter: Segmenter) -> dict[str, tuple[float, float]]:
    """The mean boundary F-score of each expression without and with refinement, over photos 512 pixels wide."""
    scores: dict[str, list[tuple[float, float]]] = {expression: [] for expression in EXPRESSIONS}
    for pixels, labels in _photos(folder, names):
        crop = Crop(pixels.shape[1] / 2, pixels.shape[0] / 2, max(pixels.shape[:2]))
        width = round(crop.side / CROP_SHARE)
        whole = Photo(pixels).box
        face = Face(0, Box(0, 0, width, width), 1.0, maps(pixels, [crop], segmenter)[0], pixels.shape[:2])
        region = Region(as_float(pixels), whole, face.box, (face,))
        for expression, found in scores.items():
            truth = np.isin(labels, [ID[part] for part in parse_parts(expression)])
            if truth.sum() > 50:
                masks = (face.mask(expression), region.mask(expression))
                plain, drawn = (boundary_score(mask > 0.5, truth) for mask in masks)
                found.append((plain, drawn))
    return {expression: tuple(np.mean(found, 0)) for expression, found in scores.items() if found}


def _photos(folder: Path, names: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    labelled = open_folder(folder)
    for pair in labelled.only(read_names(names)).pairs:
        yield read_pair(labelled, pair)


def boundary_score(mask: Bools, truth: Bools) -> float:
    """F of precision and recall of a mask's boundary, right where the true one is at most `NEAR` pixels away."""
    ours, true = _boundary(mask), _boundary(truth)
    if not ours.any() or not true.any():
        return 0.0
    precision = (ndimage.distance_transform_edt(~true)[ours] <= NEAR).mean()
    recall = (ndimage.distance_transform_edt(~ours)[true] <= NEAR).mean()
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def _boundary(mask: Bools) -> Bools:
    inside: Bools = mask & ~ndimage.binary_erosion(mask, border_value=1)
    return inside
