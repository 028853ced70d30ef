"""All plugins of one run together: what they offer, by name, and who offered it."""

from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from types import MappingProxyType
from typing import TYPE_CHECKING, Self, TypeVar

from faceedit.errors import PluginConflict, PluginLoadError, UnknownEffect
from faceedit.labels import suggestion
from faceedit.region import Effect, Inspector
from faceedit.registry.loading import GROUP, Plugin, from_entry_point, from_object, from_offers

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T")


class Registry:
    """Everything that the plugins of one run offer, by name. Make one with `installed` or `of`.

    Raises:
        PluginConflict: two plugins offer the same name.
    """

    def __init__(self, plugins: Iterable[Plugin] = ()) -> None:
        self.plugins = tuple(plugins)
        self._owners: dict[str, Plugin] = {}
        self.effects = self._collect("effect", lambda plugin: {effect.name: effect for effect in plugin.effects})
        self.inspectors = self._collect("inspector", lambda plugin: {each.name: each for each in plugin.inspectors})
        self.segmenters = self._collect("model", lambda plugin: plugin.segmenters)
        self.detectors = self._collect("detector", lambda plugin: plugin.detectors)

    @classmethod
    def installed(cls) -> Self:
        """The plugins of this environment, found by the entry point group `faceedit`."""
        points = sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name)
        return cls(from_entry_point(point) for point in points)

    @classmethod
    def of(cls, *things: object) -> Self:
        """Only these: modules or objects with hooks, or single effects and inspectors. For tests and notebooks.

        Raises:
            PluginLoadError: one of them cannot be used.
        """
        single = [thing for thing in things if isinstance(thing, Effect | Inspector)]
        plugins = [from_object(thing) for thing in things if not isinstance(thing, Effect | Inspector)]
        if single:
            plugins.append(from_offers(single))
        for plugin in plugins:
            if plugin.error:
                raise PluginLoadError(f'plugin "{plugin.name}" cannot be used: {plugin.error}')
        return cls(plugins)

    @property
    def broken(self) -> tuple[Plugin, ...]:
        """The plugins that were skipped, each with its `error`."""
        return tuple(plugin for plugin in self.plugins if plugin.error)

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of findings that some inspector may report, sorted."""
        return tuple(sorted({kind for inspector in self.inspectors.values() for kind in inspector.kinds}))

    def effect(self, name: str) -> Effect:
        """The effect of this name.

        Raises:
            UnknownEffect: no plugin that works offers it.
        """
        if name in self.effects:
            return self.effects[name]
        hint = suggestion(name, sorted(self.effects)) if self.effects else "no plugin offers an effect"
        skipped = "".join(f'; plugin "{plugin.name}" of {plugin} was skipped: {plugin.error}' for plugin in self.broken)
        raise UnknownEffect(f'no effect "{name}"', hint + skipped)

    def owner(self, effect_name: str) -> Plugin:
        """The plugin that offers an effect.

        Raises:
            UnknownEffect: no plugin that works offers it.
        """
        return self._owners["effect " + self.effect(effect_name).name]

    def options(self, effect: Effect) -> "type[BaseModel]":
        """The pydantic model that checks an effect's options, made once from its signature."""
        return self.owner(effect.name).options[effect.name]

    def _collect(self, what: str, offered: Callable[[Plugin], Mapping[str, T]]) -> Mapping[str, T]:
        found: dict[str, T] = {}
        for plugin in self.plugins:
            for name, thing in offered(plugin).items():
                if name in found:
                    both = f'"{self._owners[f"{what} {name}"]}" and "{plugin}"'
                    raise PluginConflict(f'{what} "{name}" is offered by both {both}', "uninstall one of them")
                found[name] = thing
                self._owners[f"{what} {name}"] = plugin
        return MappingProxyType(found)
