"""`recipe new`, `upgrade` and `lock`, `apply --locked`, and the presets that every installation has."""

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cli_support import Run
from recipe_examples import registry as examples

from faceedit.recipe import document, parse_recipe, upgrade, upgraded
from faceedit.recipe.drafts import draft
from faceedit.recipe.presets import presets
from faceedit.recipe.problems import InvalidRecipe
from faceedit.registry import Registry
from faceedit.runner import Task

PRESETS = ["cutout", "evening", "publish", "web-and-print"]


class Terminal(io.StringIO):
    """Somebody who answers."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def answered(run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    def answered(*lines: str, more: tuple[str, ...] = ()) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in lines)))
        return run("recipe", "new", *more)

    return answered


# new


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_recipe_as_it_stands(run: Run, tmp_path: Path, name: str) -> None:
    assert set(presets()) >= set(PRESETS)
    code, out, err = run("recipe", "new", "--from", name, "-o", "mine.yaml")
    assert (code, err) == (0, "")
    assert out.startswith("mine.yaml is written; try it: faceedit apply mine.yaml ")
    assert (tmp_path / "mine.yaml").read_text() == presets()[name].read_text()
    assert run("recipe", "check", "mine.yaml")[0] == 0


def test_without_a_file_the_recipe_is_printed(run: Run) -> None:
    assert run("recipe", "new", "--from", "publish")[1] == presets()["publish"].read_text()


def test_a_file_that_is_there_is_never_replaced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine")
    code, _, err = run("recipe", "new", "--from", "publish", "-o", "mine.yaml")
    assert (code, (tmp_path / "mine.yaml").read_text()) == (2, "mine")
    assert '"mine.yaml" is there already; name a new file' in err


def test_an_unknown_preset_and_a_missing_person_are_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 'no preset "evenin"; did you mean "evening"?' in run("recipe", "new", "--from", "evenin")[2]
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = run("recipe", "new")
    assert (code, "name a preset: --from cutout or evening or " in err) == (2, True)


def test_questions_lead_to_a_recipe_that_passes_the_check(answered: Any, run: Run, tmp_path: Path) -> None:
    code, _, err = answered("own", "lipstick, smooth", "largest", "For Ana", more=("-o", "ana.yaml"))
    assert code == 0, err
    text = (tmp_path / "ana.yaml").read_text()
    assert 'name: "For Ana"' in text
    assert text.count("faces: largest") == 2
    assert run("recipe", "check", "ana.yaml")[0] == 0


def test_a_wrong_answer_is_explained_and_asked_again(answered: Any) -> None:
    code, out, err = answered("evenin", "own", "lipstik", "lipstick", "tallest", "all", "")
    assert code == 0, err
    for message in ('there is no "evenin"; did you mean "evening"?', 'no effect "lipstik"', 'called "tallest"'):
        assert message in err
    assert 'name: "My look"' in out


def test_a_preset_may_be_the_answer(answered: Any) -> None:
    assert answered("publish")[1] == presets()["publish"].read_text()


@pytest.mark.parametrize("effects", [["lipstick"], ["redact"], ["shape", "lipstick"]])
def test_a_draft_is_a_recipe_and_says_what_may_be_changed(effects: list[str]) -> None:
    text = draft('A "name"', effects, "0", examples())
    found = parse_recipe(text, examples())
    assert [step.effect.name for step in found.steps] == effects
    assert found.name == 'A "name"'
    assert found.no_faces == ("review" if found.redacts else "copy")
    assert text.count("#") > 8


def test_every_installed_effect_can_be_drafted() -> None:
    plugins = Registry.installed()
    for name in plugins.effects:
        text = draft("x", [name], "all", plugins)
        if "keep" not in name:
            parse_recipe(text, plugins)


# check


def test_a_variable_without_a_value_can_be_given_to_the_check(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("faceedit: 1\nvars: {lip: }\nsteps: [{effect: lipstick, color: '${lip}'}]\n")
    assert "with --var lip=" in run("recipe", "check", "r.yaml")[2]
    assert run("recipe", "check", "r.yaml", "--var", "lip=#a3123b")[0] == 0


# upgrade

OLD = "# my look\nname: Old  # of last year\nsteps:\n  - {effect: lipstick, colour: '#abc'}  # red\n"


def test_an_old_recipe_gets_its_version_and_keeps_its_comments(run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.yaml").write_text(OLD.replace("colour", "color"))
    code, out, _ = run("recipe", "upgrade", "old.yaml")
    assert (code, out) == (0, 'old.yaml: "faceedit: 1" put at the top\n')
    expected = OLD.replace("colour", "color").replace("name:", "faceedit: 1\nname:")
    assert (tmp_path / "old.yaml").read_text() == expected
    assert run("recipe", "check", "old.yaml")[0] == 0
    assert run("recipe", "upgrade", "old.yaml")[1] == "old.yaml: up to date\n"


def test_upgrades_are_made_one_after_the_other_and_touch_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def renamed(root: document.Node) -> list[upgrade.Edit]:
        keys = [step.fields["colour"].key for step in root.fields["steps"].items if "colour" in step.fields]
        return [upgrade.Edit(key, "colour", "color", "colour became color") for key in keys if key]

    monkeypatch.setattr(upgrade, "NEWEST", 2)
    monkeypatch.setattr(upgrade, "UPGRADES", {**upgrade.UPGRADES, 1: renamed})
    text, changes = upgraded(OLD, "old.yaml")
    assert text == OLD.replace("colour", "color").replace("name:", "faceedit: 2\nname:")
    assert changes == ['"faceedit: 1" put at the top', "colour became color", "faceedit: 1 became 2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faceedit: 2\nsteps: []\n", "r.yaml:1:11: version 2 is for a newer faceedit; install a newer one"),
        ("faceedit: one\nsteps: []\n", '"one" is no format version; write 1'),
        ("a: 1\n", "this is no recipe"),
        ("- a\n", "this is no recipe"),
    ],
)
def test_what_cannot_be_upgraded_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InvalidRecipe) as caught:
        upgraded(text, "r.yaml")
    assert message in str(caught.value)


# lock


@pytest.fixture
def locked(run: Run, tmp_path: Path) -> Path:
    (tmp_path / "r.yaml").write_text("faceedit: 1\nname: R\nsteps:\n  - effect: lipstick\n")
    code, out, err = run("recipe", "lock", "r.yaml")
    assert (code, out.split(" ")[0]) == (0, "r.lock"), err
    return tmp_path / "r.lock"


def test_a_lock_says_all_that_results_depend_on(locked: Path) -> None:
    found = json.loads(locked.read_text())
    assert list(found) == ["version", "faceedit", "recipe", "model", "plugins", "libraries", "engine"]
    assert (found["model"]["name"], len(found["model"]["sha256"])) == ("lite", 64)
    assert {"numpy", "pillow", "torch"} <= set(found["libraries"])
    assert {"cpu", "threads", "machine", "device", "detector", "backend"} == set(found["engine"])


@pytest.mark.usefixtures("locked")
def test_a_run_that_is_held_to_its_lock_gives_the_same_bytes(run: Run, photos: Path, tmp_path: Path) -> None:
    contents = set()
    for out in ("one", "two"):
        code, _, err = run("apply", "r.yaml", photos, "-o", out, "--locked", "-q")
        assert code == 0, err
        contents.add((tmp_path / out / "face.png").read_bytes())
    assert len(contents) == 1


def test_a_lock_that_does_not_fit_names_every_difference(run: Run, photos: Path, locked: Path, tmp_path: Path) -> None:
    found = json.loads(locked.read_text())
    found["model"]["sha256"] = "f" * 64
    found["libraries"]["numpy"] = "1.0"
    found["plugins"]["faceedit-sparkle"] = "3.1"
    locked.write_text(json.dumps(found))
    (tmp_path / "r.yaml").write_text("faceedit: 1\nname: R\nsteps:\n  - effect: smooth\n")
    code, _, err = run("apply", "r.yaml", photos, "-o", "out", "--locked")
    assert code == 3
    assert err.startswith('faceedit: "r.lock" was written for something else:\n')
    for part in (
        "recipe sha256: ",
        "model sha256: locked ffffffffffff..., here ",
        "libraries numpy: locked 1.0, here ",
    ):
        assert part in err
    assert "plugins faceedit-sparkle: locked 3.1, here nothing" in err
    assert not (tmp_path / "out").exists()


def test_a_lock_knows_who_is_kept(run: Run, photos: Path, locked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "people" not in json.loads(locked.read_text())
    for digest in ("a" * 64, "b" * 64):
        monkeypatch.setattr(Task, "people", {"friends": SimpleNamespace(digest=digest)})
        if digest[0] == "a":
            assert run("recipe", "lock", "r.yaml")[0] == 0
    code, _, err = run("apply", "r.yaml", photos, "-o", "out", "--locked")
    assert (code, "people friends: locked aaaaaaaaaaaa..., here bbbbbbbbbbbb..." in err) == (3, True)


@pytest.mark.parametrize(("content", "message"), [(None, "there is no lock"), ("{", "cannot be read"), ("3", "is no")])
def test_a_lock_that_is_none_is_refused(run: Run, photos: Path, locked: Path, content: str, message: str) -> None:
    locked.unlink() if content is None else locked.write_text(content)
    code, _, err = run("apply", "r.yaml", photos, "-o", "out", "--locked")
    assert (code, message in err, "faceedit recipe lock r.yaml" in err) == (2, True, True)
