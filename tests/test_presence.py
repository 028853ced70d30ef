"""Presence of accessories on labelled photos: figures that can be counted by hand, and thresholds that follow."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run
from faces_support import Oracle, painted_in_label_colors
from PIL import Image

from faceedit import models, presence
from faceedit.errors import UsageError
from faceedit.labels import ID
from faceedit.presence import BLIND, Presence, measured, table, thresholds, worn_by
from faceedit.registry import Registry
from faceedit.testing import painted_photo

import faceedit_accessories  # isort: skip


def told(confidence: list[float], worn: list[int], least: float = 0.5) -> Presence:
    sure = np.array(confidence)
    return Presence(sure, np.array(worn, bool), sure >= least)


def test_figures_are_those_counted_by_hand() -> None:
    one = told([0.9, 0.8, 0.7, 0.2, 0.1], [1, 0, 1, 1, 0])
    assert (one.precision, one.recall, one.f1) == (2 / 3, 2 / 3, 2 / 3)
    assert one.average_precision == pytest.approx((1 / 1 + 2 / 3 + 3 / 4) / 3)


@pytest.mark.parametrize(
    ("confidence", "worn", "threshold"),
    [
        ([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0], 0.55),
        ([0.9, 0.4, 0.3, 0.1], [0, 1, 1, 0], 0.2),
        ([0.9, 0.9, 0.9, 0.2], [1, 1, 0, 0], 0.55),  # equals cannot be told apart
        ([0.6], [1], 0.3),
        ([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.0], [0, 0, 0, 0, 0, 0, 0, 1], BLIND),
    ],
)
def test_the_threshold_is_the_one_with_the_best_f1(confidence: list, worn: list, threshold: float) -> None:
    assert told(confidence, worn).best_threshold() == pytest.approx(threshold)


def test_nobody_wears_it_and_nobody_is_said_to() -> None:
    one = told([0.0, 0.0], [0, 0])
    assert (one.f1, one.average_precision, one.best_threshold()) == (0, 0, BLIND)


def test_earrings_are_told_by_the_persons_side() -> None:
    labels = np.zeros((100, 100), np.uint8)
    labels[40:60, 48:52] = ID["nose"]
    labels[70:74, 80:84] = ID["ear_r"]
    assert worn_by(labels) == {
        "glasses": False, "hat": False, "earring_left": True, "earring_right": False, "necklace": False
    }  # fmt: skip


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    worn = {"a": ("hat",), "b": ("eye_g",), "c": (), "d": ("hat", "ear_r"), "e": ("eye_g", "neck_l")}
    for name, accessories in worn.items():
        photo = painted_photo(256, 256, face_px=128, accessories=accessories)
        Image.fromarray(painted_in_label_colors(photo).pixels).save(tmp_path / f"{name}.png")
        Image.fromarray(photo.labels()).save(tmp_path / f"{name}.label.png")
    return tmp_path


def test_left_and_right_share_the_threshold_that_both_choose() -> None:
    left = Presence(np.array([0.9, 0.5, 0.1]), np.array([True, False, False]), np.zeros(3, bool))
    right = Presence(np.array([0.8, 0.6, 0.2]), np.array([True, True, False]), np.zeros(3, bool))
    assert thresholds({"earring_left": left, "earring_right": right, "hat": left}) == {
        "earring_left": 0.55, "earring_right": 0.55, "hat": 0.7
    }  # fmt: skip


def test_a_model_that_sees_everything_tells_everything(labelled: Path) -> None:
    found = measured(Oracle(), Registry.of(faceedit_accessories), labelled)
    assert {kind: int(one.worn.sum()) for kind, one in found.items()} == {
        "glasses": 2, "hat": 2, "earring_left": 1, "earring_right": 1, "necklace": 1
    }  # fmt: skip
    assert all(one.average_precision == 1 for one in found.values())
    assert all(0 < least < 1 for least in thresholds(found).values())
    assert table(found).splitlines()[2] == "| glasses | 1.00 | 1.00 | 1.00 | 1.00 | 2 |"


def test_given_thresholds_count_in_place_of_the_models_own(labelled: Path) -> None:
    found = measured(Oracle(), Registry.of(faceedit_accessories), labelled, given={"hat": BLIND})
    assert (found["hat"].recall, found["glasses"].recall) == (0, 1)
    assert found["hat"].average_precision == 1


def test_names_and_those_left_out_part_the_folder(labelled: Path) -> None:
    registry = Registry.of(faceedit_accessories)
    assert len(measured(Oracle(), registry, labelled, ["a", "b"])["hat"].worn) == 2
    assert len(measured(Oracle(), registry, labelled, but=["a", "b"])["hat"].worn) == 3
    with pytest.raises(UsageError, match="1 of 1 named photos are not there: z"):
        measured(Oracle(), registry, labelled, ["z"])


def test_the_command_prints_the_table_and_keeps_the_thresholds_only_when_told(
    run: Run, labelled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "load", lambda *_: Oracle())
    monkeypatch.setattr(models, "find", lambda _: tmp_path)
    (tmp_path / "names.txt").write_text("a\nb\n")
    command = ("models", "calibrate", "lite", "--data", labelled, "--validation", tmp_path / "names.txt")
    code, out, _ = run(*command)
    assert (code, out.splitlines()[3]) == (0, "| glasses | 1.00 | 1.00 | 1.00 | 1.00 | 1 |")
    assert not (tmp_path / "thresholds.json").exists()
    run(*command, "--write")
    assert json.loads((tmp_path / "thresholds.json").read_text()).keys() == presence.PARTS.keys()


def test_the_kinds_are_those_of_the_inspector() -> None:
    assert set(presence.PARTS) == {*faceedit_accessories.KINDS} - {"sunglasses"}
