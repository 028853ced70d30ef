"""Long hair and bodies are followed beyond a face's first crop; what lies within it stays as it was."""

import numpy as np
from faces_support import Oracle, Told, painted_in_label_colors

from faceedit.detection import Detection, Search
from faceedit.faces import FaceFinder
from faceedit.geometry import Box, Crop
from faceedit.labels import COLORS, ID
from faceedit.photo import Photo
from faceedit.segmentation import maps, widened
from faceedit.testing import painted_photo

SIDE, FACE = 640, 120
# The first crop is twice the face's box: it ends 120 px from the middle.
EDGE = SIDE // 2 + FACE


def painted(*patches: tuple[str, Box]) -> tuple[Photo, Detection]:
    """A painted face with patches of parts painted behind its crop's edge."""
    face = painted_photo(SIDE, SIDE, face_px=FACE, accessories=())
    pixels = painted_in_label_colors(face).pixels.copy()
    for part, box in patches:
        pixels[box.slices] = COLORS[ID[part]]
    return Photo(pixels), Detection(face.faces[0].box, 0.95)


def seen(photo: Photo, face: Detection, *, bodies: bool = False) -> Photo:
    return FaceFinder(Oracle(), Told((SIDE, SIDE), [face]), Search(turns="never"), bodies=bodies)(photo)


LONG_HAIR = ("hair", Box(360, 300, 440, 520))


def test_long_hair_is_followed_beyond_the_first_crop() -> None:
    labels = seen(*painted(LONG_HAIR)).labels()
    assert (labels[EDGE + 5 : 515, 395:435] == ID["hair"]).mean() > 0.95


def test_short_hair_needs_no_second_crop() -> None:
    assert seen(*painted()).faces[0].map.crop.side == 2 * FACE


def test_hair_that_leaves_the_crop_upwards_is_a_busy_background() -> None:
    above = ("hair", Box(280, 100, 360, 260))
    assert seen(*painted(above, LONG_HAIR)).faces[0].map.crop.side == 2 * FACE
    assert not (seen(*painted(above, LONG_HAIR), bodies=True).labels()[EDGE + 15 :] == ID["hair"]).any()


def test_hair_near_the_edge_of_the_first_crop_stays_whole_where_a_body_is_followed() -> None:
    high = ("hair", Box(280, 206, 360, 260))  # the first crop begins at 196.4
    for bodies in (False, True):
        labels = seen(*painted(high), bodies=bodies).labels()
        assert (labels[208:258, 284:356] == ID["hair"]).mean() > 0.98, bodies


def test_a_tall_hat_is_followed_upwards_and_no_other() -> None:
    tall, short = ("hat", Box(270, 90, 370, 240)), ("hat", Box(270, 210, 370, 240))
    assert (seen(*painted(tall)).labels()[95:195, 275:365] == ID["hat"]).mean() > 0.95
    assert seen(*painted(short)).faces[0].map.crop.side == 2 * FACE
    assert not (seen(*painted(("hat", Box(500, 90, 560, 140)), LONG_HAIR)).labels() == ID["hat"]).any()
    below = ("hat", Box(270, 400, 370, 530))
    assert not (seen(*painted(tall, below)).labels()[EDGE + 15 :] == ID["hat"]).any()


def test_within_the_first_crop_small_parts_stay_as_they_were() -> None:
    plain, wide = seen(*painted()), seen(*painted(LONG_HAIR))
    eyes = Box(260, 280, 380, 350)
    assert np.abs(plain.faces[0].mask("eyes")[eyes.slices] - wide.faces[0].mask("eyes")[eyes.slices]).max() < 0.02
    assert wide.faces[0].mask("l_eye").max() > 0.9


def test_a_body_is_followed_where_it_is_asked_for() -> None:
    body = ("cloth", Box(240, 410, 400, 540))
    assert (seen(*painted(body), bodies=True).labels()[EDGE + 15 : 530, 250:390] == ID["cloth"]).mean() > 0.95
    assert not (seen(*painted(body)).labels()[EDGE + 15 : 530] == ID["cloth"]).any()


def test_a_body_that_the_wide_crop_loses_ends_at_the_first_crop() -> None:
    below = ("background", Box(0, 437, SIDE, SIDE))  # the first crop ends at 436.4, within the painted clothes
    assert seen(*painted(below), bodies=True).faces[0].map.crop.side == 2 * FACE
    assert seen(*painted(), bodies=True).faces[0].map.crop.side == 4 * FACE


def test_far_from_the_face_no_part_of_a_face_is_seen() -> None:
    other = ("l_eye", Box(480, 300, 520, 330))
    assert not (seen(*painted(LONG_HAIR, other)).labels()[:, 470:] == ID["l_eye"]).any()


def test_what_does_not_hang_together_with_the_face_is_not_taken_along() -> None:
    stranger = ("hair", Box(500, 200, 550, 300))
    assert not (seen(*painted(LONG_HAIR, stranger)).labels()[:, 490:] == ID["hair"]).any()


def test_hair_followed_beyond_the_crop_hangs_together_with_the_hair_within() -> None:
    cloth, embroidery = ("cloth", Box(230, 400, 410, 600)), ("hair", Box(250, 500, 320, 540))
    labels = seen(*painted(cloth, LONG_HAIR, embroidery)).labels()
    assert (labels[EDGE + 5 : 515, 395:435] == ID["hair"]).mean() > 0.95
    assert (labels[505:535, 255:315] == ID["cloth"]).mean() > 0.95


def test_what_the_photos_border_mirrors_does_not_leave_the_crop() -> None:
    crop = Crop(200, 150, 300, -12)  # its top ends some 30 pixels above the photo and 30 within
    for mirrored, side in ((Box(200, 0, 400, 14), 600), (Box(0, 0, 200, 60), 300)):
        pixels = np.zeros((400, 400, 3), np.uint8)
        for box in (mirrored, Box(180, 200, 260, 400)):
            pixels[box.slices] = COLORS[ID["hair"]]
        (one,) = widened(pixels, maps(pixels, [crop], Oracle()), Oracle(), bodies=False)
        assert one.crop.side == side
