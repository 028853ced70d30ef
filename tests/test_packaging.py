"""The built distribution: source and wheel are complete, and a third party's plugin works in a fresh environment."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLUGINS = {
    "faceedit_redact.py",
    "faceedit_accessories/lenses.py",
    "faceedit_cutout/pictures.py",
    "faceedit_makeup/lips.py",
    "faceedit_retouch/spots.py",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from the source distribution, as an index would serve it."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT], check=True, capture_output=True
    )
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    """An environment with the wheel and the sample plugin; the dependencies are seen through a .pth file."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    Path(site.stdout.strip(), "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    install = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--force-reinstall"]
    subprocess.run(
        [*install, wheel, ROOT / "samples" / "plugins" / "faceedit-sparkle"], check=True, capture_output=True
    )
    return python


def test_the_wheel_holds_the_package_the_plugins_and_the_weights(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= PLUGINS
    assert {"faceedit/cli/__init__.py", "faceedit/weights/lite/model.safetensors", "faceedit/py.typed"} <= names
    assert {"faceedit/guide.md", "faceedit/scaffold/templates/gitignore.txt"} <= names
    assert not any(name.startswith(("tests", "samples", "plugins")) for name in names)
    assert {f"faceedit/presets/{path.name}" for path in (ROOT / "samples" / "recipes").glob("*.yaml")} <= names


def test_presets_are_at_hand_after_an_installation(fresh, tmp_path):
    command = [fresh, "-m", "faceedit", "recipe", "new", "--from", "evening", "-o", "mine.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mine.yaml").read_text() == (ROOT / "samples/recipes/evening.yaml").read_text()


def test_a_third_partys_plugin_is_found_with_its_distribution(fresh):
    listed = subprocess.run(
        [fresh, "-m", "faceedit", "plugins", "list", "--json"], check=True, capture_output=True, text=True
    )
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert rows["sparkle"]["distribution"] == "faceedit-sparkle"
    assert rows["sparkle"]["effects"] == ["sparkle"]


def test_a_third_partys_effect_runs_in_a_recipe_from_the_wheel(fresh, tmp_path):
    recipe = tmp_path / "sparkle.yaml"
    recipe.write_text("faceedit: 1\nname: Sparkle\nsteps:\n  - effect: sparkle\n    amount: 0.5\n")
    command = [fresh, "-m", "faceedit", "apply", recipe, ROOT / "samples" / "photos", "-o", tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "team" / "group.jpg").read_bytes() != (
        ROOT / "samples/photos/team/group.jpg"
    ).read_bytes()
