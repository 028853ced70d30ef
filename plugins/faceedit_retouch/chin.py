"""Where a face ends: below the chin masks of skin are unsure, and come in pieces."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import faceedit

Float = NDArray[np.float32]


def below_chin(region: faceedit.Region, x: NDArray[Any], y: NDArray[Any]) -> Float:
    """How far places of the window are below the chin, in widths of the face, negative above it.

    `x` and `y` are in pixels of the window, of shapes that go together. Without a face in sight all is above.
    """
    face, tilt = region.faces[0], np.radians(region.angle)
    down = np.array([-np.sin(tilt), np.cos(tilt)]) / region.width_px
    seen = (face.map.points("face") - (region.window.left, region.window.top)) @ down
    chin = np.percentile(seen, 99) if len(seen) else np.inf
    return x.astype(np.float32) * np.float32(down[0]) + (y * down[1] - chin).astype(np.float32)
