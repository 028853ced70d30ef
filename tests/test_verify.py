"""Redaction fails closed: every way in which the tools that were read let a face through, tried on ours."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from redaction_support import HEIGHT, WIDTH, finder, job, processor, recipe, registry, scene, told, write_photo
from typer.testing import CliRunner

from faceedit import images
from faceedit.cli import app
from faceedit.cli.verify import left_on_purpose
from faceedit.coverage import Covered, cover, hidden
from faceedit.detection import Detection
from faceedit.engine import edit
from faceedit.errors import PhotoError, SetupError, UnreadablePhoto, Withheld
from faceedit.geometry import Box
from faceedit.labels import GROUPS
from faceedit.photo import Photo
from faceedit.report import Entry, write_review
from faceedit.runner.videos import NEUTRAL_TIME
from faceedit.testing import painted_photo
from faceedit.verify import Promise, verified, verify_file
from faceedit.verify.output import is_covered, is_left

HEAD = frozenset(GROUPS["head"])
CORNER = Detection(Box(2, 2, 26, 30), 0.7)
NONE = images.WriteOptions("png", metadata="none")


def no_face(photo: Photo) -> Photo:
    return photo


def doubtful(photo: Photo) -> Photo:
    found = finder()(photo)
    return found.replaced(faces=tuple(replace(face, score=0.65) for face in found.faces))


def run(tmp_path: Path, look=None, find=None, name: str = "out.png", pixels=None, **settings):
    source = write_photo(tmp_path / "in.png", pixels)
    target = tmp_path / name
    entry = processor(look or told(), find, **settings)(job(source, target))
    return entry, target


def withheld(tmp_path: Path, look=None, find=None, **settings) -> str:
    """The reason why nothing was written."""
    with pytest.raises(PhotoError) as caught:
        run(tmp_path, look, find, **settings)
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]
    return str(caught.value)


def test_a_photo_without_a_face_is_withheld(tmp_path: Path) -> None:
    assert "no face was found" in withheld(tmp_path, find=no_face)


def test_a_photo_with_only_doubtful_faces_is_withheld(tmp_path: Path) -> None:
    assert "only doubtful faces" in withheld(tmp_path, find=doubtful)


def test_a_face_that_only_the_second_look_sees_is_covered_in_a_second_round(tmp_path: Path) -> None:
    entry, target = run(tmp_path, told([CORNER]))
    assert entry.audit["rounds"] == 2
    assert [2, 2, 26, 30] in entry.audit["covered"]
    assert not images.read(target).pixels[CORNER.box.slices].any()


def test_a_face_that_the_second_look_sees_again_and_again_is_withheld(tmp_path: Path) -> None:
    boxes = [Detection(Box(2, 2 + 40 * step, 20, 22 + 40 * step), 0.9) for step in range(3)]
    assert "a second look still sees a face at [2, 82, 20, 102]" in withheld(tmp_path, told(*([box] for box in boxes)))


def test_a_face_left_by_the_selector_is_no_reason_to_withhold(tmp_path: Path) -> None:
    left = finder(faces=2)(Photo(scene(0))).faces[0]
    look = told([Detection(left.box, 0.9)])
    entry, _ = run(tmp_path, look, finder(faces=2), steps="{effect: redact, faces: all except largest}")
    assert entry.audit["left"] == [left.box.as_list()]
    assert entry.audit["rounds"] == 1


def test_a_false_alarm_at_the_edge_does_not_pass_as_the_left_one(tmp_path: Path) -> None:
    def find(photo: Photo) -> Photo:
        found = finder(faces=2)(photo)
        alarm = replace(found.faces[1], index=2, box=Box(0, 100, 20, 120), score=0.61)
        return found.replaced(faces=(*found.faces, alarm))

    entry, _ = run(tmp_path, None, find, steps="{effect: redact, faces: left}")
    leftmost = min(finder(faces=2)(Photo(scene(0))).faces, key=lambda face: face.box.left)
    assert leftmost.box.as_list() in entry.audit["covered"]


def test_a_condition_that_cannot_be_decided_redacts() -> None:
    photo = finder()(Photo(scene(0)))
    steps = '{effect: redact, when: name == "*.png"}'  # a photo without a file has no name
    assert edit(photo, recipe(steps), registry()).covered.boxes


def test_faceless_photos_pass_only_if_the_recipe_says_so_and_that_is_noted(tmp_path: Path) -> None:
    entry, _ = run(tmp_path, find=no_face, output="no_faces: copy")
    assert any("no_faces: copy" in note for note in entry.notes)
    assert entry.audit["covered"] == []


def test_a_faceless_photo_that_is_let_through_is_still_looked_at_twice(tmp_path: Path) -> None:
    entry, _ = run(tmp_path, told([CORNER]), no_face, output="no_faces: copy")
    assert [2, 2, 26, 30] in entry.audit["covered"]


def test_a_redacting_recipe_never_runs_without_a_second_look(tmp_path: Path) -> None:
    blind = replace(processor(told()), look=None)
    with pytest.raises(SetupError):
        blind(job(write_photo(tmp_path / "in.png"), tmp_path / "out.png"))


@pytest.mark.parametrize("kind", ["gif", "webp", "tiff", "png"])
def test_all_frames_of_a_file_are_covered(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(scene(index)) for index in range(2)]
    frames[0].save(tmp_path / f"in.{kind}", save_all=True, append_images=frames[1:])
    processor(told())(job(tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"))
    seen = images.read_frames(tmp_path / f"out.{kind}").photos
    assert len(seen) == 2
    assert max(photo.pixels[finder()(photo).faces[0].box.slices].max() for photo in seen) <= 8


@pytest.mark.parametrize("row", [0, 299, 599])
def test_a_finished_photo_must_hold_the_fill_wherever_it_is_covered(row: int) -> None:
    pixels, mask = np.full((600, 4, 3), 7, np.uint8), np.zeros((600, 4), bool)
    mask[row, 2] = True
    promise = Promise(Photo(pixels), Covered(mask, np.full_like(pixels, 9), ()), (), images.WriteOptions("png"))
    expected = promise.expected().pixels
    assert expected[mask].tolist() == [[9, 9, 9]]
    assert (expected[~mask] == 7).all()


def test_a_photo_cut_off_is_withheld(tmp_path: Path) -> None:
    whole = write_photo(tmp_path / "in.jpg")
    whole.write_bytes(whole.read_bytes()[:-900])
    with pytest.raises(UnreadablePhoto):
        processor(told())(job(whole, tmp_path / "out.jpg"))


def test_the_last_row_and_column_are_covered() -> None:
    for height, width in ((90, 110), (96, 112), (33, 50)):
        face = painted_photo(height, width).faces[0]
        at_border = replace(face, box=Box(width - 20, height - 20, width, height))
        window, mask = cover(at_border, HEAD)
        assert (window.bottom, window.right) == (height, width)
        assert mask[-1, -1]
        assert mask[-20:, -20:].all()


def test_the_cover_grows_when_the_step_says_so() -> None:
    photo = painted_photo(HEIGHT, WIDTH)
    plain, more = (edit(photo, recipe(f"{{effect: redact, grow: {grow}}}"), registry()) for grow in (0.0, 0.4))
    assert more.covered.share > plain.covered.share


def test_covering_is_opaque_and_has_one_color() -> None:
    alpha = np.full((HEIGHT, WIDTH), 90, np.uint8)
    edited = edit(painted_photo(HEIGHT, WIDTH).replaced(alpha=alpha), recipe(), registry())
    assert not edited.photo.pixels[edited.covered.mask].any()
    assert (edited.photo.alpha[edited.covered.mask] == 255).all()


def test_a_later_step_cannot_make_the_cover_transparent() -> None:
    edited = edit(painted_photo(HEIGHT, WIDTH), recipe("{effect: redact}, {effect: vanish}"), registry())
    assert (edited.photo.alpha[edited.covered.mask] == 255).all()
    assert (edited.photo.alpha[~edited.covered.mask] == 0).any()


def test_extras_show_neither_the_pixels_nor_the_parts_of_covered_faces() -> None:
    edited = edit(painted_photo(HEIGHT, WIDTH), recipe("{effect: ghost}, {effect: redact}"), registry())
    assert not edited.extras["seen"][edited.covered.mask].any()
    assert not edited.extras["masks"].any()


def test_an_extra_that_shows_a_face_withholds_the_photo(tmp_path: Path) -> None:
    reason = withheld(tmp_path, told([], [CORNER]), steps="{effect: redact}, {effect: ghost}")
    assert 'extra output "seen" shows a face' in reason


def test_findings_of_a_redacting_run_hold_no_details() -> None:
    edited = edit(painted_photo(HEIGHT, WIDTH), recipe(), registry())
    assert [finding.kind for finding in edited.findings] == ["blabbing"]
    assert not edited.findings[0].details


def test_a_hidden_face_has_a_map_without_eyes() -> None:
    photo = painted_photo(HEIGHT, WIDTH)
    blank = hidden(photo.faces[0], np.ones((HEIGHT, WIDTH), bool), "skin")
    assert blank.mask("l_eye | r_eye | lips | nose").max() < 0.01


def test_metadata_of_the_input_is_left_out_whatever_the_recipe_object_says(tmp_path: Path) -> None:
    careless = recipe()
    careless = replace(careless, output=replace(careless.output, metadata="keep"))
    source = write_photo(tmp_path / "in.jpg", comment=b"CANARY", quality=95)
    replace(processor(told()), recipe=careless)(job(source, tmp_path / "out.jpg"))
    assert b"CANARY" not in (tmp_path / "out.jpg").read_bytes()


def test_the_output_says_nothing_about_when_it_was_made(tmp_path: Path) -> None:
    _, target = run(tmp_path)
    assert int(target.stat().st_mtime) == NEUTRAL_TIME


def test_the_report_holds_hashes_boxes_coverage_and_checks_but_no_pixels(tmp_path: Path) -> None:
    entry, _ = run(tmp_path)
    audit = entry.audit
    assert {len(audit["input_sha256"]), *(len(each["sha256"]) for each in audit["outputs"])} == {64}
    assert 0 < audit["coverage"] < 1
    assert [each["check"] for each in audit["checks"] if each["passed"]] == ["container", "coverage", "second look"]
    assert len(json.dumps(audit)) < 2000


def test_a_spreading_input_format_is_noted(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "in.webp", quality=80)
    entry = processor(told())(job(source, tmp_path / "out.jpg"))
    assert any("spreads faint traces" in note for note in entry.notes)


def promised() -> tuple[Promise, Photo]:
    edited = edit(painted_photo(HEIGHT, WIDTH), recipe(), registry())
    return Promise(edited.photo, edited.covered, (), NONE), edited.photo


def test_a_file_that_keeps_the_promise_passes() -> None:
    promise, photo = promised()
    assert verified(images.encode(photo, NONE), promise, lambda _: [], images.Limits()).passed


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_one_covered_pixel_of_another_color_is_refused(kind: str) -> None:
    promise, photo = promised()
    pixels = photo.pixels.copy()
    row, column = np.argwhere(promise.covered.mask)[500]
    pixels[row, column] = 255
    options = images.WriteOptions(kind, metadata="none")
    wrong = images.encode(photo.replaced(pixels=pixels), options)
    verdict = verified(wrong, replace(promise, options=options), lambda _: [], images.Limits())
    assert any("show" in problem for problem in verdict.problems)


def test_a_finished_file_with_anything_beside_the_picture_is_refused() -> None:
    promise, photo = promised()
    verdict = verified(images.encode(photo, NONE) + b"trailer", promise, lambda _: [], images.Limits())
    assert any("behind the end" in problem for problem in verdict.problems)


def test_a_detection_counts_as_covered_only_if_most_of_it_is() -> None:
    mask = np.zeros((100, 100), bool)
    mask[:, :50] = True
    assert is_covered(Box(0, 0, 70, 50), mask)
    assert not is_covered(Box(10, 0, 90, 50), mask)
    assert is_left(Box(0, 0, 20, 20), [Box(2, 2, 22, 22)])
    assert not is_left(Box(0, 0, 20, 20), [Box(18, 18, 40, 40)])


def test_verify_file_finds_faces_metadata_frames_and_pictures_below_the_picture(tmp_path: Path) -> None:
    source = write_photo(tmp_path / "a.jpg", scene(0), comment=b"secret")
    verdict = verify_file(source, lambda _: [CORNER])
    assert verdict.faces == (CORNER,)
    assert verdict.problems == ("holds a comment",)
    assert verify_file(source, lambda _: [CORNER], left=[CORNER.box]).faces == ()
    below = np.dstack([scene(0), np.zeros((HEIGHT, WIDTH), np.uint8)])
    problems = verify_file(write_photo(tmp_path / "b.png", below), lambda _: []).problems
    assert "transparent parts hide a picture" in problems


def test_a_detection_on_a_flat_patch_is_no_face() -> None:
    pixels = scene(0)
    pixels[20:100, 20:100] = (40, 90, 40)
    content = images.encode(Photo(pixels), images.WriteOptions("jpeg", 75, "none"))
    assert verify_file(content, lambda _: [Detection(Box(15, 15, 105, 105), 0.9)]).passed


def test_the_review_list_gives_reason_and_action(tmp_path: Path) -> None:
    held = Entry.of_error(Path("a.jpg"), Withheld("a.jpg: no face was found", "look at it"))
    write_review(tmp_path / "review.json", [held, Entry("b.jpg", "done")])
    expected = {"photo": "a.jpg", "reason": "a.jpg: no face was found", "action": "look at it"}
    assert json.loads((tmp_path / "review.json").read_text()) == {"version": 1, "photos": [expected]}


def test_the_command_exits_with_4_where_something_is_found(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg", scene(0), comment=b"secret")
    result = CliRunner().invoke(app, ["verify", str(tmp_path), "--json"])
    assert result.exit_code == 4
    assert json.loads(result.stdout)["problems"] == ["holds a comment"]


def test_the_command_exits_with_0_for_a_clean_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(images.encode(Photo(scene(0)), NONE))
    assert CliRunner().invoke(app, ["verify", str(tmp_path)]).exit_code == 0


def test_the_command_does_not_believe_a_report_about_another_file(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.png")
    entry = {"audit": {"outputs": [{"sha256": "0" * 64}], "left": [[0, 0, 9, 9]]}}
    (tmp_path / "report.json").write_text(json.dumps({"photos": [entry]}))
    assert left_on_purpose(path, images.Limits()) == []
