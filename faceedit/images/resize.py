"""Photos made smaller: in linear light, so that fine bright detail keeps its brightness, at the depth they have."""

import dataclasses

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.color import from_linear, to_linear
from faceedit.photo import Photo

Plane = NDArray[np.float32]


def fitted(photo: Photo, max_side: int | None) -> Photo:
    """The photo with its longer side at most `max_side` pixels, without its faces; itself where it is no larger.

    Alpha is as it was: colours are weighted by it, so that what is transparent does not bleed into what is not.
    """
    if max_side is None or max(photo.height, photo.width) <= max_side:
        return photo
    size = fitted_size(photo.width, photo.height, max_side)
    top = np.float32(np.iinfo(photo.pixels.dtype).max)
    light = to_linear(np.arange(int(top) + 1, dtype=np.float32) / top)
    alpha = None if photo.alpha is None else photo.alpha.astype(np.float32) / top
    weight = None if alpha is None else _shrunk(alpha, size)
    planes = []
    for channel in range(3):
        plane = light[photo.pixels[..., channel]]
        small = _shrunk(plane if alpha is None else plane * alpha, size)
        planes.append(small if weight is None else small / np.maximum(weight, np.float32(1e-6)))
    pixels = _samples(from_linear(np.dstack(planes)), top, photo)
    kept = None if weight is None else _samples(weight, top, photo)
    if kept is not None:
        pixels[kept == 0] = 0
    # The old tables of a JPEG fit its new pixels as well; its turned thumbnail and size tags are written anew.
    return dataclasses.replace(photo, pixels=pixels, alpha=kept, faces=())


def fitted_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Width and height within `max_side`, at least a pixel each."""
    scale = max_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrunk(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _samples(values: Plane, top: np.float32, photo: Photo) -> NDArray[np.unsignedinteger]:
    samples: NDArray[np.unsignedinteger] = np.rint(np.clip(values, 0, 1) * top).astype(photo.pixels.dtype)
    return samples
