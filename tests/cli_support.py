"""The command line run in this process, on painted photos: import `run` and `photos` to use them as fixtures."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from faces_support import Oracle, Skins, painted_in_label_colors

from faceedit import images, models
from faceedit.cli import main
from faceedit.detection import Search
from faceedit.faces import FaceFinder
from faceedit.runner import Task
from faceedit.testing import painted_photo

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """`faceedit` with these arguments: exit code, output, errors. Faces are found where they are painted.

    All happens in this process, which is patched; also what plugins of others do.
    """

    def finder(name: str, _registry: Any, *, search: Search, **_options: Any) -> FaceFinder:
        if name != "lite":
            models.find(name)
        return FaceFinder(Oracle(), Skins(), search)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["faceedit", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(stopped.value.code or 0), said.out, said.err

    monkeypatch.setattr(models, "face_finder", finder)
    monkeypatch.setattr(Task, "others", ())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return run


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one painted face."""
    (tmp_path / "photos").mkdir()
    images.write(painted_in_label_colors(painted_photo(160, 160)), tmp_path / "photos" / "face.png")
    return tmp_path / "photos"
