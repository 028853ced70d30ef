"""Photos, faces and their maps: masks that add up, labels against brute force, faces cut off by the border."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.errors import UnknownPart
from faceedit.geometry import Box, Crop
from faceedit.labels import ID, PARTS
from faceedit.photo import Face, FaceMap, Finding, Photo, Source, eight_bit
from faceedit.testing import painted_photo

WINDOW = Box(0, 0, 40, 30)
seeds = st.integers(0, 2**32 - 1)
crops = st.builds(Crop, st.floats(5, 35), st.floats(5, 25), st.floats(12, 60), st.floats(-180, 180))


def random_map(seed: int, crop: Crop, grid: int = 6) -> FaceMap:
    logits = np.random.default_rng(seed).normal(0, 4, (19, grid, grid))
    return FaceMap(logits.astype(np.float16), crop)


def sure_map(part: str, crop: Crop) -> FaceMap:
    logits = np.full((19, 4, 4), -20, np.float16)
    logits[ID[part]] = 20
    return FaceMap(logits, crop)


def places(crop: Crop, window: Box) -> NDArray[np.float64]:
    """The crop coordinates of the middles of a window's pixels, (2, h, w)."""
    rows, columns = np.mgrid[window.top : window.bottom, window.left : window.right]
    points = crop.to_crop(np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5]))
    return points.T.reshape(2, window.height, window.width)


def upsampled(face_map: FaceMap, window: Box) -> NDArray[np.float64]:
    """All logits at all pixels, (19, h, w), the slow and plain way."""
    u, v = places(face_map.crop, window) * face_map.logits.shape[1] - 0.5
    planes = face_map.logits.astype(np.float64)
    return np.stack([ndimage.map_coordinates(plane, [v, u], order=1, mode="nearest") for plane in planes])


def test_a_map_that_forgot_its_probabilities_gives_the_same_masks() -> None:
    face_map = random_map(0, Crop(20, 15, 25, 10))
    before = face_map.mask(frozenset({"hair"}), WINDOW)
    face_map.forget()
    assert "probabilities" not in vars(face_map)
    np.testing.assert_array_equal(face_map.mask(frozenset({"hair"}), WINDOW), before)


@settings(max_examples=40, deadline=None)
@given(seeds, crops)
def test_labels_are_the_largest_of_the_upsampled_logits(seed: int, crop: Crop) -> None:
    face_map = random_map(seed, crop)
    logits, (u, v) = upsampled(face_map, WINDOW), places(crop, WINDOW)
    inside = (np.minimum(u, v) >= 0) & (np.maximum(u, v) < 1)
    best, second = np.sort(logits, axis=0)[[-1, -2]]
    edge = np.minimum(np.minimum(u, v), 1 - np.maximum(u, v))
    clear = (best - second > 1e-3) & (np.abs(edge) > 1e-5)
    expected = np.where(inside, logits.argmax(0), 0)
    assert np.array_equal(face_map.labels(WINDOW)[clear], expected[clear])


@settings(max_examples=25, deadline=None)
@given(seeds, crops)
def test_masks_are_near_the_softmax_of_the_upsampled_logits(seed: int, crop: Crop) -> None:
    face_map = random_map(seed, dataclasses.replace(crop, side=crop.side + 40), grid=3)
    weights = np.exp(upsampled(face_map, WINDOW))
    u, v = places(face_map.crop, WINDOW)
    inside = (np.minimum(u, v) > 0.02) & (np.maximum(u, v) < 0.98)
    expected = (weights / weights.sum(0))[[ID["hair"], ID["skin"]]].sum(0)
    got = face_map.mask(frozenset(["hair", "skin"]), WINDOW)
    assert not inside.any() or np.abs(got - expected)[inside].max() < 0.1


@settings(max_examples=25, deadline=None)
@given(seeds, crops, st.sets(st.sampled_from(PARTS)))
def test_the_mask_of_a_set_and_of_all_else_add_up_to_one(seed: int, crop: Crop, chosen: set[str]) -> None:
    face_map, parts = random_map(seed, crop), frozenset(chosen)
    total = face_map.mask(parts, WINDOW) + face_map.mask(frozenset(PARTS) - parts, WINDOW)
    np.testing.assert_allclose(total, 1, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(seeds, crops)
def test_the_mask_of_a_set_is_the_sum_of_its_parts(seed: int, crop: Crop) -> None:
    face_map = random_map(seed, crop)
    one, other = (face_map.mask(frozenset([name]), WINDOW) for name in ("skin", "mouth"))
    np.testing.assert_allclose(face_map.mask(frozenset(["skin", "mouth"]), WINDOW), one + other, atol=1e-5)
    assert 0 <= one.min() <= one.max() <= 1
    assert one.dtype == np.float32


def test_beyond_the_crop_everything_is_background() -> None:
    face_map = sure_map("hair", Crop(15, 15, 10))
    assert face_map.mask(frozenset(["background"]), Box(0, 0, 10, 30)).min() == 1
    assert face_map.mask(frozenset(PARTS) - {"background"}, Box(20, 0, 40, 30)).max() == 0
    assert set(np.unique(face_map.labels(WINDOW))) == {0, 13}


def test_the_crops_own_pixels_and_no_others_are_labelled() -> None:
    expected = np.zeros((30, 40), np.uint8)
    expected[10:20, 5:15] = ID["hair"]
    assert np.array_equal(sure_map("hair", Crop(10, 15, 10)).labels(WINDOW), expected)


def test_a_fading_mask_ends_softly_where_the_crop_ends_within_the_photo() -> None:
    logits = sure_map("hair", Crop(50, 50, 100)).logits
    hair, window = frozenset(["hair"]), Box(0, 0, 200, 100)
    inside = FaceMap(logits, Crop(50, 50, 100), (100, 200))  # at the photo's left, top and bottom, not at its right
    mask = inside.mask(hair, window) * inside.fading(hair, window)
    assert mask[:, :90].min() > 0.999
    assert (mask[50, 96] < 0.8, mask[50, 99] < 0.1, mask[50, 100]) == (True, True, 0)
    assert (np.diff(mask[50, 90:100]) <= 0).all()


def test_nothing_fades_where_the_photos_size_is_unknown_or_the_part_ends_before_the_crop() -> None:
    logits = sure_map("hair", Crop(50, 50, 100)).logits
    hair, window = frozenset(["hair"]), Box(40, 40, 60, 60)
    known, unknown = FaceMap(logits, Crop(50, 50, 20), (100, 100)), FaceMap(logits, Crop(50, 50, 20))
    assert known.mask(hair, window).min() > 0.999
    assert (unknown.fading(hair, window), known.fading(frozenset(["cloth"]), window)) == (None, None)
    assert known.fading(hair, window)[[0, -1]].max() < 0.6


def test_a_window_away_from_the_origin_reads_the_same_values() -> None:
    face_map = random_map(1, Crop(20, 15, 25, 30))
    whole = face_map.mask(frozenset(["skin"]), WINDOW)
    assert np.abs(face_map.mask(frozenset(["skin"]), Box(7, 3, 31, 22)) - whole[3:22, 7:31]).max() < 1e-5
    assert np.array_equal(face_map.labels(Box(7, 3, 31, 22)), face_map.labels(WINDOW)[3:22, 7:31])


def test_no_logits_however_large_make_a_mask_that_is_no_number() -> None:
    logits = np.full((19, 2, 2), np.finfo(np.float16).max, np.float16)
    logits[0] = np.finfo(np.float16).min
    mask = FaceMap(logits, Crop(20, 15, 30)).mask(frozenset(["skin"]), WINDOW)
    assert np.isfinite(mask).all()
    assert mask.max() == pytest.approx(1 / 18, abs=1e-4)


def test_the_left_eye_is_on_the_right_of_the_picture() -> None:
    face = painted_photo(200, 200).faces[0]
    left, right = face.map.center("l_eye"), face.map.center("r_eye")
    assert left == pytest.approx((118, 92), abs=1)
    assert right == pytest.approx((82, 92), abs=1)


def test_the_middle_of_a_part_that_is_not_there_is_none() -> None:
    assert painted_photo(accessories=()).faces[0].map.center("hat") is None


def test_a_tilted_face_has_tilted_masks() -> None:
    face = painted_photo(200, 200, tilt=90).faces[0]
    assert face.angle == 90
    assert face.map.center("l_eye") == pytest.approx((108, 118), abs=1)  # below the right eye


def test_a_faces_mask_covers_the_photo_and_is_zero_far_away() -> None:
    photo = painted_photo(300, 400, face_px=60)
    mask = photo.faces[0].mask("person")
    assert mask.shape == (300, 400)
    assert mask[:, :130].max() == 0
    assert mask[150, 200] > 0.99
    assert np.array_equal(photo.faces[0].mask("background"), 1 - mask)


def test_an_unknown_part_is_refused_by_name() -> None:
    with pytest.raises(UnknownPart, match='did you mean "eyes"'):
        painted_photo(64, 64).faces[0].mask("eye")


def test_a_face_cut_off_by_the_border_is_the_part_of_a_whole_one_that_is_inside() -> None:
    whole = painted_photo(300, 300, face_px=120)
    own = whole.faces[0]
    crop = dataclasses.replace(own.map.crop, x=own.map.crop.x - 130, y=own.map.crop.y - 120)
    cut = Face(0, Box(0, 0, 80, 90), 0.9, FaceMap(own.map.logits, crop), (170, 160))
    assert cut.window == Box(0, 0, 140, 150)
    assert np.array_equal(cut.map.labels(cut.window), own.map.labels(Box(130, 120, 270, 270)))
    assert np.abs(cut.mask("head")[:150, :140] - whole.faces[0].mask("head")[120:270, 130:270]).max() < 1e-5


def test_a_face_wholly_outside_the_photo_has_an_empty_mask() -> None:
    face = Face(0, Box(0, 0, 1, 1), 0.9, sure_map("skin", Crop(-50, -50, 20)), (30, 40))
    assert face.window.area == 0
    assert face.mask("skin").max() == 0
    assert Photo(np.zeros((30, 40, 3), np.uint8), faces=(face,)).labels().max() == 0


def test_a_photo_of_one_pixel_has_masks_and_labels() -> None:
    face = Face(0, Box(0, 0, 1, 1), 0.9, sure_map("skin", Crop(0.5, 0.5, 4)), (1, 1))
    photo = Photo(np.zeros((1, 1, 3), np.uint8), faces=(face,))
    assert face.mask("skin").tolist() == [[1]]
    assert photo.labels().tolist() == [[1]]
    assert photo.picture().size == (1, 1)


def test_where_two_faces_claim_a_pixel_the_larger_one_has_it() -> None:
    large = Face(0, Box(0, 0, 20, 20), 0.9, sure_map("skin", Crop(10, 10, 20)), (30, 40))
    small = Face(1, Box(15, 5, 25, 15), 0.9, sure_map("hair", Crop(20, 10, 10)), (30, 40))
    labels = Photo(np.zeros((30, 40, 3), np.uint8), faces=(large, small)).labels()
    assert (labels[10, 16], labels[10, 19], labels[10, 22]) == (1, 1, 13)


def test_background_of_one_face_hides_nothing_of_another() -> None:
    large = Face(0, Box(0, 0, 20, 20), 0.9, sure_map("background", Crop(20, 15, 40)), (30, 40))
    small = Face(1, Box(15, 5, 25, 15), 0.9, sure_map("hair", Crop(20, 10, 10)), (30, 40))
    assert Photo(np.zeros((30, 40, 3), np.uint8), faces=(large, small)).labels()[10, 20] == 13


def test_a_faces_width_is_the_shorter_side_of_its_box_and_never_zero() -> None:
    face = painted_photo(64, 64).faces[0]
    assert dataclasses.replace(face, box=Box(3, 3, 33, 43)).width_px == 30
    assert dataclasses.replace(face, box=Box(3, 3, 3, 3)).width_px == 1


def test_the_arrays_of_a_photo_are_read_only() -> None:
    photo = Photo(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8))
    face_map = sure_map("skin", Crop(1, 1, 2))
    for array in (photo.pixels, photo.alpha, face_map.logits):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1


def test_the_values_are_frozen() -> None:
    photo = painted_photo(64, 64)
    for value, name in ((photo, "pixels"), (photo.faces[0], "box"), (photo.faces[0].map, "crop"), (Source(), "path")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)


def test_a_notebook_shows_a_picture_of_at_most_1024_pixels() -> None:
    photo = Photo(np.full((300, 2048, 3), 7, np.uint8))
    shown = Image.open(io.BytesIO(photo._repr_png_()))
    assert (shown.format, shown.size, shown.mode) == ("PNG", (1024, 150), "RGB")
    assert shown.getpixel((5, 5)) == (7, 7, 7)
    assert repr(photo) == "<Photo 2048 x 300, 8 bit, 0 face(s)>"


def test_sixteen_bits_are_shown_as_eight_with_their_alpha() -> None:
    photo = Photo(np.full((2, 3, 3), 65535, np.uint16), np.full((2, 3), 257 * 5, np.uint16))
    assert photo.picture().getpixel((0, 0)) == (255, 255, 255, 5)
    assert repr(photo) == "<Photo 3 x 2, 16 bit, 0 face(s)>"


def test_eight_bit_rounds_to_the_nearest() -> None:
    samples = np.array([0, 128, 129, 257, 385, 386, 65535], np.uint16)
    assert eight_bit(samples).tolist() == [0, 0, 1, 1, 1, 2, 255]
    assert eight_bit(np.repeat(np.arange(256, dtype=np.uint16) * 257, 2)).tolist() == [n // 2 for n in range(512)]


def test_a_replaced_photo_keeps_what_was_not_named() -> None:
    photo = painted_photo(64, 64).replaced(source=Source(Path("a.jpg"), "jpeg"))
    changed = photo.replaced(faces=())
    assert (changed.source.format, changed.faces, changed.pixels is photo.pixels) == ("jpeg", (), True)
    assert (photo.height, photo.width, photo.box) == (64, 64, Box(0, 0, 64, 64))


def test_a_finding_stands_in_reports_with_rounded_confidence() -> None:
    finding = Finding("glasses", 0, 0.98765, Box(1, 2, 3, 4))
    assert finding.as_dict() == {"kind": "glasses", "face": 0, "confidence": 0.988, "box": [1, 2, 3, 4]}
    assert Finding("crowd", details={"n": 12}).as_dict() == {
        "kind": "crowd",
        "face": None,
        "confidence": 1.0,
        "box": None,
        "details": {"n": 12},
    }


def test_the_middle_of_a_part_leaves_out_what_the_border_mirrors() -> None:
    logits = np.full((19, 64, 64), -20, np.float16)
    logits[ID["hair"]] = 20
    whole = FaceMap(logits, Crop(0, 50, 100), (100, 100))  # its left half lies beyond the photo
    assert whole.center("hair") == pytest.approx((25, 50), abs=0.5)
    assert FaceMap(logits, Crop(-200, 50, 100), (100, 100)).center("hair") is None
