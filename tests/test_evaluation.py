"""The figures of an evaluation: the same as the project's score script gives, and right on small cases."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faceedit.errors import ModelError, UsageError
from faceedit.evaluation import Evaluation, Tally, evaluate, label_map
from faceedit.labelled import IGNORED
from faceedit.labels import ID, PARTS

SCRIPT = Path(__file__).resolve().parents[2] / "shared" / "tools" / "score_labels.py"
COARSE = [0, 1, 1, -1, 1, 1, 1, 1, 1, 1, 10, 10, 10, 13, 13, -1, -1, 1, 0]


def write(folder: Path, name: str, ids: np.ndarray) -> None:
    """A photo whose red holds the class ids, and its label."""
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.stack([ids, ids, ids], -1).astype(np.uint8)).save(folder / f"{name}.png")
    Image.fromarray(ids.astype(np.uint8)).save(folder / f"{name}.label.png")


def reader(wrong: float, seed: int = 0) -> Callable[[np.ndarray], torch.Tensor]:
    """A model that reads the class from the red of the crop, at a quarter of its size, and sometimes errs."""
    random = np.random.default_rng(seed)

    def run(crops: np.ndarray) -> torch.Tensor:
        ids = crops[:, 2::4, 2::4, 0].astype(np.int64)
        errs = random.random(ids.shape) < wrong
        ids = np.where(errs, random.integers(0, 19, ids.shape), np.minimum(ids, 18))
        return 3 * torch.nn.functional.one_hot(torch.from_numpy(ids), 19).permute(0, 3, 1, 2).float()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five photos of coloured blocks, all classes, two of them oblong."""
    random = np.random.default_rng(3)
    shapes = [(64, 64), (64, 64), (48, 64), (64, 40), (64, 64)]
    for number, (height, width) in enumerate(shapes):
        blocks = random.integers(0, 19, (height // 8, width // 8))
        write(tmp_path / "truth", f"photo{number}", np.kron(blocks, np.ones((8, 8), np.int64)))
    return tmp_path / "truth"


def script_figures(
    truth: Path, maps: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> dict[str, object]:
    """What score_labels.py prints as JSON."""
    if not SCRIPT.exists():
        pytest.skip(f"{SCRIPT} is not there: it lies beside the checkout on the project's machines only")
    spec = importlib.util.spec_from_file_location("score_labels", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = ["score_labels.py", str(maps), str(truth), "--json", *arguments]
    assert module.main() == 0
    figures: dict[str, object] = json.loads(capsys.readouterr().out)
    return figures


@pytest.mark.parametrize("score_map", [None, COARSE])
def test_figures_are_those_of_the_script(
    folder: Path,
    tmp_path: Path,
    score_map: list[int] | None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F1 and IoU equal those that score_labels.py computes from the written maps."""
    monkeypatch.setattr(sys, "argv", [])
    maps = tmp_path / "maps"
    maps.mkdir()
    if score_map is not None:
        for path in folder.glob("*.label.png"):
            table = np.array(score_map)
            Image.fromarray(table[np.asarray(Image.open(path))].clip(0).astype(np.uint8)).save(path)
    scored = evaluate(reader(0.3), folder, None, score_map, size=64, batch=1)
    again = reader(0.3)
    for path in sorted(folder.glob("*.label.png")):
        name = path.name.removesuffix(".label.png")
        pixels = np.asarray(Image.open(folder / f"{name}.png"))
        square = np.pad(pixels, [(0, 64 - pixels.shape[0]), (0, 64 - pixels.shape[1]), (0, 0)], mode="symmetric")
        guess, _ = label_map(again(square[None])[0], pixels.shape[:2])
        Image.fromarray(guess).save(maps / f"{name}.labels.png")

    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"label_sets": {"coarse": {"score_map": COARSE}}}))
    arguments = ["--set", "coarse", "--manifest", str(manifest)] if score_map is not None else []
    figures = script_figures(folder, maps, arguments, capsys)
    assert figures["photos"] == scored.photos == 5
    assert figures["f1"] == pytest.approx(scored.f1, abs=1e-12)
    assert figures["iou"] == pytest.approx(scored.iou, abs=1e-12)
    assert figures["mean_f1"] == pytest.approx(scored.mean_f1, abs=1e-12)
    assert 0.2 < scored.mean_f1 < 0.95


def test_perfect_maps_score_one() -> None:
    """A map that equals the truth has F1, IoU and accuracy 1 for what is there, and 0 for what is not."""
    tally = Tally()
    truth = np.array([[1, 1], [13, 0]], np.uint8)
    tally.add(truth, np.ones((2, 2), np.float32), truth)
    scored = tally.result()
    assert scored.f1["skin"] == scored.iou["hair"] == scored.pixel_accuracy == 1
    assert scored.f1["hat"] == 0
    assert scored.mean_f1 == pytest.approx(2 / 18)
    assert scored.calibration_error == 0


def test_f1_pools_pixels() -> None:
    """F1 is 2 TP / (said + true) over all photos' pixels, IoU is TP / (said + true - TP)."""
    tally = Tally()
    sure = np.ones((1, 4), np.float32)
    tally.add(np.array([[1, 1, 0, 0]], np.uint8), sure, np.array([[1, 0, 0, 0]], np.uint8))
    tally.add(np.array([[0, 0, 0, 1]], np.uint8), sure, np.array([[1, 1, 1, 1]], np.uint8))
    scored = tally.result()
    assert scored.f1["skin"] == pytest.approx(2 * 2 / (3 + 5))
    assert scored.iou["skin"] == pytest.approx(2 / (3 + 5 - 2))
    assert scored.pixel_accuracy == pytest.approx(4 / 8)


def test_ignored_pixels_count_for_nothing() -> None:
    """Neither unknown truth nor classes that a score map skips count in any figure."""
    tally = Tally(tuple(COARSE))
    guess = np.array([[1, ID["hat"], ID["hair"], ID["eye_g"]]], np.uint8)
    truth = np.array([[1, ID["hair"], IGNORED, 1]], np.uint8)
    tally.add(guess, np.ones((1, 4), np.float32), truth)
    scored = tally.result()
    assert scored.f1["skin"] == scored.f1["hair"] == scored.pixel_accuracy == 1
    assert set(scored.f1) == {"background", "skin", "mouth", "hair"}
    assert scored.presence == {}


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    """Nine tenths sure and half right is an error of 0.4."""
    tally = Tally()
    truth = np.array([[1, 1]], np.uint8)
    tally.add(np.array([[1, 2]], np.uint8), np.full((1, 2), 0.9, np.float32), truth)
    assert tally.result().calibration_error == pytest.approx(0.4)


def test_presence_counts_photos() -> None:
    """A photo is said to show glasses from a small area on; precision and recall count photos."""
    tally = Tally(present_share=0.3)
    sure = np.ones((1, 4), np.float32)
    worn, bare = np.array([[3, 3, 1, 1]], np.uint8), np.array([[1, 1, 1, 1]], np.uint8)
    speck = np.array([[3, 1, 1, 1]], np.uint8)
    for guess, truth in ((worn, worn), (worn, bare), (speck, worn), (bare, bare)):
        tally.add(guess, sure, truth)
    glasses = tally.result().presence["eye_g"]
    assert (glasses.precision, glasses.recall, glasses.f1) == (0.5, 0.5, 0.5)
    assert tally.result().presence["hat"].f1 == 0


def test_logits_are_resized_before_the_maximum() -> None:
    """The border between two classes runs between the centres of the cells, not along a staircase of classes."""
    logits = torch.full((19, 2, 2), -5.0)
    logits[1, :, 0], logits[2, :, 1] = 3.0, 1.0
    guess, confidence = label_map(logits, (8, 6))
    assert guess.shape == confidence.shape == (8, 6)
    assert guess[0].tolist() == [1, 1, 1, 1, 2, 2]
    assert confidence[0, 0] > confidence[0, 3]


def test_only_named_photos_are_scored(folder: Path) -> None:
    """Names choose photos; a name without a photo is an error."""
    assert evaluate(reader(0), folder, ["photo1", "photo4"], size=64).photos == 2
    with pytest.raises(UsageError, match="photo9"):
        evaluate(reader(0), folder, ["photo9"], size=64)


def test_change_is_applied_first(folder: Path) -> None:
    """A change of photo and label together costs nothing; of the photo alone it does."""

    def both(pixels: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pixels[:, ::-1], ids[:, ::-1]

    def dark(pixels: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pixels // 2, ids

    plain = evaluate(reader(0), folder, size=64).mean_f1
    assert evaluate(reader(0), folder, size=64, change=both).mean_f1 == pytest.approx(plain, abs=0.02)
    assert evaluate(reader(0), folder, size=64, change=dark).mean_f1 < plain - 0.3


def test_unfit_arguments_are_refused(folder: Path) -> None:
    """A score map of another length and logits of another shape are errors for users."""
    with pytest.raises(UsageError, match="score map"):
        evaluate(reader(0), folder, None, [0, 1])
    with pytest.raises(UsageError, match="score map"):
        evaluate(reader(0), folder, None, [19] * 19)
    with pytest.raises(ModelError, match="expected"):
        evaluate(lambda crops: torch.zeros(len(crops), 18, 4, 4), folder)


def test_json_and_table_hold_the_figures(folder: Path) -> None:
    """The JSON can be dumped and holds every figure; the table names every part."""
    scored = evaluate(reader(0.1), folder, size=64)
    figures = json.loads(json.dumps(scored.to_json()))
    assert list(figures["f1"]) == list(figures["iou"]) == list(PARTS)
    assert set(figures["presence"]) == {"eye_g", "hat", "ear_r", "neck_l"}
    assert set(figures["presence"]["hat"]) == {"precision", "recall", "f1", "photos"}
    assert isinstance(scored, Evaluation)
    text = scored.table()
    assert all(part in text for part in PARTS)
    assert f"{scored.mean_f1:.3f}" in text
