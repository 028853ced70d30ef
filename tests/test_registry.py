"""Plugins are found, checked, named; a broken one is skipped and says why."""

# ruff: noqa: ARG001 - the effects here have options for their signatures' sake

from types import SimpleNamespace

import pytest
from plugin_support import EFFECT

import faceedit
from faceedit.errors import PluginConflict, PluginLoadError, UnknownEffect
from faceedit.registry import Plugin, Registry


@faceedit.effect(on="lips")
def tint(region):
    """Tint the lips."""
    return region.pixels


@faceedit.inspector("glasses", "hat")
def accessories(photo):
    return []


def plugin_with(**hooks):
    return SimpleNamespace(**{f"faceedit_{name}": faceedit.hookimpl(function) for name, function in hooks.items()})


def reason(*things):
    with pytest.raises(PluginLoadError) as error:
        Registry.of(*things)
    return str(error.value)


def found(registry, *distributions):
    return {plugin.distribution: plugin for plugin in registry.plugins if plugin.distribution in distributions}


def test_an_installed_plugin_is_found_with_distribution_and_version(environment):
    environment("faceedit-glow", EFFECT.format(name="glow"), "2.1")
    registry = Registry.installed()
    assert registry.effect("glow").doc == "Do glow."
    owner = registry.owner("glow")
    assert (owner.distribution, owner.version, owner.listing.hooks) == ("faceedit-glow", "2.1", ("faceedit_effects",))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def", "SyntaxError"),
        (EFFECT.format(name="bad").replace("return [bad]", "return 1 / 0"), "ZeroDivisionError"),
        (EFFECT.format(name="bad").replace("faceedit_effects", "faceedit_efects"), "faceedit_efects"),
        (EFFECT.format(name="bad").replace("faceedit_effects()", "faceedit_effects(what)"), "what"),
        (EFFECT.format(name="bad").replace("@faceedit.hookimpl", ""), "put @faceedit.hookimpl above"),
    ],
)
def test_a_broken_plugin_is_remembered_and_the_rest_works(environment, source, said):
    environment("faceedit-bad", source, "0.3")
    environment("faceedit-good", EFFECT.format(name="good"))
    registry = Registry.installed()
    bad = found(registry, "faceedit-bad")["faceedit-bad"]
    assert said in bad.error
    assert bad in registry.broken
    assert (bad.version, bad.listing.effects) == ("0.3", {})
    assert "good" in registry.effects


def test_an_unknown_effect_says_which_plugins_were_skipped(environment):
    environment("faceedit-bad", "1 / 0", "0.3")
    with pytest.raises(UnknownEffect, match=r'plugin "plugin" of faceedit-bad 0.3 was skipped: .*division by zero'):
        Registry.installed().effect("bad")


def test_a_name_offered_twice_names_both_distributions(environment):
    environment("faceedit-one", EFFECT.format(name="glow"), "1.0", "one")
    environment("faceedit-two", EFFECT.format(name="glow"), "2.0", "two")
    registry = Registry.installed()
    with pytest.raises(
        PluginConflict, match=r'effect "glow" is offered by both "faceedit-one 1\.0" and "faceedit-two 2\.0"'
    ):
        registry.effect("glow")


@pytest.mark.parametrize("kind", ["segmenters", "detectors"])
def test_models_and_detectors_offered_twice_are_a_conflict_too(kind):
    one, two = (plugin_with(**{kind: lambda: {"mine": object}}) for _ in range(2))
    with pytest.raises(PluginConflict, match='"mine" is offered by both'):
        getattr(Registry.of(one, two), kind)["mine"]


def test_inspectors_offered_twice_are_a_conflict_too():
    one, two = (plugin_with(inspectors=lambda: [accessories]) for _ in range(2))
    registry = Registry.of(one, two)
    assert (registry.kinds, registry.asked(["hat"])) == ((), {})
    assert [clash.message.split(" is ")[0] for clash in registry.clashes] == ['inspector "accessories"']


def test_hook_faceedit_effects_makes_effects_known_by_name():
    registry = Registry.of(plugin_with(effects=lambda: [tint]))
    assert registry.effects == {"tint": tint}


def test_hook_faceedit_inspectors_makes_kinds_known():
    registry = Registry.of(plugin_with(inspectors=lambda: [accessories]))
    assert registry.inspectors == {"accessories": accessories}
    assert registry.kinds == ("glasses", "hat")


def test_hook_faceedit_segmenters_makes_models_known_by_name():
    assert list(Registry.of(plugin_with(segmenters=lambda: {"mine": object})).segmenters) == ["mine"]


def test_hook_faceedit_detectors_makes_detectors_known_by_name():
    assert list(Registry.of(plugin_with(detectors=lambda: {"mine": object})).detectors) == ["mine"]


def test_hook_faceedit_embedders_makes_embedders_known_by_name():
    assert list(Registry.of(plugin_with(embedders=lambda: {"mine": object})).embedders) == ["mine"]


def test_single_effects_and_inspectors_need_no_plugin():
    registry = Registry.of(tint, accessories)
    assert registry.owner("tint").name == "given"
    assert registry.kinds == ("glasses", "hat")


def test_an_unknown_effect_gets_the_nearest_name():
    with pytest.raises(UnknownEffect, match=r'no effect "tynt"; did you mean "tint"\?'):
        Registry.of(tint).effect("tynt")


def test_an_empty_registry_says_that_it_has_no_effects():
    with pytest.raises(UnknownEffect, match="no plugin offers an effect"):
        Registry().effect("tint")


@pytest.mark.parametrize(
    ("kinds", "said"), [((), "names no kind"), (("not",), 'a word that "when" uses'), (("Big Hat",), "lower-case")]
)
def test_an_inspector_names_kinds_that_a_condition_can_use(kinds, said):
    assert said in reason(faceedit.inspector(*kinds)(accessories.function))


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        ({"effects": lambda: [tint.function]}, "put @faceedit.effect(...) above the function"),
        ({"effects": lambda: [tint, tint]}, 'effect "tint" is offered twice'),
        ({"inspectors": lambda: [tint]}, "is no inspector"),
        ({"segmenters": lambda: {"mine": 3}}, "is no name with a function"),
        ({"detectors": lambda: ["mine"]}, "is no dict; return"),
        ({"effects": lambda: tint}, "not iterable"),
    ],
)
def test_a_hook_that_returns_something_else_says_so(hooks, said):
    assert said in reason(plugin_with(**hooks))


def test_a_plugin_is_named_by_its_distribution_else_by_itself():
    assert str(Plugin("sparkle", "faceedit-sparkle", "1.2")) == "faceedit-sparkle 1.2"
    assert str(Plugin("sparkle")) == "sparkle"
