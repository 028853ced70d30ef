"""Faces that transparency draws: black ink on nothing is a portrait on a white page."""

from pathlib import Path

import numpy as np
import pytest
from redaction_support import HEIGHT, WIDTH, finder, job, processor, told

from faceedit import images
from faceedit.detection import Detection
from faceedit.geometry import Box
from faceedit.photo import Photo
from faceedit.verify import SecondLook, verify_file
from faceedit.verify.seen import views

INK = Box(8, 8, 40, 48)


class Ink(SecondLook):
    """A look that sees a face in a box as long as there is contrast in it."""

    def __call__(self, pixels: np.ndarray) -> list[Detection]:
        return [Detection(INK, 0.9)] if np.ptp(pixels[INK.slices]) > 8 else []


def drawn(ink: int, kind: type = np.uint8) -> Photo:
    """A photo of one color, in which only the transparency tells of a face."""
    most = np.iinfo(kind).max
    alpha = np.full((HEIGHT, WIDTH), most, kind)
    alpha[INK.slices] = np.random.default_rng(1).integers(0, most, (INK.height, INK.width))
    return Photo(np.full((HEIGHT, WIDTH, 3), ink * (most // 255), kind), alpha)


def written(tmp_path: Path, photo: Photo) -> Path:
    path = tmp_path / "in.png"
    path.write_bytes(images.encode(photo, images.WriteOptions("png", metadata="none")))
    return path


LOOK = Ink(told().detector)


@pytest.mark.parametrize("ink", [0, 255])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_face_that_transparency_draws_is_covered(tmp_path: Path, ink: int, kind: type) -> None:
    source = written(tmp_path, drawn(ink, kind))
    entry = processor(LOOK, finder())(job(source, tmp_path / "out.png"))
    photo = images.read(tmp_path / "out.png")
    assert INK.as_list() in entry.audit["covered"]
    assert not photo.pixels[INK.slices].any()
    assert photo.alpha is None or (photo.alpha[INK.slices] == np.iinfo(kind).max).all()


def test_a_photo_whose_only_face_is_drawn_by_transparency_has_a_face(tmp_path: Path) -> None:
    entry = processor(LOOK, lambda photo: photo)(job(written(tmp_path, drawn(0)), tmp_path / "out.png"))
    assert entry.audit["covered"] == [INK.as_list()]


@pytest.mark.parametrize("ink", [0, 255])
def test_verify_sees_it_too(tmp_path: Path, ink: int) -> None:
    assert [face.box for face in verify_file(written(tmp_path, drawn(ink)), LOOK).faces] == [INK]


def test_an_opaque_photo_is_looked_at_once() -> None:
    opaque = drawn(0)
    solid = Photo(opaque.pixels, np.full((HEIGHT, WIDTH), 255, np.uint8))
    assert [len(views(photo)) for photo in (Photo(opaque.pixels), solid, opaque)] == [1, 1, 3]


def test_each_pixel_is_mixed_with_the_page_behind_it() -> None:
    photo = Photo(np.full((1, 3, 3), 100, np.uint8), np.array([[0, 51, 255]], np.uint8))
    colors, white, black = (view[0, :, 0].tolist() for view in views(photo))
    assert (colors, white, black) == ([128, 100, 100], [255, 224, 100], [0, 20, 100])
