"""Labels at photo size from boundary cells alone, and masks that fade out at the crop's end."""

import dataclasses
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from faceedit.geometry import Box, Crop
from faceedit.labels import ID, PARTS
from faceedit.photo import FADE, Face, FaceMap
from faceedit.region import Region
from faceedit.winners import LARGE, winners

WINDOW = Box(3, -2, 50, 33)
NEARLY_ONE = (1 + 1e-9, 1 - 1e-9)
HAIR = frozenset(["hair"])


def upsampled(planes: NDArray[np.float64], crop: Crop, window: Box) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """All planes at all pixels, (k, h, w), and whether a pixel lies within the crop: the naive way."""
    _, height, width = planes.shape
    y, x = np.mgrid[: window.height, : window.width]
    matrix = crop.inverse() * np.array([[width], [height]])
    matrix[:, 2] += matrix[:, :2] @ (window.left + 0.5, window.top + 0.5) + 0.5
    across, down = (row[0] * x + (row[1] * y + row[2]) for row in matrix)
    inside = (across >= 0.5) & (across < width + 0.5) & (down >= 0.5) & (down < height + 0.5)
    column, row = (np.clip(np.floor(place), 0, end).astype(int) for place, end in ((across, width), (down, height)))
    samples = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    left, right = (
        samples[:, row, column + step]
        + (samples[:, row + 1, column + step] - samples[:, row, column + step]) * (down - row)
        for step in (0, 1)
    )
    return left + (right - left) * (across - column), inside


def naive(planes: NDArray[np.float64], crop: Crop, window: Box) -> NDArray[np.uint8]:
    values, inside = upsampled(planes, crop, window)
    return np.where(inside, values.argmax(0), 0).astype(np.uint8)


@st.composite
def maps(draw: st.DrawFn) -> NDArray[np.float64]:
    """Maps of few or many classes, rough or smooth, with exact ties (whole numbers) or without."""
    shape = (draw(st.integers(1, 19)), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    planes = random.normal(0, draw(st.sampled_from([0.01, 1, 300])), shape)
    if draw(st.booleans()):
        planes = np.round(planes)
    if draw(st.booleans()):  # whole areas of one winner, as in real maps
        planes[:, : shape[1] // 2] = planes[:, :1]
    return planes.astype(np.float16).astype(np.float64)


crops = st.builds(
    Crop,
    st.floats(0, 50) | st.integers(0, 50).map(float),
    st.floats(0, 40) | st.integers(0, 40).map(float),
    st.floats(0.3, 90) | st.integers(1, 90).map(float),
    st.floats(-180, 180) | st.just(0.0),
)


@settings(max_examples=300, deadline=None)
@given(maps(), crops, st.sampled_from([0, LARGE]))
@example(np.array([[[0.0]], [[0.5]]]), Crop(3.0, 0.0, 1.0, 90.0), 0)  # a pixel on the very border of a quarter turn
def test_boundary_labels_are_identical_to_upsample_then_argmax(
    planes: NDArray[np.float64], crop: Crop, large: int
) -> None:
    with mock.patch("faceedit.winners.LARGE", large):  # 0: cell by cell, as for large windows
        same = winners(planes, crop, WINDOW) == naive(planes, crop, WINDOW)
    # Turned by quarters, a pixel on the very border of the crop may count as within or as beyond it.
    assert (same | on_border(crop, WINDOW)).all()


def on_border(crop: Crop, window: Box) -> NDArray[np.bool_]:
    y, x = np.mgrid[: window.height, : window.width]
    points = np.stack([x + window.left + 0.5, y + window.top + 0.5], -1).reshape(-1, 2)
    near = np.abs(np.abs(crop.to_crop(points) - 0.5) - 0.5).min(-1) < 1e-9
    return near.reshape(y.shape) & (crop.angle % 90 == 0)


@settings(max_examples=60, deadline=None)
@given(maps(), crops, st.sampled_from([90.0, 180.0, 270.0, -90.0]))
def test_boundary_labels_of_quarter_turns_differ_in_rounding_only(
    planes: NDArray[np.float64], crop: Crop, angle: float
) -> None:
    crop = dataclasses.replace(crop, angle=angle)
    values, _ = upsampled(planes, crop, WINDOW)
    expected = naive(planes, crop, WINDOW)
    with mock.patch("faceedit.winners.LARGE", 0):
        got = winners(planes, crop, WINDOW)
    y, x = np.nonzero(got != expected)
    lead = values[expected[y, x], y, x] - values[got[y, x], y, x]
    wide, narrow = (upsampled(planes, dataclasses.replace(crop, side=crop.side * by), WINDOW)[1] for by in NEARLY_ONE)
    on_border = (wide != narrow)[y, x]
    assert (on_border | (np.abs(lead) <= 1e-9 * max(1, np.abs(planes).max()))).all()


def test_a_class_that_wins_only_between_the_corners_is_found() -> None:
    planes = np.array([[[10.0, 0.0]], [[0.0, 10.0]], [[9.0, 9.0]]])
    assert winners(planes, Crop(10, 10, 20), Box(0, 9, 20, 10)).tolist() == [[0] * 6 + [2] * 8 + [1] * 6]


def test_of_equal_planes_the_first_wins() -> None:
    planes = np.ones((3, 2, 2))
    assert not winners(planes, Crop(4, 4, 8), Box(0, 0, 8, 8)).any()


def test_pixels_beyond_the_crop_are_background() -> None:
    planes = np.zeros((3, 2, 2))
    planes[2] = 1
    assert winners(planes, Crop(2, 1, 2), Box(0, 0, 4, 3)).tolist() == [[0, 2, 2, 0], [0, 2, 2, 0], [0, 0, 0, 0]]


def test_an_empty_window_has_no_labels() -> None:
    assert winners(np.ones((3, 2, 2)), Crop(4, 4, 8), Box(5, 5, 5, 9)).shape == (4, 0)


def all_hair(crop: Crop, shape: tuple[int, int] | None) -> FaceMap:
    logits = np.full((len(PARTS), 16, 16), -20, np.float16)
    logits[ID["hair"]] = 20
    return FaceMap(logits, crop, shape)


def test_a_mask_fades_out_towards_an_end_of_the_crop_within_the_photo() -> None:
    mask = all_hair(Crop(100, 100, 100), (200, 200)).fading(HAIR, Box(0, 100, 200, 101))[0]
    assert mask[50] < 0.05
    assert mask[149] < 0.05
    assert (np.diff(mask[50:60]) >= 0).all()
    assert (mask[50 + round(100 * FADE) + 1 : 149 - round(100 * FADE)] > 0.999).all()


def test_a_mask_does_not_fade_at_the_photos_border() -> None:
    for x, side in ((50, 100), (40, 100), (48, 100)):  # the crop ends at the border, or beyond it
        mask = all_hair(Crop(x, 100, side), (200, 200)).fading(HAIR, Box(0, 100, 200, 101))[0]
        assert mask[0] > 0.999
        assert mask[round(x + side / 2) - 1] < 0.05


def test_a_tilted_crop_fades_on_all_sides_within_the_photo() -> None:
    mask = all_hair(Crop(100, 100, 80, 45), (200, 200)).fading(HAIR, Box(0, 0, 200, 200))
    half = 80 / np.sqrt(2)
    ends = [(100, 100 - half), (100, 100 + half), (100 - half, 100), (100 + half, 100)]
    assert all(mask[min(int(y), 199), min(int(x), 199)] < 0.05 for x, y in ends)
    assert mask[100, 100] > 0.999


def test_masks_that_are_not_asked_to_fade_do_not() -> None:
    face_map = all_hair(Crop(100, 100, 100), (200, 200))
    assert face_map.mask(HAIR, Box(50, 100, 150, 101)).min() > 0.999


def test_a_map_that_knows_no_photo_fades_nowhere() -> None:
    assert all_hair(Crop(100, 100, 100), None).fading(HAIR, Box(50, 100, 150, 101)) is None


def test_a_faded_part_and_the_faded_rest_still_add_up_to_one() -> None:
    face_map = all_hair(Crop(100, 100, 100), (200, 200))
    window = Box(40, 40, 160, 160)
    face = Face(0, Box(75, 75, 125, 125), 1.0, face_map, (200, 200))
    region = Region(np.zeros((120, 120, 3), np.float32), window, face.box, (face,))
    rest = " | ".join(sorted(set(PARTS) - HAIR))
    assert 0.1 < region.mask("hair")[12, 60] < 0.9  # a gradual end, however steep the part's own edges are made
    total = region.mask("hair") + region.mask(rest)
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("crop", [Crop(60, 60, 100), Crop(60, 60, 90, 20)])
def test_labels_do_not_fade(crop: Crop) -> None:
    face_map = all_hair(crop, (120, 120))
    face = Face(0, Box(40, 40, 80, 80), 1.0, face_map, (120, 120))
    assert np.array_equal(face_map.labels(face.window) == ID["hair"], face_map.mask(HAIR, face.window) > 0.5)
