"""The plugin `makeup`: colours arrive, light and detail stay, nothing happens where there is nothing to paint."""

import faceedit_makeup as plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceedit.color import distance, parse, to_oklab
from faceedit.photo import Photo
from faceedit.region import Effect, Result, as_float
from faceedit.testing import Tone, applied, assert_only_inside_mask, painted_photo, region_of

TONES: tuple[Tone, ...] = ("light", "medium", "dark")
MAKEUP = [effect for effect in plugin.faceedit_effects() if isinstance(effect, Effect)]


def lab(pixels: np.ndarray) -> np.ndarray:
    return to_oklab(as_float(pixels))


def core(photo: Photo, parts: str) -> np.ndarray:
    return photo.faces[0].mask(parts) > 0.99


@pytest.mark.parametrize("effect", MAKEUP, ids=lambda effect: effect.name)
@pytest.mark.parametrize("tilt", [0, 35])
def test_each_effect_stays_inside_its_mask(effect: Effect, tilt: float) -> None:
    assert_only_inside_mask(effect, painted_photo(tilt=tilt))


@pytest.mark.parametrize("effect", MAKEUP, ids=lambda effect: effect.name)
def test_each_effect_does_something(effect: Effect) -> None:
    photo = painted_photo(300, 300, accessories=())
    assert not np.array_equal(applied(effect, photo), photo.pixels)


@pytest.mark.parametrize("effect", MAKEUP, ids=lambda effect: effect.name)
def test_a_face_without_the_part_is_left_alone_with_a_finding(effect: Effect) -> None:
    photo = painted_photo(accessories=())
    region = region_of(photo, effect)
    bare = type(region)(region.pixels, region.window, region.box, region.faces, on="hat")
    answer = effect(bare)
    assert isinstance(answer, Result)
    assert answer.pixels is None
    assert [finding.kind for finding in answer.findings] == ["nothing_to_do"]


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("color", ["#a3123b", "#c86478", "#5a1030"])
def test_opaque_lipstick_reaches_its_color_on_all_skins(tone: Tone, color: str) -> None:
    photo = painted_photo(400, 400, tone=tone)
    after = lab(applied(plugin.lipstick, photo, color=color, amount=1.0))
    assert distance(after[core(photo, "lips")].mean(0), to_oklab(parse(color))) < 0.03


def test_lipstick_keeps_the_lips_own_light() -> None:
    photo = painted_photo(400, 400, colors={"u_lip": (180, 100, 100), "l_lip": (180, 100, 100)})
    inside = core(photo, "lips")
    before, after = lab(photo.pixels)[inside], lab(applied(plugin.lipstick, photo, amount=1.0))[inside]
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.98


def test_lipstick_leaves_teeth_white() -> None:
    photo = painted_photo(400, 400)
    teeth = core(photo, "mouth")
    after = applied(plugin.lipstick, photo, amount=1.0)
    assert np.abs(after[teeth].astype(int) - photo.pixels[teeth]).max() <= 1


@given(amount=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_lipstick_moves_as_far_as_its_amount(amount: float) -> None:
    photo = painted_photo(200, 200)
    lips = core(photo, "lips")
    steps = [lab(applied(plugin.lipstick, photo, amount=share))[lips].mean(0) for share in (0, amount, 1)]
    whole = distance(steps[0], steps[2])
    assert distance(steps[0], steps[1]) == pytest.approx(amount * whole, abs=0.02)


def test_matte_is_quieter_than_gloss() -> None:
    photo = painted_photo(400, 400)
    lips = core(photo, "l_lip")
    spread = {
        finish: lab(applied(plugin.lipstick, photo, finish=finish, amount=1.0))[lips][:, 0].std()
        for finish in ("matte", "gloss")
    }
    assert spread["matte"] < spread["gloss"]
