"""The contract that every plugin keeps, as checks: what is broken, and what to change.

`faceedit plugins check` and the fixture `check_plugin` run all of them on what a plugin offers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from faceedit.errors import PluginLoadError
from faceedit.registry import Offers
from faceedit.testing import effects, others


@dataclass(frozen=True)
class Problem:
    """One broken rule: of which offer, what happened, and what to change."""

    offer: str
    message: str
    change: str

    def __str__(self) -> str:
        return f"{self.offer}: {self.message}; {self.change}"


def problems(load: Callable[[], Offers]) -> list[Problem]:
    """All that is wrong with a plugin, empty where it keeps the contract."""
    try:
        offers = load()
    except PluginLoadError as error:
        return [Problem("plugin", error.message, error.hint or "mend this first: nothing else can be checked")]
    return list(_problems(offers))


def _problems(offers: Offers) -> Iterator[Problem]:
    for effect in offers.effects:
        for message, change in effects.broken_rules(effect, offers.options[effect.name]):
            yield Problem(f'effect "{effect.name}"', message, change)
    for inspector in offers.inspectors:
        for message, change in others.broken_by_inspector(inspector):
            yield Problem(f'inspector "{inspector.name}"', message, change)
    for name, segmenter in offers.segmenters.items():
        for message, change in others.broken_by_segmenter(segmenter):
            yield Problem(f'model "{name}"', message, change)
    for name, detector in offers.detectors.items():
        for message, change in others.broken_by_detector(detector):
            yield Problem(f'detector "{name}"', message, change)
    for name, embedder in offers.embedders.items():
        for message, change in others.broken_by_embedder(embedder):
            yield Problem(f'embedder "{name}"', message, change)
