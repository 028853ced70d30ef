"""The same look at every size: lengths are shares of the face, so a photo three times as large gets the same effect."""

import numpy as np
import pytest
from PIL import Image

from faceedit.region import Effect
from faceedit.testing import applied, painted_photo
from tests.benchmarks.alike import STRONG, effects, enlarged

SMALL, LARGE = 240, 720


@pytest.mark.parametrize("effect", effects(), ids=lambda effect: effect.name)
def test_a_photo_three_times_as_large_looks_the_same(effect: Effect) -> None:
    photo = painted_photo(SMALL, SMALL, accessories=(), tone="medium")
    options = STRONG.get(effect.name, {})
    small, large = (applied(effect, each, **options) for each in (photo, enlarged(photo, LARGE)))
    reduced = np.asarray(Image.fromarray(large).resize((SMALL, SMALL), Image.Resampling.BOX)).astype(int)
    plain = np.asarray(
        Image.fromarray(enlarged(photo, LARGE).pixels).resize((SMALL, SMALL), Image.Resampling.BOX)
    ).astype(int)
    difference = np.abs((reduced - plain) - (small.astype(int) - photo.pixels)).max(-1)
    assert difference.mean() < 0.5
    assert np.percentile(difference, 95) <= 2  # the rest lies on edges, which are as sharp as the pixels allow


@pytest.mark.parametrize("effect", effects(), ids=lambda effect: effect.name)
def test_a_photo_of_sixteen_bits_looks_the_same_and_keeps_finer_steps(effect: Effect) -> None:
    photo = painted_photo(SMALL, SMALL, accessories=())
    deep = photo.replaced(pixels=photo.pixels.astype(np.uint16) * 257)
    options = STRONG.get(effect.name, {})
    coarse, fine = (applied(effect, each, **options) for each in (photo, deep))
    changed = (coarse != photo.pixels).any(-1)
    assert np.abs(fine / 257 - coarse).max() <= 0.51
    assert not changed.any() or (fine[changed] % 257 != 0).mean() > 0.5
