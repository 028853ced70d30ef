"""Soft edges: filters that follow the photo, opacity against known composites, colours without the background."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceedit import matte
from faceedit.matte.filters import solved_3x3

RED, BLUE = np.array([0.8, 0.2, 0.1], np.float32), np.array([0.1, 0.3, 0.9], np.float32)


def disc(size: int = 96, radius: float = 30) -> matte.Plane:
    """A disc with an edge one pixel soft."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)


def strands(size: int = 96) -> matte.Plane:
    """A solid half with thin hairs of half opacity that stand out of it."""
    opacity = np.zeros((size, size), np.float32)
    opacity[size // 2 :] = 1
    opacity[size // 2 - 8 : size // 2, ::6] = 0.6
    return opacity


def mixed(opacity: matte.Plane, front: matte.Channels = RED, back: matte.Channels = BLUE) -> matte.Channels:
    noise = np.random.default_rng(0).normal(0, 0.01, (*opacity.shape, 3)).astype(np.float32)
    return np.clip(opacity[..., None] * front + (1 - opacity)[..., None] * back + noise, 0, 1)


@pytest.mark.parametrize("thick", [1, 2, 4, 8])
@pytest.mark.parametrize("far", [11, 24, 60, 100])
def test_a_thin_part_grows_as_far_beside_a_thick_one(thick: int, far: int) -> None:
    mask = np.zeros((600, 600), np.float32)
    mask[100:140, 100:140] = mask[350 : 350 + thick, 100:500] = 1
    rows = np.flatnonzero(matte.grown(mask, far)[:, 300] > 0.5)
    assert rows.size == pytest.approx(thick + 2 * far, abs=max(2, far // 12))


def test_luma_weighs_green_most() -> None:
    assert matte.luma(np.eye(3, dtype=np.float32)[None]).tolist() == [pytest.approx([0.299, 0.587, 0.114])]


@pytest.mark.parametrize("colored", [True, False])
def test_a_soft_edge_beside_the_photos_edge_is_drawn_to_it(colored: bool) -> None:
    columns = np.tile(np.arange(60, dtype=np.float32), (40, 1))
    pixels, beside = mixed((columns >= 30).astype(np.float32)), matte.smoothstep(columns, 24, 42)
    drawn = matte.guided_filter(pixels if colored else matte.luma(pixels), beside, 8)
    assert np.abs(np.diff(drawn, axis=1)).mean(0).argmax() == 29
    assert np.abs(np.diff(beside, axis=1)).mean(0).argmax() > 30


def test_colors_of_one_luma_still_show_an_edge() -> None:
    truth = disc()
    equal = np.array([0.2, 0.41, 0.75], np.float32)  # the luma of RED
    pixels = mixed(truth, back=equal)
    soft = matte.blurred(truth, 3)
    errors = [np.abs(matte.guided_filter(guide, soft, 8) - truth).mean() for guide in (pixels, matte.luma(pixels))]
    assert errors[0] < 0.5 * errors[1]


def test_bounds_hold_all_that_is_positive() -> None:
    mask = np.zeros((9, 12), np.float32)
    mask[3:5, 6:11] = 0.1
    assert matte.bounds(mask) == (slice(3, 5), slice(6, 11))
    assert matte.bounds(mask, 2) == (slice(1, 7), slice(4, 12))
    assert matte.bounds(np.zeros((4, 4))) == (slice(0, 0), slice(0, 0))


def test_smoothstep_is_flat_outside_its_slope() -> None:
    values = np.array([-1, 0, 0.5, 1, 2], np.float32)
    assert matte.smoothstep(values, 0, 1).tolist() == [0, 0, 0.5, 1, 1]


def test_a_mean_is_taken_where_the_mask_is_sure() -> None:
    values = np.array([[[1.0, 10.0], [3.0, 30.0], [99.0, 99.0]]], np.float32)
    assert matte.mean_inside(values, np.array([[1, 1, 0.5]], np.float32)).tolist() == [2, 20]
    assert matte.mean_inside(values, np.array([[0.5, 0.5, 0]], np.float32)).tolist() == [2, 20]


@given(st.floats(-12, 24), st.integers(10, 30))
@settings(deadline=None)
def test_growing_moves_the_edge_by_the_distance(distance: float, radius: int) -> None:
    expected = disc(160, max(0, radius + distance))
    difference = np.abs(matte.grown(disc(160, radius), distance) - expected).sum()
    perimeter = 2 * np.pi * max(radius, radius + distance, 1)
    assert difference / perimeter < 1.5  # pixels


def test_growing_never_takes_away_and_shrinking_never_adds() -> None:
    mask = strands()
    assert (matte.grown(mask, 3) >= mask).all()
    assert (matte.grown(mask, -3) <= mask).all()


def test_an_empty_mask_stays_empty() -> None:
    empty = np.zeros((20, 30), np.float32)
    assert not matte.grown(empty, 5).any()
    assert not matte.feathered(empty, 3).any()


@given(st.floats(0.5, 12))
@settings(deadline=None)
def test_a_wide_blur_on_a_reduced_grid_agrees_with_the_plain_one(sigma: float) -> None:
    from scipy import ndimage  # noqa: PLC0415 - the oracle, wanted only here

    values = mixed(disc(120))[..., 0]
    plain = ndimage.gaussian_filter(values, sigma, mode="nearest")
    assert np.abs(matte.blurred(values, sigma) - plain).max() < 0.03


def test_nothing_bleeds_in_from_where_the_weight_is_zero() -> None:
    weight = (disc() > 0.5).astype(np.float32)
    blurred = matte.blurred(mixed(weight), 6, weight)
    assert np.abs(blurred[weight > 0] - RED).max() < 0.02


@pytest.mark.parametrize("truth", [disc(), strands()], ids=["disc", "strands"])
def test_opacity_is_found_better_than_by_the_mask(truth: matte.Plane) -> None:
    rough = matte.blurred((matte.grown(truth, -2) > 0.5).astype(np.float32), 2)
    found = matte.alpha(mixed(truth), rough, 12)
    assert np.abs(found - truth).mean() < 0.4 * np.abs((rough > 0.5) - truth).mean()
    assert found.min() >= 0
    assert found.max() <= 1


def test_where_colors_look_alike_the_mask_decides() -> None:
    truth = disc()
    found = matte.alpha(mixed(truth, back=RED), truth, 10)
    assert np.abs(found - truth).mean() < 0.01


def test_plain_edges_keep_a_narrow_band() -> None:
    rough = disc(96, 30)
    far = mixed(np.maximum(disc(96, 30), np.roll(disc(96, 4), 36, axis=1)))  # something of the same color close by
    wide, narrow = (matte.alpha(far, rough, 16, np.full((96, 96), hair, np.float32)) for hair in (1, 0))
    outside = rough == 0
    assert narrow[outside].sum() < wide[outside].sum()


def test_the_old_background_is_taken_out_of_the_colors() -> None:
    truth = matte.blurred(disc(), 3)
    pixels = mixed(truth)
    front = matte.foreground(pixels, truth)
    edge = (truth > 0.2) & (truth < 0.9)
    assert np.abs(front[edge] - RED).mean() < 0.15 * np.abs(pixels[edge] - RED).mean()


def test_opaque_colors_are_kept_exactly() -> None:
    truth = disc()
    pixels = mixed(truth)
    assert np.array_equal(matte.foreground(pixels, truth)[truth == 1], pixels[truth == 1])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 2), (40, 9)])
def test_tiny_windows_are_no_trouble(shape: tuple[int, int]) -> None:
    pixels, mask = np.full((*shape, 3), 0.5, np.float32), np.full(shape, 0.6, np.float32)
    for found in (
        matte.guided_filter(pixels, mask, 0.1),
        matte.blurred(mask, 9),
        matte.grown(mask, 5),
        matte.alpha(pixels, mask, 3),
        matte.foreground(pixels, mask)[..., 0],
    ):
        assert found.shape == shape
        assert np.isfinite(found).all()


def test_elimination_solves_every_pixels_equations() -> None:
    random = np.random.default_rng(3)
    factors, right = random.random((9, 9, 3, 3)), random.random((3, 9, 9), np.float32)
    matrix = factors @ factors.swapaxes(2, 3) + 0.1 * np.eye(3)
    upper = {(i, j): matrix[..., i, j].astype(np.float32) for i in range(3) for j in range(i, 3)}
    found = solved_3x3(upper, list(right))
    assert np.allclose(np.einsum("hwij,jhw->ihw", matrix, np.array(found)), right, atol=1e-4)
