"""Photos that were withheld: what somebody decides about them is written down, done, and survives runs."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run, run
from PIL import Image
from redaction_support import finder, job, processor, scene, told, write_photo

from faceedit.cli import review as cli_review
from faceedit.detection import Detection
from faceedit.errors import UsageError
from faceedit.geometry import Box
from faceedit.images import read
from faceedit.report import Entry
from faceedit.runner import Decisions, Input, decide, marks_of, read_boxes
from faceedit.runner import run as run_jobs
from faceedit.runner.decisions import DECISIONS
from faceedit.runner.redaction import Wishes

__all__ = ["run"]

MARKED = Box(10, 20, 40, 60)


def no_face(photo):
    return photo


def withheld(tmp_path: Path) -> Input:
    return Input(write_photo(tmp_path / "in.png", scene(0)))


def again(tmp_path: Path, find=no_face, look=None, **settings: str) -> Entry:
    """What becomes of the photo now, with the decisions that lie in the folder."""
    work = replace(processor(look or told(), find, **settings), wishes=Wishes(decisions=Decisions.read(tmp_path)))
    (entry,) = run_jobs([job(tmp_path / "in.png", tmp_path / "out.png")], work, redacts=True)
    return entry


def test_without_a_decision_the_photo_stays_withheld(tmp_path: Path) -> None:
    withheld(tmp_path)
    assert again(tmp_path).status == "review"


def test_marked_faces_are_covered_and_the_decision_stands_in_the_audit(tmp_path: Path) -> None:
    decide(tmp_path, withheld(tmp_path), [MARKED])
    entry = again(tmp_path)
    assert not read(tmp_path / "out.png").pixels[MARKED.slices].any()
    assert entry.audit["covered"] == [MARKED.as_list()]
    said = entry.audit["decision"]
    assert said["boxes"] == [MARKED.as_list()]
    assert said["time"].endswith("+00:00")
    assert said["user"]


def test_a_photo_released_as_faceless_is_still_looked_at_twice(tmp_path: Path) -> None:
    decide(tmp_path, withheld(tmp_path))
    entry = again(tmp_path, look=told([], [Detection(MARKED, 0.9)]))
    assert entry.audit["decision"]["faceless"] is True
    assert entry.audit["covered"] == [MARKED.as_list()]


def test_a_marked_face_that_the_recipe_would_leave_withholds_the_photo(tmp_path: Path) -> None:
    decide(tmp_path, withheld(tmp_path), [MARKED])
    entry = again(tmp_path, finder(), steps="{effect: redact, faces: largest}")
    assert "leaves the face that was marked at [10, 20, 40, 60]" in entry.error


def test_a_box_beyond_the_photo_withholds_it(tmp_path: Path) -> None:
    decide(tmp_path, withheld(tmp_path), [Box(5000, 0, 5010, 10)])
    assert again(tmp_path).status == "review"


def test_a_decision_holds_for_the_very_bytes_alone(tmp_path: Path) -> None:
    decide(tmp_path, withheld(tmp_path))
    write_photo(tmp_path / "in.png", scene(1))
    assert again(tmp_path).status == "review"


def test_the_last_decision_counts_and_torn_or_strange_lines_do_not(tmp_path: Path) -> None:
    photo = withheld(tmp_path)
    decide(tmp_path, photo)
    decide(tmp_path, photo, [MARKED])
    with (tmp_path / DECISIONS).open("a") as file:
        file.write(
            f'[]\n"x"\n{{"sha256": "{photo.sha256}"}}\n{{"sha256": "{photo.sha256}", "boxes": [[1,1,0,0]]}}\n{{"sh'
        )
    found = Decisions.read(tmp_path).of(photo)
    assert found is not None
    assert found.boxes == (MARKED,)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "[[1, 2, 3]]", "[[1, 2, 1, 9]]", '[["a", 1, 2, 3]]', "[[0,0,1,Infinity]]"]
)
def test_a_file_that_holds_no_boxes_says_how_it_must_be(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.boxes.json").write_text(text)
    with pytest.raises(UsageError, match=r"\[\[left, top, right, bottom\], \.\.\.\]"):
        read_boxes(tmp_path / "a.boxes.json")


def walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: Sequence[str]) -> int:
    photo = withheld(tmp_path)
    rest = iter(answers)
    monkeypatch.setattr(cli_review, "_ask", lambda _text, default: next(rest) or default)
    entries = [Entry(str(photo.path), "review", error="no face was found"), Entry("other.png", "done")]
    return cli_review.review(tmp_path, [photo], entries)


def test_the_queue_takes_boxes_from_the_file_beside_the_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marks_of(tmp_path / "in.png").write_text(json.dumps([MARKED.as_list()]))
    assert walk(tmp_path, monkeypatch, ["b", ""]) == 1
    assert Decisions.read(tmp_path).of(Input(tmp_path / "in.png")).boxes == (MARKED,)


def test_the_queue_asks_again_after_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert walk(tmp_path, monkeypatch, ["b", "nowhere.json", "x", "n"]) == 1
    assert Decisions.read(tmp_path).of(Input(tmp_path / "in.png")).faceless


@pytest.mark.parametrize("answer", ["s", "q"])
def test_skipping_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    assert walk(tmp_path, monkeypatch, [answer]) == 0
    assert not (tmp_path / DECISIONS).exists()


def test_the_photo_and_the_page_can_be_opened_before_deciding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(cli_review.typer, "launch", opened.append)
    assert walk(tmp_path, monkeypatch, ["p", "o", "s"]) == 0
    assert opened == [str(tmp_path / "report.html"), str(tmp_path / "in.png")]


def test_what_is_no_file_any_more_cannot_be_decided(tmp_path: Path) -> None:
    entry = Entry(str(tmp_path / "gone.png"), "review")
    assert cli_review.review(tmp_path, [Input(tmp_path / "gone.png")], [entry]) == 0


def test_photos_with_marked_faces_keep_those_that_were_found(tmp_path: Path) -> None:
    decide(tmp_path, withheld(tmp_path), [MARKED])
    entry = again(tmp_path, finder())
    assert len(entry.audit["covered"]) == 2
    assert Image.open(tmp_path / "out.png").getpixel((25, 40)) == (0, 0, 0)


@pytest.mark.parametrize("options", [[], ["--previews"]])
def test_a_withheld_photo_is_shown_only_where_that_was_asked_for(run: Run, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "r.yaml").write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
    source = write_photo(tmp_path / "in.png", scene(0))
    assert run("apply", "r.yaml", source, "-o", "out", "-q", *options)[0] == 4
    (entry,) = json.loads((tmp_path / "out" / "review.json").read_text())["photos"]
    pictures = list((tmp_path / "out").rglob("*.jpg"))
    if not options:
        assert (pictures, "preview" in entry) == ([], False)
        return
    assert pictures == [tmp_path / "out" / entry["preview"]]
    assert entry["preview"] in (tmp_path / "out" / "report.html").read_text()
    assert np.abs(np.asarray(Image.open(pictures[0])).astype(int) - scene(0)).mean() < 12
    assert run("apply", "r.yaml", source, "-o", "out", "-q")[0] == 4  # asked for no more
    assert list((tmp_path / "out").rglob("*.jpg")) == []
