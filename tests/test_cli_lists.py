"""Commands that tell what is there, and a plugin that is broken: named, skipped, and in nobody's way."""

import importlib
import json
from pathlib import Path

import pytest
from cli_support import Run

import faceedit
from faceedit import models
from faceedit.errors import ModelError

BROKEN = "raise RuntimeError('no such thing\\nas a second line')"
ODD = """
import faceedit

@faceedit.hookimpl
def faceedit_efects():
    return []
"""
GOOD = '''
import faceedit

@faceedit.effect(on="lips")
def gild(region):
    """Turn lips to gold."""
    return region.pixels

@faceedit.hookimpl
def faceedit_effects():
    return [gild]
'''


def install(place: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str) -> None:
    """Make a distribution of one module with one entry point, as an installer would."""
    (place / f"{name}_module.py").write_text(code)
    about = place / f"{name}-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: faceedit-{name}\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text(f"[faceedit]\n{name} = {name}_module\n")
    monkeypatch.syspath_prepend(str(place))
    importlib.invalidate_caches()


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "site"
    place.mkdir()
    for name, code in (("broken", BROKEN), ("odd", ODD), ("gilding", GOOD)):
        install(place, monkeypatch, name, code)


@pytest.mark.usefixtures("broken")
def test_a_broken_plugin_is_named_with_its_distribution_and_the_rest_works(run: Run, photos: Path) -> None:
    recipe = photos.parent / "r.yaml"
    recipe.write_text("faceedit: 1\nname: Gold\nsteps:\n  - effect: gild\n")
    code, out, err = run("apply", recipe, photos, "-o", "out", "-q")
    assert (code, out) == (0, "")
    first, second = err.splitlines()
    assert first.startswith('faceedit: plugin "broken" of faceedit-broken 1.2 is skipped: ')
    assert first.endswith("RuntimeError: no such thing as a second line")
    assert second.startswith('faceedit: plugin "odd" of faceedit-odd 1.2 is skipped: ')
    assert (photos.parent / "out" / "face.png").read_bytes() == (photos / "face.png").read_bytes()


@pytest.mark.usefixtures("broken")
def test_the_list_of_plugins_says_what_each_offers_and_why_one_is_broken(run: Run) -> None:
    code, out, _ = run("plugins", "list")
    lines = {line.split(" ")[0]: line for line in out.splitlines()}
    assert code == 0
    assert lines["gilding"] == "gilding (faceedit-gilding 1.2): gild"
    assert "BROKEN: " in lines["broken"]
    assert "efects" in lines["odd"]
    rows = {row["name"]: row for row in json.loads(run("plugins", "list", "--json")[1])}
    assert rows["gilding"]["effects"] == ["gild"]
    assert rows["broken"]["error"].endswith("no such thing as a second line")
    assert rows["redact"]["hooks"] == ["faceedit_effects"]


@pytest.mark.usefixtures("broken")
def test_an_effect_of_a_broken_plugin_is_unknown_and_the_error_says_why(run: Run, photos: Path) -> None:
    recipe = photos.parent / "r.yaml"
    recipe.write_text("faceedit: 1\nname: X\nsteps:\n  - effect: sparkle_most_brightly\n")
    code, _, err = run("apply", recipe, photos, "-o", "out")
    assert code == 2
    assert 'no effect "sparkle_most_brightly"' in err
    assert "RuntimeError: no such thing as a second line" in err


@pytest.mark.usefixtures("broken")
def test_the_doctor_finds_a_broken_plugin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceedit.cli.doctor._model", lambda: iter([(True, "lite answers")]))
    code, out, _ = run("doctor")
    assert code == 3
    assert any(line.startswith("BAD plugins: broken (faceedit-broken 1.2)") for line in out.splitlines())
    assert any(line.startswith("ok  plugins: gilding") for line in out.splitlines())


def test_the_doctor_says_what_works(run: Run) -> None:
    code, out, _ = run("doctor")
    assert code == 0, out
    assert f"faceedit {faceedit.__version__}, Python 3" in out
    assert "model: lite answers, sha256 " in out


def test_the_doctor_says_what_does_not(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise ModelError("the settings cannot be read", "delete the file")

    monkeypatch.setattr(models, "default", fail)
    code, out, _ = run("doctor")
    assert code == 3
    assert "BAD model: the settings cannot be read; delete the file" in out


def test_the_version_is_one_line(run: Run) -> None:
    assert run("--version") == (0, f"faceedit {faceedit.__version__}\n", "")


def test_effects_are_listed_with_their_first_line_and_explained_by_name(run: Run) -> None:
    code, out, _ = run("effects")
    assert code == 0
    assert any(line.startswith("redact ") and "Cover faces for good" in line for line in out.splitlines())
    code, out, _ = run("effects", "lipstick")
    assert code == 0
    assert out.startswith("lipstick (on lips; from faceedit ")
    assert "  amount: " in out
    assert "- effect: lipstick" in out


def test_an_unknown_effect_is_refused_with_the_nearest_name(run: Run) -> None:
    code, _, err = run("effects", "lipstik")
    assert (code, err) == (2, 'faceedit: no effect "lipstik"; did you mean "lipstick"?\n')


def test_checking_recipes_says_all_mistakes_of_all_of_them(run: Run, tmp_path: Path) -> None:
    head = "faceedit: 1\nname: X\nsteps:\n"
    (tmp_path / "good.yaml").write_text(f"{head}  - effect: redact\n")
    (tmp_path / "one.yaml").write_text(f"{head}  - effect: lipstik\n  - {{effect: smooth, on: lip}}\n")
    (tmp_path / "two.yaml").write_text(f"{head}  - {{effect: smooth, amount: 7}}\n")
    code, out, err = run("recipe", "check", "one.yaml", "good.yaml", "two.yaml")
    assert (code, out) == (2, "good.yaml: fine, 1 step(s), redacts\n")
    places = [line.removeprefix("faceedit: ").split(" ")[0] for line in err.splitlines() if ".yaml:" in line]
    assert places == ["one.yaml:4:13:", "one.yaml:5:26:", "two.yaml:4:30:"]


def test_models_are_listed_chosen_and_marked(run: Run, tmp_path: Path) -> None:
    assert run("models", "list")[1].startswith("* lite: ")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text('{"model_type": "segformer"}')
    (tmp_path / "mine" / "model.safetensors").write_bytes(b"x")
    assert run("models", "use", "mine")[0] == 0
    assert models.default() == str(tmp_path / "mine")
    out = run("models", "list")[1]
    assert out.startswith("  lite: ")
    assert f"\n* {tmp_path / 'mine'}: " in out


@pytest.mark.parametrize(("name", "message"), [("lite2", 'no model "lite2"'), ("segformer-b5", "models pull")])
def test_a_model_that_is_not_here_cannot_be_chosen(run: Run, name: str, message: str) -> None:
    code, out, err = run("models", "use", name)
    assert (code, out) == (3, "")
    assert message in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("content", [None, "no json"])
def test_a_file_of_json_that_cannot_be_read_is_one_line(run: Run, tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "shape.json").write_text(content)
    code, _, err = run("models", "train", "--data", ".", "--out", "model", "--config", "shape.json")
    assert code == 2
    assert err.startswith('faceedit: "shape.json" cannot be read as JSON: ')
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[1]", "names what cannot be changed"),
        ('{"past": 1}', "known: flip, paste"),
        ('{"paste": "x"}', "paste: Input"),
    ],
)
def test_strange_changes_of_photos_are_one_line(run: Run, tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "change.json").write_text(content)
    code, _, err = run("models", "train", "--data", ".", "--out", "model", "--augment", "change.json")
    assert (code, len(err.splitlines())) == (2, 1)
    assert said in err
