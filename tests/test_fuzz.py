"""Mutated files through `faceedit apply`: no traceback, no partial output, and a line in the report for every file."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run
from faces_support import Oracle
from mutants import mutants, pool

from faceedit import images, models
from faceedit.detection import Detection, Search
from faceedit.faces import FaceFinder
from faceedit.geometry import Box

RECIPES = {
    "edit": "faceedit: 1\nsteps: [{effect: blur}]\noutput: {metadata: keep}\n",
    "redact": "faceedit: 1\nsteps: [{effect: redact}]\n",
}
SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".gif", ".heic", ".avif", ".bmp")
OWN = {"report.json", "report.html", "review.json"}


class Middle:
    """A detector that finds a face in the middle of every picture, until it is covered by one color."""

    name = "middle"

    def detect(self, pixels: np.ndarray) -> list[Detection]:
        height, width = pixels.shape[:2]
        box = Box(width // 3, height // 3, max(width * 2 // 3, width // 3 + 1), max(height * 2 // 3, height // 3 + 1))
        inside = pixels[box.slices].reshape(-1, 3)
        return [Detection(box, 0.95)] if np.ptp(inside, axis=0).max() > 8 else []


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model: a face in the middle of every photo."""
    monkeypatch.setattr(
        models,
        "face_finder",
        lambda *_, search, **__: FaceFinder(Oracle(), Middle(), search or Search(), plausible_only=False),
    )


def folder(place: Path, count: int, seed: int) -> Path:
    chance = random.Random(seed)  # noqa: S311  mutants, not secrets
    contents = pool()
    place.mkdir()
    for index in range(count):
        content = chance.choice(contents)
        if chance.random() < 0.7:  # most mutants are refused; some files must get through
            (content,) = mutants(content, 1, chance)
        place.joinpath(f"{index}{chance.choice(SUFFIXES)}").write_bytes(content)
    return place


def survive(run: Run, place: Path, recipe: str, count: int, seed: int) -> None:
    place.joinpath("r.yaml").write_text(RECIPES[recipe])
    photos, out = folder(place / "photos", count, seed), place / "out"
    code, _, said = run("apply", place / "r.yaml", photos, "-o", out, "--max-megapixels", 20, "-q")
    report = json.loads((out / "report.json").read_text())["photos"]
    assert code in (0, 1, 4)
    assert sorted(entry["photo"] for entry in report) == sorted(map(str, photos.iterdir()))
    for entry in report:
        assert "unexpected" not in entry["error"], entry["error"]
        assert entry["seconds"] < 30
        assert bool(entry["outputs"]) == (entry["status"] == "done")
        assert entry["status"] in ("done", "failed" if recipe == "edit" else "review")
    told = {Path(output) for entry in report for output in entry["outputs"]}
    there = {path for path in out.rglob("*") if path.is_file() and path.name not in OWN and path.parent == out}
    assert {path for path in there if not path.name.startswith(".faceedit")} == told
    for path in told:
        images.read(path)
    lines = [line for line in said.splitlines() if line.startswith(("failed: ", "review: "))]
    assert len(lines) == sum(entry["status"] != "done" for entry in report)


@pytest.mark.parametrize("recipe", RECIPES)
def test_mutants_are_done_or_reported(run: Run, tmp_path: Path, recipe: str) -> None:
    survive(run, tmp_path, recipe, 30 if recipe == "edit" else 15, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("recipe", RECIPES)
def test_twenty_thousand_mutants_are_done_or_reported(run: Run, tmp_path: Path, recipe: str, seed: int) -> None:
    survive(run, tmp_path, recipe, 1000, seed=100 + seed)
