"""The table of round trips: every profile, depth, orientation and alpha keeps its look on the command line."""

from pathlib import Path

import pytest
from faithful import compared, made, table
from images_support import rgb_profile, saved, scene


def test_all_round_trips_are_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(table(made(tmp_path / "made"), tmp_path))
    assert {row[0]: row[-1] for row in rows if row[-1] != "right"} == {}
    assert len(rows) == 39
    assert capsys.readouterr().out.count("| right |") == len(rows)


def test_wrong_colors_are_seen(tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(saved(scene(), "PNG", icc_profile=rgb_profile("display-p3")))
    (tmp_path / "out.png").write_bytes(saved(scene(), "PNG"))
    assert compared(tmp_path / "in.png", tmp_path / "out.png")[1] == "wrong colors"
    assert compared(tmp_path / "in.png", tmp_path / "in.png")[1] == "right"
