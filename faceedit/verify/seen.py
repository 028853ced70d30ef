"""A picture as people see it: where it is transparent, what lies behind it decides, and may bring out a face."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from faceedit.detection import Detection, merged
from faceedit.photo import Photo, eight_bit

Look = Callable[[NDArray[np.uint8]], Sequence[Detection]]

# What a viewer lays behind transparent pictures, and a grey for pixels that nobody sees.
PAGES = (255, 0)
GREY = 128


def views(photo: Photo) -> list[NDArray[np.uint8]]:
    """The ways in which a photo is seen, each (H, W, 3) uint8: one, or by its colors alone, on white and on black."""
    pixels = eight_bit(photo.pixels)
    if photo.alpha is None or photo.alpha.min() == np.iinfo(photo.alpha.dtype).max:
        return [pixels]
    alpha = eight_bit(photo.alpha)[..., None].astype(np.uint16)
    pages = [((pixels * alpha + page * (255 - alpha) + 127) // 255).astype(np.uint8) for page in PAGES]
    return [np.where(photo.alpha[..., None] > 0, pixels, np.uint8(GREY)), *pages]


def faces_in(photo: Photo, look: Look) -> list[Detection]:
    """The faces that a look sees in a photo, in whatever way it is seen."""
    first, *others = (list(look(view)) for view in views(photo))
    return merged([*first, *(face for found in others for face in found)]) if others else first
