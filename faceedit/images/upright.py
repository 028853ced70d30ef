"""Which way up a picture is: EXIF's eight orientations as turns of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.images.exif import ORIENTATION, parse


def orientation(block: bytes) -> int:
    """How the picture must be turned, 1..8 as EXIF counts them; 1 (as it stands) where the block does not say."""
    found = parse(block).number(0, ORIENTATION)
    return found if found is not None and 1 <= found <= 8 else 1


def turned(array: NDArray[Any], how: int) -> NDArray[Any]:
    """The array (H, W, ...) as EXIF's orientation 1..8 wants it shown; 5 to 8 swap height and width."""
    if how >= 5:
        array = array.swapaxes(0, 1)
    rows = -1 if how in (3, 4, 7, 8) else 1
    columns = -1 if how in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(array[::rows, ::columns])
