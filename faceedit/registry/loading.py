"""One plugin at a time: loaded, asked what it offers, checked. Nothing that a plugin does here stops the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from faceedit import hookspecs
from faceedit.errors import FaceEditError, PluginLoadError, reason
from faceedit.region import Effect, Inspector
from faceedit.registry.options import check_name, checked_options

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", Effect, Inspector)

GROUP = "faceedit"
# Words that a `when` keeps for itself, so that no finding may be called so.
WHEN_WORDS = ("and", "or", "not", "faces", "width", "height", "portrait", "landscape", "square", "name")


@dataclass(frozen=True)
class Plugin:
    """One entry point: where it comes from, what it offers, or in `error` why none of it can be used."""

    name: str
    distribution: str = ""
    version: str = ""
    effects: tuple[Effect, ...] = ()
    inspectors: tuple[Inspector, ...] = ()
    segmenters: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    detectors: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    hooks: tuple[str, ...] = ()
    error: str = ""
    options: Mapping[str, "type[BaseModel]"] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip() or self.name


def from_entry_point(point: metadata.EntryPoint) -> Plugin:
    """The plugin that an entry point names, perhaps with an error; raises nothing."""
    distribution = point.dist
    plugin = Plugin(point.name)
    if distribution is not None:
        plugin = replace(plugin, distribution=distribution.name, version=distribution.version)
    try:
        module = point.load()
    except (Exception, SystemExit) as error:  # the boundary: one plugin's code
        return replace(plugin, error=f'"{point.value}" cannot be imported: {_reason(error)}')
    return _examined(plugin, module)


def from_object(module: object) -> Plugin:
    """A module or object with hooks as a plugin, perhaps with an error; raises nothing."""
    return _examined(Plugin(getattr(module, "__name__", type(module).__name__)), module)


def from_offers(offers: Sequence[Effect | Inspector]) -> Plugin:
    """Single effects and inspectors as one plugin, perhaps with an error; raises nothing."""

    @hookspecs.hookimpl
    def faceedit_effects() -> list[Effect]:
        return [offer for offer in offers if isinstance(offer, Effect)]

    @hookspecs.hookimpl
    def faceedit_inspectors() -> list[Inspector]:
        return [offer for offer in offers if isinstance(offer, Inspector)]

    hooks = SimpleNamespace(faceedit_effects=faceedit_effects, faceedit_inspectors=faceedit_inspectors)
    return _examined(Plugin("given"), hooks)


def _examined(plugin: Plugin, module: object) -> Plugin:
    try:
        return _filled(plugin, module)
    except (Exception, SystemExit) as error:  # the boundary: one plugin's code
        return replace(plugin, error=_reason(error))


def _reason(error: BaseException) -> str:
    return str(error) if isinstance(error, FaceEditError) else reason(error)


def _filled(plugin: Plugin, module: object) -> Plugin:
    # A manager for each plugin: in a common one, the first that raises would hide all others.
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    manager.register(module, plugin.name)
    manager.check_pending()
    hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or ()))
    if not hooks:
        raise PluginLoadError("it implements no hook", "put @faceedit.hookimpl above its faceedit_... functions")
    effects = _offers(manager.hook.faceedit_effects(), Effect)
    inspectors = _offers(manager.hook.faceedit_inspectors(), Inspector)
    for inspector in inspectors:
        _check_inspector(inspector)
    return replace(
        plugin,
        hooks=hooks,
        effects=effects,
        inspectors=inspectors,
        segmenters=_makers(manager.hook.faceedit_segmenters()),
        detectors=_makers(manager.hook.faceedit_detectors()),
        options={effect.name: checked_options(effect) for effect in effects},
    )


def _offers(returned: Sequence[Sequence[T]], kind: type[T]) -> tuple[T, ...]:
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
        found |= values
    for name, make in found.items():
        if not isinstance(name, str) or not callable(make):
            raise PluginLoadError(f"{name!r}: {make!r} is no name with a function")
    return found


def _check_inspector(inspector: Inspector) -> None:
    check_name("inspector", inspector.name)
    if not inspector.kinds:
        raise PluginLoadError(f'inspector "{inspector.name}" names no kind', 'write @faceedit.inspector("kind", ...)')
    for kind in inspector.kinds:
        check_name("finding", kind)
        if kind in WHEN_WORDS:
            raise PluginLoadError(f'finding "{kind}" of inspector "{inspector.name}" is a word that "when" uses itself')
