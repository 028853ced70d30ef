"""From a photo to its faces with maps: tilted faces turned upright, neighbours kept apart, the largest first."""

import math
from dataclasses import replace

import numpy as np
import pytest
from faces_support import Oracle, Told, painted_in_label_colors

from faceedit.detection import THOROUGH, Detection, Search
from faceedit.faces import FaceFinder, apart, first_crop, plausible, tilt
from faceedit.geometry import Box, Crop
from faceedit.labels import ID
from faceedit.photo import FaceMap, Photo
from faceedit.testing import painted_photo

UPRIGHT = Search(turns="never")


def found(painted: Photo, *faces: Detection, plausible_only: bool = True, search: Search = UPRIGHT) -> Photo:
    """A painted photo looked at again, with the detector told where to look."""
    photo = painted_in_label_colors(painted)
    told = Told((photo.height, photo.width), faces)
    return FaceFinder(Oracle(), told, search, plausible_only)(photo)


def seen_in(painted: Photo, score: float = 0.95) -> list[Detection]:
    return [Detection(face.box, score) for face in painted.faces]


def test_the_map_of_a_face_is_what_is_painted() -> None:
    painted = painted_photo(300, 300, face_px=130)
    photo = found(painted, *seen_in(painted))
    assert (photo.labels() == painted.labels()).mean() > 0.93
    assert (photo.model.name, len(photo.faces), photo.faces[0].score) == ("oracle", 1, 0.95)
    assert photo.faces[0].box == painted.faces[0].box


def test_a_photo_without_faces_comes_back_with_none_and_the_models_name() -> None:
    photo = found(Photo(np.zeros((40, 50, 3), np.uint8)))
    assert (photo.faces, photo.model.name) == ((), "oracle")


def test_a_photo_of_one_pixel_comes_back() -> None:
    assert len(found(Photo(np.zeros((1, 1, 3), np.uint8)), Detection(Box(0, 0, 1, 1), 0.95)).faces) == 1


def test_sixteen_bit_photos_are_labelled_like_eight_bit_ones() -> None:
    painted = painted_photo(200, 200)
    photo = painted_in_label_colors(painted)
    finder = FaceFinder(Oracle(), Told((200, 200), seen_in(painted)), UPRIGHT)
    deep = finder(photo.replaced(pixels=photo.pixels.astype(np.uint16) * 257))
    assert np.array_equal(deep.labels(), finder(photo).labels())
    assert deep.pixels.dtype == np.uint16


@pytest.mark.parametrize("degrees", [-60, -25, 12, 40, 70])
def test_a_tilted_face_is_seen_again_upright(degrees: float) -> None:
    painted = painted_photo(400, 400, face_px=160, tilt=degrees)
    photo = found(painted, *seen_in(painted))
    assert photo.faces[0].angle == pytest.approx(degrees, abs=3)
    assert photo.faces[0].map.center("nose") == pytest.approx(painted.faces[0].map.center("nose"), abs=3)


def test_a_face_found_lying_on_its_side_is_seen_upright_from_the_start() -> None:
    painted = painted_photo(400, 400, face_px=160, tilt=100)
    photo = found(painted, Detection(painted.faces[0].box, 0.95, angle=90))
    assert photo.faces[0].angle == pytest.approx(100, abs=3)


@pytest.mark.parametrize(("degrees", "looks"), [(0, 1), (4, 1), (20, 2)])
def test_only_a_face_tilted_by_more_than_eight_degrees_is_shown_twice(degrees: float, looks: int) -> None:
    painted = painted_photo(400, 400, face_px=160, tilt=degrees)
    photo, oracle = painted_in_label_colors(painted), Oracle()
    FaceFinder(oracle, Told((400, 400), seen_in(painted)), UPRIGHT)(photo)
    assert oracle.crops == looks


def test_the_tilt_of_a_face_without_both_eyes_is_none() -> None:
    logits = np.full((19, 32, 32), -20, np.float16)
    logits[0] = 20
    logits[ID["l_eye"], 10:14, 20:24] = 40
    assert tilt(FaceMap(logits, Crop(50, 50, 100))) == 0


def test_the_tilt_is_the_eye_lines() -> None:
    assert tilt(painted_photo(200, 200).faces[0].map) == pytest.approx(0, abs=0.5)
    painted = painted_photo(200, 200, tilt=30).faces[0].map
    assert tilt(painted) == pytest.approx(0, abs=0.5)  # turned within the photo, upright within its crop


def test_the_first_crop_is_twice_the_box_and_a_little_above_its_middle() -> None:
    crop = first_crop(Detection(Box(100, 200, 200, 320), 0.9))
    assert (crop.x, crop.side, crop.angle) == (150, 240, 0)
    assert crop.y == pytest.approx(260 - 0.03 * 120)


@pytest.mark.parametrize(("angle", "where"), [(90, (3.6, 0)), (180, (0, 3.6)), (270, (-3.6, 0))])
def test_above_is_towards_the_faces_own_top(angle: float, where: tuple[float, float]) -> None:
    crop = first_crop(Detection(Box(100, 200, 200, 320), 0.9, angle))
    assert (crop.x - 150, crop.y - 260) == (pytest.approx(where[0]), pytest.approx(where[1]))


def test_the_largest_face_is_number_zero() -> None:
    painted = painted_photo(300, 900, faces=3, face_px=150)
    photo = found(painted, *reversed(seen_in(painted)))
    areas = [face.box.area for face in photo.faces]
    assert [face.index for face in photo.faces] == [0, 1, 2]
    assert areas == sorted(areas, reverse=True)


def test_neighbours_do_not_claim_each_others_pixels() -> None:
    painted = painted_photo(200, 300, faces=2, face_px=110)  # crops of 220 px, 150 px apart
    photo = found(painted, *seen_in(painted))
    left, right = (face.mask("person") > 0.5 for face in photo.faces)
    assert (left & right).sum() == 0
    assert (left[:, :150].sum() > 4000, right[:, 150:].sum() > 4000) == (True, True)
    assert (left[:, 160:].sum(), right[:, :140].sum()) == (0, 0)


def test_a_pixel_belongs_to_the_face_whose_middle_is_nearest_in_its_own_widths() -> None:
    logits = np.full((19, 50, 50), -20, np.float16)
    logits[ID["skin"]] = 20
    large, small = FaceMap(logits, Crop(100, 100, 200)), FaceMap(logits, Crop(160, 100, 100))
    one, other = apart([(100, 100), (160, 100)], [100, 50], [large, small])
    skin = frozenset(["skin"])
    row = [each.mask(skin, Box(0, 100, 240, 101))[0] > 0.5 for each in (one, other)]
    assert row[0][:136].all()  # (x - 100) / 100 == (160 - x) / 50 at x = 140
    assert not row[0][144:200].any()
    assert row[1][144:200].all()
    assert not row[1][110:136].any()


def test_faces_far_from_each_other_keep_their_maps() -> None:
    painted = painted_photo(100, 400, faces=2, face_px=50)
    maps = [face.map for face in painted.faces]
    kept = apart([face.box.center for face in painted.faces], [50, 45], maps)
    assert all(one is other for one, other in zip(kept, maps, strict=True))


def slab(share: float) -> FaceMap:
    """A map whose box, the middle half of the crop, is skin to this share, from the top down."""
    logits = np.full((19, 64, 64), -20, np.float16)
    logits[0] = 10
    logits[ID["skin"], 16 : 16 + math.ceil(32 * share)] = 20
    return FaceMap(logits, Crop(50, 50, 64))


@pytest.mark.parametrize(
    ("score", "share", "expected"),
    [(0.95, 1.0, True), (0.8, 1.0, False), (0.8, 0.5, True), (0.65, 0.5, True)],
)
def test_a_doubtful_detection_must_leave_room_for_hair_and_background(
    score: float, share: float, expected: bool
) -> None:
    assert plausible(Detection(Box(0, 0, 9, 9), score), slab(share)) is expected


def test_doubtful_faces_are_dropped_or_come_last_when_redaction_looks() -> None:
    painted = painted_photo(300, 600, faces=2, face_px=140)
    large, small = (face.box for face in painted.faces)
    told = (Detection(large, 0.65), Detection(small, 0.95))
    assert [face.score for face in found(painted, *told).faces] == [0.95]
    thorough = found(painted, *told, plausible_only=False, search=replace(THOROUGH, turns="never"))
    assert [(face.index, face.score) for face in thorough.faces] == [(0, 0.95), (1, 0.65)]


def test_a_doubtful_face_takes_no_pixels_from_a_sure_one() -> None:
    painted = painted_photo(300, 600, faces=2, face_px=140)
    large, small = (face.box for face in painted.faces)
    search = replace(THOROUGH, turns="never")
    alone = found(painted, Detection(small, 0.95), search=search).faces[0]
    told = (Detection(large.scaled(2), 0.65), Detection(small, 0.95))
    beside = found(painted, *told, plausible_only=False, search=search).faces[0]
    assert np.array_equal(beside.map.logits, alone.map.logits)
