"""What an effect sees and how its result is laid back: bit for bit where the mask is 0."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from faceedit.errors import UnknownPart
from faceedit.geometry import Box, Crop
from faceedit.labels import ID
from faceedit.photo import FaceMap, Finding, Photo
from faceedit.region import Float, Region, Result, as_float, effect, inspector, lay_back
from faceedit.testing import painted_photo

shares = hnp.arrays(np.float32, (5, 4), elements=st.sampled_from([0, 1, 0.5]) | st.floats(0, 1, width=32))
results = hnp.arrays(np.float32, (5, 4, 3), elements=st.floats(-2, 3, width=32))
pictures = hnp.arrays(np.uint8, (5, 4, 3)) | hnp.arrays(np.uint16, (5, 4, 3))


def region_of(photo: Photo, *, on: str = "", **step: float) -> Region:
    face = photo.faces[0]
    return Region(as_float(photo.pixels[face.window.slices]), face.window, face.box, (face,), on=on, **step)


@pytest.fixture
def face() -> Region:
    return region_of(painted_photo(200, 200))


@given(pictures, results, shares)
def test_where_the_mask_is_zero_every_sample_keeps_its_value(before: NDArray, result: Float, mask: Float) -> None:
    after = lay_back(before, result, mask)
    assert after.dtype == before.dtype
    assert np.array_equal(after[mask == 0], before[mask == 0])


@given(pictures, results, shares)
def test_where_the_mask_is_one_the_result_counts_alone(before: NDArray, result: Float, mask: Float) -> None:
    top = np.iinfo(before.dtype).max
    expected = np.rint(np.clip(result, 0, 1) * np.float32(top))
    after = lay_back(before, result, mask)
    assert np.array_equal(after[mask == 1], expected.astype(before.dtype)[mask == 1])


@given(pictures, shares)
def test_an_effect_that_changes_nothing_changes_nothing_through_any_mask(before: NDArray, mask: Float) -> None:
    assert np.array_equal(lay_back(before, as_float(before), mask), before)


@given(pictures, results, shares)
def test_a_blend_lies_between_the_two(before: NDArray, result: Float, mask: Float) -> None:
    after = as_float(lay_back(before, result, mask))
    was, wanted = as_float(before), np.clip(result, 0, 1)
    near = 1 / np.iinfo(before.dtype).max
    assert (after >= np.minimum(was, wanted) - near).all()
    assert (after <= np.maximum(was, wanted) + near).all()


def test_half_of_white_over_black_is_half_the_light_and_half_the_opacity() -> None:
    white, half = np.ones((1, 1, 3), np.float32), np.full((1, 1), 0.5, np.float32)
    assert lay_back(np.zeros((1, 1, 3), np.uint8), white, half).tolist() == [[[188, 188, 188]]]
    assert lay_back(np.zeros((1, 1, 3), np.uint16), white, half).tolist() == [[[48192, 48192, 48192]]]
    assert lay_back(np.zeros((1, 1, 1), np.uint8), white[..., :1], half).tolist() == [[[128]]]


def test_the_faintest_mask_counts() -> None:
    white, faint = np.ones((1, 1, 3), np.float32), np.full((1, 1), 0.001, np.float32)
    assert lay_back(np.zeros((1, 1, 3), np.uint16), white, faint).tolist() == [[[847, 847, 847]]]


def test_neither_input_of_laying_back_is_modified() -> None:
    before, result, mask = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 5, np.float32), np.eye(2, dtype=np.float32)
    lay_back(before, result, mask)
    assert (before.max(), result.min(), mask.tolist()) == (0, 5, [[1, 0], [0, 1]])


def test_eight_and_sixteen_bits_become_the_same_floats() -> None:
    assert as_float(np.array([0, 51, 255], np.uint8)).tolist() == pytest.approx([0, 0.2, 1])
    assert as_float(np.array([0, 13107, 65535], np.uint16)).tolist() == pytest.approx([0, 0.2, 1])


def test_an_effect_cannot_write_into_its_region(face: Region) -> None:
    with pytest.raises(ValueError, match="read-only"):
        face.pixels[:] = 0


def test_a_mask_covers_its_part_and_little_else(face: Region) -> None:
    hair, lips = face.mask("hair"), face.mask("lips")
    assert (hair.shape, hair.dtype) == (face.shape, np.float32)
    assert hair[80, 57] == 1  # beside the cheek, above the ear
    assert lips[150:, :].max() == 0
    assert not np.logical_and(hair > 0.5, lips > 0.5).any()


def test_masks_are_exactly_zero_far_from_their_part(face: Region) -> None:
    lips = face.mask("lips")
    rows, columns = np.nonzero(lips)
    assert (rows.min() > 115, rows.max() < 145, columns.min() > 75, columns.max() < 125) == (True, True, True, True)


def test_growing_moves_the_edge_outwards_by_a_share_of_the_faces_width(face: Region) -> None:
    plain, grown, shrunk = (face.mask("skin | nose | mouth | lips", grow=g) > 0.5 for g in (0, 0.1, -0.1))
    width = [int(mask[118].sum()) for mask in (shrunk, plain, grown)]  # below the nose, above the mouth
    assert face.width_px == 100
    assert width[2] - width[1] == pytest.approx(20, abs=3)
    assert width[1] - width[0] == pytest.approx(20, abs=3)
    assert (plain & ~grown).sum() == 0


def test_feathering_softens_the_edge_and_reaches_no_further_than_three_sigma(face: Region) -> None:
    hard, soft = face.mask("nose"), face.mask("nose", feather=0.05)
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 3 * ((hard > 0.05) & (hard < 0.95)).sum()
    rows = np.flatnonzero(soft.any(1))
    assert rows.min() >= np.flatnonzero(hard.any(1)).min() - 17
    assert 0 <= soft.min() <= soft.max() <= 1


def test_an_edge_that_is_not_drawn_is_the_models_own_and_as_large(face: Region) -> None:
    drawn, plain = face.mask("hair"), face.mask("hair", drawn=False)
    assert not np.array_equal(drawn, plain)
    assert plain.sum() == pytest.approx(drawn.sum(), rel=0.03)


def test_an_edge_moved_far_need_not_be_drawn_first(face: Region) -> None:
    assert np.array_equal(face.mask("hair", grow=0.06), face.mask("hair", grow=0.06, drawn=False))
    assert not np.array_equal(face.mask("hair", grow=0.01), face.mask("hair", grow=0.01, drawn=False))


def test_a_mask_that_grows_ends_gradually_where_the_crop_ends_within_the_photo() -> None:
    photo = painted_photo(200, 200)
    face = photo.faces[0]
    logits = np.full(face.map.logits.shape, -20, np.float16)
    logits[ID["hair"]] = 20
    hairy = dataclasses.replace(face, map=FaceMap(logits, Crop(100, 100, 100), (200, 200)))
    region = Region(as_float(photo.pixels), photo.box, photo.box, (hairy,))
    for share in (0.0, 0.03, 0.1):
        along = region.mask("hair", grow=share)[100]
        assert (along[100], along[:50].max(), along[150:].max()) == (1, 0, 0)
        assert 0 < along[51] < 0.2
        assert (np.diff(along[50:100]) >= 0).all()
    np.testing.assert_allclose(region.mask("background") + region.mask("hair"), 1, atol=1e-6)


def test_lengths_are_shares_so_that_one_recipe_fits_all_sizes() -> None:
    shares = []
    for size in (200, 400):
        region = region_of(painted_photo(size, size))
        shares.append(float((region.mask("lips", grow=0.05) > 0.5).mean()))
    assert shares[0] == pytest.approx(shares[1], rel=0.05)


def test_what_the_step_works_on_is_its_own_mask(face: Region) -> None:
    step = dataclasses.replace(face, on="hair", grow=0.02, feather=0.01)
    assert np.array_equal(step.selected, face.mask("hair", grow=0.02, feather=0.01))
    assert face.selected.max() == 0  # nothing said


def test_a_mask_handed_out_can_be_changed_without_harm(face: Region) -> None:
    first = face.mask("hair")
    first[:] = 7
    assert face.mask("hair").max() == 1


def test_an_unknown_part_is_refused(face: Region) -> None:
    with pytest.raises(UnknownPart, match="lips"):
        face.mask("lip")


def test_a_mask_of_several_faces_holds_each_of_them() -> None:
    photo = painted_photo(200, 400, faces=2)
    region = Region(as_float(photo.pixels), photo.box, photo.box, photo.faces)
    hair = region.mask("hair") > 0.5
    assert hair[:, :200].sum() > 500
    assert hair[:, 200:].sum() > 500


def test_the_background_of_several_faces_is_what_none_of_them_covers() -> None:
    photo = painted_photo(200, 400, faces=2)
    region = Region(as_float(photo.pixels), photo.box, photo.box, photo.faces)
    background, person = region.mask("background"), region.mask("person")
    assert (background[100, 100], background[100, 300], background[2, 2], background[100, 200]) == (0, 0, 1, 1)
    np.testing.assert_allclose(background + person, 1, atol=0.05)


def test_the_background_goes_on_beyond_the_faces_window() -> None:
    photo = painted_photo(300, 300, face_px=60)
    region = Region(as_float(photo.pixels), photo.box, photo.faces[0].box, photo.faces)
    assert region.mask("background")[5, 5] == 1
    assert region.mask("person")[5, 5] == 0


def test_a_region_without_a_face_has_an_empty_mask() -> None:
    blind = Region(np.zeros((10, 12, 3), np.float32), Box(0, 0, 12, 10), Box(2, 2, 8, 9), on="background")
    assert blind.mask("background").tolist() == np.zeros((10, 12)).tolist()
    assert (blind.selected.max(), blind.angle, blind.width_px) == (0, 0, 6)


def test_eyes_are_where_the_model_sees_them_in_the_windows_own_pixels() -> None:
    photo = painted_photo(300, 400, face_px=100)
    region = region_of(photo)
    left, right = region.eyes
    assert (left[0] + region.window.left, left[1] + region.window.top) == pytest.approx((218, 142), abs=1)
    assert right[0] < left[0]


def test_the_eyes_of_a_blind_region_are_guessed_from_the_box() -> None:
    blind = Region(np.zeros((100, 100, 3), np.float32), Box(50, 60, 150, 160), Box(70, 70, 120, 120))
    assert blind.eyes == ((pytest.approx(55), pytest.approx(30)), (pytest.approx(35), pytest.approx(30)))
    assert blind.center("nose") is None


@effect(on="{scope} - eyes", grow=0.01, feather=0.02)
def shade(region: Region, *, scope: str = "face", amount: float = 0.5) -> Float:  # noqa: ARG001 - read in `on`
    """Darken."""
    return region.pixels * (1 - amount) * region.selected[..., None]


def test_an_effect_knows_its_name_its_text_and_its_parts() -> None:
    assert (shade.name, shade.doc, shade.scope, shade.blind) == ("shade", "Darken.", "face", False)
    assert shade.parts({}) == "face - eyes"
    assert shade.parts({"scope": "hair"}) == "hair - eyes"
    assert shade.parts({"scope": "hair"}, "lips") == "lips"


def test_an_effect_called_by_itself_works_on_its_own_choice(face: Region) -> None:
    expected = face.pixels * 0.5 * face.mask("hair - eyes", grow=0.01, feather=0.02)[..., None]
    assert np.array_equal(shade(face, scope="hair"), expected)


def test_an_effect_called_by_the_host_works_on_the_steps_choice(face: Region) -> None:
    step = dataclasses.replace(face, on="lips", feather=0.03)
    assert np.array_equal(shade(step), face.pixels * 0.5 * face.mask("lips", feather=0.03)[..., None])


def test_an_effect_and_an_inspector_may_have_another_name() -> None:
    @inspector("crowd", "pair")
    def people(photo: Photo) -> list[Finding]:
        return [Finding("crowd", details={"faces": len(photo.faces)})]

    assert effect(name="shade_hard")(shade.function).name == "shade_hard"
    assert (people.name, people.kinds) == ("people", ("crowd", "pair"))
    assert people(painted_photo(64, 64))[0].details == {"faces": 1}


def test_a_result_says_nothing_unless_told() -> None:
    result = Result()
    assert (result.pixels, result.alpha, dict(result.extras), result.findings) == (None, None, {}, ())
