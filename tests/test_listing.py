"""`inspect --csv` and `--where`: tables and paths to pipe, over photos with one hat, one pair of glasses, and none."""

import csv
import io
from pathlib import Path

import pytest
from cli_support import Run
from faces_support import painted_in_label_colors

from faceedit import images
from faceedit.testing import painted_photo


@pytest.fixture
def wardrobe(tmp_path: Path) -> Path:
    folder = tmp_path / "wardrobe"
    for name, worn in (("hat", ("hat",)), ("glasses", ("eye_g",)), ("both ä", ("hat", "eye_g")), ("bare", ())):
        photo = painted_in_label_colors(painted_photo(200, 200, accessories=worn))
        folder.mkdir(exist_ok=True)
        images.write(photo, folder / f"{name}.png")
    two = painted_in_label_colors(painted_photo(200, 420, faces=2, accessories=("hat",)))
    images.write(two, folder / "two.png")
    return folder


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("hat", ["both ä", "hat", "two"]),
        ("hat and not glasses", ["hat", "two"]),
        ("glasses or faces > 1", ["both ä", "glasses", "two"]),
        ('name == "b*"', ["bare", "both ä"]),
        ("not hat and not glasses", ["bare"]),
    ],
)
def test_a_condition_prints_the_paths_of_the_photos_it_holds_in(
    run: Run, wardrobe: Path, where: str, names: list[str]
) -> None:
    code, out, _ = run("inspect", wardrobe, "--where", where)
    assert (code, out.splitlines()) == (0, [str(wardrobe / f"{name}.png") for name in names])


def test_paths_can_end_in_zero_bytes(run: Run, wardrobe: Path) -> None:
    assert run("inspect", wardrobe, "--where", "hat", "-0")[1].split("\0")[0] == str(wardrobe / "both ä.png")
    assert run("inspect", wardrobe, "--where", "hat", "-0")[1].endswith("two.png\0")


def test_a_table_has_a_line_a_face_and_a_column_a_kind(run: Run, wardrobe: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("inspect", wardrobe, "--csv")[1])))
    assert [(Path(row["photo"]).stem, row["face"]) for row in rows] == [
        ("bare", "0"), ("both ä", "0"), ("glasses", "0"), ("hat", "0"), ("two", "0"), ("two", "1")
    ]  # fmt: skip
    assert [bool(row["hat"]) for row in rows] == [False, True, False, True, True, True]
    assert float(rows[1]["glasses"]) > 0.5
    assert int(rows[0]["right"]) > int(rows[0]["left"])


def test_a_condition_filters_tables_and_json_too(run: Run, wardrobe: Path) -> None:
    assert run("inspect", wardrobe, "--csv", "--where", "glasses")[1].count("\n") == 3
    assert run("inspect", wardrobe, "--json", "--where", "glasses")[1].count("\n") == 2


def test_a_photo_without_faces_is_an_empty_line_of_the_table(run: Run, tmp_path: Path) -> None:
    images.write(painted_photo(60, 60).replaced(pixels=painted_photo(60, 60).pixels * 0 + 7), tmp_path / "wall.png")
    (row,) = csv.DictReader(io.StringIO(run("inspect", tmp_path / "wall.png", "--csv")[1]))
    assert (row["width"], row["face"], row["hat"]) == ("60", "", "")


def test_what_cannot_be_decided_is_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    photo = painted_in_label_colors(painted_photo(120, 300, face_px=140, accessories=()))
    images.write(photo, tmp_path / "close.png")
    code, out, err = run("inspect", tmp_path / "close.png", "--where", "not hat")
    assert (code, out) == (0, "")
    assert err.startswith("undecided: 1 photo(s)")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "hatt"], 'nothing reports "hatt"; did you mean "hat"?'),
        (["--where", "hat and"], 'a word is missing at the end in the condition "hat and"'),
        (["--where", "(hat"], 'a ")" is missing'),
        (["-0"], "-0 ends the paths that --where prints"),
        (["--json", "--csv"], "three ways to write the list"),
    ],
)
def test_a_wrong_question_is_refused_before_any_photo(
    run: Run, wardrobe: Path, options: list[str], message: str
) -> None:
    code, out, err = run("inspect", wardrobe, *options)
    assert (code, out) == (2, "")
    assert message in err
