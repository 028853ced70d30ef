"""A second, closer look for parts that are too fine for the first one: a chain is a pixel or two wide there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.geometry import Crop
from faceedit.labels import ID
from faceedit.photo import FaceMap
from faceedit.segmentation.crops import Segmenter, maps

Margins = NDArray[np.float32]  # (h, w), a part's logit above the highest other

# The most that a place is enlarged.
MOST = 8.0
# The margin of a part beside where it is, so that its edge lies between the two cells.
BESIDE = -4.0
# A part's logit everywhere else: between cells of two other parts it would win with less.
NEVER = -30.0
# Cells that touch at their corners hang together: a chain runs aslant.
TOUCHING = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Look:
    """How a model looks at a fine part again, `zoom` times as large, where its first look suspects it.

    All else are margins of logits, of the part above the best other: from `suspected` on the first look asks for
    another, and in that the part is where it is `likely` and hangs together with where it is `sure`.
    """

    zoom: float
    suspected: float
    likely: float
    sure: float

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise TypeError(f"{name} is no number: {value!r}")
        if not 1 <= self.zoom <= MOST:
            raise ValueError(f"zoom is {self.zoom}, but it is from 1 to {MOST:g}")


def looked_closer(pixels: NDArray[np.uint8], seen: Sequence[FaceMap], segmenter: Segmenter) -> list[FaceMap]:
    """The maps, with parts that the model wants to see closer (`Model.closer`) as they are then.

    Where the first look suspects such a part, the model is shown the place again, larger. What it says there decides
    where that part is, and elsewhere it is not; about all other parts the first look has the last word.
    """
    result = list(seen)
    for part, how in segmenter.model.closer.items():
        look = Look(**how)
        margins = [margin(one.logits, part) for one in result]
        places = {index: _place(each, look) for index, each in enumerate(margins) if each.max() >= look.suspected}
        crops = [_within(result[index].crop, place, margins[index].shape) for index, place in places.items()]
        decided = [np.full(each.shape, BESIDE, np.float32) for each in margins]
        for (index, place), near in zip(places.items(), maps(pixels, crops, segmenter), strict=True):
            decided[index][place] = _decided(margin(near.logits, part), decided[index][place].shape, look)
        result = [_with_margin(one, part, each) for one, each in zip(result, decided, strict=True)]
    return result


def margin(logits: NDArray[np.float16], part: str) -> Margins:
    """How far a part's logit (19, h, w) lies above the highest of the others, (h, w)."""
    return logits[ID[part]].astype(np.float32) - _others(logits, part)


def _others(logits: NDArray[np.float16], part: str) -> Margins:
    return np.delete(logits, ID[part], axis=0).max(0).astype(np.float32)


def _place(suspected: Margins, look: Look) -> tuple[slice, slice]:
    """The rows and columns of cells to be shown again: around the middle of what is suspected, within the crop."""
    spots = np.nonzero(suspected >= min(look.suspected, 0.0))
    slices = []
    for cells, found in zip(suspected.shape, spots, strict=True):
        size = round(cells / look.zoom)
        start = int(np.clip(np.median(found) + 0.5 - size / 2, 0, cells - size))
        slices.append(slice(start, start + size))
    return slices[0], slices[1]


def _within(crop: Crop, place: tuple[slice, slice], cells: tuple[int, ...]) -> Crop:
    """The part of a crop that rows and columns of its grid of cells are."""
    middle = [[(side.start + side.stop) / 2 / count for side, count in zip(place[::-1], cells[::-1], strict=True)]]
    ((x, y),) = crop.to_photo(np.array(middle))
    return replace(crop, x=float(x), y=float(y), side=crop.side * (place[0].stop - place[0].start) / cells[0])


def _decided(close: Margins, shape: tuple[int, ...], look: Look) -> Margins:
    """Margins on the first look's grid: above 0 where the part is likely and hangs together with where it is sure."""
    small = Image.fromarray(close).resize((shape[1], shape[0]), Image.Resampling.BOX)
    likely = np.asarray(small) - np.float32(look.likely)
    areas, count = ndimage.label(likely > 0, TOUCHING)
    sure = ndimage.maximum(likely, areas, np.arange(1, count + 1)) >= look.sure - look.likely
    kept = np.isin(areas, 1 + np.flatnonzero(sure))
    return np.where(kept, likely, np.minimum(likely, BESIDE)).astype(np.float32)


def _with_margin(one: FaceMap, part: str, margins: Margins) -> FaceMap:
    """A map whose part has these margins where it is and right beside, and is seen nowhere else."""
    logits = one.logits.copy()
    near = ndimage.binary_dilation(margins > 0, TOUCHING)
    logits[ID[part]] = np.where(near, _others(logits, part) + margins, NEVER)
    return replace(one, logits=logits)


def whole(segmenter: Segmenter, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logits (n, 19, h, w) float32 of crops (n, size, size, 3) uint8, with all that the model looks at twice."""
    size = crops.shape[1]
    logits = []
    for crop in crops:
        seen = maps(crop, [Crop(size / 2, size / 2, size)], segmenter)
        logits += [one.logits for one in looked_closer(crop, seen, segmenter)]
    return np.stack(logits).astype(np.float32)
