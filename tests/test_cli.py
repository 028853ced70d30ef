"""The command line: exit codes, one line an error, and what each command says; with painted faces."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_support import Run
from PIL import Image

from faceedit import models


def recipe(folder: Path, *steps: str, output: str = "") -> Path:
    path = folder / "r.yaml"
    lines = ["faceedit: 1", "name: Test", "steps:", *(f"  - {{{step}}}" for step in steps)]
    path.write_text("\n".join([*lines, *([f"output: {{{output}}}"] if output else [])]) + "\n")
    return path


def test_zero_when_all_photos_are_done(run: Run, photos: Path, tmp_path: Path) -> None:
    code, out, err = run("apply", recipe(tmp_path, "effect: lipstick"), photos, "-o", "out")
    assert (code, out[:8], len(out.splitlines())) == (0, "1 done; ", 1)
    assert err == "[1/1] done face.png\n"
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [entry["status"] for entry in report["photos"]] == ["done"]
    assert (tmp_path / "out" / "face.png").read_bytes() != (photos / "face.png").read_bytes()


def test_one_when_some_photo_failed_and_the_others_are_done(run: Run, photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture")
    code, out, err = run("apply", recipe(tmp_path, "effect: lipstick"), photos, "-o", "out", "-q")
    assert (code, out) == (1, "")
    assert err.startswith("failed: ")
    assert len(err.splitlines()) == 1
    assert (tmp_path / "out" / "face.png").exists()


def test_four_when_a_photo_wants_review_even_beside_a_failure(run: Run, photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(photos / "empty.png")
    (photos / "bad.jpg").write_bytes(b"no picture")
    code, _, err = run("apply", recipe(tmp_path, "effect: redact"), photos, "-o", "out", "-q")
    assert (code, [line.split(":")[0] for line in err.splitlines()]) == (4, ["review", "review"]), err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.*g")) == ["face.png"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (["effect: lipstik"], 'no effect "lipstik"; did you mean "lipstick"?'),
        (["effect: lipstick, colour: red"], 'no option "colour"'),
        (["effect: lipstick, on: lip"], 'unknown part "lip"; did you mean "lips"?'),
        (["effect: lipstick, strength: 7"], "strength"),
        (["effect: redact, strength: 0.5"], "strength"),
    ],
)
def test_two_for_a_recipe_with_a_mistake(run: Run, photos: Path, tmp_path: Path, steps: list, message: str) -> None:
    code, _, err = run("apply", recipe(tmp_path, *steps), photos, "-o", "out")
    assert code == 2
    assert err.startswith("faceedit: r.yaml:4:" if err.startswith("faceedit: r") else f"faceedit: {tmp_path}/r.yaml:4:")
    assert message in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "-o", "out"), 'there is no file or folder "nowhere"'),
        (("photos/*.gif", "-o", "out"), 'no photo matches "photos/*.gif"'),
        (("photos", "-o", "photos"), "lies in the input folder"),
        (("photos", "-o", "photos/out"), "lies in the input folder"),
        (("photos/face.png", "-o", "photos"), "is an input and would be replaced"),
        (("photos", "-o", "r.yaml"), 'the output "r.yaml" is a file'),
        (("photos", "-o", "out", "--var", "x"), '--var "x" has no "="'),
        (("photos", "-o", "out", "--jobs", "many"), '--jobs "many" is no number of processes'),
    ],
)
@pytest.mark.usefixtures("photos")
def test_two_for_folders_and_options_that_cannot_be(run: Run, tmp_path: Path, arguments: tuple, message: str) -> None:
    code, _, err = run("apply", recipe(tmp_path, "effect: lipstick"), *arguments)
    assert code == 2
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [("aply",), ("apply",), ("apply", "--nonsense"), ("models", "use")])
def test_two_for_a_command_that_is_none(run: Run, arguments: tuple) -> None:
    assert run(*arguments)[0] == 2


@pytest.mark.parametrize("model", ["lite2", "./missing", "someone/parser"])
def test_three_when_the_model_is_not_there(run: Run, photos: Path, tmp_path: Path, model: str) -> None:
    code, _, err = run("apply", recipe(tmp_path, "effect: lipstick"), photos, "-o", "out", "--model", model)
    assert code == 3
    assert err.startswith("faceedit: ")
    assert len(err.splitlines()) == 1
    assert not list((tmp_path).glob("out/*.png"))


def test_a_model_named_on_the_command_line_beats_the_recipe_and_that_the_default(run: Run, photos: Path) -> None:
    path = recipe(photos.parent, "effect: lipstick")
    path.write_text(path.read_text() + "model: recipe-model\n")
    assert 'no model "recipe-model"' in run("apply", path, photos, "-o", "out")[2]
    assert 'no model "own-model"' in run("apply", path, photos, "-o", "out", "--model", "own-model")[2]


def test_planning_says_what_would_be_done_and_writes_nothing(run: Run, photos: Path, tmp_path: Path) -> None:
    code, out, err = run("plan", recipe(tmp_path, "effect: redact"), photos, "-o", "out")
    assert (code, err) == (0, "")
    assert out.splitlines()[0].endswith("photos/face.png -> out/face.png")
    assert out.splitlines()[1] == "1 photo; steps: redact; no faces: review; metadata: none"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "r.yaml"]


def test_segmenting_writes_labels_and_their_picture(run: Run, photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(photos / "face.jpg")
    code, out, _ = run("segment", photos, "-o", "out")
    assert (code, out) == (0, "2 done; labels in out\n")
    names = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    expected = ["face.jpg.labels.png", "face.jpg.overlay.png", "face.png.labels.png", "face.png.overlay.png"]
    assert names == expected
    with Image.open(tmp_path / "out" / "face.png.labels.png") as picture:
        assert (picture.mode, picture.size) == ("L", (160, 160))
        assert {1, 13} <= {color for _, color in picture.getcolors()}


def test_segmenting_twice_replaces_its_own_files_and_no_others(run: Run, photos: Path, tmp_path: Path) -> None:
    assert run("segment", photos, "-o", "out")[0] == 0
    assert run("segment", photos, "-o", "out")[0] == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "face.labels.png").write_bytes(b"mine")
    code, _, err = run("segment", photos, "-o", "other")
    assert (code, (tmp_path / "other" / "face.labels.png").read_bytes()) == (2, b"mine")
    assert "was not made by faceedit" in err


def test_inspecting_says_the_faces_as_text_and_as_json(run: Run, photos: Path) -> None:
    code, out, _ = run("inspect", photos)
    assert code == 0
    assert out.splitlines()[0].endswith("face.png: 160 x 160, 1 face(s)")
    line = json.loads(run("inspect", photos, "--json")[1])
    assert list(line) == ["photo", "width", "height", "faces", "findings", "model"]
    assert (line["width"], line["height"], line["faces"][0]["index"]) == (160, 160, 0)
    assert len(line["faces"][0]["box"]) == 4
    assert {"glasses", "hat"} <= {finding["kind"] for finding in line["findings"]}
    assert line["model"] == {"name": "oracle", "sha256": "0" * 64}


def test_inspecting_goes_on_after_a_bad_photo(run: Run, photos: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture")
    code, out, err = run("inspect", photos, "--json")
    assert (code, len(out.splitlines()), err.startswith("failed: ")) == (1, 1, True)


def test_strange_file_names_are_said_without_failing(run: Run, photos: Path) -> None:
    (photos / "face.png").rename(photos / os.fsdecode(b"f\xff\n.png"))
    code, out, _ = run("inspect", photos, "--json")
    assert code == 0
    assert json.loads(out)["photo"].endswith("f\udcff\n.png")


def test_a_run_that_is_stopped_says_how_to_go_on(run: Run, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_arguments: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "face_finder", stop)
    code, _, err = run("apply", recipe(photos.parent, "effect: lipstick"), photos, "-o", "out")
    assert code == 130
    assert err.startswith("faceedit: stopped; the same command goes on")


def test_the_module_runs_as_a_program_and_says_one_line(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    command = [sys.executable, "-m", "faceedit", "apply", "none.yaml", "a.png", "-o", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('faceedit: recipe "none.yaml" cannot be read: No such file or directory')
    assert len(done.stderr.splitlines()) == 1


def test_a_photo_is_done_again_where_the_picture_behind_it_has_changed(run: Run, photos: Path, tmp_path: Path) -> None:
    path = recipe(tmp_path, "effect: background_replace, background: sea.png")
    found = []
    for color in ("navy", "navy", "olive"):
        Image.new("RGB", (40, 30), color).save(tmp_path / "sea.png")
        code, _, err = run("apply", path, photos, "-o", "out", "-q")
        assert code == 0, err
        digest = json.loads((tmp_path / "out" / "report.json").read_text())["recipe"]["sha256"]
        found.append((digest, (tmp_path / "out" / "face.png").read_bytes()))
    assert found[0] == found[1]
    assert all(first != last for first, last in zip(found[1], found[2], strict=True))


def test_a_lock_knows_the_picture_behind_people(run: Run, photos: Path, tmp_path: Path) -> None:
    path = recipe(tmp_path, "effect: background_replace, background: sea.png")
    Image.new("RGB", (40, 30), "navy").save(tmp_path / "sea.png")
    assert run("recipe", "lock", path)[0] == 0
    Image.new("RGB", (40, 30), "olive").save(tmp_path / "sea.png")
    code, _, err = run("apply", path, photos, "-o", "out", "--locked")
    assert (code, "recipe sha256" in err) == (3, True)


def test_a_step_that_had_nothing_to_work_on_is_told_at_the_end(run: Run, photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(photos / "empty.png")
    code, out, _ = run("apply", recipe(tmp_path, "effect: cutout"), photos, "-o", "out")
    assert (code, out.split("; report")[0]) == (0, "2 done; in 1 a step found no face or part to work on")
