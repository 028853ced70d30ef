"""One plugin: where it comes from, what it offers by name, and what it offers once its code has run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from faceedit.errors import PluginLoadError
from faceedit.hookspecs import API_VERSION
from faceedit.region import Effect, Inspector

if TYPE_CHECKING:
    from pydantic import BaseModel


# The distribution whose plugins are our own.
OWN = "faceedit"


@dataclass(frozen=True)
class Offers:
    """What a plugin offers: the things themselves, and the model of each effect's options."""

    hooks: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    inspectors: tuple[Inspector, ...] = ()
    segmenters: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
    detectors: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    embedders: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    options: Mapping[str, "type[BaseModel]"] = field(default_factory=dict, repr=False)
    api: int = API_VERSION

    def listing(self) -> "Listing":
        """The same by name."""
        return Listing(
            self.hooks,
            {effect.name: effect.doc for effect in self.effects},
            {inspector.name: inspector.kinds for inspector in self.inspectors},
            tuple(self.segmenters),
            tuple(self.detectors),
            tuple(self.embedders),
            self.api,
        )


@dataclass(frozen=True)
class Listing:
    """What a plugin offers, by name: all that can be told without running its code. Can stand in JSON.

    `effects` maps names to docstrings, `inspectors` names to the kinds of findings that each may report. `error` says
    why none of it can be used.
    """

    hooks: tuple[str, ...] = ()
    effects: Mapping[str, str] = field(default_factory=dict)
    inspectors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    segmenters: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()
    embedders: tuple[str, ...] = ()
    api: int = API_VERSION
    error: str = ""

    @property
    def names(self) -> list[str]:
        """All that is offered."""
        return [*self.effects, *self.inspectors, *self.segmenters, *self.detectors, *self.embedders]


def _nothing() -> Offers:
    return Offers()


@dataclass(frozen=True)
class Plugin:
    """One entry point or file. Its code runs when `offers` is first asked for.

    A plugin of one file has the file's name as `distribution`, the first digits of its sha256 as `version`, and the
    `file` itself.
    """

    name: str
    distribution: str = ""
    version: str = ""
    listing: Listing = Listing()
    load: Callable[[], Offers] = field(default=_nothing, repr=False, compare=False)
    file: str = ""
    sha256: str = ""
    at_hand: bool = True

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip() or self.name

    @property
    def own(self) -> bool:
        """Whether it is one of faceedit's own plugins, which are trusted with values that others share."""
        return self.distribution == OWN and not self.file

    @property
    def error(self) -> str:
        """Why nothing of it can be used; empty where all is well."""
        return self.listing.error

    @cached_property
    def offers(self) -> Offers:
        """What it offers.

        Raises:
            PluginLoadError: its code fails or breaks the contract; says how.
        """
        if self.error:
            raise PluginLoadError(self.error)
        return self.load()
