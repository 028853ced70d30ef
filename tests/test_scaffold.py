"""A new plugin is ready to publish: names are checked, its tests pass, and pip installs it as it is."""

import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from cli_support import Run
from plugin_support import EFFECT, Install

ROOT = Path(__file__).parent.parent
KINDS = ("effect", "inspector", "segmenter", "detector")


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_keeps_the_contract_at_once(run: Run, kind: str) -> None:
    code, out, _ = run("plugins", "new", "rosy-dawn", "--kind", kind)
    assert code == 0
    assert '-m pip install -e ".[test]" && ' in out
    assert "faceedit plugins guide" in out
    assert run("plugins", "check", "faceedit-rosy-dawn/faceedit_rosy_dawn.py")[0] == 0
    code, _, err = run("plugins", "check", "faceedit-rosy-dawn")
    assert (code, '"faceedit-rosy-dawn" is not installed; ' in err, "-m pip install -e faceedit-rosy-dawn" in err) == (
        2,
        True,
        True,
    )


def test_its_files_are_those_that_an_index_wants(run: Run) -> None:
    run("plugins", "new", "faceedit-rosy", "--author", "Ada L.", "--out", "here")
    about = tomllib.loads(Path("here/pyproject.toml").read_text())
    assert about["project"]["name"] == "faceedit-rosy"
    assert about["project"]["entry-points"]["faceedit"] == {"rosy": "faceedit_rosy"}
    assert about["project"]["license"] == "MIT"
    assert "Ada L." in Path("here/LICENSE").read_text()
    files = sorted(str(path.relative_to("here")) for path in Path("here").rglob("*.*"))
    assert files == [".gitignore", "README.md", "faceedit_rosy.py", "pyproject.toml", "tests/test_rosy.py"]


@pytest.mark.parametrize(
    ("terms", "first"),
    [("Apache-2.0", "Apache License"), ("BSD-3-Clause", "BSD 3-Clause"), ("MIT", "MIT"), ("none", "")],
)
def test_the_licence_is_the_one_asked_for(run: Run, terms: str, first: str) -> None:
    run("plugins", "new", "rosy", "--license", terms)
    about = tomllib.loads(Path("faceedit-rosy/pyproject.toml").read_text())["project"]
    text = Path("faceedit-rosy/LICENSE")
    assert about.get("license", "none") == terms
    assert text.read_text().strip().startswith(first) if first else not text.exists()


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("lipstick", "effect", 'there is an effect "lipstick" already'),
        ("eye-shadow", "effect", 'there is an effect "eye_shadow" already'),
        ("faceedit-glow", "effect", 'there is an effect "glow" already'),
        ("hat", "inspector", 'there is a kind of finding "hat" already'),
        ("lite", "segmenter", 'there is a segmenter "lite" already'),
        ("auto", "detector", 'there is a detector "auto" already'),
        ("class", "effect", "is a word of Python or of recipes"),
        ("strength", "effect", "is a word of Python or of recipes"),
        ("portrait", "inspector", "is a word of Python or of recipes"),
        ("Rosy", "effect", "cannot name a plugin; write lower-case letters"),
        ("2d", "effect", "cannot name a plugin"),
        ("../up", "effect", "cannot name a plugin"),
        ("makeup", "effect", 'a module "faceedit_makeup" is installed already'),
    ],
)
def test_a_name_that_cannot_be_or_is_taken_is_refused(
    run: Run, environment: Install, name: str, kind: str, said: str
) -> None:
    if "glow" in name:
        environment("faceedit-other", EFFECT.format(name="glow"))
    code, _, err = run("plugins", "new", name, "--kind", kind)
    assert (code, said in err) == (2, True), err
    assert not Path(f"faceedit-{name}").exists()


def test_the_guide_is_printed_from_the_checkout_and_from_the_package(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    code, out, _ = run("plugins", "guide")
    assert (code, out.rstrip()) == (0, (ROOT / "plugins" / "README.md").read_text().rstrip())
    monkeypatch.setattr("faceedit.scaffold._GUIDES", (Path("none.md"), ROOT / "LICENSE"))
    assert "Apache License" in run("plugins", "guide")[1]


def test_nothing_is_overwritten(run: Run) -> None:
    Path("faceedit-rosy").mkdir()
    Path("faceedit-rosy/pyproject.toml").write_text("mine")
    code, _, err = run("plugins", "new", "rosy")
    assert (code, "is there already" in err) == (2, True)
    assert Path("faceedit-rosy/pyproject.toml").read_text() == "mine"


def own_tests(folder: Path, python: str | Path = sys.executable) -> None:
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)})
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_the_tests_of_a_new_effect_pass(run: Run) -> None:
    run("plugins", "new", "rosy")
    own_tests(Path("faceedit-rosy").resolve())


@pytest.mark.long
def test_new_plugins_install_pass_their_tests_and_are_found(run: Run, tmp_path: Path) -> None:
    """The dependencies are seen through a .pth file, the plugins are installed as their authors would."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = sysconfig.get_path("purelib", vars={"base": str(tmp_path / "venv")})
    Path(site, "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n{ROOT / 'plugins'}\n")
    pip = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    for kind in KINDS:
        run("plugins", "new", f"rosy-{kind}", "--kind", kind)
        subprocess.run([*pip, "-e", f"faceedit-rosy-{kind}"], check=True, cwd=tmp_path)
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run(command, check=True, cwd=tmp_path / f"faceedit-rosy-{kind}")
    shown = subprocess.run([python, "-m", "faceedit", "plugins", "list"], check=True, capture_output=True, text=True)
    offers = [line for line in shown.stdout.splitlines() if "faceedit-rosy" in line]
    assert len(offers) == 4
    assert not any("BROKEN" in line for line in offers)
    subprocess.run([python, "-m", "build", "--no-isolation", "faceedit-rosy-effect"], check=True, cwd=tmp_path)
