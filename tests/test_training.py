"""Training on painted faces: it learns, it survives a kill, and it says what cannot be used."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from training_support import QUICK, TINY, quiet, write_folder
from transformers import SegformerForSemanticSegmentation

from faceedit import models
from faceedit.errors import ModelError, SetupError, UsageError
from faceedit.evaluation import evaluate
from faceedit.labelled import open_folder
from faceedit.labels import PARTS
from faceedit.training import Progress, train
from faceedit.training import checkpoint as checkpoint_module
from faceedit.training.data import load
from faceedit.training.loop import ZOOM_IN
from faceedit.training.loss import class_weights
from faceedit.training.model import best_device, logits_of

FLOOR = 0.80
"""Mean F1 over the painted parts that the tiny model reaches on faces it never saw."""

PAINTED = ("skin", "nose", "l_eye", "r_eye", "mouth", "hair", "neck", "cloth")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six painted faces."""
    write_folder(tmp_path / "photos", 6)
    return tmp_path / "photos"


def test_training_learns_painted_faces(tmp_path: Path) -> None:
    """From scratch, a tiny model labels painted faces it never saw, and the folder says how it came about."""
    names = write_folder(tmp_path / "photos", 40)
    held = tmp_path / "held.txt"
    held.write_text("\n".join(names[-8:]))
    options = dataclasses.replace(
        QUICK, stages=((64, 50), (96, 8)), batch=8, validation=held, checks=2, optimizer="muon"
    )
    if not hasattr(torch.optim, "Muon"):
        options = dataclasses.replace(options, optimizer="adamw")
    told: list[Progress] = []
    out = train(tmp_path / "photos", tmp_path / "out", options, told.append)

    assert models.load(str(out), "cpu").size == 96  # the size of the last stage, not SegFormer's usual 512
    model = SegformerForSemanticSegmentation.from_pretrained(out, dtype=torch.float32)
    scored = evaluate(logits_of(model), tmp_path / "photos", names[-8:], size=96)
    mean = np.mean([scored.f1[part] for part in PAINTED])
    assert mean > FLOOR, scored.table()

    record = json.loads((out / "training.json").read_text())
    assert record["finished"]
    assert record["photos"] == 32
    assert record["validation_photos"] == 8
    assert record["options"]["seed"] == 0
    assert [check["size"] for check in record["history"]] == [64, 96]
    assert told[-1].done == 1.0
    assert told[-1].mean_f1 == pytest.approx(scored.mean_f1, abs=0.02)
    assert "validation mean F1" in told[-1].line()
    assert json.loads((out / "config.json").read_text())["id2label"] == {str(i): part for i, part in enumerate(PARTS)}
    assert not (out / checkpoint_module.NAME).exists()


def test_a_killed_run_goes_on_where_it_was(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run killed half-way and resumed ends with the very weights of a run that was left alone."""
    monkeypatch.setattr("faceedit.training.loop.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("faceedit.training.loop.REPORT_SECONDS", 0.0)
    options = dataclasses.replace(QUICK, stages=((64, 4),))
    whole = train(folder, tmp_path / "whole", options, quiet)

    def kill(progress: Progress) -> None:
        if progress.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder, tmp_path / "killed", options, kill)
    with pytest.raises(UsageError, match="holds a training already"):
        train(folder, tmp_path / "killed", options, quiet)
    told: list[Progress] = []
    resumed = train(folder, tmp_path / "killed", dataclasses.replace(options, resume=True), told.append)
    assert told[0].step == 4
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
    # A run that came to its end is left as it is.
    told.clear()
    assert train(folder, tmp_path / "killed", dataclasses.replace(options, resume=True), told.append) == resumed
    assert not told


def test_time_limit_ends_a_run(folder: Path, tmp_path: Path) -> None:
    """With `minutes`, the schedule follows the clock and reaches its end."""
    options = dataclasses.replace(QUICK, stages=((64, 1000), (32, 1000)), minutes=0.04)
    told: list[Progress] = []
    train(folder, tmp_path / "out", options, told.append)
    assert told[-1].done == 1.0
    assert told[-1].lr == pytest.approx(0.01 * options.lr, rel=0.1)
    assert told[-1].seconds < 30


def test_training_goes_on_from_a_model(folder: Path, tmp_path: Path) -> None:
    """A trained folder can be the start of another training, of its own shape."""
    first = train(folder, tmp_path / "first", QUICK, quiet)
    options = dataclasses.replace(QUICK, start=first, config={}, workers=2)
    second = train(folder, tmp_path / "second", options, quiet)
    config = json.loads((second / "config.json").read_text())
    assert config["hidden_sizes"] == TINY["hidden_sizes"]


def test_the_weights_of_classes_are_taken_off_what_is_exported(folder: Path, tmp_path: Path) -> None:
    """Trained by no step, a start comes out as it was, but for what weighting will have added to each logit."""
    train(folder, tmp_path / "first", dataclasses.replace(QUICK, balance=0.0), quiet)
    still = dataclasses.replace(QUICK, start=tmp_path / "first", lr=1e-9, weight_decay=0.0, balance=0.5)
    train(folder, tmp_path / "second", still, quiet)
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("first", "second"))
    key = "decode_head.classifier.bias"
    labels = load(open_folder(folder), int(64 * ZOOM_IN)).labels
    expected = before[key].float() - class_weights(labels, 0.5).log()
    torch.testing.assert_close(after[key].float(), expected, atol=0.01, rtol=0)


def test_start_with_other_parts_is_refused(folder: Path, tmp_path: Path) -> None:
    """A model that labels other parts is no start."""
    first = train(folder, tmp_path / "first", QUICK, quiet)
    config = json.loads((first / "config.json").read_text())
    config["id2label"]["3"] = "spectacles"
    (first / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="labels other parts"):
        train(folder, tmp_path / "second", dataclasses.replace(QUICK, start=first), quiet)
    with pytest.raises(ModelError, match="cannot be trained further"):
        train(folder, tmp_path / "third", dataclasses.replace(QUICK, start=tmp_path / "nowhere"), quiet)


def test_damaged_checkpoint_is_named(folder: Path, tmp_path: Path) -> None:
    """A checkpoint that cannot be read is an error that names the file."""
    out = tmp_path / "out"
    out.mkdir()
    (out / checkpoint_module.NAME).write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=checkpoint_module.NAME):
        train(folder, out, dataclasses.replace(QUICK, resume=True), quiet)


def test_checkpoint_holds_what_was_put_in(tmp_path: Path) -> None:
    """Tensors and facts come back from a checkpoint as they were; nothing else is left in the folder."""
    path = tmp_path / "one.safetensors"
    checkpoint_module.save(path, {"a/b": torch.arange(3)}, {"step": 4, "loss": 0.5})
    tensors, facts = checkpoint_module.load(path)
    assert tensors["a/b"].tolist() == [0, 1, 2]
    assert facts == {"step": 4, "loss": 0.5}
    assert [file.name for file in tmp_path.iterdir()] == ["one.safetensors"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stages": ()}, "stages"),
        ({"stages": ((50, 1),)}, "stages"),
        ({"batch": 1}, "batch"),
        ({"batch": 4, "workers": 3}, "batch"),
        ({"lr": 0.0}, "lr"),
        ({"ema": 1.0}, "ema"),
        ({"checks": 0}, "checks"),
        ({"minutes": 0.0}, "minutes"),
        ({"device": "abacus"}, "unknown device"),
        ({"optimizer": "guess"}, "unknown optimizer"),
        ({"validation": Path("nowhere.txt")}, "nowhere.txt"),
        ({"backdrops": Path("nowhere")}, "nowhere"),
    ],
)
def test_unfit_options_are_refused(folder: Path, tmp_path: Path, change: dict[str, object], said: str) -> None:
    """An option that cannot be used is named."""
    with pytest.raises(UsageError, match=said):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, **change), quiet)


def test_unfit_config_is_refused(folder: Path, tmp_path: Path) -> None:
    """A config of which no model can be made is an error for users."""
    with pytest.raises(ModelError, match="no SegFormer can be made"):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, config={"hidden_sizes": [3, 5, 7]}), quiet)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a cuda device")
def test_missing_device_is_refused() -> None:
    """A device that is not there is an error of the set-up."""
    with pytest.raises(SetupError, match="no cuda device"):
        best_device("cuda")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    """A folder that is not there, and an empty one, are named."""
    with pytest.raises(UsageError, match="is not a folder"):
        train(tmp_path / "nowhere", tmp_path / "out", QUICK, quiet)
    with pytest.raises(UsageError, match=r"holds no NAME\.label\.png"):
        train(tmp_path, tmp_path / "out", QUICK, quiet)


def test_names_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    """A validation name without a photo is an error, and so is leaving nothing to train on."""
    held = tmp_path / "held.txt"
    held.write_text("face000\nnobody\n")
    with pytest.raises(UsageError, match="nobody"):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, validation=held), quiet)
    held.write_text("".join(f"face{number:03d}\n" for number in range(6)))
    with pytest.raises(UsageError, match="0 photos are left"):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, validation=held), quiet)
