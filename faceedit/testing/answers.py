"""An effect called as the host calls it, and what is wrong with its single answer."""

import contextlib
import copy
import io
import pickle
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from faceedit import guard
from faceedit.calls import strange_finding
from faceedit.errors import EffectError, FaceEditError
from faceedit.extras import unfit
from faceedit.photo import Finding
from faceedit.region import Effect, Float, Region, Result

Broken = Iterator[tuple[str, str]]
# Samples may leave 0..1 by this much: rounding, which the host clips.
SLACK = 1e-3


class Stopped(Exception):
    """A broken rule after which the rest cannot be told."""


def given(effect: Effect, region: Region, options: Mapping[str, Any]) -> Result:
    """What an effect gives for a region, checked.

    Raises:
        Stopped: it breaks a rule.
    """
    before, handed = region.pixels.copy(), copy.deepcopy(dict(options))
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", RuntimeWarning)
            answer = guard.call(region.pixels.size / 3e6, partial(_muted, effect, region, handed))
    except EffectError as refusal:  # in words for users: the effect's right
        return Result(findings=[Finding("refused", details={"reason": str(refusal)})])
    except (guard.Fault, FaceEditError) as error:
        raise Stopped(f"it fails: {error}", _how_to_mend(str(error))) from error
    if not np.array_equal(region.pixels, before):
        raise Stopped("it changes region.pixels", "work on a copy: pixels = region.pixels.copy()")
    if handed != options:
        raise Stopped("it changes its options", "work on a copy of them")
    result = answer if isinstance(answer, Result) else Result(answer)
    for message, change in _unfit(answer, result, region.shape):
        raise Stopped(message, change)
    for warning in warned:
        if issubclass(warning.category, RuntimeWarning):
            raise Stopped(f"it warns: {warning.message}", "guard divisions and roots, as in np.maximum(x, 1e-6)")
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
    if strange := strange_finding(result.findings):
        yield f"it gives {strange}", "report faceedit.Finding(kind, face.index, confidence, box, details)"
    for said, fit in (unfit(name, extra) for name, extra in result.extras.items()):
        if said:
            yield f"it gives {said}", fit
    try:
        pickle.dumps((dict(result.extras), tuple(result.findings)))
    except Exception as error:  # the boundary: whatever a plugin's values do when they are copied
        yield f"its extras or findings cannot go to another process: {error}", "use plain values in their details"
