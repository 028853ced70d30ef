"""A black box over a face leaves traces outside it where JPEG spread the face's colours before: whose face was it?

The attacker has the photo's surroundings and ten faces, makes the published file with each, and takes the nearest.
"""

import io

import faceedit_redact
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit import images
from faceedit.engine import edit
from faceedit.geometry import Box
from faceedit.photo import Photo
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from faceedit.testing import painted_photo
from faceedit.verify import bare

QUALITIES = (50, 60, 70, 75, 80, 90, 95, 98)
SAMPLINGS = (0, 1, 2)
FACES = 10
HEIGHT, WIDTH = 96, 112


def _scene(seed: int) -> NDArray[np.uint8]:
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (7, 9, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(np.int16)
    return np.clip(smooth + chance.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)


def _camera(box: Box, face: int, quality: int, sampling: int) -> Photo:
    """The photo as a camera writes it, with one of the faces below the box."""
    pixels = _scene(0).copy()
    pixels[box.slices] = _scene(1 + face)[box.slices]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=sampling)
    return images.read(file.getvalue())


def _published(photo: Photo) -> NDArray[np.uint8]:
    return images.read(images.encode(bare(photo), images.WriteOptions("jpeg", metadata="none"))).pixels


def table() -> dict[str, tuple[int, int]]:
    """For a plain box and for redact: of how many photos the face is told, and of how many there are."""
    registry = Registry.of(faceedit_redact)
    rules = parse_recipe("faceedit: 1\nsteps: [{effect: redact}]\n", registry)
    known = painted_photo(HEIGHT, WIDTH).faces
    box = known[0].box.scaled(1.3).clipped(HEIGHT, WIDTH)

    def plain(photo: Photo) -> Photo:
        pixels = photo.pixels.copy()
        pixels[box.slices] = 0
        return photo.replaced(pixels=pixels)

    def redacted(photo: Photo) -> Photo:
        return edit(photo.replaced(faces=known), rules, registry).photo

    found = {}
    for name, cover in (("a plain box", plain), ("redact", redacted)):
        told = photos = 0
        for quality in QUALITIES:
            for sampling in SAMPLINGS:
                made = [_published(cover(_camera(box, face, quality, sampling))) for face in range(FACES)]
                for face, published in enumerate(made):
                    distances = [int((one != published).sum()) for one in made]
                    told += distances.count(0) == 1 and distances[face] == 0
                    photos += 1
        found[name] = told, photos
    return found
