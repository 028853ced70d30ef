"""Which plugins a run may use."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from faceedit import settings
from faceedit.errors import UsageError
from faceedit.labels import suggestion
from faceedit.registry.files import PluginFile
from faceedit.registry.plugin import OWN


@dataclass(frozen=True)
class Selection:
    """faceedit's own plugins always; of the `installed` ones none, `only` some, or all; and single `files`.

    Where the settings allow certain distributions only, no other is used.
    """

    installed: bool = True
    only: tuple[str, ...] = ()
    files: tuple[PluginFile, ...] = ()

    def chosen(self, points: Sequence[metadata.EntryPoint]) -> list[metadata.EntryPoint]:
        """Those of the entry points that are to be used.

        Raises:
            UsageError: `only` names a distribution that is not there.
            SetupError: the settings cannot be read.
        """
        others = sorted({distribution(point) for point in points} - {OWN})
        for name in self.only:
            if normal(name) not in others:
                hint = suggestion(name, others) if others else "no plugin but faceedit's own is installed"
                raise UsageError(f'no plugin of a distribution "{name}" is installed', hint)
        allowed = settings.allowed_plugins()
        wanted = {normal(name) for name in self.only} or {*others}
        if not self.installed:
            wanted = set()
        if allowed is not None:
            wanted &= {normal(name) for name in allowed}
        return [point for point in points if distribution(point) in {OWN, *wanted}]


def distribution(point: metadata.EntryPoint) -> str:
    """The normal form of the name of the distribution that an entry point comes from."""
    return normal(point.dist.name) if point.dist else ""


def normal(name: str) -> str:
    """A distribution's name as installers compare it. Source: PEP 503."""
    return "-".join(filter(None, name.lower().replace("_", "-").replace(".", "-").split("-")))
