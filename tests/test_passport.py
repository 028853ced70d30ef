"""Passport photos: sizes by standard, and a reason for every refusal."""

import io
from typing import Any

import faceedit_cutout as plugin
import numpy as np
import pytest
from engine_support import edited, step
from PIL import Image

from faceedit.errors import EffectError
from faceedit.extras import Picture, encoded
from faceedit.photo import Finding, Photo
from faceedit.recipe import Faces
from faceedit.region import inspector
from faceedit.testing import painted_photo


def passport(photo: Photo, *findings: Finding, faces: Any = None, **options: Any) -> Picture:
    @inspector("hat", "glasses", "sunglasses")
    def told(_photo: Photo) -> list[Finding]:
        return list(findings)

    chosen = {"faces": faces} if faces else {}
    found = edited(photo, step(plugin.passport, options=options, **chosen), inspectors=(told,))
    (picture,) = found.extras.values()
    assert isinstance(picture, Picture)
    return picture


def plain(size: int = 1000, **more: Any) -> Photo:
    return painted_photo(size, size, **{"accessories": (), "face_px": 340} | more)


@pytest.mark.parametrize(("standard", "size"), [("icao", (413, 531)), ("us", (600, 600))])
def test_a_picture_has_its_standards_size_and_says_its_resolution(standard: str, size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(encoded(passport(plain(), standard=standard)))) as file:
        assert file.size == size
        assert file.info["dpi"][0] == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize(("standard", "heads", "eyes"), [("icao", (32, 36), (22.5, 31.5)), ("us", (25, 35), (28, 35))])
def test_head_and_eyes_are_where_the_standard_wants_them(
    standard: str, heads: tuple[float, float], eyes: tuple[float, float]
) -> None:
    colors = {"background": (0, 0, 255), "hair": (0, 255, 0), "neck": (0, 255, 255), "l_eye": (255, 0, 255)}
    pixels = passport(plain(colors=colors), standard=standard).pixels.astype(int)
    red, green, blue = np.moveaxis(pixels, 2, 0)
    hair, eye, neck = (
        (green > 150) & (blue < 90),
        (red > 150) & (green < 90) & (blue > 150),
        (green > 150) & (blue > 150) & (red < 90),
    )
    crown, chin = np.flatnonzero(hair.any(1))[0], np.flatnonzero(neck[:, pixels.shape[1] // 2])[0]
    mm = 25.4 / 300
    assert heads[0] <= (chin - crown) * mm <= heads[1]
    assert eyes[0] <= (pixels.shape[0] - np.flatnonzero(eye.any(1)).mean()) * mm <= eyes[1]
    assert abs(np.flatnonzero(hair.any(0)).mean() - pixels.shape[1] / 2) < 4


def test_a_color_can_lie_behind_the_person() -> None:
    assert (passport(plain(), background="#ffffff").pixels[3:30, 3:30] == 255).all()


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (plain(tilt=12), "the head is tilted by 12 degrees"),
        (plain(520), r"too close to the head \(.*bottom \d+ px missing\)"),
        (plain(face_px=120), r"the head is only \d+ px high; 300 dpi need 321"),
        (painted_photo(600, 1200, faces=2, accessories=()), "shows one face, and here are 2; choose one"),
    ],
    ids=["tilted", "cut", "small", "two"],
)
def test_what_no_office_would_take_is_refused_with_the_reason(photo: Photo, reason: str) -> None:
    with pytest.raises(EffectError, match=reason):
        passport(photo)


@pytest.mark.parametrize(
    ("kind", "standard", "refused"),
    [("hat", "icao", True), ("sunglasses", "icao", True), ("glasses", "icao", False), ("glasses", "us", True)],
)
def test_a_covered_face_is_refused(kind: str, standard: str, refused: bool) -> None:
    worn = Finding(kind, 0, 0.9)
    if not refused:
        assert passport(plain(), worn, standard=standard).pixels.size
        return
    with pytest.raises(EffectError, match=f"the face is covered: {kind}"):
        passport(plain(), worn, standard=standard)


def test_what_cannot_be_told_is_no_cover() -> None:
    assert passport(plain(), Finding("hat", 0, 0.0, details={"unknown": True})).pixels.size


def test_one_of_two_faces_can_be_chosen() -> None:
    photo = painted_photo(900, 1800, faces=2, face_px=340, accessories=())
    assert passport(photo, faces=Faces.parse("largest")).pixels.shape == (531, 413, 3)
