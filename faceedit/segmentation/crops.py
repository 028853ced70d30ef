"""Square crops of a photo as a model sees them, and the FaceMaps that come of its answers."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import PhotoError
from faceedit.geometry import Crop
from faceedit.labels import PARTS
from faceedit.photo import FaceMap, Model


class Segmenter(Protocol):
    """Labels upright square crops. `size` is the edge of a crop in pixels.

    A segmenter may also have `notes`, a tuple of plain sentences for reports: what it had to do otherwise than asked.
    """

    model: Model
    size: int

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, h, w) float32, parts in canonical order, for crops (n, size, size, 3) uint8 RGB."""
        ...


def cut(pixels: NDArray[np.uint8], crop: Crop, size: int) -> NDArray[np.uint8]:
    """The crop of a photo (H, W, 3) uint8 as the model sees it, (size, size, 3) uint8; mirrored beyond the border."""
    height, width = pixels.shape[:2]
    bounds = crop.bounds()
    inside = bounds.clipped(height, width)
    if not inside.area:
        return np.zeros((size, size, 3), np.uint8)
    margins = (
        (inside.top - bounds.top, bounds.bottom - inside.bottom),
        (inside.left - bounds.left, bounds.right - inside.right),
        (0, 0),
    )
    step = max(1, int(crop.side / size / 2))  # a coarse first reduction keeps large crops cheap
    picture = Image.fromarray(np.pad(pixels[inside.slices], margins, mode="symmetric")).reduce(step)
    scale = size / crop.side * step
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.BILINEAR
    )
    onto = crop.matrix()
    onto[:, 2] -= (bounds.left, bounds.top)
    onto *= np.array([[picture.width / bounds.width], [picture.height / bounds.height]])
    onto[:, :2] /= size
    read = picture.transform((size, size), Image.Transform.AFFINE, tuple(onto.ravel()), Image.Resampling.BICUBIC)
    return np.asarray(read)


def maps(pixels: NDArray[np.uint8], crops: Sequence[Crop], segmenter: Segmenter) -> list[FaceMap]:
    """A FaceMap for each crop of a photo (H, W, 3) uint8, all crops shown to the model together."""
    if not crops:
        return []
    batch = np.stack([cut(pixels, crop, segmenter.size) for crop in crops])
    logits = segmenter.logits(batch)
    fits = logits.ndim == 4 and logits.shape[:2] == (len(crops), len(PARTS))
    if not fits or not np.isfinite(logits).all():
        raise PhotoError(f'the model "{segmenter.model.name}" gave an unfit answer of shape {logits.shape}')
    limit = float(np.finfo(np.float16).max)
    shape = (pixels.shape[0], pixels.shape[1])
    return [
        FaceMap(np.clip(one, -limit, limit).astype(np.float16), crop, shape)
        for one, crop in zip(logits, crops, strict=True)
    ]
