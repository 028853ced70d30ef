"""Effects and inspectors: plain functions with what the host must know about them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from faceedit.photo import Finding, Photo
from faceedit.region.window import Float, Region, Result

EffectFunction = Callable[..., "Float | Result"]


@dataclass(frozen=True)
class Effect:
    """A function on regions, and how the host applies it. Made by the decorator `effect`."""

    function: EffectFunction
    name: str
    on: str
    grow: float
    feather: float
    scope: Literal["face", "photo"]
    blind: bool

    @property
    def doc(self) -> str:
        """What the effect does, for people who make recipes."""
        return inspect.getdoc(self.function) or ""

    def __call__(self, region: Region, **options: Any) -> "Float | Result":
        """What the effect makes of a region, not yet laid into the photo."""
        if not region.on:  # not set by the host: the effect's own choice stands
            region = replace(region, on=self.parts(options), grow=self.grow, feather=self.feather)
        return self.function(region, **options)

    def parts(self, options: Mapping[str, Any], override: str | None = None) -> str:
        """The part expression that a step works on; `{option}` in `on` stands for the option's value."""
        if override is not None:
            return override
        defaults = {name: each.default for name, each in inspect.signature(self.function).parameters.items()}
        return self.on.format_map({**defaults, **options})


def effect(
    *,
    on: str = "face",
    grow: float = 0.0,
    feather: float = 0.0,
    scope: Literal["face", "photo"] = "face",
    blind: bool = False,
    name: str | None = None,
) -> Callable[[EffectFunction], Effect]:
    """Make an effect of a function `(region, *, options) -> (h, w, 3) float32 or Result`.

    `on` is the part expression that it changes unless the recipe says otherwise; `{option}` in it stands for one
    of the effect's own options. `grow` and `feather` are shares of the face's width.
    `blind` effects get zeros for pixels, no masks, and are laid back without soft edges: for redaction.
    """

    def decorate(function: EffectFunction) -> Effect:
        return Effect(function, name or function.__name__, on, grow, feather, scope, blind)

    return decorate


@dataclass(frozen=True)
class Inspector:
    """A function that looks at a photo with its faces and reports what it sees. Made by the decorator `inspector`."""

    function: Callable[[Photo], Sequence[Finding]]
    name: str
    kinds: tuple[str, ...]

    def __call__(self, photo: Photo) -> Sequence[Finding]:
        """What it sees in the photo."""
        return self.function(photo)


def inspector(*kinds: str) -> Callable[[Callable[[Photo], Sequence[Finding]]], Inspector]:
    """Make an inspector of a function `photo -> findings`; `kinds` are all the kinds it may report."""

    def decorate(function: Callable[[Photo], Sequence[Finding]]) -> Inspector:
        return Inspector(function, function.__name__, kinds)

    return decorate
