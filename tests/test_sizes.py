"""The same look at every size: lengths are shares of the face, so a photo three times as large gets the same effect."""

from dataclasses import replace

import faceedit_makeup
import faceedit_retouch
import numpy as np
import pytest
from PIL import Image

from faceedit.geometry import Box, Crop
from faceedit.photo import Photo
from faceedit.region import Effect
from faceedit.testing import applied, painted_photo

EFFECTS = [
    effect
    for effect in (*faceedit_makeup.faceedit_effects(), *faceedit_retouch.faceedit_effects())
    if isinstance(effect, Effect)
]
STRONG = {"skin_tone": {"warmth": 0.5, "lightness": 0.3, "evenness": 0.5}}
SMALL, LARGE = 240, 720


def enlarged(photo: Photo) -> Photo:
    """The same photo, `LARGE` pixels wide, with the same map."""
    factor = LARGE // SMALL
    pixels = np.asarray(Image.fromarray(photo.pixels).resize((LARGE, LARGE), Image.Resampling.BICUBIC))
    (face,) = photo.faces
    crop = Crop(face.map.crop.x * factor, face.map.crop.y * factor, face.map.crop.side * factor, face.map.crop.angle)
    box = Box(*(edge * factor for edge in face.box.as_list()))
    return Photo(pixels, faces=(replace(face, box=box, map=replace(face.map, crop=crop), photo_shape=(LARGE, LARGE)),))


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_a_photo_three_times_as_large_looks_the_same(effect: Effect) -> None:
    photo = painted_photo(SMALL, SMALL, accessories=(), tone="medium")
    options = STRONG.get(effect.name, {})
    small, large = (applied(effect, each, **options) for each in (photo, enlarged(photo)))
    reduced = np.asarray(Image.fromarray(large).resize((SMALL, SMALL), Image.Resampling.BOX)).astype(int)
    plain = np.asarray(Image.fromarray(enlarged(photo).pixels).resize((SMALL, SMALL), Image.Resampling.BOX)).astype(int)
    difference = np.abs((reduced - plain) - (small.astype(int) - photo.pixels)).max(-1)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 95) <= 2  # the rest lies on edges, which are as sharp as the pixels allow
