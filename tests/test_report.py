"""What a run says about itself: entries, report.json, review.json, and the exit code."""

import json
from pathlib import Path

import numpy as np
import pytest

from faceedit.errors import PhotoError, UnreadablePhoto, Withheld
from faceedit.geometry import Box
from faceedit.photo import Finding, Model
from faceedit.region import Float, Region, effect
from faceedit.registry import Registry
from faceedit.report import (
    Entry,
    exit_code,
    faces_json,
    findings_json,
    model_json,
    write_report,
    write_review,
)
from faceedit.testing import painted_photo

ABOUT = {"name": "Evening", "path": "evening.yaml", "sha256": "a" * 64}
MODEL = Model("lite", "b" * 64)


@effect()
def nothing(region: Region) -> Float:
    """Nothing."""
    return region.pixels


def written(path: Path, *entries: Entry) -> dict:
    write_report(path, entries, recipe=ABOUT, model=MODEL, registry=Registry.of(nothing))
    return json.loads(path.read_bytes())


def test_a_report_holds_version_recipe_model_plugins_and_an_entry_a_photo(tmp_path: Path) -> None:
    report = written(tmp_path / "report.json", Entry("a.jpg", "done", outputs=["out/a.jpg"]).timed(1.23456))
    assert report == {
        "version": 1,
        "recipe": ABOUT,
        "model": {"name": "lite", "sha256": "b" * 64},
        "plugins": [{"distribution": "", "version": ""}],
        "left_over": [],
        "photos": [
            {
                "photo": "a.jpg",
                "outputs": ["out/a.jpg"],
                "status": "done",
                "error": "",
                "action": "",
                "faces": [],
                "findings": [],
                "notes": [],
                "audit": {},
                "video": {},
                "seconds": 1.235,
            }
        ],
    }


def test_faces_stand_with_number_box_and_score() -> None:
    assert faces_json(painted_photo(100, 100).faces) == [{"index": 0, "box": [25, 25, 75, 75], "score": 0.99}]


def test_findings_of_numpy_numbers_can_be_written(tmp_path: Path) -> None:
    box = Box(*np.array([1, 2, 3, 4]))
    finding = Finding("hat", 0, np.float32(0.5), box, {"area": np.float64(2.5), "n": np.int64(3), "of": np.arange(2)})
    report = written(tmp_path / "report.json", Entry("a", "done", findings=findings_json([finding])))
    assert report["photos"][0]["findings"] == [
        {
            "kind": "hat",
            "face": 0,
            "confidence": 0.5,
            "box": [1, 2, 3, 4],
            "details": {"area": 2.5, "n": 3, "of": [0, 1]},
        }
    ]


def test_details_that_are_no_json_are_written_as_text(tmp_path: Path) -> None:
    details = {"path": Path("a/b"), "set": {1}, "number": float("nan")}
    report = written(
        tmp_path / "report.json", Entry("a", "done", findings=findings_json([Finding("x", details=details)]))
    )
    assert report["photos"][0]["findings"][0]["details"] == {"path": "a/b", "set": "{1}", "number": None}


@pytest.mark.parametrize("name", ["ä 写真.jpg", "bad\udcff.jpg", 'quo"te\n.jpg'])
def test_any_file_name_can_stand_in_a_report(tmp_path: Path, name: str) -> None:
    path = tmp_path / "report.json"
    write_report(path, [Entry(name, "done")], recipe=ABOUT, model=MODEL, registry=Registry.of(nothing))
    assert json.loads(path.read_bytes().decode("utf-8"))["photos"][0]["photo"] == name


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"report\.json: cannot be written"):
        written(tmp_path / "missing" / "report.json")


def test_a_model_stands_with_name_and_hash() -> None:
    assert model_json(MODEL) == {"name": "lite", "sha256": "b" * 64}


@pytest.mark.parametrize(
    ("error", "redacts", "status"),
    [
        (UnreadablePhoto("cut off", "copy it again"), False, "failed"),
        (UnreadablePhoto("cut off", "copy it again"), True, "review"),
        (Withheld("no face", "look"), False, "review"),
    ],
)
def test_a_failure_is_failed_or_wants_review_when_the_recipe_redacts(
    error: PhotoError, redacts: bool, status: str
) -> None:
    entry = Entry.of_error(Path("a.jpg"), error, redacts=redacts)
    assert (entry.status, entry.error, entry.action, entry.outputs) == (status, str(error), error.hint, [])


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        ([], 0),
        (["done", "skipped"], 0),
        (["done", "failed"], 1),
        (["review", "done"], 4),
        (["failed", "review", "failed"], 4),
    ],
)
def test_the_exit_code_is_that_of_the_gravest(statuses: list, code: int) -> None:
    assert exit_code([Entry("a", status) for status in statuses]) == code


def test_the_review_lists_what_was_withheld_why_and_what_to_do(tmp_path: Path) -> None:
    entries = [
        Entry("a.jpg", "done"),
        Entry.of_error(Path("b.jpg"), Withheld("b.jpg: no face was found", "look at it yourself")),
        Entry.of_error(Path("c.jpg"), UnreadablePhoto("c.jpg: is empty"), redacts=True),
    ]
    write_review(tmp_path / "review.json", entries)
    assert json.loads((tmp_path / "review.json").read_text()) == {
        "version": 1,
        "photos": [
            {"photo": "b.jpg", "reason": "b.jpg: no face was found", "action": "look at it yourself"},
            {"photo": "c.jpg", "reason": "c.jpg: is empty", "action": "look at the photo yourself"},
        ],
    }
