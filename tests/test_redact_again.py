"""A folder to which other runs wrote before: nothing that shows a face stays in it unnoticed beside redacted photos."""

from pathlib import Path

import pytest
from cli_support import Run, photos, run

from faceedit import images

__all__ = ["photos", "run"]

EDIT = "faceedit: 1\nsteps: [{effect: tint, color: '#3060a0'}]\n"
CUT = "faceedit: 1\nsteps: [{effect: cutout}]\n"
REDACT = "faceedit: 1\nsteps: [{effect: redact}]\n"


@pytest.fixture
def apply(run: Run, photos: Path, tmp_path: Path):
    """A run of a recipe's text into one folder: exit status and errors."""

    def apply(text: str, *options: str) -> tuple[int, str]:
        (tmp_path / "r.yaml").write_text(text)
        code, _, errors = run("apply", "r.yaml", photos, "-o", "out", "-q", *options)
        return code, errors

    return apply


def is_covered(path: Path) -> bool:
    pixels = images.read(path).pixels
    return not pixels[60:100, 60:100].any()


def test_a_photo_that_was_edited_before_is_replaced_by_its_redacted_self(apply, tmp_path: Path) -> None:
    assert apply(EDIT)[0] == 0
    assert not is_covered(tmp_path / "out" / "face.png")
    assert apply(REDACT)[0] == 0
    assert is_covered(tmp_path / "out" / "face.png")


def test_cut_outs_of_an_earlier_run_do_not_stay_among_redacted_photos(apply, tmp_path: Path) -> None:
    assert apply(CUT)[0] == 0
    assert len(list((tmp_path / "out").glob("face.*.png"))) == 1
    code, errors = apply(REDACT)
    assert code == 2
    assert "was written by a run that did not redact" in errors
    assert not is_covered(tmp_path / "out" / "face.png")  # refused before any work


@pytest.mark.parametrize("exists", ["skip", "unique"])
def test_a_photo_that_was_not_redacted_is_neither_skipped_nor_left_beside(apply, exists: str) -> None:
    apply(EDIT)
    assert apply(REDACT, "--exists", exists)[0] == 2


def test_a_strangers_file_is_not_skipped_as_if_it_were_redacted(apply, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "face.png").write_bytes(b"who knows")
    code, errors = apply(REDACT, "--exists", "skip")
    assert code == 2
    assert "nobody knows whether it was redacted" in errors


@pytest.mark.parametrize("exists", ["skip", "unique", "overwrite", "changed"])
def test_redacted_photos_may_lie_there_from_earlier_runs(apply, exists: str) -> None:
    assert apply(REDACT)[0] == 0
    assert apply(REDACT, "--exists", exists)[0] == 0
    assert apply(REDACT + "output: {format: png, name: 'other-{stem}.{ext}'}\n")[0] == 0
