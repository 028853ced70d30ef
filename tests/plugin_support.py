"""Distributions with plugins, put on this process's path as an installer would put them: import `environment`."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Install = Callable[..., Path]

EFFECT = '''
import faceedit

@faceedit.effect()
def {name}(region, *, amount: float = 0.5):
    """Do {name}."""
    return region.pixels

@faceedit.hookimpl
def faceedit_effects():
    return [{name}]
'''


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """A function that adds a distribution of one module with its entry points, and returns the module's file."""
    place = tmp_path / "site"
    place.mkdir()

    def install(name: str, source: str, version: str = "1.0", *entries: str) -> Path:
        module = name.replace("-", "_")
        (place / f"{module}.py").write_text(source)
        info = place / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{entry} = {module}" for entry in entries or ("plugin",)]
        (info / "entry_points.txt").write_text("\n".join(["[faceedit]", *lines, ""]))
        monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()
        return place / f"{module}.py"

    monkeypatch.syspath_prepend(place)
    return install
