"""Whether effects look the same at every size: lengths are shares of the face, so a larger copy gets the same look."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import faceedit_makeup
import faceedit_retouch
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.geometry import Box, Crop
from faceedit.labelled import open_folder, read_names, read_pair
from faceedit.photo import Photo
from faceedit.region import Effect
from faceedit.segmentation import Segmenter
from faceedit.testing import applied
from tests.benchmarks.looks import whole_face

# Pixels of a side of the copy that larger ones are compared with.
SMALL = 512
# Options of effects that do nothing without any.
STRONG: Mapping[str, dict[str, Any]] = {"skin_tone": {"warmth": 0.5, "lightness": 0.3, "evenness": 0.5}}


def effects() -> list[Effect]:
    """All effects of makeup and retouch."""
    found = (*faceedit_makeup.faceedit_effects(), *faceedit_retouch.faceedit_effects())
    return [each for each in found if isinstance(each, Effect)]


def enlarged(photo: Photo, side: int) -> Photo:
    """A square photo of one face, `side` pixels a side, with the same map."""
    factor = side / photo.width
    pixels = np.asarray(Image.fromarray(photo.pixels).resize((side, side), Image.Resampling.BICUBIC))
    (face,) = photo.faces
    crop = Crop(face.map.crop.x * factor, face.map.crop.y * factor, face.map.crop.side * factor, face.map.crop.angle)
    box = Box(*(round(edge * factor) for edge in face.box.as_list()))
    seen = replace(face.map, crop=crop, photo_shape=(side, side))
    return Photo(pixels, faces=(replace(face, box=box, map=seen, photo_shape=(side, side)),))


def difference(effect: Effect, photo: Photo, side: int, **options: Any) -> NDArray[np.float64]:
    """How differently an effect changes a photo and its larger copy, 0..255, at the pixels that either changes, (n,).

    What enlarging and reducing alone do to the photo does not count.
    """
    large = enlarged(photo, side)
    changes = [applied(effect, photo, **options).astype(int) - photo.pixels]
    after, before = (_reduced(pixels, photo.width) for pixels in (applied(effect, large, **options), large.pixels))
    changes.append(after - before)
    touched = np.any([np.abs(change).max(-1) > 0.5 for change in changes], axis=0)
    return np.abs(changes[1] - changes[0]).mean(-1)[touched]


def _reduced(pixels: NDArray[np.uint8], side: int) -> NDArray[np.float64]:
    planes = [Image.fromarray(pixels[..., channel].astype(np.float32)) for channel in range(3)]
    return np.dstack([np.asarray(plane.resize((side, side), Image.Resampling.BOX)) for plane in planes])


def table(folder: Path, segmenter: Segmenter, count: int, larger: tuple[int, ...]) -> Iterator[str]:
    """A line an effect: the mean difference from `SMALL` to each larger size, of all photos and of the worst one."""
    labelled = open_folder(folder)
    names = read_names(folder / "validation.txt")
    photos = []
    for pair in labelled.only(names[:: max(1, len(names) // count)][:count]).pairs:
        pixels = Image.fromarray(np.asarray(read_pair(labelled, pair)[0]))
        photos.append(whole_face(np.asarray(pixels.resize((SMALL, SMALL), Image.Resampling.BICUBIC)), segmenter))
    yield "| effect | " + " | ".join(f"{SMALL} and {side} px" for side in larger) + " |"
    yield "|---|" + "--:|" * len(larger)
    for effect in effects():
        cells = []
        for side in larger:
            found = [difference(effect, photo, side, **STRONG.get(effect.name, {})) for photo in photos]
            means = [float(each.mean()) if each.size else 0.0 for each in found]
            cells.append(f"{np.mean(means):.2f} ({max(means):.2f})")
        yield f"| {effect.name} | {' | '.join(cells)} |"
