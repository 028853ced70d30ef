"""What plugins offer is known without running their code; a plugin that hangs, dies or clashes costs only itself."""

import json
import sys
from pathlib import Path

import pytest
from plugin_support import EFFECT, Install

from faceedit.errors import PluginConflict, PluginLoadError, UsageError
from faceedit.registry import Plugin, Registry, Selection, index

MARKING = EFFECT + "\nwith open({mark!r}, 'a') as file:\n    file.write('x')\n"


def plugin(registry: Registry, distribution: str) -> Plugin:
    return next(each for each in registry.plugins if each.distribution == distribution)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def marking(environment: Install, tmp_path: Path) -> Path:
    """A plugin that leaves a mark each time that its code runs; the file of marks."""
    mark = tmp_path / "mark"
    environment("faceedit-glow", MARKING.format(name="glow", mark=str(mark)))
    return mark


def test_a_plugins_code_runs_once_elsewhere_and_then_only_when_its_effect_is_used(marking: Path) -> None:
    for _ in range(3):
        registry = Registry.installed()
        assert plugin(registry, "faceedit-glow").listing.effects == {"glow": "Do glow."}
        assert "glow" in list(registry.effects)
        assert registry.effect("redact").blind
    assert (marking.read_text(), "faceedit_glow" in sys.modules) == ("x", False)
    assert registry.effect("glow").doc == "Do glow."
    assert (marking.read_text(), "faceedit_glow" in sys.modules) == ("xx", True)


def test_files_in_the_current_folder_are_no_modules(
    environment: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "json.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path / "here")
    environment("faceedit-glow", EFFECT.format(name="glow"))
    assert plugin(Registry.installed(), "faceedit-glow").error == ""


def test_a_changed_plugin_is_listed_anew(environment: Install) -> None:
    file = environment("faceedit-glow", EFFECT.format(name="glow"))
    assert "shine" not in Registry.installed().effects._owners
    file.write_text(EFFECT.format(name="shine"))
    assert plugin(Registry.installed(), "faceedit-glow").listing.effects == {"shine": "Do shine."}


def test_a_plugin_that_was_broken_for_want_of_another_package_is_tried_again(environment: Install) -> None:
    environment("faceedit-glow", "import wanted_by_glow\n" + EFFECT.format(name="glow"))
    assert "wanted_by_glow" in plugin(Registry.installed(), "faceedit-glow").error
    environment("wanted-by-glow", EFFECT.format(name="wanted"))
    assert plugin(Registry.installed(), "faceedit-glow").error == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("import time; time.sleep(600)", "no end within", marks=pytest.mark.long),
        ("import os; os._exit(7)", r"its process died (exit status 7)"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("import os; os.write(1, b'{}\\n'); print('hello')\n1 / 0", "ZeroDivisionError"),
    ],
)
def test_one_that_hangs_dies_or_chatters_is_broken_and_the_others_work(
    environment: Install, monkeypatch: pytest.MonkeyPatch, source: str, said: str
) -> None:
    if "sleep" in source:
        monkeypatch.setattr(index, "PATIENCE", 10.0)
    environment("faceedit-bad", source, "1.0", "a")
    environment("faceedit-good", EFFECT.format(name="good"), "1.0", "b")
    registry = Registry.installed()
    assert said in plugin(registry, "faceedit-bad").error
    assert "good" in list(registry.effects)


@pytest.mark.parametrize("content", ["", "[]", '{"version": 7}', '{"version": [1], "plugins": {"a": 3}}', "\x00"])
def test_a_torn_index_is_made_anew(environment: Install, content: str) -> None:
    environment("faceedit-glow", EFFECT.format(name="glow"))
    index.cache_path().parent.mkdir(parents=True)
    index.cache_path().write_text(content)
    assert "glow" in list(Registry.installed().effects)
    assert len(json.loads(index.cache_path().read_text())["plugins"]) == 1


def test_without_a_cache_folder_plugins_still_work(environment: Install, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    environment("faceedit-glow", EFFECT.format(name="glow"))
    assert "glow" in list(Registry.installed().effects)


def test_a_plugin_that_fails_only_when_it_is_used_is_named(environment: Install, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    environment(
        "faceedit-moody", EFFECT.format(name="moody") + f"\nimport os\nif os.path.exists({str(flag)!r}): 1 / 0\n"
    )
    registry = Registry.installed()
    flag.touch()
    with pytest.raises(PluginLoadError, match=r'plugin "plugin" of faceedit-moody 1\.0 cannot be used: .*ZeroDivision'):
        registry.effect("moody")


def test_a_clash_stops_only_what_uses_the_name(environment: Install) -> None:
    environment("faceedit-one", EFFECT.format(name="redact"), "1.0", "one")
    registry = Registry.installed()
    assert registry.effect("smooth").name == "smooth"
    with pytest.raises(PluginConflict, match=r'"redact" is offered by both .*; uninstall one of them, or choose with'):
        registry.effect("redact")
    assert Registry.installed(Selection(installed=False)).effect("redact").blind


def test_two_plugins_of_one_distribution_that_clash_get_a_fitting_hint(environment: Install) -> None:
    environment("faceedit-one", EFFECT.format(name="glow"), "1.0", "one", "two")
    with pytest.raises(PluginConflict, match=r'both plugins "one" and "two" of "faceedit-one 1\.0"; tell its authors'):
        Registry.installed().effect("glow")


def test_plugins_can_be_left_out_or_chosen(environment: Install) -> None:
    environment("faceedit-one", EFFECT.format(name="one"), "1.0", "one")
    environment("faceedit_two", EFFECT.format(name="two"), "1.0", "two")

    def there(**how: object) -> set[str]:
        return {*Registry.installed(Selection(**how)).effects} & {"one", "two", "redact"}  # type: ignore[arg-type]

    assert there() == {"one", "two", "redact"}
    assert there(installed=False) == {"redact"}
    assert there(only=("Faceedit.Two",)) == {"two", "redact"}
    with pytest.raises(UsageError, match=r'no plugin of a distribution "faceedit-too" is installed; did you mean'):
        there(only=("faceedit-too",))


@pytest.mark.parametrize("whose", ["XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"])
def test_settings_allow_certain_distributions_only(
    environment: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    environment("faceedit-one", EFFECT.format(name="one"), "1.0", "one")
    environment("faceedit-two", EFFECT.format(name="two"), "1.0", "two")
    for variable in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / whose / "faceedit").mkdir(parents=True)
    (tmp_path / whose / "faceedit" / "settings.json").write_text('{"plugins": ["faceedit-two"]}')
    assert {*Registry.installed().effects} & {"one", "two", "redact"} == {"two", "redact"}


def test_a_plugin_for_a_later_interface_asks_for_an_upgrade(environment: Install) -> None:
    environment("faceedit-new", "FACEEDIT_API = 2\n" + EFFECT.format(name="glow"))
    error = plugin(Registry.installed(), "faceedit-new").error
    assert error == (
        "it is written for version 2 of the plugin interface, and this faceedit has 1; pip install --upgrade faceedit"
    )


def test_what_was_broken_is_tried_again_on_request(environment: Install, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    environment("faceedit-moody", EFFECT.format(name="moody") + f"\nimport os\nos.stat({str(flag)!r})\n")
    assert "FileNotFoundError" in plugin(Registry.installed(), "faceedit-moody").error
    flag.touch()
    assert plugin(Registry.installed(), "faceedit-moody").error
    index.forget_broken()
    assert plugin(Registry.installed(), "faceedit-moody").error == ""
