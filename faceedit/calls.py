"""Effects and inspectors called: third parties' get values of their own, and what is answered is checked.

Whatever a plugin does wrong, its photo pays, with an error that names the plugin; never the run.
"""

import copy
import numbers
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit import guard
from faceedit.errors import EffectError, FaceEditError
from faceedit.extras import unfit
from faceedit.geometry import Box
from faceedit.photo import Face, Finding, Photo
from faceedit.recipe import Step
from faceedit.region import Inspector, Region, Result
from faceedit.registry import Registry


def inspect(photo: Photo, registry: Registry, kinds: Collection[str] | None = None) -> list[Finding]:
    """What inspectors see in a photo, its faces found already: all of them, or those that `Registry.asked` names.

    Raises:
        EffectError: an inspector raised, took too long, or gave something else than findings.
    """
    findings: list[Finding] = []
    asked = registry.inspectors if kinds is None else registry.asked(kinds)
    for name, inspector in asked.items():
        plugin = registry.inspectors.owner(name)
        where = f'inspector "{name}" of {plugin}'
        try:
            shown = photo if plugin.own else copy.deepcopy(photo)
            seen = guard.call(_megapixels(photo.pixels), _seen, inspector, shown)
        except (guard.Fault, FaceEditError) as error:
            raise EffectError(f"{where} failed: {error}") from error
        if strange := strange_finding(seen, photo.faces) or _unnamed(seen, inspector):
            raise EffectError(f"{where} gave {strange}", "it must give faceedit.Finding, of the kinds that it names")
        findings += seen
    return findings


def _seen(inspector: Inspector, photo: Photo) -> list[Finding]:
    return list(inspector(photo))


def _megapixels(pixels: NDArray[Any]) -> float:
    return pixels.shape[0] * pixels.shape[1] / 1e6


def answer(step: Step, region: Region, registry: Registry) -> Result:
    """One effect on one region, its answer checked.

    Raises:
        EffectError: it raised, or what it gave has another shape, type or holds NaN.
    """
    plugin = registry.owner(step.effect.name)
    where = f'step "{step.name}": effect "{step.effect.name}" of {plugin}'
    try:
        result = guard.call(_megapixels(region.pixels), _given, step, region if plugin.own else _apart(region))
    except EffectError as error:  # the effect's own refusal, in words for users
        raise EffectError(f'step "{step.name}": {error.message}', error.hint) from error
    except (guard.Fault, FaceEditError) as error:
        raise EffectError(f"{where} failed: {error}") from error
    if result is None:
        raise EffectError(f"{where} gave nothing", "it must return pixels or a Result")
    found, wanted = _unfit(result, region.shape)
    if found:
        raise EffectError(f"{where} gave {found}", wanted)
    return result


def _apart(region: Region) -> Region:
    """The same region with faces and findings of its own, whatever becomes of them."""
    return replace(region, faces=copy.deepcopy(region.faces), findings=copy.deepcopy(region.findings))


def _given(step: Step, region: Region) -> Result | None:
    """What the effect gives, in plain arrays and dicts; it is handed options of its own."""
    given = step.effect(region, **copy.deepcopy(dict(step.options)))
    if not isinstance(given, Result):
        return None if given is None else Result(_plain(given))
    extras = {name: _plain(extra) for name, extra in given.extras.items()}
    return Result(_plain(given.pixels), _plain(given.alpha), extras, tuple(given.findings))


def _plain(array: Any) -> Any:
    """An array of numpy's own class, whatever was derived from it; anything else as it is."""
    return np.asarray(array) if isinstance(array, np.ndarray) else array


def _unfit(result: Result, shape: tuple[int, int]) -> tuple[str, str]:
    """What is wrong with an effect's answer and what it must be; the first text is empty where nothing is."""
    for name, array, wanted in (("pixels", result.pixels, (*shape, 3)), ("alpha", result.alpha, shape)):
        if array is None:
            continue
        if not isinstance(array, np.ndarray) or array.shape != wanted or array.dtype.kind != "f":
            return f"{name} of {_kind(array)}", f"it must be float32 {wanted}"
        if not np.isfinite(array).all():
            return "NaN or infinity", ""
    for name, extra in result.extras.items():
        if any(problem := unfit(name, extra)):
            return problem
    return strange_finding(result.findings), "it must be a faceedit.Finding"


def strange_finding(findings: Sequence[object], faces: Sequence[Face] | None = None) -> str:
    """What is no proper finding among findings, in words; empty where nothing is.

    With `faces`, those of the photo, a finding may be about none but them.
    """
    indexes = None if faces is None else {face.index for face in faces}
    for each in findings:
        if not isinstance(each, Finding):
            return f"a finding of {type(each).__name__}"
        counted, sure = isinstance(each.face, int | np.integer), isinstance(each.confidence, numbers.Real)
        wanted = {
            "kind": (isinstance(each.kind, str), "a word"),
            "face": (
                each.face is None or (counted and (indexes is None or each.face in indexes)),
                "face.index of a face that is there, or None",
            ),
            "confidence": (sure and 0 <= each.confidence <= 1, "a number 0..1"),
            "box": (each.box is None or isinstance(each.box, Box), "a faceedit.Box, or None"),
            "details": (isinstance(each.details, dict), "a dict"),
        }
        for name, what in ((name, what) for name, (fits, what) in wanted.items() if not fits):
            value = getattr(each, name)
            said = repr(value) if isinstance(value, int | float | str) else f"of {type(value).__name__}"
            return f"a finding with {name} {said}, which must be {what}"
    return ""


def _unnamed(findings: Sequence[Finding], inspector: Inspector) -> str:
    """A kind that an inspector does not name beforehand, in words; a `when` on it might look elsewhere."""
    kinds = [each.kind for each in findings if each.kind not in inspector.kinds]
    return f'a finding of the kind "{kinds[0]}"' if kinds else ""


def _kind(array: object) -> str:
    return f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
