"""A detector and a segmenter that see what is painted, and photos painted for them: no model, no chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.detection import Detection
from faceedit.geometry import Box
from faceedit.labels import COLORS, ID
from faceedit.photo import Model, Photo

Pixels = NDArray[np.uint8]


def painted_in_label_colors(photo: Photo) -> Photo:
    """The photo with the color of its label at each pixel, and without its faces."""
    return Photo(np.array(COLORS, np.uint8)[photo.labels()])


class Oracle:
    """Labels crops by the label colors painted in them."""

    size = 256

    def __init__(self) -> None:
        self.model = Model("oracle", "0" * 64)
        self.crops = 0

    def logits(self, crops: Pixels) -> NDArray[np.float32]:
        self.crops += len(crops)
        count, size = crops.shape[:2]
        colors = np.array(COLORS, np.float32)
        away = ((crops[:, None].astype(np.float32) - colors[:, None, None]) ** 2).sum(-1)  # (n, 19, size, size)
        near = np.exp(-away / 500)
        near /= near.sum(1, keepdims=True) + 1e-9
        cells = near.reshape(count, len(COLORS), size // 4, 4, size // 4, 4).mean((3, 5))
        return np.log(cells + 1e-4).astype(np.float32)


class Told:
    """Finds what it is told, whatever the scale of the look; `shape` is the photo's height and width."""

    name = "told"

    def __init__(self, shape: tuple[int, int], faces: Sequence[Detection]) -> None:
        self.shape = shape
        self.faces = faces

    def detect(self, pixels: Pixels) -> list[Detection]:
        down, across = pixels.shape[0] / self.shape[0], pixels.shape[1] / self.shape[1]
        found = []
        for face in self.faces:
            left, top, right, bottom = face.box.as_list()
            box = Box(round(left * across), round(top * down), round(right * across), round(bottom * down))
            found.append(Detection(box, face.score, face.angle))
        return found


class Skins:
    """Finds areas painted in the label color of skin."""

    name = "skins"

    def detect(self, pixels: Pixels) -> list[Detection]:
        skin = np.abs(pixels.astype(int) - COLORS[ID["skin"]]).max(-1) < 12
        areas, _ = ndimage.label(ndimage.binary_closing(skin, iterations=2))
        boxes = [Box(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(areas)]
        return [Detection(box, 0.95) for box in boxes if box.area > 400]


class Marks:
    """Finds upright marks, blue above red; remembers the sizes of the pictures that it was shown."""

    name = "marks"

    def __init__(self, score: float = 0.9) -> None:
        self.score = score
        self.sizes: list[tuple[int, int]] = []

    def detect(self, pixels: Pixels) -> list[Detection]:
        self.sizes.append(pixels.shape[:2])
        level = pixels.astype(int)
        red, blue = (level[..., channel] - level[..., 1] > 100 for channel in (0, 2))
        areas, _ = ndimage.label(red | blue, np.ones((3, 3)))
        found = []
        for rows, columns in ndimage.find_objects(areas):
            above, below = (color[rows, columns].nonzero()[0] for color in (blue, red))
            if above.size and below.size and above.mean() < below.mean():
                found.append(Detection(Box(columns.start, rows.start, columns.stop, rows.stop), self.score))
        return found


def mark(pixels: Pixels, box: Box, quarters: int = 0) -> None:
    """Paint a mark, blue above red, turned clockwise by quarters of a turn."""
    side = np.zeros((box.height, box.height, 3), np.uint8)
    side[: box.height // 2, :, 2] = 255
    side[box.height // 2 :, :, 0] = 255
    pixels[box.slices] = np.rot90(side, -quarters)
