"""The rules for effects: each check yields (what happened, what to change)."""

import contextlib
import copy
import io
import pickle
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from faceedit import guard
from faceedit.errors import EffectError, FaceEditError
from faceedit.photo import Finding, Photo
from faceedit.region import Effect, Float, Region, Result
from faceedit.testing.checks import applied, region_of
from faceedit.testing.options import variations
from faceedit.testing.painted import painted_photo

if TYPE_CHECKING:
    from pydantic import BaseModel

Broken = Iterator[tuple[str, str]]
# Samples may leave 0..1 by this much: rounding, which the host clips.
SLACK = 1e-3
# CPU time may grow this much faster than the number of pixels; times shorter than the floor are taken for it.
STEEPEST, FLOOR = 3.0, 0.002


class _Stopped(Exception):
    """A broken rule after which the rest cannot be told."""


def broken_rules(effect: Effect, model: "type[BaseModel]") -> Broken:
    """The rules that an effect breaks; after one that makes others pointless, those are left out."""
    yield from _described(effect, model)
    options = next(variations(model))
    try:
        first = _given(effect, region_of(painted_photo(), effect, **options), options)
    except _Stopped as stopped:
        yield stopped.args
        return
    yield from _prints(effect, options)
    yield from _shows(effect, model)
    yield from _the_same_again(effect, first, options)
    yield from _blind(effect, options)
    yield from _at_strength_zero(effect, options)
    for what, photo in _cases():
        yield from _on(effect, photo, what, options)
    for options in variations(model):
        yield from _on(effect, painted_photo(), f"with {_words(options)}", options)
    yield from _time(effect, next(variations(model)))


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


def _on(effect: Effect, photo: Photo, what: str, options: Mapping[str, Any]) -> Broken:
    try:
        _given(effect, region_of(photo, effect, **options), options)
    except _Stopped as stopped:
        message, change = stopped.args
        yield f"{message} ({what})", change


def _given(effect: Effect, region: Region, options: Mapping[str, Any]) -> Result:
    """What an effect gives for a region, checked.

    Raises:
        _Stopped: it breaks a rule.
    """
    before, wanted = region.pixels.copy(), copy.deepcopy(dict(options))
    given = dict(options)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = guard.call(region.pixels.size / 3e6, partial(_muted, effect, region, given))
    except EffectError as refusal:  # in words for users: the effect's right
        return Result(findings=[Finding("refused", details={"reason": str(refusal)})])
    except (guard.Fault, FaceEditError) as error:
        raise _Stopped(f"it fails: {error}", _how_to_mend(str(error))) from error
    if not np.array_equal(region.pixels, before):
        raise _Stopped("it changes region.pixels", "work on a copy: pixels = region.pixels.copy()")
    if given != wanted:
        raise _Stopped("it changes its options", "work on a copy of them")
    result = answer if isinstance(answer, Result) else Result(answer)
    for message, change in _unfit(answer, result, region.shape):
        raise _Stopped(message, change)
    return result


def _muted(effect: Effect, region: Region, options: Mapping[str, Any]) -> Float | Result:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return effect(region, **options)


def _how_to_mend(error: str) -> str:
    if "read-only" in error:
        return "region.pixels may not be written into: work on region.pixels.copy()"
    if error.startswith("no answer"):
        return "end loops that wait, and work on whole arrays instead of single pixels"
    if "SystemExit" in error:
        return "raise no SystemExit: return region.pixels where there is nothing to do"
    if "NoneType" in error:
        return "region.center() is None and masks are empty where a part is not seen: return region.pixels then"
    return "return region.pixels where there is nothing to do"


def _unfit(answer: object, result: Result, shape: tuple[int, int]) -> Broken:
    if answer is None:
        yield "it returns nothing", "return the pixels, or a faceedit.Result"
    for name, array, wanted in (("pixels", result.pixels, (*shape, 3)), ("alpha", result.alpha, shape)):
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            yield f"its {name} are {type(array).__name__}", "return a numpy array"
        elif array.shape != wanted:
            yield f"its {name} have the shape {array.shape} instead of {wanted}", "return the region at its own size"
        elif array.dtype != np.float32:
            change = "end with .astype(np.float32); an array of float64 or a numpy scalar in a formula makes float64"
            yield f"its {name} are {array.dtype} instead of float32", change
        elif not np.isfinite(array).all():
            yield f"its {name} hold NaN or infinity", "guard divisions and roots, as in np.maximum(x, 1e-6)"
        elif array.size and (array.min() < -SLACK or array.max() > 1 + SLACK):
            low, high = float(array.min()), float(array.max())
            yield f"its {name} run from {low:.3g} to {high:.3g}", "values are 0..1: end with np.clip(pixels, 0, 1)"
    try:
        pickle.dumps((dict(result.extras), tuple(result.findings)))
    except Exception as error:  # the boundary: whatever a plugin's values do when they are copied
        yield f"its extras or findings cannot go to another process: {error}", "use plain values in their details"


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
            result = _given(effect, region, options)
        except _Stopped:
            return  # told elsewhere
        seen = result.pixels is not None and np.abs(result.pixels - region.pixels)[region.selected > 0].max() > 1 / 255
        if seen or result.alpha is not None or result.extras or result.findings:
            return
    yield "it changes nothing, whatever its options", "check the mask and the formula; return the changed pixels"


def _the_same_again(effect: Effect, first: Result, options: Mapping[str, Any]) -> Broken:
    """The same photo gives the same result, also after another photo, and in whatever order."""
    change = "use np.random.default_rng(0) made anew in each call, and keep nothing between calls"
    try:
        _given(effect, region_of(painted_photo(tone="dark", tilt=10), effect, **options), options)
        second = _given(effect, region_of(painted_photo(), effect, **options), options)
    except _Stopped:
        return  # told elsewhere
    if not _equal(first, second):
        yield "it gives another result for the same photo the second time", change


def _equal(one: Result, other: Result) -> bool:
    same = [np.array_equal(getattr(one, name), getattr(other, name)) for name in ("pixels", "alpha")]
    return all(same) and {*one.extras} == {*other.extras} and [*one.findings] == [*other.findings]


def _blind(effect: Effect, options: Mapping[str, Any]) -> Broken:
    """What a blind effect gives does not depend on what it is to hide."""
    if not effect.blind:
        return
    region = region_of(painted_photo(), effect, **options)
    noise = np.random.default_rng(0).random(region.pixels.shape, np.float32)
    try:
        one, other = (_given(effect, replace(region, pixels=each), options) for each in (region.pixels, noise))
    except _Stopped:
        return
    if one.pixels is None or other.pixels is None or not np.array_equal(one.pixels, other.pixels):
        yield (
            "it is blind, but what it gives depends on the pixels",
            "make the fill of its options and region.box alone",
        )


def _at_strength_zero(effect: Effect, options: Mapping[str, Any]) -> Broken:
    photo, same = painted_photo(), True
    with contextlib.suppress(Exception):  # what it raises is told elsewhere
        same = effect.blind or np.array_equal(applied(effect, photo, strength=0.0, **options), photo.pixels)
    if not same:
        yield "it changes the photo at strength 0", "return a new array, and touch nothing else"


def _time(effect: Effect, options: Mapping[str, Any]) -> Broken:
    """CPU time grows with the number of pixels, not faster."""
    small, large = (region_of(painted_photo(side, side), effect, **options) for side in (192, 768))
    try:
        few, many = (_seconds(effect, region, options) for region in (small, large))
    except _Stopped:
        return
    growth = large.pixels.size / small.pixels.size
    if many > STEEPEST * growth * max(few, FLOOR):
        message = f"{growth:.0f} times the pixels take {many / max(few, FLOOR):.0f} times as long"
        yield message, "work on whole arrays: no loops over pixels, no filter whose cost grows with its radius"


def _seconds(effect: Effect, region: Region, options: Mapping[str, Any]) -> float:
    start = time.process_time()
    _given(effect, region, options)
    return time.process_time() - start


def _words(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {value}" for name, value in options.items()) or "its defaults"
