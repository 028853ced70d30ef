"""A folder to which other runs wrote before: nothing that shows a face stays in it unnoticed beside redacted photos."""

import json
from pathlib import Path

import pytest
from cli_support import Run, photos, run

from faceedit import images
from faceedit.report import Entry
from faceedit.runner.journal import JOURNAL
from faceedit.runner.remains import outdated

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


def test_a_folder_may_be_called_otherwise_or_be_moved(run: Run, apply, photos: Path, tmp_path: Path) -> None:
    assert apply(REDACT)[0] == 0
    (tmp_path / "out").rename(tmp_path / "moved")
    assert run("apply", "r.yaml", photos, "-o", tmp_path / "moved", "-q") == (0, "", "")
    entry = json.loads((tmp_path / "moved" / "report.json").read_text())["photos"][0]
    assert entry["outputs"] == [str(tmp_path / "moved" / "face.png")]


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


TEAM = "faceedit: 1\nsteps: [{effect: redact, faces: all except 0}]\n"
OTHER = "output: {name: 'other-{stem}.{ext}'}\n"


def reviews(tmp_path: Path) -> list[str]:
    return [each["reason"] for each in json.loads((tmp_path / "out" / "review.json").read_text())["photos"]]


def test_what_an_earlier_run_wrote_is_named_where_it_stays(apply, tmp_path: Path) -> None:
    assert apply(REDACT)[0] == 0
    code, errors = apply(REDACT + OTHER)
    assert (code, "1 file of earlier runs, such as out/face.png, stay" in errors) == (0, True)
    assert json.loads((tmp_path / "out" / "report.json").read_text())["left_over"] == ["out/face.png"]
    assert "still in this folder: 1, such as out/face.png" in (tmp_path / "out" / "report.html").read_text()
    assert "earlier" not in apply(REDACT + OTHER, "--exists", "unique")[1]


def test_a_face_left_by_an_earlier_recipe_and_hidden_by_this_one_wants_a_look(apply, tmp_path: Path) -> None:
    assert apply(TEAM)[0] == 0
    assert apply(TEAM + OTHER)[0] == 0  # both leave the same face
    code, errors = apply(REDACT + OTHER)
    assert (code, "out/face.png: was made by an earlier run and shows a face that is hidden now" in errors) == (4, True)
    assert reviews(tmp_path) == ["out/face.png: was made by an earlier run and shows a face that is hidden now"]
    (tmp_path / "out" / "face.png").unlink()
    assert apply(REDACT + OTHER) == (0, "")


def test_an_older_output_of_a_photo_that_is_withheld_now_wants_a_look(apply, photos: Path, tmp_path: Path) -> None:
    assert apply(REDACT)[0] == 0
    (photos / "face.png").write_bytes(b"no picture any more")
    code, _ = apply(REDACT + OTHER)
    assert (code, len(reviews(tmp_path))) == (4, 2)
    assert reviews(tmp_path)[1].endswith("of a photo that is withheld or left out now")


def test_a_folder_that_cannot_be_read_costs_no_photo_of_its_name(apply, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (photos / "face").symlink_to(tmp_path / "elsewhere")
    code, errors = apply(REDACT)
    assert (code, "face: is a link out of the folder; name what it leads to as well" in errors) == (4, True)
    assert is_covered(tmp_path / "out" / "face.png")


def test_what_a_killed_run_wrote_without_redacting_goes_where_the_photo_is_withheld(
    apply, photos: Path, tmp_path: Path
) -> None:
    assert apply(EDIT)[0] == 0
    journal = tmp_path / "out" / JOURNAL
    journal.write_text("".join(line for line in journal.read_text().splitlines(True) if '"target"' not in line))
    (photos / "face.png").write_bytes(b"no picture any more")
    assert apply(REDACT)[0] == 4
    assert not (tmp_path / "out" / "face.png").exists()


def test_what_was_not_redacted_does_not_stay_for_a_photo_that_is_left_out(apply, photos: Path, tmp_path: Path) -> None:
    assert apply(EDIT)[0] == 0
    (photos / "face.png").rename(tmp_path / "elsewhere.png")
    (photos / "face.png").symlink_to(tmp_path / "elsewhere.png")
    code, errors = apply(REDACT)
    assert (code, "was written by a run that did not redact" in errors) == (2, True)


def test_photos_that_are_not_redacted_do_not_come_beside_redacted_ones(apply, tmp_path: Path) -> None:
    assert apply(REDACT)[0] == 0
    code, errors = apply(EDIT)
    assert (code, 'face.png" was redacted' in errors) == (2, True)
    assert is_covered(tmp_path / "out" / "face.png")
    (tmp_path / "out" / "face.png").unlink()
    assert apply(EDIT)[0] == 0


def test_a_photo_is_the_same_however_its_folder_is_called(run: Run, apply, tmp_path: Path) -> None:
    assert apply(TEAM)[0] == 0
    (tmp_path / "r.yaml").write_text(REDACT + OTHER)
    assert run("apply", "r.yaml", "photos", "-o", "out", "-q")[0] == 4


@pytest.mark.parametrize(("earlier", "wanted"), [(REDACT, 0), (TEAM, 4)])
def test_where_photos_are_skipped_what_they_show_is_known_all_the_same(apply, earlier: str, wanted: int) -> None:
    assert apply(earlier)[0] == 0
    assert apply(REDACT + OTHER)[0] == wanted
    assert apply(REDACT + OTHER, "--exists", "skip")[0] == wanted


def test_an_older_output_that_hides_less_wants_a_look() -> None:
    def entry(**audit: object) -> Entry:
        return Entry("a.jpg", "done", audit=audit)

    one, two = [0, 0, 9, 9], [20, 0, 29, 9]
    for before, after, wants in (
        (entry(covered=[one], left=[]), entry(covered=[one], left=[]), False),
        (entry(covered=[one, two], left=[]), entry(covered=[one], left=[two]), False),
        (entry(covered=[one], left=[]), entry(covered=[one, two], left=[]), True),  # missed before
        (entry(covered=[one], left=[two]), entry(covered=[one], left=[]), True),
        (entry(), entry(covered=[one], left=[]), True),  # not redacted at all
        (entry(), entry(covered=[], left=[]), True),
    ):
        assert bool([*outdated(Path("out"), [after], {"b.jpg": before})]) == wants
