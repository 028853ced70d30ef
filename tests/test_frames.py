"""Animations and documents on the command line: every frame is edited or covered and judged, or nothing is written."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run
from faces_support import Skins, painted_in_label_colors
from PIL import Image

from faceedit import images, models
from faceedit.coverage import Covered
from faceedit.detection import Detection, Search
from faceedit.faces import FaceFinder
from faceedit.geometry import Box
from faceedit.images import Frames, Timing, read_frames
from faceedit.labels import COLORS, ID, PARTS
from faceedit.photo import Model, Photo
from faceedit.testing import painted_photo
from faceedit.verify import Promise, check, verified_frames, verify_file

TIMES = (50, 120, 80)
REDACT = "faceedit: 1\nsteps: [{effect: redact}]\n"
HAIR = "faceedit: 1\nsteps: [{effect: hair_color, color: '#2040ff', on: hair, feather: 0, grow: 0}]\n"
NONE = images.WriteOptions("png", metadata="none")


def face(shift: int = 0) -> np.ndarray:
    """A painted face in a larger picture, moved to the right."""
    pixels = nobody(shift)
    pixels[70:180, 60 + shift : 170 + shift] = painted_in_label_colors(painted_photo(110, 110)).pixels
    return pixels


def nobody(shade: int = 0) -> np.ndarray:
    """A picture without a face."""
    return np.full((240, 240, 3), 90 + shade, np.uint8)


def saved(path: Path, pictures: list[np.ndarray], kind: str | None = None) -> Path:
    kind = kind or path.suffix[1:].replace("tif", "tiff")
    timing = None if kind == "tiff" else Timing((TIMES * 3)[: len(pictures)], 0)
    options = images.WriteOptions(kind, metadata="none")
    photos = tuple(Photo(each, source=Photo(each).source.__class__(lossless=True)) for each in pictures)
    path.write_bytes(images.encode_frames(Frames(photos, timing), options))
    return path


def skin(photo: Photo) -> int:
    """Pixels of the color that faces are painted in."""
    return int((np.abs(photo.pixels.astype(int) - COLORS[ID["skin"]]).max(-1) < 12).sum())


def reported(out: Path) -> dict:
    (entry,) = json.loads((out / "report.json").read_text())["photos"]
    return entry


def apply(run: Run, tmp_path: Path, recipe: str, photo: Path) -> tuple[int, str, dict]:
    (tmp_path / "r.yaml").write_text(recipe)
    code, _, said = run("apply", "r.yaml", photo, "-o", "out", "-q")
    return code, said, reported(tmp_path / "out")


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_every_frame_is_edited_and_nothing_beside_the_mask(run: Run, tmp_path: Path, name: str) -> None:
    shots = [face(), nobody(), face(20)]
    code, said, entry = apply(run, tmp_path, HAIR, saved(tmp_path / name, shots))
    assert code == 0, said
    after = read_frames(tmp_path / "out" / name)
    assert after.timing == read_frames(tmp_path / name).timing
    for shot, photo, edited in zip(shots, after.photos, (True, False, True), strict=True):
        changed = (photo.pixels != shot).any(-1)
        assert not changed[:, :30].any()
        assert changed[(shot == COLORS[ID["hair"]]).all(-1)].any() == edited
    assert [found["frame"] for found in entry["faces"]] == [1, 3]


@pytest.mark.parametrize("name", ["a.gif", "a.tif"])
def test_every_frame_is_covered_and_looked_at_again(quick: Run, tmp_path: Path, name: str) -> None:
    code, said, entry = apply(quick, tmp_path, REDACT, saved(tmp_path / name, [face(), face(8), face(16)]))
    assert code == 0, said
    after = read_frames(tmp_path / "out" / name)
    assert [skin(photo) for photo in after.photos] == [0, 0, 0]
    assert [(photo.pixels == 0).all(-1).any() for photo in after.photos] == [True] * 3
    assert not check((tmp_path / "out" / name).read_bytes(), several=True).problems
    assert entry["audit"]["checks"][1]["result"].startswith("3 frames or pages")
    code, _, said = quick("verify", tmp_path / "out" / name)
    assert code == 0, said


class Blinks(Skins):
    """Sees no face in pictures with white corners."""

    def detect(self, pixels: np.ndarray) -> list[Detection]:
        corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
        return [] if (corners > 250).all() else super().detect(pixels)


class Plain:
    """A segmenter that takes every crop for skin; it costs next to nothing."""

    model, size = Model("plain"), 32

    def logits(self, crops: np.ndarray) -> np.ndarray:
        logits = np.full((len(crops), len(PARTS), 8, 8), -9, np.float32)
        logits[:, ID["skin"]] = 9
        return logits


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, run: Run) -> Run:
    """The command line with a detector that blinks."""
    monkeypatch.setattr(
        models,
        "face_finder",
        lambda *_, search=None, **__: FaceFinder(Plain(), Blinks(), search or Search(), plausible_only=False),
    )
    return run


def marked(pixels: np.ndarray) -> np.ndarray:
    """The picture with white corners."""
    pixels = pixels.copy()
    pixels[:6, :6] = pixels[-6:, -6:] = pixels[:6, -6:] = pixels[-6:, :6] = 255
    return pixels


def test_a_face_that_is_missed_for_a_frame_is_covered_as_beside_it(quick: Run, tmp_path: Path) -> None:
    code, said, _ = apply(quick, tmp_path, REDACT, saved(tmp_path / "a.gif", [face(), marked(face(2)), face(4)]))
    assert code == 0, said
    assert [skin(photo) for photo in read_frames(tmp_path / "out" / "a.gif").photos] == [0, 0, 0]


@pytest.mark.parametrize("name", ["a.gif", "a.tif"])
def test_one_frame_without_a_face_withholds_them_all(quick: Run, tmp_path: Path, name: str) -> None:
    shots = [face(), face(4), nobody(1), nobody(2), nobody(3)]
    code, said, entry = apply(quick, tmp_path, REDACT, saved(tmp_path / name, shots))
    number = 4 if name == "a.gif" else 3  # in an animation, what is covered in the second is in the third
    assert (code, entry["status"]) == (4, "review")
    assert f"frame or page {number} of 5: no face was found" in said
    assert not (tmp_path / "out" / name).exists()


def test_pages_are_no_moments_of_one_scene(quick: Run, tmp_path: Path) -> None:
    code, said, _ = apply(quick, tmp_path, REDACT, saved(tmp_path / "a.tif", [face(), marked(face(2)), face(4)]))
    assert (code, "frame or page 2 of 3" in said) == (4, True)


def test_what_cannot_be_written_is_said(run: Run, tmp_path: Path) -> None:
    jpeg = HAIR + "output: {format: jpeg}\n"
    code, said, _ = apply(run, tmp_path, jpeg, saved(tmp_path / "a.gif", [face(), face(9)]))
    assert (code, "jpeg holds no frames; use format: same, or one of png, webp, gif" in said) == (1, True)
    pictures = [Image.fromarray(each) for each in (face(), face(9))]
    pictures[0].save(tmp_path / "b.avif", save_all=True, append_images=pictures[1:])
    code, said, _ = apply(run, tmp_path, HAIR, tmp_path / "b.avif")
    assert (code, "b.avif: has 2 pictures, and several in one AVIF file are not edited" in said) == (1, True)


def test_an_animation_that_nothing_touches_is_copied(run: Run, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.gif", [nobody(), nobody() + 9])
    assert apply(run, tmp_path, HAIR, path)[0] == 0
    assert (tmp_path / "out" / "a.gif").read_bytes() == path.read_bytes()


def test_extras_are_numbered_as_the_frames_are(run: Run, tmp_path: Path) -> None:
    recipe = "faceedit: 1\nsteps: [{effect: cutout, on: head}]\n"
    assert apply(run, tmp_path, recipe, saved(tmp_path / "a.gif", [face(), face(9)]))[0] == 0
    names = sorted(path.name for path in (tmp_path / "out").glob("a.*.png"))
    assert len(names) == 2
    assert names[0].endswith("-0001.png")


def test_smaller_copies_hold_all_frames(quick: Run, tmp_path: Path) -> None:
    recipe = REDACT + "outputs:\n  web: {max_side: 120}\n  full: {}\n"
    assert apply(quick, tmp_path, recipe, saved(tmp_path / "a.png", [face(), face(9)]))[0] == 0
    for folder, width in (("web", 120), ("full", 240)):
        photos = read_frames(tmp_path / "out" / folder / "a.png").photos
        assert [(photo.width, skin(photo)) for photo in photos] == [(width, 0)] * 2


# The verdict on a finished file


def promise(pixels: np.ndarray) -> Promise:
    mask = np.zeros(pixels.shape[:2], bool)
    mask[16:64, 16:64] = True
    covered = np.where(mask[..., None], 0, pixels).astype(np.uint8)
    return Promise(Photo(covered), Covered(mask, np.zeros_like(pixels), (Box(20, 20, 60, 60),)), (), NONE)


def verdict(shown: list[np.ndarray], promised: list[Promise], times: tuple[int, ...] = TIMES):
    content = images.encode_frames(Frames(tuple(map(Photo, shown)), Timing(times)), NONE)
    return verified_frames(content, promised, Timing(TIMES), lambda pixels: Skins().detect(pixels), images.Limits())


def test_the_promised_frames_pass_also_where_two_are_alike() -> None:
    promises = [promise(nobody()), promise(nobody()), promise(nobody() + 5)]
    found = verdict([each.photo.pixels for each in promises], promises)
    assert found.passed, found


def test_other_frames_more_frames_and_other_times_do_not_pass() -> None:
    promises = [promise(nobody() + step) for step in (0, 5, 9)]
    shown = [each.photo.pixels for each in promises]
    assert not verdict([shown[0], nobody(), shown[2]], promises).passed
    assert "holds other frames or pages than were made" in verdict([*shown, nobody()], promises, (*TIMES, 70)).problems
    assert "holds other frames or pages than were made" in verdict(shown, promises, (50, 100, 100)).problems
    assert any("may show through" in each for each in verdict([shown[1], shown[0], shown[2]], promises).problems)


def test_a_face_in_one_frame_is_told_with_its_number() -> None:
    promises = [promise(nobody()), promise(face()), promise(nobody() + 5)]
    found = verdict([each.photo.pixels for each in promises], promises)
    assert (list(found.faces), found.problems) == ([1], ())


@pytest.mark.parametrize("kind", ["gif", "png", "webp", "tiff"])
def test_verify_looks_at_every_frame(kind: str, tmp_path: Path) -> None:
    clean = saved(tmp_path / "clean", [nobody(), nobody() + 9, nobody() + 18], kind)
    assert verify_file(clean, Skins().detect).passed
    third = saved(tmp_path / "third", [nobody(), nobody() + 9, face()], kind)
    assert len(verify_file(third, Skins().detect).faces) == 1


@pytest.mark.parametrize("kind", ["gif", "png", "webp"])
def test_what_lies_beside_the_frames_is_a_problem(kind: str) -> None:
    pictures = [Image.fromarray(each) for each in (nobody(), face())]
    file = io.BytesIO()
    hidden = {"gif": {"comment": b"me"}, "png": {"exif": b"Exif\0\0II*\0"}, "webp": {"xmp": b"<a/>"}}[kind]
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=40, **hidden)
    assert check(file.getvalue(), several=True).problems
    trailing = images.encode_frames(
        Frames(tuple(map(Photo, (nobody(), face()))), Timing((40, 40))), images.WriteOptions(kind, metadata="none")
    )
    assert not check(trailing, several=True).problems
    assert check(trailing + b"more", several=True).problems
    assert check(trailing).problems  # a still may be no animation


@pytest.mark.parametrize("name", ["a.gif", "a.png"])
def test_the_file_does_not_depend_on_what_was_covered(quick: Run, tmp_path: Path, name: str) -> None:
    files = []
    for shade in (0, 200):
        shots = [face(shift) for shift in (0, 8, 16)]
        for shot in shots:
            eyes = (shot == COLORS[ID["l_eye"]]).all(-1) | (shot == COLORS[ID["mouth"]]).all(-1)
            assert eyes.any()
            shot[eyes] = shade
        folder = tmp_path / str(shade)
        folder.mkdir()
        (folder / "r.yaml").write_text(REDACT)
        code, _, said = quick("apply", folder / "r.yaml", saved(folder / name, shots), "-o", folder / "out", "-q")
        assert code == 0, said
        files.append((folder / "out" / name).read_bytes())
    assert files[0] == files[1]
