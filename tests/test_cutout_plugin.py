"""The plugin `cutout`: pictures with soft edges and none of the old background, stickers, other backgrounds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import faceedit_cutout as plugin
import numpy as np
import pytest
from engine_support import edited, step
from PIL import Image

from faceedit.errors import EffectError, RecipeError
from faceedit.extras import Picture, encoded
from faceedit.photo import Photo
from faceedit.recipe import parse_recipe
from faceedit.region import Result
from faceedit.registry import Registry
from faceedit.testing import painted_photo, region_of

GREEN = (0, 200, 0)


def result(photo: Photo, effect: Any = plugin.cutout, **options: Any) -> Result:
    answer = effect(region_of(photo, effect, **options), **options)
    assert isinstance(answer, Result)
    return answer


def cut(photo: Photo, **options: Any) -> np.ndarray:
    (picture,) = result(photo, **options).extras.values()
    assert isinstance(picture, Picture)
    return picture.pixels


def test_the_photo_itself_stays_as_it_is() -> None:
    assert result(painted_photo()).pixels is None


@pytest.mark.parametrize("parts", ["head", "hair", "face", "person", "lips | eyes"])
def test_the_parts_named_are_opaque_and_the_rest_is_clear(parts: str) -> None:
    photo = painted_photo(300, 300)
    opacity = cut(photo, parts=parts, canvas="full")[..., 3] / 255
    assert np.abs(opacity - photo.faces[0].mask(parts)).mean() < 0.02


@pytest.mark.parametrize("kind", ["png", "webp", "tiff"])
def test_transparent_pixels_are_black_in_every_format(kind: Any, tmp_path: Path) -> None:
    (picture,) = result(painted_photo(200, 200), canvas="full", format=kind).extras.values()
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(encoded(picture))
    with Image.open(path) as file:
        assert (file.format, file.mode) == (kind.upper(), "RGBA")
        rgba = np.asarray(file)
    assert not rgba[rgba[..., 3] == 0].any()
    assert (rgba[..., 3] == 0).any()
    assert np.array_equal(rgba, picture.pixels)


def test_opaque_pixels_are_those_of_the_photo() -> None:
    photo = painted_photo(300, 300)
    picture = cut(photo, canvas="full")
    opaque = picture[..., 3] == 255
    assert opaque.any()
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


def test_each_face_has_a_file_or_all_share_one() -> None:
    photo = painted_photo(200, 420, faces=2)
    assert list(edited(photo, step(plugin.cutout)).extras) == ["cutout-0", "cutout-1"]
    both = edited(photo, step(plugin.cutout, options={"files": "one", "canvas": "full"})).extras
    assert list(both) == ["cutout"]
    assert (both["cutout"].pixels[100, [105, 315], 3] == 255).all()


def test_a_tilted_face_is_cut_out_as_it_stands() -> None:
    photo = painted_photo(300, 300, tilt=30)
    opacity = cut(photo, canvas="full")[..., 3] / 255
    assert np.abs(opacity - photo.faces[0].mask("head")).mean() < 0.02


def test_a_color_behind_a_cut_out_leaves_nothing_transparent() -> None:
    picture = cut(painted_photo(200, 200), background="#ff0000", canvas="full")
    assert picture.shape == (200, 200, 3)
    assert picture[2, 2].tolist() == [255, 0, 0]


def test_parts_that_are_not_there_are_an_error_unless_skipped() -> None:
    with pytest.raises(EffectError, match='no "hat" is seen on any chosen face; write "missing: skip"'):
        result(painted_photo(accessories=()), parts="hat")
    found = result(painted_photo(accessories=()), parts="hat", missing="skip")
    assert not found.extras
    assert [finding.kind for finding in found.findings] == ["nothing_to_do"]


def test_the_refusal_names_the_step() -> None:
    with pytest.raises(EffectError, match='step "my cut": no "hat"'):
        edited(painted_photo(accessories=()), step(plugin.cutout, name="my cut", on="hat"))


def test_a_body_beyond_the_crop_is_said_to_be_cut_off() -> None:
    found = result(painted_photo(500, 500, face_px=100), parts="person").findings
    assert [finding.kind for finding in found] == ["cut_off"]
    assert found[0].details["sides"] == ["bottom"]
    assert not result(painted_photo(500, 500, face_px=100)).findings


def test_a_body_that_is_lost_within_the_crop_is_said_to_be_cut_off_too() -> None:
    lost = painted_photo(500, 500, face_px=100, hidden=("cloth", "neck", "neck_l"))
    (found,) = result(lost, parts="person").findings
    assert (found.kind, found.details["sides"]) == ("cut_off", ["bottom"])
    assert not result(painted_photo(130, 130, face_px=100), parts="person").findings  # it leaves the photo


def test_a_sticker_has_an_even_outline_of_its_color() -> None:
    photo = painted_photo(300, 300, face_px=120, accessories=())
    (one,) = result(photo, plugin.sticker, border=0.1, color="#ffff00").extras.values()
    picture = one.pixels
    middle = picture[picture.shape[0] // 2]
    opaque = np.flatnonzero(middle[:, 3] == 255)
    assert middle[opaque[2]][:3].tolist() == [255, 255, 0]
    assert 8 <= (middle[opaque][:, 2] == 0).sum() / 2 <= 16  # of 12 px on either side
    assert not picture[picture[..., 3] == 0].any()


def test_each_sticker_is_outlined_by_its_own_face() -> None:
    photo = painted_photo(200, 400, faces=2)
    small = replace(photo.faces[1], box=photo.faces[1].box.scaled(0.4))
    outlined = step(plugin.sticker, options={"border": 0.2})
    both, alone = (
        edited(photo.replaced(faces=faces), outlined).extras["sticker-1"]
        for faces in ((photo.faces[0], small), (small,))
    )
    assert isinstance(both, Picture)
    assert isinstance(alone, Picture)
    assert both.pixels.shape == alone.pixels.shape


@pytest.mark.parametrize("tilt", [-35, -20, 20, 35])
def test_what_the_photos_border_mirrors_is_not_cut_off(tilt: float) -> None:
    photo = painted_photo(150, 300, face_px=100, tilt=tilt, at=(0.5, 0.3), accessories=())
    face = photo.faces[0]
    plane, crop = face.map.on_crop(frozenset({"hair"})), face.map.crop
    reached = (plane > 0.5) & crop.cells_within(*plane.shape, (150, 300))
    rims = {"top": reached[:2], "right": reached[:, -2:], "bottom": reached[-2:], "left": reached[:, :2]}
    found = [side for finding in result(photo, parts="hair").findings for side in finding.details["sides"]]
    assert all(rims[side].any() for side in found)


def test_a_sticker_at_the_photos_edge_keeps_its_outline() -> None:
    (one,) = result(painted_photo(110, 160, face_px=110), plugin.sticker, color="#00ff00").extras.values()
    assert (one.pixels[:, :, 3].any(1)).all()


def test_another_background_lies_behind_people_only() -> None:
    photo = painted_photo(300, 300, colors={"background": GREEN})
    after = edited(photo, step(plugin.background_replace, options={"background": "#0000ff"})).photo.pixels
    person = photo.faces[0].mask("person")
    assert (after[person < 0.01] == (0, 0, 255)).all(1).mean() > 0.97
    assert np.abs(after[person > 0.99].astype(int) - photo.pixels[person > 0.99]).mean() < 1


def test_the_old_background_does_not_glow_into_the_new_one() -> None:
    photo = painted_photo(300, 300, accessories=(), colors={"background": (255, 255, 255), "hair": (10, 10, 10)})
    after = edited(photo, step(plugin.background_replace, options={"background": "#000000"})).photo.pixels
    hair = photo.faces[0].mask("hair | background")
    assert after[:150][hair[:150] > 0.9].max() < 60


def test_people_do_not_glow_into_a_blurred_background() -> None:
    photo = painted_photo(300, 300, accessories=(), colors={"background": (128, 128, 128), "hair": (255, 0, 0)})
    after = edited(photo, step(plugin.background_blur, options={"size": 0.3})).photo.pixels.astype(int)
    beside = photo.faces[0].mask("background") > 0.99
    assert (after[beside][:, 0] - after[beside][:, 1]).max() < 25
    assert np.array_equal(after[140:160, 140:160], photo.pixels[140:160, 140:160])


def test_a_body_that_goes_on_unseen_stays_sharp_straight_below() -> None:
    photo = painted_photo(500, 300, face_px=100, accessories=())
    pixels = photo.pixels.copy()
    pixels[340:] = np.random.default_rng(0).integers(0, 255, pixels[340:].shape)  # fine enough to tell a blur
    found = edited(photo.replaced(pixels=pixels), step(plugin.background_blur))
    after, before = found.photo.pixels.astype(int), pixels.astype(int)
    assert "cut_off" in [each.kind for each in found.findings]
    assert np.abs(after[400:490, 140:160] - before[400:490, 140:160]).mean() < 3
    assert np.abs(after[400:490, 5:25] - before[400:490, 5:25]).mean() > 30


def test_a_body_that_goes_on_unseen_fades_into_another_background() -> None:
    photo = painted_photo(500, 300, face_px=100, accessories=())
    after = edited(photo, step(plugin.background_replace, options={"background": "#00ff00"})).photo.pixels.astype(int)
    steps = np.abs(np.diff(after[300:, 150], axis=0)).max(1)
    assert steps[45:].max() < 25  # no straight cut, below the chin
    assert after[-1, 150].tolist() == [0, 255, 0]


@pytest.mark.parametrize("size", [(40, 30), (30, 400)])
def test_a_picture_of_any_shape_covers_the_photo(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("RGB", size, (9, 99, 199)).save(tmp_path / "beach.png")
    photo = painted_photo(200, 200)
    options = {"background": str(tmp_path / "beach.png")}
    after = edited(photo, step(plugin.background_replace, options=options))
    assert after.photo.pixels.shape == photo.pixels.shape
    assert (after.photo.pixels[photo.faces[0].mask("person") < 0.01] == (9, 99, 199)).all(1).mean() > 0.97
    assert [each.kind for each in after.findings] == ["background_enlarged"]


def test_a_background_is_looked_for_beside_the_recipe_and_missed_before_the_first_photo(tmp_path: Path) -> None:
    text = "faceedit: 1\nsteps:\n  - effect: background_replace\n    background: beach.png\n"
    with pytest.raises(RecipeError, match=r'r.yaml:4:17: there is no picture ".*beach.png"'):
        parse_recipe(text, Registry.of(plugin), tmp_path / "r.yaml")
    (tmp_path / "beach.png").write_bytes(b"no picture")
    recipe = parse_recipe(text, Registry.of(plugin), tmp_path / "r.yaml")
    with pytest.raises(EffectError, match="the background cannot be used"):
        edited(painted_photo(), recipe.steps[0])


def test_a_wrong_color_for_a_background_is_a_recipe_error(tmp_path: Path) -> None:
    text = 'faceedit: 1\nsteps:\n  - effect: cutout\n    background: "#zz0000"\n'
    with pytest.raises(RecipeError, match="#zz0000"):
        parse_recipe(text, Registry.of(plugin), tmp_path / "r.yaml")


def test_a_cut_outs_word_for_nothing_is_no_background_for_people(tmp_path: Path) -> None:
    text = "faceedit: 1\nsteps:\n  - {effect: background_replace, background: blur}\n"
    with pytest.raises(RecipeError, match='"blur" is for cut-outs: name a color or a file'):
        parse_recipe(text, Registry.of(plugin.background_replace), tmp_path / "r.yaml")
