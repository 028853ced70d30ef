"""Edited photos at the size of an output, with all that is known of what they cover."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.coverage import Covered
from faceedit.engine import Edited
from faceedit.geometry import Box
from faceedit.images import fitted
from faceedit.photo import Photo


def shrunk(edited: Edited, max_side: int | None) -> Edited:
    """An edited photo at an output's size; itself where it is no larger.

    What is hidden is hidden there too, with a hard edge: the fill is laid anew over the smaller picture.
    """
    photo = fitted(edited.photo, max_side)
    if photo is edited.photo:
        return edited
    if edited.covered is None:
        return replace(edited, photo=photo)
    across, down = photo.width / edited.photo.width, photo.height / edited.photo.height
    mask = _nearest(edited.covered.mask, photo)
    fill = _nearest(edited.covered.fill, photo)
    boxes = tuple(resized(box, across, down) for box in edited.covered.boxes)
    left = tuple(replace(face, box=resized(face.box, across, down)) for face in edited.left)
    return replace(edited, photo=_laid(photo, mask, fill), covered=Covered(mask, fill, boxes), left=left)


def resized(box: Box, across: float, down: float) -> Box:
    """A box of a photo in another size of it."""
    return Box(
        int(np.floor(box.left * across)),
        int(np.floor(box.top * down)),
        int(np.ceil(box.right * across)),
        int(np.ceil(box.bottom * down)),
    )


def _nearest(array: NDArray[Any], photo: Photo) -> NDArray[Any]:
    """Each pixel's nearest one in a larger array: never a mixture of what is hidden and what is not."""
    rows, columns = (
        ((np.arange(small) + 0.5) * large / small).astype(int)
        for small, large in zip((photo.height, photo.width), array.shape[:2], strict=True)
    )
    return array[rows[:, None], columns]


def _laid(photo: Photo, mask: NDArray[np.bool_], fill: NDArray[Any]) -> Photo:
    pixels = np.where(mask[..., None], fill, photo.pixels)
    if photo.alpha is None:
        return photo.replaced(pixels=pixels)
    return photo.replaced(pixels=pixels, alpha=np.where(mask, np.iinfo(photo.alpha.dtype).max, photo.alpha))
