"""Effects and recipes run on painted photos as the host would run them, and checks of single promises."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.engine import Edited, edit
from faceedit.photo import Photo
from faceedit.recipe import parse_recipe
from faceedit.region import Effect, Float, Region, Result, as_float, lay_back
from faceedit.registry import Registry


def run_recipe(steps: str | Sequence[Mapping[str, Any]], photo: Photo, *plugins: object) -> Edited:
    """What a recipe makes of a photo with these plugins (modules, effects, inspectors), or with the installed ones.

    `steps` is the recipe as YAML, or its steps, such as `[{"effect": "sparkle", "amount": 0.5}]`. The photo is
    `.photo` of the answer, beside it are `extras` and `findings`.

    Raises:
        RecipeError: the recipe cannot be used.
        PhotoError: an effect failed.
    """
    registry = Registry.of(*plugins) if plugins else Registry.installed()
    text = steps if isinstance(steps, str) else json.dumps({"faceedit": 1, "steps": list(steps)})
    return edit(photo, parse_recipe(text, registry), registry)


def region_of(photo: Photo, effect: Effect, face: int = 0, **options: Any) -> Region:
    """The region that the host would hand to `effect` for one face: without pixels or face if the effect is blind."""
    chosen = photo.faces[face]
    window = photo.box if effect.scope == "photo" else chosen.window
    pixels = as_float(photo.pixels[window.slices])
    if effect.blind:
        return Region(np.zeros_like(pixels), window, chosen.box)
    on = effect.parts(options)
    return Region(pixels, window, chosen.box, (chosen,), on=on, grow=effect.grow, feather=effect.feather)


def applied(effect: Effect, photo: Photo, face: int = 0, strength: float = 1.0, **options: Any) -> NDArray[Any]:
    """The photo's pixels after `effect` on one face, laid back through its mask as the host does it.

    Only for effects that are not blind: what those cover is decided by the engine.
    """
    region = region_of(photo, effect, face, **options)
    changed = _pixels(effect(region, **options))
    pixels = photo.pixels.copy()
    if changed is not None:
        before = pixels[region.window.slices]
        pixels[region.window.slices] = lay_back(before, changed, region.selected * np.float32(strength))
    return pixels


def assert_only_inside_mask(effect: Effect, photo: Photo, face: int = 0, **options: Any) -> None:
    """Check that the effect gives a fit picture, leaves its region as it was, and changes nothing outside its mask."""
    region = region_of(photo, effect, face, **options)
    before = region.pixels.copy()
    pixels = _pixels(effect(region, **options))
    _demand(np.array_equal(region.pixels, before), f"{effect.name} changed its own input")
    if pixels is None:
        return
    _demand(pixels.shape == before.shape, f"{effect.name} returned shape {pixels.shape} instead of {before.shape}")
    _demand(pixels.dtype == np.float32, f"{effect.name} returned {pixels.dtype} instead of float32")
    _demand(bool(np.isfinite(pixels).all()), f"{effect.name} returned values that are no numbers")
    outside = np.ones(photo.pixels.shape[:2], bool)
    outside[region.window.slices] = region.selected == 0
    after = applied(effect, photo, face, **options)
    _demand(np.array_equal(after[outside], photo.pixels[outside]), f"{effect.name} changed pixels outside its mask")


def assert_blind(effect: Effect, photo: Photo, face: int = 0, **options: Any) -> None:
    """Check that what a blind effect returns does not depend on the pixels it is to hide."""
    _demand(effect.blind, f"{effect.name} is not blind")
    region = region_of(photo, effect, face, **options)
    noise = np.random.default_rng(0).random(region.pixels.shape, dtype=np.float32)
    one, other = (_pixels(effect(replace(region, pixels=pixels), **options)) for pixels in (region.pixels, noise))
    same = one is not None and other is not None and np.array_equal(one, other)
    _demand(same, f"{effect.name} shows what it hides")


def _pixels(result: Float | Result) -> Float | None:
    return result.pixels if isinstance(result, Result) else result


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
