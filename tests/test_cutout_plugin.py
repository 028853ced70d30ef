"""The plugin `cutout`: transparent pictures with soft edges and none of the old background."""

import faceedit_cutout as plugin
import numpy as np
import pytest

from faceedit.photo import Photo
from faceedit.region import Result
from faceedit.testing import painted_photo, region_of

GREEN = (0, 200, 0)


def cut(photo: Photo, **options: str) -> np.ndarray:
    return result(photo, **options).extras["cutout"]


def result(photo: Photo, **options: str) -> Result:
    answer = plugin.cutout(region_of(photo, plugin.cutout, **options), **options)
    assert isinstance(answer, Result)
    return answer


def test_the_photo_itself_stays_as_it_is() -> None:
    assert result(painted_photo()).pixels is None


@pytest.mark.parametrize("parts", ["head", "hair", "face", "person", "lips | eyes"])
def test_the_parts_named_are_opaque_and_the_rest_is_clear(parts: str) -> None:
    photo = painted_photo(300, 300)
    opacity = cut(photo, parts=parts, canvas="full")[..., 3] / 255
    assert np.abs(opacity - photo.faces[0].mask(parts)).mean() < 0.02


def test_transparent_pixels_are_black() -> None:
    picture = cut(painted_photo(300, 300), canvas="full")
    assert not picture[picture[..., 3] == 0].any()
    assert (picture[..., 3] == 0).any()


def test_opaque_pixels_are_those_of_the_photo() -> None:
    photo = painted_photo(300, 300)
    picture = cut(photo, canvas="full")
    opaque = picture[..., 3] == 255
    assert np.array_equal(picture[opaque][:, :3], photo.pixels[opaque])


def test_a_green_wall_leaves_no_fringe() -> None:
    picture = cut(painted_photo(400, 400, accessories=(), colors={"background": GREEN}), canvas="full")
    seen = picture[picture[..., 3] > 64].astype(int)
    assert (seen[:, 1] - seen[:, 0]).max() < 60  # the wall itself has 200


def test_trimming_ends_at_the_subject() -> None:
    picture = cut(painted_photo(400, 400, face_px=100))
    assert picture.shape[0] < 200
    for rim in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert rim[..., 3].any()


def test_a_tilted_face_is_cut_out_upright_in_the_photo() -> None:
    photo = painted_photo(300, 300, tilt=30)
    opacity = cut(photo, canvas="full")[..., 3] / 255
    assert np.abs(opacity - photo.faces[0].mask("head")).mean() < 0.02


def test_sixteen_bit_photos_give_the_same_cutout() -> None:
    deep, flat = (cut(painted_photo(depth=depth), canvas="full") for depth in (16, 8))
    over_black = [picture[..., :3] * (picture[..., 3:] / 255) for picture in (deep, flat)]
    assert np.abs(over_black[0] - over_black[1]).mean() < 0.1


def test_parts_that_are_not_there_are_a_finding() -> None:
    found = result(painted_photo(accessories=()), parts="hat")
    assert not found.extras
    assert [finding.kind for finding in found.findings] == ["nothing_to_do"]


def test_a_body_beyond_the_crop_is_said_to_be_cut_off() -> None:
    found = result(painted_photo(500, 500, face_px=100), parts="person").findings
    assert [finding.kind for finding in found] == ["cut_off"]
    assert found[0].details["sides"] == ["bottom"]


def test_a_head_within_the_crop_is_not() -> None:
    assert not result(painted_photo(500, 500, face_px=100)).findings


def test_the_effect_is_offered() -> None:
    assert [each.name for each in plugin.faceedit_effects()] == ["cutout"]
