"""All plugins of one run together: what they offer, by name, and who offered it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib import metadata
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self, TypeVar

from faceedit.errors import PluginConflict, PluginLoadError, UnknownEffect
from faceedit.labels import suggestion
from faceedit.region import Effect, Inspector
from faceedit.registry.index import listings
from faceedit.registry.loading import GROUP, entry_point_offers, listed, of_effects_and_inspectors, offers_of
from faceedit.registry.makers import guarded
from faceedit.registry.plugin import OWN, Listing, Offers, Plugin
from faceedit.registry.selection import Selection, distribution

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T")


class Named(Mapping[str, T]):
    """What plugins offer of one kind, by name. A plugin's code runs when something of it is taken.

    A name that two plugins offer is not listed, and asking for it raises PluginConflict.
    """

    def __init__(
        self,
        what: str,
        plugins: Iterable[Plugin],
        names: Callable[[Listing], Iterable[str]],
        things: Callable[[Offers], Mapping[str, T]],
    ) -> None:
        self.what = what
        self._things = things
        self._owners: dict[str, list[Plugin]] = {}
        for plugin in plugins:
            for name in names(plugin.listing):
                self._owners.setdefault(name, []).append(plugin)

    def __getitem__(self, name: str) -> T:
        plugin = self.owner(name)
        try:
            found = self._things(plugin.offers)
        except PluginLoadError as error:
            raise PluginLoadError(f'plugin "{plugin.name}" of {plugin} cannot be used: {error}') from error
        if name not in found:
            raise PluginLoadError(f'plugin "{plugin.name}" of {plugin} no longer offers "{name}"', "install it again")
        return found[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name, owners in self._owners.items() if len(owners) == 1)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def owner(self, name: str) -> Plugin:
        """The plugin that offers a name.

        Raises:
            KeyError: none does.
            PluginConflict: several do.
        """
        first, *others = self._owners[name]
        if others:
            raise _conflict(self.what, name, first, others[0])
        return first

    @property
    def clashes(self) -> list[PluginConflict]:
        """The names that several plugins offer, each as the error that using it raises."""
        return [_conflict(self.what, name, *each[:2]) for name, each in self._owners.items() if len(each) > 1]


def _conflict(what: str, name: str, one: Plugin, other: Plugin) -> PluginConflict:
    if str(one) == str(other):
        message = f'{what} "{name}" is offered by both plugins "{one.name}" and "{other.name}" of "{one}"'
        return PluginConflict(message, "tell its authors; --no-plugins leaves it out")
    message = f'{what} "{name}" is offered by both "{one}" and "{other}"'
    if one.file or other.file:
        return PluginConflict(message, "rename yours, or leave the installed plugins out with --no-plugins")
    return PluginConflict(message, "uninstall one of them, or choose with --only-plugin or --no-plugins")


class Makers(Named[Callable[..., Any]]):
    """The functions by name that make models, detectors or embedders."""

    def __getitem__(self, name: str) -> Callable[..., Any]:
        make, plugin = super().__getitem__(name), self.owner(name)
        return make if plugin.own else guarded(self.what, f'{self.what} "{name}" of {plugin}', make)


class Registry:
    """Everything that the plugins of one run offer, by name. Make one with `installed` or `of`."""

    def __init__(self, plugins: Iterable[Plugin] = ()) -> None:
        self.plugins = tuple(plugins)
        self.effects = Named("effect", self.plugins, lambda listing: listing.effects, _effects)
        self.inspectors = Named("inspector", self.plugins, lambda listing: listing.inspectors, _inspectors)
        self.segmenters = Makers("model", self.plugins, lambda listing: listing.segmenters, attrgetter("segmenters"))
        self.detectors = Makers("detector", self.plugins, lambda listing: listing.detectors, attrgetter("detectors"))
        self.embedders = Makers("embedder", self.plugins, lambda listing: listing.embedders, attrgetter("embedders"))

    @classmethod
    def installed(cls, selection: Selection | None = None) -> Self:
        """The plugins of this environment, found by the entry point group `faceedit`, and single files.

        faceedit's own are loaded at once; those of others when something of them is used.

        Raises:
            UsageError: the selection names a distribution that is not there.
            SetupError: the settings cannot be read, or a file cannot be used.
        """
        selection = selection or Selection()
        points = selection.chosen(sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name))
        others = iter(listings([point for point in points if distribution(point) != OWN]))
        plugins = []
        for point in points:
            plugin = _unlisted(point)
            if plugin.at_hand:
                plugins.append(replace(plugin, listing=listed(plugin), load=partial(getattr, plugin, "offers")))
            else:
                plugins.append(replace(plugin, listing=next(others)))
        return cls([*plugins, *(file.plugin() for file in selection.files)])

    @classmethod
    def of(cls, *things: object) -> Self:
        """Only these: modules or objects with hooks, or single effects and inspectors. For tests and notebooks.

        Raises:
            PluginLoadError: one of them cannot be used.
        """
        single = [thing for thing in things if isinstance(thing, Effect | Inspector)]
        several = [thing for thing in things if not isinstance(thing, Effect | Inspector)]
        given = [(getattr(thing, "__name__", type(thing).__name__), thing) for thing in several]
        if single:
            given.append(("given", of_effects_and_inspectors(single)))
        return cls([_of_object(name, thing) for name, thing in given])

    @property
    def broken(self) -> tuple[Plugin, ...]:
        """The plugins that were skipped, each with its `error`."""
        return tuple(plugin for plugin in self.plugins if plugin.error)

    @property
    def clashes(self) -> list[PluginConflict]:
        """The names that two plugins offer, so that neither can be used."""
        kinds = (self.effects, self.inspectors, self.segmenters, self.detectors, self.embedders)
        return [clash for each in kinds for clash in each.clashes]

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of findings that some inspector may report, sorted."""
        return tuple(sorted({kind for name in self.inspectors for kind in self._kinds(name)}))

    def asked(self, kinds: Collection[str]) -> dict[str, Inspector]:
        """The inspectors to run where findings of these kinds are asked for.

        Those whose code is loaded anyway always look; those of other distributions only for what is asked.
        """
        return {
            name: self.inspectors[name]
            for name in self.inspectors
            if self.inspectors.owner(name).at_hand or not {*kinds}.isdisjoint(self._kinds(name))
        }

    def effect(self, name: str) -> Effect:
        """The effect of this name.

        Raises:
            UnknownEffect: no plugin that works offers it.
            PluginConflict: two plugins offer it.
            PluginLoadError: its plugin's code fails.
        """
        return self.effects[self._known(name)]

    def owner(self, effect_name: str) -> Plugin:
        """The plugin that offers an effect.

        Raises:
            UnknownEffect: no plugin that works offers it.
            PluginConflict: two plugins offer it.
        """
        return self.effects.owner(self._known(effect_name))

    def options(self, effect: Effect) -> "type[BaseModel]":
        """The pydantic model that checks an effect's options, made once from its signature."""
        return self.owner(effect.name).offers.options[effect.name]

    def _known(self, name: str) -> str:
        try:
            self.effects.owner(name)
        except KeyError:
            hint = suggestion(name, sorted(self.effects)) if self.effects else "no plugin offers an effect"
            hint += "" if hint.endswith("?") else "; name a plugin's file with --plugin, or install it"
            skipped = "".join(f'; plugin "{each.name}" of {each} was skipped: {each.error}' for each in self.broken)
            raise UnknownEffect(f'no effect "{name}"', hint + skipped) from None
        return name

    def _kinds(self, inspector: str) -> tuple[str, ...]:
        return self.inspectors.owner(inspector).listing.inspectors[inspector]


def _effects(offers: Offers) -> Mapping[str, Effect]:
    return {each.name: each for each in offers.effects}


def _inspectors(offers: Offers) -> Mapping[str, Inspector]:
    return {each.name: each for each in offers.inspectors}


def _unlisted(point: metadata.EntryPoint) -> Plugin:
    dist = point.dist
    return Plugin(
        point.name,
        dist.name if dist else "",
        dist.version if dist else "",
        load=partial(entry_point_offers, point),
        at_hand=distribution(point) == OWN,
    )


def _of_object(name: str, thing: object) -> Plugin:
    try:
        offers = offers_of(thing)
    except PluginLoadError as error:
        raise PluginLoadError(f'plugin "{name}" cannot be used: {error}') from error
    return Plugin(name, listing=offers.listing(), load=lambda: offers)
