"""The rules for effects: each check yields (what happened, what to change)."""

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from inspect import ismodule
from typing import TYPE_CHECKING, Any

import numpy as np

from faceedit.photo import Photo
from faceedit.region import Effect, Region
from faceedit.testing.answers import Broken, Stopped, given
from faceedit.testing.checks import applied, region_of
from faceedit.testing.compared import compared
from faceedit.testing.options import variations
from faceedit.testing.painted import painted_photo

if TYPE_CHECKING:
    from pydantic import BaseModel

# Modules that take seconds to import.
SLOW = ("jax", "onnxruntime", "sklearn", "tensorflow", "torch", "transformers")


def broken_rules(effect: Effect, model: "type[BaseModel]") -> Broken:
    """The rules that an effect breaks; after one that makes others pointless, those are left out."""
    yield from _described(effect, model)
    options = next(variations(model))
    try:
        given(effect, region_of(painted_photo(), effect, **options), options)
    except Stopped as stopped:
        yield stopped.args
        return
    yield from _loads(effect)
    yield from _prints(effect, options)
    yield from _shows(effect, model)
    yield from compared(effect, options)
    yield from _at_strength_zero(effect, options)
    for what, photo in _cases():
        yield from _on(region_of(photo, effect, **options), effect, what, options)
    nowhere = replace(region_of(painted_photo(accessories=()), effect, **options), on="hat", _masks={})
    yield from _on(nowhere, effect, "where nothing is selected", options)
    for options in variations(model):
        yield from _on(region_of(painted_photo(), effect, **options), effect, f"with {_words(options)}", options)


def _described(effect: Effect, model: "type[BaseModel]") -> Broken:
    for name, prop in model.model_json_schema().get("properties", {}).items():
        if not prop.get("description"):
            change = f'write {name}: Annotated[..., Field(description="...")], so that `faceedit effects` can tell it'
            yield f'option "{name}" is not described', change
    if len(effect.doc.splitlines()[0]) > 120:
        yield (
            "the first line of its docstring is longer than 120 letters",
            "say it shorter, and more in a second paragraph",
        )


def _cases() -> Iterator[tuple[str, Photo]]:
    """Photos that real folders hold and that authors forget."""
    for tone in ("dark", "medium"):
        yield f"on a face of {tone} skin", painted_photo(tone=tone)
    yield "on a tilted face", painted_photo(tilt=35)
    yield "on a face in profile", painted_photo(turn=60)
    yield "on a face cut by the left edge", painted_photo(at=(0.0, 0.5))
    yield "on a face cut by the lower right corner", painted_photo(at=(1.0, 1.0))
    yield "on a face without accessories", painted_photo(accessories=())
    yield "on a face of which only skin is seen", painted_photo(accessories=(), hidden=_BUT_SKIN)
    yield "on a face 8 pixels wide", painted_photo(24, 24, face_px=8)
    yield "on a region of 1 pixel", painted_photo(1, 1, face_px=8)
    yield "on a strip of one pixel's height", painted_photo(1, 64, face_px=32)
    yield "on a face 4,000 pixels wide", painted_photo(40, 1000, face_px=4000)
    yield "on a photo of 16 bits", painted_photo(depth=16)


_BUT_SKIN = (
    *("nose", "l_eye", "r_eye", "l_brow", "r_brow", "l_ear", "r_ear"),
    *("mouth", "u_lip", "l_lip", "hair", "neck", "cloth"),
)


def _on(region: Region, effect: Effect, what: str, options: Mapping[str, Any]) -> Broken:
    try:
        given(effect, region, options)
    except Stopped as stopped:
        message, change = stopped.args
        yield f"{message} ({what})", change


def _loads(effect: Effect) -> Broken:
    """What takes seconds to import is not imported before it is used."""
    loaded = {each.__name__.partition(".")[0] for each in effect.function.__globals__.values() if ismodule(each)}
    for name in sorted(loaded & {*SLOW}):
        yield f"its module imports {name} at the top, which takes seconds", f"import {name} within the function"


def _prints(effect: Effect, options: Mapping[str, Any]) -> Broken:
    said = io.StringIO()
    region = region_of(painted_photo(), effect, **options)
    with contextlib.redirect_stdout(said), contextlib.suppress(Exception):  # what it raises is told elsewhere
        effect(region, **options)
    if said.getvalue():
        yield f"it prints {said.getvalue().strip()[:60]!r}", "report with Result(findings=[faceedit.Finding(...)])"


def _shows(effect: Effect, model: "type[BaseModel]") -> Broken:
    """With some options an effect does something that a person would see."""
    if effect.blind:
        return
    for options in variations(model):
        region = region_of(painted_photo(), effect, **options)
        if not region.selected.any():
            yield f'"{region.on}" is nowhere on a face with all parts', 'check the parts in @faceedit.effect(on="...")'
            return
        try:
            result = given(effect, region, options)
        except Stopped:
            return  # told elsewhere
        seen = result.pixels is not None and np.abs(result.pixels - region.pixels)[region.selected > 0].max() > 1 / 255
        if seen or result.alpha is not None or result.extras or result.findings:
            return
    yield "it changes nothing, whatever its options", "check the mask and the formula; return the changed pixels"


def _at_strength_zero(effect: Effect, options: Mapping[str, Any]) -> Broken:
    photo, same = painted_photo(), True
    with contextlib.suppress(Exception):  # what it raises is told elsewhere
        same = effect.blind or np.array_equal(applied(effect, photo, strength=0.0, **options), photo.pixels)
    if not same:
        yield "it changes the photo at strength 0", "return a new array, and touch nothing else"


def _words(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in options.items()) or "its defaults"
