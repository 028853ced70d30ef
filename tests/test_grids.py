"""Grids at other sizes and places, against Pillow's own averaging and bilinear reading."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from faceedit.geometry import Box, Crop
from faceedit.grids import Float, resized, warp, warp_outer

SIDES = st.integers(1, 40)


def plane(width: int, height: int) -> Float:
    return np.random.default_rng(width + 100 * height).random((height, width), dtype=np.float32)


@given(SIDES, SIDES, st.integers(1, 5), st.integers(1, 5))
@settings(deadline=None)
def test_smaller_grids_hold_means_and_larger_ones_are_read_bilinearly(
    width: int, height: int, across: int, down: int
) -> None:
    small, large = plane(width, height), plane(width * across, height * down)
    cells = large.reshape(height, down, width, across)
    np.testing.assert_allclose(resized(large, (width, height)), cells.mean((1, 3)), atol=1e-6)
    size = (width * across, height * down)
    read = np.asarray(Image.fromarray(small).resize(size, Image.Resampling.BILINEAR))
    np.testing.assert_allclose(resized(small, size), read, atol=1e-6)


@given(SIDES, SIDES, SIDES, SIDES)
@settings(deadline=None)
def test_channels_are_resized_as_planes_are(width: int, height: int, to_width: int, to_height: int) -> None:
    planes = [plane(width, height), 1 - plane(width, height)]
    size = (to_width, to_height)
    together = resized(np.dstack(planes), size)
    assert together.shape == (to_height, to_width, 2)
    np.testing.assert_allclose(together, np.dstack([resized(each, size) for each in planes]), atol=1e-6)


@given(st.floats(-20, 60), st.floats(4, 90), st.integers(-15, 15), st.integers(16, 70))
@settings(deadline=None)
def test_upright_crops_are_read_as_tilted_ones_are(place: float, side: float, start: int, stop: int) -> None:
    window, values = Box(start, start - 3, stop, stop + 5), plane(24, 24)
    upright, tilted = (warp(values, Crop(place, place + 7, side, angle), window) for angle in (0.0, 1e-9))
    assert upright.shape == tilted.shape
    # At the crop's very edge a rounding decides whether a pixel lies within.
    assert np.sum(np.abs(upright - tilted) > 1e-4) <= 2 * (window.height + window.width)
    assert np.median(np.abs(upright - tilted)) < 1e-5


def test_nothing_is_seen_beyond_a_crop() -> None:
    seen = warp(np.ones((8, 8), np.float32), Crop(16, 16, 16), Box(0, 0, 32, 32))
    assert seen[8:24, 8:24].min() == 1
    assert seen.sum() == 16 * 16
    assert warp(np.ones((8, 8), np.float32), Crop(16, 16, 16), Box(0, 0, 0, 9)).shape == (9, 0)


@given(st.floats(-20, 60), st.floats(4, 90), st.sampled_from([0.0, 20.0, 90.0]), st.integers(-15, 15))
@settings(deadline=None)
def test_a_product_of_two_edges_is_read_as_its_plane_is(place: float, side: float, angle: float, start: int) -> None:
    down, across = plane(1, 24)[:, 0], plane(24, 1)[0]
    crop, window = Crop(place, place + 7, side, angle), Box(start, start - 3, start + 40, start + 30)
    whole = warp(np.outer(down, across), crop, window)
    np.testing.assert_allclose(warp_outer(down, across, crop, window), whole, atol=1e-6)
