"""The plugin `redact`: fills that know nothing, and blurs that do not claim to hide."""

import faceedit_redact as plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceedit.region import Effect, Result
from faceedit.testing import assert_blind, assert_only_inside_mask, painted_photo, region_of

PHOTO = painted_photo(200, 200)
LOOKS = [plugin.blur, plugin.pixelate, plugin.scramble]


def pixels(result: object) -> np.ndarray:
    assert not isinstance(result, Result)
    return np.asarray(result)


@pytest.mark.parametrize("fill", ["solid", "stripes"])
def test_redact_never_sees_what_it_covers(fill: str) -> None:
    assert_blind(plugin.redact, PHOTO, fill=fill)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_redact_fills_with_exactly_the_color(red: int, green: int, blue: int) -> None:
    fill = pixels(plugin.redact(region_of(PHOTO, plugin.redact), color=f"#{red:02x}{green:02x}{blue:02x}"))
    assert np.array_equal(np.rint(fill * 255), np.broadcast_to([red, green, blue], fill.shape))


def test_redact_is_blind_and_covers_heads_by_default() -> None:
    assert plugin.redact.blind
    assert plugin.redact.parts({}) == "head"
    assert plugin.redact.parts({"scope": "person"}) == "person"


def test_stripes_have_the_two_colors_in_equal_shares() -> None:
    fill = pixels(plugin.redact(region_of(PHOTO, plugin.redact), fill="stripes", color="#ff0000"))
    assert {tuple(color) for color in fill.reshape(-1, 3)} == {(1, 0, 0), (1, 1, 1)}
    assert 0.4 < (fill[..., 1] == 1).mean() < 0.6


def test_stripes_move_with_the_box_and_tell_nothing_else() -> None:
    wide = painted_photo(200, 220, face_px=100)
    one, other = (region_of(photo, plugin.redact) for photo in (painted_photo(200, 200, face_px=100), wide))
    assert np.array_equal(*(pixels(plugin.redact(region, fill="stripes")) for region in (one, other)))


@pytest.mark.parametrize("effect", LOOKS)
def test_looks_stay_inside_the_head(effect: Effect) -> None:
    assert_only_inside_mask(effect, PHOTO)


@pytest.mark.parametrize("effect", LOOKS)
def test_looks_say_that_they_hide_nobody(effect: Effect) -> None:
    assert "often undone" in effect.doc
    assert "use `redact`" in effect.doc


@pytest.mark.parametrize("effect", [plugin.blur, plugin.pixelate])
def test_detail_goes_and_the_mean_stays(effect: Effect) -> None:
    region = region_of(PHOTO, effect)
    after = pixels(effect(region, size=0.2))
    assert after.std() < region.pixels.std()
    assert abs(float(after.mean() - region.pixels.mean())) < 0.02


def test_blocks_are_of_one_color_each() -> None:
    region = region_of(PHOTO, plugin.pixelate)
    after = pixels(plugin.pixelate(region, size=0.1))
    block = round(0.1 * region.width_px)
    assert (after[:block, :block] == after[0, 0]).all()


def test_scrambled_pieces_are_all_still_there_elsewhere() -> None:
    region = region_of(PHOTO, plugin.scramble)
    after = pixels(plugin.scramble(region, size=0.05))
    assert (after != region.pixels).any(-1)[region.selected > 0].mean() > 0.5
    assert np.array_equal(*(np.sort(each.reshape(-1, 3), axis=0) for each in (after, region.pixels)))


def test_all_effects_are_offered() -> None:
    assert [each.name for each in plugin.faceedit_effects()] == ["redact", "blur", "pixelate", "scramble"]
