"""Glare and tints on lenses, and what else must respect what faces wear: redaction and makeup."""

from typing import Any

import faceedit_accessories as plugin
import faceedit_makeup
import faceedit_redact
import numpy as np
import pytest
from engine_support import edited, step

from faceedit.labels import ID
from faceedit.photo import Photo
from faceedit.testing import applied, assert_only_inside_mask, painted_photo, region_of

CLEAR = {"eye_g": (190, 150, 130)}
# Where lens and forehead lie in the painted photo, and the size of a spot.
LENS, FOREHEAD, SPOT = (189, 245), (120, 200), 6


def worn(**more: Any) -> Photo:
    return painted_photo(400, 400, accessories=("eye_g",), colors=CLEAR, **more)


def lit(photo: Photo) -> Photo:
    """The photo with a white spot on a lens and one on the forehead."""
    pixels = photo.pixels.copy()
    for row, column in (LENS, FOREHEAD):
        pixels[row - SPOT : row + SPOT, column - SPOT : column + SPOT] = 255
    return photo.replaced(pixels=pixels)


def test_glare_is_dimmed_on_the_lens_and_there_alone() -> None:
    photo = lit(worn())
    after = applied(plugin.remove_glare, photo).astype(int)
    assert after[LENS].mean() < 215
    assert np.array_equal(after[FOREHEAD], photo.pixels[FOREHEAD])
    untouched = (np.abs(after - photo.pixels).max(-1) == 0).mean()
    assert untouched > 0.98


def test_a_lens_without_glare_is_as_good_as_left_alone() -> None:
    photo = worn()
    change = np.abs(applied(plugin.remove_glare, photo).astype(int) - photo.pixels).max(-1)
    assert change.max() < 15  # at the rim of an eye's white
    assert (change > 3).mean() < 0.001


@pytest.mark.parametrize("effect", [plugin.remove_glare, plugin.tint_lenses])
def test_a_face_without_glasses_is_left_alone(effect: Any) -> None:
    photo = lit(painted_photo(400, 400, accessories=("hat",)))
    assert np.array_equal(applied(effect, photo), photo.pixels)
    assert effect(region_of(photo, effect)).findings[0].details == {"missing": "eye_g"}


def test_an_amount_of_nothing_changes_nothing() -> None:
    photo = lit(worn())
    for effect in (plugin.remove_glare, plugin.tint_lenses):
        assert np.array_equal(applied(effect, photo, amount=0.0), photo.pixels)


def test_a_tint_moves_the_lens_towards_its_color() -> None:
    photo = worn()
    before, after = photo.pixels.astype(int), applied(plugin.tint_lenses, photo, color="#2040ff").astype(int)
    assert (after - before)[LENS][0] < -40
    assert (after - before)[LENS][2] > (after - before)[LENS][0] + 40
    assert np.array_equal(after[FOREHEAD], before[FOREHEAD])


@pytest.mark.parametrize("effect", [plugin.remove_glare, plugin.tint_lenses])
@pytest.mark.parametrize("tilt", [0, 25])
def test_nothing_beyond_the_mask_changes(effect: Any, tilt: float) -> None:
    assert_only_inside_mask(effect, lit(worn(tilt=tilt)))


@pytest.mark.parametrize("part", ["eye_g", "hat", "ear_r"])
def test_redaction_covers_what_a_face_wears(part: str) -> None:
    photo = painted_photo(400, 400)
    covered = edited(photo, step(faceedit_redact.redact)).covered
    assert covered is not None
    assert covered.mask[photo.labels() == ID[part]].all()


@pytest.mark.parametrize("effect", ["eye_shadow", "blush", "foundation", "eyeliner", "brows"])
def test_makeup_stays_off_glasses(effect: str) -> None:
    photo = worn()
    made_up = {each.name: each for each in faceedit_makeup.faceedit_effects()}[effect]
    lens = photo.faces[0].mask("eye_g") > 0.99
    change = np.abs(applied(made_up, photo).astype(int) - photo.pixels)[lens]
    assert (change > 6).mean() < 0.03
