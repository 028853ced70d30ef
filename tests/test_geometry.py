"""Boxes and crops: literals for what they are, hypothesis for what must hold for all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceedit.geometry import Box, Crop, Frame, oval

edges = st.integers(-300, 300)
boxes = st.builds(Box, edges, edges, edges, edges)
solid = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), edges, edges, st.integers(1, 200), st.integers(1, 200))
crops = st.builds(
    Crop, st.floats(-500, 500), st.floats(-500, 500), st.floats(0.5, 2000), st.floats(-720, 720, allow_subnormal=False)
)
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def pixels(box: Box) -> set[tuple[int, int]]:
    return {(x, y) for x in range(box.left, box.right) for y in range(box.top, box.bottom)}


def test_a_box_is_half_open() -> None:
    box = Box(10, 20, 40, 60)
    assert (box.width, box.height, box.area, box.center) == (30, 40, 1200, (25.0, 40.0))
    assert box.contains(10, 20)
    assert not box.contains(40, 59)
    assert not box.contains(39, 60)


def test_an_inside_out_box_is_empty() -> None:
    assert (Box(5, 5, 2, 9).width, Box(5, 9, 8, 5).height, Box(5, 9, 2, 5).area) == (0, 0, 0)


def test_slices_cut_the_box_out_of_an_array() -> None:
    picture = np.arange(20).reshape(4, 5)
    assert picture[Box(1, 2, 3, 4).slices].tolist() == [[11, 12], [16, 17]]


def test_a_box_stands_in_reports_as_left_top_right_bottom() -> None:
    assert Box(1, 2, 3, 4).as_list() == [1, 2, 3, 4]


def test_a_box_seen_from_a_window_cuts_the_same_pixels_out_of_the_windows() -> None:
    pixels, window, box = np.arange(48).reshape(6, 8), Box(2, 1, 7, 5), Box(3, 2, 6, 4)
    assert np.array_equal(pixels[window.slices][box.seen_from(window).slices], pixels[box.slices])


def test_growing_is_outwards_on_each_side_and_scaling_about_the_middle() -> None:
    assert Box(10, 20, 30, 40).grown(3) == Box(7, 17, 33, 43)
    assert Box(10, 20, 30, 40).scaled(1.5) == Box(5, 15, 35, 45)
    assert Box(0, 0, 3, 3).scaled(1.3) == Box(-1, -1, 4, 4)  # outwards, never inwards


def test_iou_of_halves_is_a_third_and_of_empty_boxes_nothing() -> None:
    assert Box(0, 0, 2, 2).iou(Box(1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert Box(0, 0, 0, 0).iou(Box(0, 0, 0, 0)) == 0


small = st.integers(-6, 12)
small_boxes = st.builds(Box, small, small, small, small)


@given(small_boxes, small_boxes)
def test_intersection_is_that_of_the_pixels(one: Box, other: Box) -> None:
    assert pixels(one.intersection(other)) == pixels(one) & pixels(other)
    assert one.intersection(other).area == len(pixels(one) & pixels(other))


@given(small_boxes, st.integers(1, 8), st.integers(1, 8))
def test_clipping_keeps_just_the_pixels_inside_the_photo(box: Box, height: int, width: int) -> None:
    clipped = box.clipped(height, width)
    assert pixels(clipped) == pixels(box) & pixels(Box(0, 0, width, height))
    assert min(clipped.left, clipped.top) >= 0
    assert max(clipped.left, clipped.right) <= width
    assert max(clipped.top, clipped.bottom) <= height


@given(solid, solid)
def test_iou_is_symmetric_and_one_only_for_the_same_box(one: Box, other: Box) -> None:
    assert one.iou(other) == other.iou(one)
    assert 0 <= one.iou(other) <= 1
    assert (one.iou(other) == 1) == (one == other)


@given(solid, st.floats(1, 4))
def test_a_box_scaled_up_holds_the_box(box: Box, factor: float) -> None:
    larger = box.scaled(factor)
    assert box.intersection(larger) == box
    assert larger.width >= box.width * factor - 1e-6


def test_an_upright_crop_is_its_square() -> None:
    crop = Crop(50, 40, 20)
    assert crop.bounds() == Box(40, 30, 60, 50)
    assert crop.to_photo(np.array([[0.0, 0.0], [1.0, 0.5]])).tolist() == [[40, 30], [60, 40]]


def test_a_crop_turned_by_90_degrees_has_its_top_on_the_right() -> None:
    crop = Crop(50, 40, 20, angle=90)
    np.testing.assert_allclose(crop.to_photo(np.array([[0.5, 0.0], [0.0, 0.5]])), [[60, 40], [50, 30]], atol=1e-9)
    assert crop.bounds() == Box(40, 30, 60, 50)


def test_the_bounds_of_a_crop_on_its_corner_are_the_diagonal_wide() -> None:
    assert Crop(0, 0, 10, angle=45).bounds() == Box(-8, -8, 8, 8)


@given(crops)
def test_there_and_back_is_the_same_point(crop: Crop) -> None:
    points = np.vstack([CORNERS, [[0.3, 0.7], [-1.0, 2.5]]])
    np.testing.assert_allclose(crop.to_crop(crop.to_photo(points)), points, atol=1e-6)


@given(crops)
def test_the_middle_of_a_crop_is_where_it_says(crop: Crop) -> None:
    np.testing.assert_allclose(crop.to_photo(np.array([[0.5, 0.5]])), [[crop.x, crop.y]], atol=1e-6)


@given(crops)
def test_a_crop_keeps_lengths_whatever_its_angle(crop: Crop) -> None:
    a, b, c, d = crop.to_photo(CORNERS)
    for one, other in ((a, b), (a, c), (b, d), (c, d)):
        assert np.hypot(*(one - other)) == pytest.approx(crop.side)


def test_some_cells_of_a_crop_lie_in_the_box_around_them() -> None:
    crop = Crop(50, 40, 20)  # from (40, 30) to (60, 50), in four cells of five pixels
    assert crop.around(slice(1, 2), slice(0, 3), 4) == Box(40, 35, 55, 40)
    turned = Crop(50, 40, 20, 90).around(slice(0, 4), slice(0, 1), 4)
    assert turned.width * turned.height == 20 * 5


@given(crops)
def test_the_bounds_hold_the_crop_and_are_tight(crop: Crop) -> None:
    corners, box = crop.to_photo(CORNERS), crop.bounds()
    low, high = corners.min(0), corners.max(0)
    assert (np.array([box.left, box.top]) <= low + 1e-5).all()
    assert (np.array([box.right, box.bottom]) >= high - 1e-5).all()
    assert ((low - [box.left, box.top]) < 1.001).all()
    assert (([box.right, box.bottom] - high) < 1.001).all()


def spread(x: float, y: float, width: float) -> np.ndarray:
    """Points spread over a part `width` wide."""
    return np.array([(x + step * width / 10, y) for step in range(-5, 6)])


@pytest.mark.parametrize("tilt", [-50, 0, 35])
def test_a_frame_turns_with_the_face(tilt: float) -> None:
    turn = np.radians(tilt)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    eyes = {1: spread(60, 40, 20) @ turned, -1: spread(0, 40, 20) @ turned}
    frame = Frame.of(eyes, spread(30, 100, 30) @ turned, angle=0.0)
    assert frame is not None
    assert frame.across @ turned[0] == pytest.approx(1)
    assert frame.down @ turned[1] == pytest.approx(1)
    assert frame.height == pytest.approx(60)
    left, right = frame.eyes
    assert (left.side, right.side) == (1, -1)
    assert (left.outer - left.inner) @ frame.across == pytest.approx(20, abs=3)
    assert (right.outer - right.inner) @ frame.across == pytest.approx(-20, abs=3)


def test_an_eye_seen_from_the_side_counts_less() -> None:
    frame = Frame.of({1: spread(60, 40, 8), -1: spread(0, 40, 20)}, spread(20, 100, 30), angle=0.0)
    assert frame is not None
    assert [eye.seen for eye in frame.eyes] == pytest.approx([0.4, 1])


def test_one_eye_is_enough_for_a_frame_and_no_mouth_is_not() -> None:
    one = {1: spread(60, 40, 20), -1: np.empty((0, 2))}
    frame = Frame.of(one, spread(30, 100, 30), angle=0.0)
    assert frame is not None
    assert (len(frame.eyes), frame.across.tolist(), frame.height) == (1, [1, 0], 60)
    assert Frame.of(one, np.empty((0, 2)), angle=0.0) is None
    assert Frame.of({1: np.empty((0, 2)), -1: np.empty((0, 2))}, spread(30, 100, 30), angle=0.0) is None


def test_an_oval_is_a_hill_with_two_widths_and_another_below() -> None:
    hill = oval((101, 101), np.array([50.0, 50.0]), np.array([1.0, 0.0]), 20, 10, below=5)
    one = float(np.exp(-0.5))
    expected = [1, one, one, one]
    assert [hill[50, 50], hill[50, 70], hill[40, 50], hill[55, 50]] == pytest.approx(expected, abs=1e-5)
