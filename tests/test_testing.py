"""Painted faces are what they claim to be, and the checks catch what they are for."""

import numpy as np
import pytest

import faceedit
from faceedit.color import Float
from faceedit.labels import PARTS
from faceedit.testing import ACCESSORIES, applied, assert_blind, assert_only_inside_mask, painted_photo, region_of


@faceedit.effect(on="lips")
def redder(region: faceedit.Region) -> Float:
    """Make lips red."""
    return np.clip(region.pixels + np.array([0.3, 0, 0], np.float32), 0, 1)


def test_a_painted_photo_shows_all_parts() -> None:
    assert {PARTS[label] for label in np.unique(painted_photo().labels())} == set(PARTS)


def test_accessories_can_be_left_out() -> None:
    labels = {PARTS[label] for label in np.unique(painted_photo(accessories=("hat",)).labels())}
    assert set(PARTS) - labels == set(ACCESSORIES) - {"hat"}


def test_the_same_arguments_give_the_same_photo() -> None:
    one, other = painted_photo(faces=2, width=400, tilt=10), painted_photo(faces=2, width=400, tilt=10)
    assert np.array_equal(one.pixels, other.pixels)
    assert one.faces[1].box == other.faces[1].box


def test_faces_stand_side_by_side_the_largest_first() -> None:
    first, second, third = painted_photo(200, 600, faces=3).faces
    assert first.box.right <= second.box.left
    assert first.width_px > second.width_px > third.width_px


@pytest.mark.parametrize("tilt", [-30.0, 0.0, 20.0])
def test_masks_lie_where_the_paint_is(tilt: float) -> None:
    photo = painted_photo(400, 400, tilt=tilt, colors={"u_lip": (255, 0, 0), "l_lip": (255, 0, 0)})
    red = (photo.pixels[..., 0] > 150) & (photo.pixels[..., 1] < 20)
    lips = photo.faces[0].mask("lips") > 0.5
    assert (red & lips).sum() > 0.9 * (red | lips).sum()


def test_skin_tones_differ_in_lightness() -> None:
    means = [painted_photo(tone=tone).pixels.mean() for tone in ("dark", "medium", "light")]
    assert means == sorted(means)


def test_sixteen_bits_show_the_same_picture() -> None:
    deep, flat = painted_photo(depth=16).pixels, painted_photo().pixels
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - flat).max() <= 0.5


def test_an_effect_is_applied_inside_its_mask_only() -> None:
    photo = painted_photo()
    after = applied(redder, photo)
    changed = (after != photo.pixels).any(-1)
    assert changed.any()
    assert not (changed & (region_of(photo, redder).selected == 0)).any()
    assert_only_inside_mask(redder, photo)


def test_strength_zero_is_the_identity() -> None:
    photo = painted_photo()
    assert np.array_equal(applied(redder, photo, strength=0), photo.pixels)


def test_the_check_refuses_a_wrong_shape() -> None:
    @faceedit.effect()
    def half(region: faceedit.Region) -> Float:
        return region.pixels[::2]

    with pytest.raises(AssertionError, match="half returned shape"):
        assert_only_inside_mask(half, painted_photo())


def test_the_check_refuses_values_that_are_no_numbers() -> None:
    @faceedit.effect()
    def lost(region: faceedit.Region) -> Float:
        return region.pixels * np.float32("nan")

    with pytest.raises(AssertionError, match="lost returned values that are no numbers"):
        assert_only_inside_mask(lost, painted_photo())


def test_the_check_finds_a_blind_effect_that_sees() -> None:
    @faceedit.effect(blind=True)
    def peeking(region: faceedit.Region) -> Float:
        return region.pixels * np.float32(0.5)

    with pytest.raises(AssertionError, match="peeking shows what it hides"):
        assert_blind(peeking, painted_photo())
