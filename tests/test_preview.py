"""`apply --preview`: before and after of each photo, and never of one that is to be hidden."""

from pathlib import Path

import numpy as np
import pytest
from cli_support import Run, photos, run
from PIL import Image

from faceedit.gallery import preview
from faceedit.testing import painted_photo

__all__ = ["photos", "run"]

RECIPE = "faceedit: 1\nsteps:\n  - {effect: tint, parts: hair, color: '#30c040', amount: 1, light: 1}\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return path


def test_a_sheet_shows_before_on_the_left_and_after_on_the_right(run: Run, photos: Path, recipe: Path) -> None:
    code, _, errors = run("apply", "--preview", recipe, photos, "-o", "sheets")
    assert (
        code,
        [path.name for path in Path("sheets").rglob("*") if path.is_file() and "preview" not in path.name],
    ) == (0, []), errors
    found = sorted(Path("sheets").rglob("*.preview.jpg"))
    assert len(found) == len([path for path in photos.rglob("*") if path.is_file()])
    sheet = np.asarray(Image.open(found[0])).astype(int)
    half = sheet.shape[1] // 2
    green = [(part[..., 1] - part[..., 0] > 60).mean() for part in (sheet[:, :half], sheet[:, half:])]
    assert green[1] > green[0] + 0.02


def test_a_sheet_that_is_there_is_kept_unless_told(run: Run, photos: Path, recipe: Path) -> None:
    run("apply", "--preview", recipe, photos, "-o", "sheets")
    one = next(Path("sheets").rglob("*.preview.jpg"))
    one.write_bytes(b"mine")
    _, told, _ = run("apply", "--preview", recipe, photos, "-o", "sheets")
    assert one.read_bytes() == b"mine"
    assert told.endswith("skipped; sheets: sheets; --exists overwrite draws those anew that are there\n")
    run("apply", "--preview", "--exists", "overwrite", recipe, photos, "-o", "sheets")
    assert one.read_bytes() != b"mine"


def test_a_photo_that_cannot_be_read_fails_alone(run: Run, photos: Path, recipe: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"no picture")
    code, _, errors = run("apply", "--preview", recipe, photos, "-o", "sheets")
    assert (code, "bad.jpg" in errors) == (1, True)
    assert list(Path("sheets").rglob("*.preview.jpg"))


def test_nothing_is_shown_of_what_a_recipe_redacts(run: Run, photos: Path, recipe: Path) -> None:
    recipe.write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
    code, _, errors = run("apply", "--preview", recipe, photos, "-o", "sheets")
    assert (code, Path("sheets").exists()) == (2, False)
    assert "this recipe redacts" in errors


def test_sheets_do_not_go_to_standard_output(run: Run, recipe: Path) -> None:
    code, _, errors = run("apply", "--preview", recipe, "-", "-o", "-")
    assert (code, "--preview writes sheets into a folder" in errors) == (2, True)


def test_a_small_face_is_shown_large_below() -> None:
    whole, small = painted_photo(400, 400), painted_photo(400, 400, face_px=50)
    assert preview(whole, whole).size == (808, 400)
    assert preview(small, small).size == (808, 400 + 8 + 90)
