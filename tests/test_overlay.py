"""The picture of the labels: colors where parts are, numbers on faces, and a legend with the names."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from faceedit.labels import COLORS, ID
from faceedit.overlay import OPACITY, overlay
from faceedit.photo import Photo
from faceedit.testing import painted_photo


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All texts that are drawn."""
    drawn: list[str] = []
    real = ImageDraw.ImageDraw.text

    def text(self: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, *args: object, **options: object) -> None:
        drawn.append(text)
        real(self, xy, text, *args, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return drawn


def drawn(photo: Photo) -> np.ndarray:
    return np.asarray(overlay(photo, photo.labels()))


def test_the_photo_is_above_and_the_legend_below() -> None:
    picture = overlay(painted_photo(200, 300), painted_photo(200, 300).labels())
    assert (picture.mode, picture.width) == ("RGB", 300)
    assert picture.height > 200


def test_background_keeps_its_pixels_and_parts_take_their_color() -> None:
    photo = painted_photo(200, 300)
    above = drawn(photo)[:200]
    assert np.array_equal(above[:10], photo.pixels[:10])
    where = tuple(np.argwhere(photo.labels() == ID["neck"])[0])
    expected = np.rint(photo.pixels[where] * (1 - OPACITY) + np.array(COLORS[ID["neck"]]) * OPACITY)
    assert np.abs(above[where] - expected).max() <= 1


def test_the_legend_names_what_was_found_and_nothing_else(texts: list[str]) -> None:
    drawn(painted_photo(300, 300, accessories=["hat"]))
    assert "hat" in texts
    assert "l_eye (left eye)" in texts
    assert "eye_g (glasses)" not in texts
    assert "background" not in texts


def test_the_faces_are_numbered_and_framed(texts: list[str]) -> None:
    photo = painted_photo(200, 500, faces=2)
    picture = drawn(photo)
    assert texts[:2] == ["0", "1"]
    for face in photo.faces:
        assert picture[face.box.top, face.box.left].tolist() == [255, 255, 255]
        assert picture[face.box.bottom - 1, face.box.right - 1].tolist() == [255, 255, 255]


def test_a_photo_without_faces_says_so(texts: list[str]) -> None:
    photo = Photo(np.full((50, 400, 3), 7, np.uint8))
    assert np.array_equal(drawn(photo)[:50], photo.pixels)
    assert texts == ["no face found"]


def test_the_legends_swatches_show_the_parts_own_colors() -> None:
    photo = painted_photo(300, 600)
    legend = drawn(photo)[300:].reshape(-1, 3)
    colors = {tuple(color) for color in legend.tolist()}
    assert {COLORS[index] for index in np.unique(photo.labels()) if index} <= colors


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3), (40, 40)])
def test_any_size_of_photo_gets_a_picture_with_its_whole_legend(size: tuple[int, int]) -> None:
    photo = painted_photo(*size)
    assert drawn(photo).shape[1] >= size[1]


def test_sixteen_bits_are_shown_as_eight() -> None:
    deep = painted_photo(100, 100, depth=16)
    shallow = deep.replaced(pixels=painted_photo(100, 100).pixels)
    assert np.abs(drawn(deep).astype(int) - drawn(shallow)).max() <= 1
    assert isinstance(overlay(deep, deep.labels()), Image.Image)
