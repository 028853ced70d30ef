"""The adapters for editors, as far as they run without their editors: the script, the recipes in them, their syntax."""

import ast
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from faceedit.recipe import parse_recipe
from faceedit.registry import Registry

ROOT = Path(__file__).parent.parent
EDITORS = ROOT / "samples" / "editors"


def command(folder: Path, body: str) -> dict[str, str]:
    """An environment in which `faceedit` is this shell script."""
    program = folder / "faceedit"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def digikam(env: dict[str, str], source: Path, target: Path) -> int:
    env |= {"INPUT": str(source), "OUTPUT": str(target), "RECIPE": str(ROOT / "samples" / "recipes" / "evening.yaml")}
    return subprocess.run(["sh", EDITORS / "digikam.sh"], env=env, capture_output=True).returncode


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_digikams_script_edits_one_photo(tmp_path: Path) -> None:
    env = command(tmp_path, f'exec "{sys.executable}" -m faceedit "$@"')
    source, target = ROOT / "samples" / "photos" / "portrait.jpg", tmp_path / "it's out.jpg"
    assert digikam(env, source, target) == 0
    with Image.open(source) as before, Image.open(target) as after:
        assert before.size == after.size
    assert target.read_bytes() != source.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_digikams_script_leaves_nothing_where_faceedit_fails(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    assert digikam(command(tmp_path, "echo half; exit 4"), tmp_path / "a.jpg", tmp_path / "b.jpg") != 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "faceedit"]


@pytest.mark.parametrize("name", ["darktable.lua", "krita_faceedit.py", "gimp_faceedit.py"])
def test_the_recipes_in_the_adapters_are_good(name: str, tmp_path: Path) -> None:
    text = (EDITORS / name).read_text(encoding="utf-8")
    (recipe,) = re.findall(r"(faceedit: 1\n.*?no_faces: skip\}\n)", text, re.DOTALL)
    parsed = parse_recipe(recipe.replace("%s", "skin, hair"), Registry.installed(), tmp_path / "r.yaml")
    assert [step.effect.name for step in parsed.steps] == ["masks"]


@pytest.mark.parametrize("name", ["krita_faceedit.py", "gimp_faceedit.py"])
def test_the_python_adapters_are_python(name: str) -> None:
    ast.parse((EDITORS / name).read_text(encoding="utf-8"))


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for faceedit")
def test_kritas_masks_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EDITORS))
    import krita_faceedit  # noqa: PLC0415 - only from here on can it be found

    command(tmp_path, f'exec "{sys.executable}" -m faceedit "$@"')
    photo = ROOT / "samples" / "photos" / "portrait.jpg"
    found = dict(krita_faceedit.masks_of(photo, tmp_path, str(tmp_path / "faceedit")))
    assert {"face 0 skin", "face 0 hair", "face 0 lips"} <= set(found)
    with Image.open(found["face 0 skin"]) as mask, Image.open(photo) as picture:
        assert (mask.mode, mask.size) == ("L", picture.size)
    command(tmp_path, "echo no model >&2; exit 3")
    with pytest.raises(RuntimeError, match="no model"):
        krita_faceedit.masks_of(photo, tmp_path, str(tmp_path / "faceedit"))
