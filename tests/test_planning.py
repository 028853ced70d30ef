"""`plan`, `--watch` and several outputs on the command line: what is said before and instead of work."""

import io
import os
import re
from pathlib import Path

import pytest
from cli_support import Run
from PIL import Image

TWO = "faceedit: 1\nname: Two\nsteps:\n  - effect: lipstick\noutputs: {web: {max_side: 80}, print: {}}\n"


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A recipe with two outputs."""
    (tmp_path / "two.yaml").write_text(TWO)
    return tmp_path / "two.yaml"


def test_a_plan_names_every_output_and_does_not_guess_the_time(run: Run, photos: Path, two: Path) -> None:
    code, out, err = run("plan", two, photos, "-o", "out")
    assert (code, err) == (0, "")
    first, closing, time = out.splitlines()
    assert first.endswith("photos/face.png -> out/web/face.png, out/print/face.png")
    assert closing == "1 photo; steps: lipstick; outputs: web, print; no faces: copy; metadata: keep"
    assert time == "time: not known before the first run; --look measures it"
    assert not (photos.parent / "out").exists()


def test_after_a_run_the_plan_knows_the_time_and_what_is_there(run: Run, photos: Path, two: Path) -> None:
    assert run("apply", two, photos, "-o", "out", "-q") == (0, "", "")
    out = run("plan", two, photos, "-o", "out")[1]
    assert "(there already, done again if anything differs)" in out
    assert re.search(r"time: about \d+ s with one process, as the last run into this folder took", out)


def test_a_plan_with_a_look_says_faces_failures_and_time(run: Run, photos: Path, two: Path) -> None:
    Image.new("RGB", (40, 30), "teal").save(photos / "none.png")
    (photos / "two\nlines.jpg").write_bytes(b"no picture")
    code, out, err = run("plan", two, photos, "-o", "out", "--look")
    assert (code, err) == (0, "")
    states = [line.rpartition(" (")[2] for line in out.splitlines()[:3]]
    assert states[:2] == ["1 face)", "no face: nothing to edit)"]
    assert states[2].startswith("would fail: is no picture")
    assert "two?lines.jpg" in out
    assert out.splitlines()[-1].startswith("time: about ")
    assert not (photos.parent / "out").exists()


def test_a_watched_folder_and_exists_fail_do_not_go_together(run: Run, photos: Path, two: Path) -> None:
    code, _, err = run("apply", two, photos, "-o", "out", "--watch", "--exists", "fail")
    assert (code, "--exists fail forbids it" in err) == (2, True)
    assert "only folders are watched" in run("apply", two, photos / "face.png", "-o", "out", "--watch")[2]
    assert not (photos.parent / "out").exists()


def test_standard_output_takes_no_recipe_with_several_outputs(run: Run, two: Path) -> None:
    code, _, err = run("apply", two, "-", "-o", "-")
    assert (code, "several outputs" in err) == (2, True)


def test_a_preset_that_writes_two_outputs_is_checked_and_shown(run: Run, two: Path) -> None:
    assert run("recipe", "check", two)[1] == f"{two}: fine, 1 step(s), 2 outputs\n"
    assert '"max_side": 80' in run("recipe", "show", two)[1]


ODD = ["face.png", "two\nlines.png", "NEL\x85.png", " spaces .png", "byte\udcff.png"]


SEPARATED = {b"\n": [ODD[0], *ODD[2:]], b"\r\n": ODD[3:], b"\0": ODD}


@pytest.mark.parametrize("end", SEPARATED)
def test_a_list_names_photos_whatever_they_are_called(
    run: Run, photos: Path, two: Path, monkeypatch: pytest.MonkeyPatch, end: bytes
) -> None:
    names = SEPARATED[end]
    for name in ODD[1:]:
        (photos / name).write_bytes((photos / ODD[0]).read_bytes())
    content = end.join(os.fsencode(photos / name) for name in names) + end
    (photos.parent / "list").write_bytes(content)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="ascii"))
    said = run("plan", two, "-", "-o", "out")
    assert (said[0], said[1].count(" -> ")) == (0, len(names))
    assert run("plan", two, "--files-from", "list", "-o", "out") == said


def test_nothing_named_is_said_with_what_to_name(run: Run, two: Path) -> None:
    assert "no photos named; name files, folders or patterns" in run("plan", two, "-o", "out")[2]
