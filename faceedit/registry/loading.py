"""Running one plugin's code and checking what it offers."""

from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from types import SimpleNamespace
from typing import Any, TypeVar

import pluggy

from faceedit import guard, hookspecs
from faceedit.errors import FaceEditError, PluginLoadError
from faceedit.region import Effect, Inspector
from faceedit.registry.options import check_name, checked_options
from faceedit.registry.plugin import Listing, Offers, Plugin

T = TypeVar("T", Effect, Inspector)

GROUP = "faceedit"
# Words that a `when` keeps for itself, so that no finding may be called so.
WHEN_WORDS = ("and", "or", "not", "faces", "width", "height", "portrait", "landscape", "square", "name")


def entry_point_offers(point: metadata.EntryPoint) -> Offers:
    """What the module of an entry point offers.

    Raises:
        PluginLoadError: it cannot be imported, or breaks the contract.
    """
    try:
        module = guard.call(0, point.load)
    except (guard.Fault, FaceEditError) as error:
        raise PluginLoadError(f'"{point.value}" cannot be imported: {error}') from error
    return offers_of(module)


def offers_of(module: object) -> Offers:
    """What a module or object with hooks offers.

    Raises:
        PluginLoadError: it breaks the contract.
    """
    try:
        return guard.call(0, _offers, module)
    except PluginLoadError:
        raise
    except (guard.Fault, FaceEditError) as error:
        raise PluginLoadError(str(error)) from error


def listed(plugin: Plugin) -> Listing:
    """A plugin's listing, made by running its code here; raises nothing."""
    try:
        return plugin.offers.listing()
    except PluginLoadError as error:
        return Listing(error=str(error))


def of_effects_and_inspectors(things: Sequence[Effect | Inspector]) -> object:
    """An object whose hooks offer single effects and inspectors."""

    @hookspecs.hookimpl
    def faceedit_effects() -> list[Effect]:
        return [thing for thing in things if isinstance(thing, Effect)]

    @hookspecs.hookimpl
    def faceedit_inspectors() -> list[Inspector]:
        return [thing for thing in things if isinstance(thing, Inspector)]

    return SimpleNamespace(faceedit_effects=faceedit_effects, faceedit_inspectors=faceedit_inspectors)


def _offers(module: object) -> Offers:
    api = _checked_api(module)
    # A manager for each plugin: in a common one, the first that raises would hide all others.
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(module, "plugin")
    manager.check_pending()
    hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or ()))
    if not hooks:
        raise PluginLoadError("it implements no hook", "put @faceedit.hookimpl above its faceedit_... functions")
    effects = _unique(manager.hook.faceedit_effects(), Effect)
    inspectors = _unique(manager.hook.faceedit_inspectors(), Inspector)
    for inspector in inspectors:
        _check_inspector(inspector)
    return Offers(
        hooks,
        effects,
        inspectors,
        _makers(manager.hook.faceedit_segmenters()),
        _makers(manager.hook.faceedit_detectors()),
        _makers(manager.hook.faceedit_embedders()),
        {effect.name: checked_options(effect) for effect in effects},
        api,
    )


def _checked_api(module: object) -> int:
    api = getattr(module, "FACEEDIT_API", hookspecs.API_VERSION)
    if not isinstance(api, int) or api < 1:
        raise PluginLoadError(f"FACEEDIT_API is {api!r}", f"write FACEEDIT_API = {hookspecs.API_VERSION}")
    if api > hookspecs.API_VERSION:
        message = (
            f"it is written for version {api} of the plugin interface, and this faceedit has {hookspecs.API_VERSION}"
        )
        raise PluginLoadError(message, "pip install --upgrade faceedit")
    return api


def _unique(returned: Sequence[Sequence[T]], kind: type[T]) -> tuple[T, ...]:
    found: dict[str, T] = {}
    for offer in (each for values in returned for each in values):
        what = kind.__name__.lower()
        if not isinstance(offer, kind):
            raise PluginLoadError(f"{offer!r} is no {what}", f"put @faceedit.{what}(...) above the function")
        if offer.name in found:
            raise PluginLoadError(f'{what} "{offer.name}" is offered twice', "give one another name")
        found[offer.name] = offer
    return tuple(found.values())


def _makers(returned: Sequence[Mapping[str, Callable[..., Any]]]) -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for values in returned:
        if not isinstance(values, Mapping):
            raise PluginLoadError(f"{values!r} is no dict", 'return {"my-name": function}')
        found |= values
    for name, make in found.items():
        if not isinstance(name, str) or not callable(make):
            raise PluginLoadError(f"{name!r}: {make!r} is no name with a function", 'return {"my-name": function}')
    return found


def _check_inspector(inspector: Inspector) -> None:
    check_name("inspector", inspector.name)
    if not inspector.kinds:
        raise PluginLoadError(f'inspector "{inspector.name}" names no kind', 'write @faceedit.inspector("kind", ...)')
    for kind in inspector.kinds:
        check_name("finding", kind)
        if kind in WHEN_WORDS:
            raise PluginLoadError(
                f'finding "{kind}" of inspector "{inspector.name}" is a word that "when" uses itself',
                "give it another name",
            )
