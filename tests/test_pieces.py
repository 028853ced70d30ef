"""Pieces of parts that only pixels tell: teeth, iris, sclera, and what expressions make of them."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from faceedit.errors import UnknownPart
from faceedit.labels import parse_parts
from faceedit.photo import Photo
from faceedit.region import Region, as_float
from faceedit.region.pieces import pieces
from faceedit.testing import Tone, painted_photo

IRIS = 0.03  # radius in widths of the face
IRISES = {"l_eye": (0.59, 0.46), "r_eye": (0.41, 0.46)}


def region_of(photo: Photo) -> Region:
    face = photo.faces[0]
    return Region(as_float(photo.pixels[face.window.slices]), face.window, face.box, (face,))


def looking(photo: Photo, color: tuple[int, int, int] = (70, 100, 130), aside: float = 0.0) -> Photo:
    """The photo with an iris in each painted eye, `aside` of its middle (a share of the crop)."""
    pixels = photo.pixels.copy()
    for mask in irises(photo, aside):
        pixels[mask] = color
    return photo.replaced(pixels=pixels)


def irises(photo: Photo, aside: float = 0.0, radius: float = IRIS) -> list[NDArray[np.bool_]]:
    rows, columns = np.mgrid[: photo.height, : photo.width] + 0.5
    face, found = photo.faces[0], []
    for part, (x, y) in IRISES.items():
        (at,) = face.map.crop.to_photo(np.array([[x + aside, y]]))
        found.append((np.hypot(columns - at[0], rows - at[1]) < radius * face.width_px) & (face.mask(part) > 0.9))
    return found


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("teeth", {"mouth:teeth"}),
        ("mouth - teeth", {"mouth:rest"}),
        ("teeth | mouth", {"mouth"}),
        ("lips | mouth - teeth", {"u_lip", "l_lip", "mouth:rest"}),
        ("iris & l_eye", {"l_eye:iris"}),
        ("eyes - r_eye - sclera", {"l_eye:iris", "l_eye:rest"}),
        ("(eyes - iris) | iris", {"l_eye", "r_eye"}),
        ("iris & sclera", set()),
    ],
)
def test_pieces_follow_set_algebra_like_parts(expression: str, parts: set[str]) -> None:
    assert parse_parts(expression) == parts


@pytest.mark.parametrize("aside", [-0.015, 0.0, 0.015])
@pytest.mark.parametrize("tilt", [0, 30])
def test_the_iris_is_where_the_eye_looks(aside: float, tilt: float) -> None:
    photo = looking(painted_photo(600, 600, tilt=tilt, accessories=()), aside=aside)
    region = region_of(photo)
    iris, sclera = (np.zeros(photo.pixels.shape[:2]) for _ in range(2))
    iris[region.window.slices], sclera[region.window.slices] = region.mask("iris"), region.mask("sclera")
    for painted in irises(photo, aside):
        assert iris[painted].mean() > 0.8
        assert sclera[painted].mean() < 0.15
    beside = (photo.faces[0].mask("eyes") > 0.95) & ~np.logical_or(*irises(photo, aside))
    assert iris[beside].mean() < 0.25
    assert region.confidence("iris") == 1


def test_a_light_iris_is_found_whole_and_not_at_its_pupils_edge() -> None:
    photo = looking(painted_photo(600, 600, accessories=()), color=(148, 166, 184))
    pixels = photo.pixels.copy()
    for aside, radius, color in ((0.0, 0.5 * IRIS, 20), (0.007, 0.2 * IRIS, 255)):  # the pupil, and a glint beside it
        for mask in irises(photo, aside, radius):
            pixels[mask] = color
    region = region_of(photo.replaced(pixels=pixels))
    iris = np.zeros(photo.pixels.shape[:2])
    iris[region.window.slices] = region.mask("iris")
    for whole, pupil in zip(irises(photo), irises(photo, radius=0.6 * IRIS), strict=True):
        assert iris[whole & ~pupil].mean() > 0.8
    beside = (photo.faces[0].mask("eyes") > 0.95) & ~np.logical_or(*irises(photo))
    assert iris[beside].mean() < 0.25


def test_an_eye_of_one_colour_shows_no_iris() -> None:
    region = region_of(painted_photo(600, 600, accessories=()))
    assert (region.confidence("iris"), region.mask("iris").max(), region.mask("sclera").max()) == (0, 0, 0)
    np.testing.assert_allclose(region.mask("eyes - iris"), region.mask("eyes"), atol=2e-3)


def test_teeth_are_what_is_light_and_pale_in_the_mouth() -> None:
    photo = painted_photo(600, 600, accessories=())
    region = region_of(photo)
    assert region.mask("teeth").max() > 0.9
    np.testing.assert_allclose(region.mask("teeth") + region.mask("mouth - teeth"), region.mask("mouth"), atol=1e-5)
    dark = region_of(painted_photo(600, 600, accessories=(), colors={"mouth": (70, 30, 34)}))
    assert (dark.mask("teeth").max(), dark.confidence("teeth")) == (0, 0)


def test_a_speck_far_from_the_eye_hides_no_iris() -> None:
    photo = looking(painted_photo(600, 600))
    face = photo.faces[0]
    alone = face.mask("l_eye")
    assert region_of(photo).confidence("iris") == 1
    specked = alone.copy()
    specked[30:34, 30:34] = 1
    found = {each.name: each for each in pieces("l_eye", as_float(photo.pixels), specked, 0.0, None)}
    whole = {each.name: each for each in pieces("l_eye", as_float(photo.pixels), alone, 0.0, None)}
    assert found["iris"].confidence == whole["iris"].confidence == 1
    assert np.array_equal(found["iris"].gate, whole["iris"].gate)


@pytest.mark.parametrize("part", ["mouth", "l_eye"])
def test_specks_far_apart_are_no_part(part: str) -> None:
    pixels, mask = np.full((900, 900, 3), 0.5, np.float32), np.zeros((900, 900), np.float32)
    mask[100:104, 100:105] = mask[800:804, 800:805] = 1
    assert pieces(part, pixels, mask, 0.0, None) == ()


def test_taking_a_piece_away_and_adding_it_again_leaves_no_seam() -> None:
    region = region_of(looking(painted_photo(400, 400, accessories=())))
    whole = region.mask("face")
    without = region.mask("face - iris")
    np.testing.assert_allclose(without + region.mask("iris"), np.maximum(whole, region.mask("iris")), atol=0.02)


def test_a_map_without_pixels_refuses_pieces() -> None:
    face = painted_photo().faces[0]
    with pytest.raises(UnknownPart, match=r'"teeth" is no part of the map; .*region\.mask'):
        face.mask("lips | teeth")
    with pytest.raises(UnknownPart, match='"iris"'):
        face.map.center("iris")


def test_pieces_look_the_same_at_every_size() -> None:
    shares = []
    for size in (512, 1100):
        region = region_of(looking(painted_photo(size, size, accessories=())))
        shares.append([float(region.mask(piece).mean()) for piece in ("iris", "sclera", "teeth")])
    assert shares[0] == pytest.approx(shares[1], rel=0.2)


def test_a_face_of_a_few_pixels_shows_no_pieces() -> None:
    region = region_of(looking(painted_photo(40, 40, accessories=())))
    assert region.mask("iris | sclera | teeth").max() == 0


def test_a_region_of_several_faces_has_the_pieces_of_each() -> None:
    photo = looking(painted_photo(300, 600, faces=2, accessories=()))
    region = dataclasses.replace(region_of(photo), pixels=as_float(photo.pixels), window=photo.box, faces=photo.faces)
    teeth = region.mask("teeth") > 0.5
    assert teeth[:, :300].any()
    assert teeth[:, 300:].any()


@pytest.mark.parametrize("tone", ["light", "medium", "dark"])
@pytest.mark.parametrize("tilt", [0, 30])
def test_a_beard_is_what_is_darker_than_the_cheeks_below_them(tone: Tone, tilt: float) -> None:
    bare = painted_photo(600, 600, tilt=tilt, tone=tone, accessories=())
    region = region_of(bare)
    assert (region.confidence("beard"), region.mask("beard").max()) == (0, 0)
    assert np.array_equal(region.mask("skin - beard"), region.mask("skin"))
    assert region.confidence("cheeks") > 0.8
    below = jaw(bare)
    pixels = bare.pixels.copy()
    pixels[below] = (25, 20, 18)
    bearded = region_of(bare.replaced(pixels=pixels))
    beard, skin = bearded.mask("beard"), below[bearded.window.slices]
    assert bearded.confidence("beard") > 0.5
    assert beard[skin].mean() > 0.6
    assert beard[~skin].mean() < 0.02
    assert (bearded.mask("skin - beard") + beard)[skin].mean() == pytest.approx(1, abs=0.05)


def jaw(photo: Photo) -> NDArray[np.bool_]:
    """The painted skin below the nose."""
    face = photo.faces[0]
    rows, columns = np.mgrid[: photo.height, : photo.width] + 0.5
    low = face.map.crop.to_crop(np.column_stack([columns.ravel(), rows.ravel()]))[:, 1].reshape(rows.shape)
    mouth = face.map.crop.to_crop(np.array([face.map.center("mouth")]))[0, 1]
    return (face.mask("skin") > 0.5) & (low > mouth - 0.05)


def test_a_face_without_a_mouth_shows_neither_cheeks_nor_beard() -> None:
    region = region_of(painted_photo(600, 600, accessories=()))
    assert pieces("skin", region.pixels, region.mask("skin"), 0.0, None) == ()
