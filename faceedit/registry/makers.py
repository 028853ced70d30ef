"""Third parties' models, detectors and embedders: whatever one does wrong is told with the name of its plugin."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from faceedit import guard
from faceedit.detection import Detection
from faceedit.errors import PhotoError, PluginLoadError

# What each kind must have: values, and last what it is asked.
DEMANDED: Mapping[str, tuple[str, ...]] = {
    "model": ("model", "size", "logits"),
    "detector": ("name", "detect"),
    "embedder": ("name", "sha256", "threshold", "embed"),
}
# Loading a model and showing it a photo's faces may take as long as an effect on this many megapixels.
MEGAPIXELS = 100


def guarded(kind: str, where: str, make: Callable[..., Any]) -> Callable[..., Any]:
    """A function as a plugin offers it, which makes what never fails without saying that it is the plugin's."""
    return partial(_made, kind, where, make)


def _made(kind: str, where: str, make: Callable[..., Any], *arguments: str) -> "_Guarded":
    """Raises PluginLoadError where nothing fit is made."""
    try:
        thing = guard.call(MEGAPIXELS, make, *arguments)
    except guard.Fault as error:
        raise PluginLoadError(f"{where} cannot be made: {error}") from error
    missing = [name for name in DEMANDED[kind] if not hasattr(thing, name)]
    if missing:
        raise PluginLoadError(f"{where} has no `{missing[0]}`", "faceedit plugins check says what it must have")
    return _Guarded(thing, where)


class _Guarded:
    """A plugin's model, detector or embedder, with all that it has."""

    def __init__(self, thing: Any, where: str) -> None:
        self._thing, self._where = thing, where

    def __getattr__(self, name: str) -> Any:
        return getattr(self._thing, name)

    def logits(self, crops: Any) -> Any:
        found = self._asked(self._thing.logits, crops)
        return self._demanded(found, isinstance(found, np.ndarray), "an array")

    def detect(self, pixels: Any) -> Any:
        found = self._asked(self._thing.detect, pixels)
        fit = isinstance(found, list) and all(isinstance(each, Detection) for each in found)
        return self._demanded(found, fit, "a list of faceedit.detection.Detection")

    def embed(self, pixels: Any, box: Any) -> Any:
        found = self._asked(self._thing.embed, pixels, box)
        return self._demanded(found, found is None or isinstance(found, np.ndarray), "an array or None")

    def _asked(self, method: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return guard.call(MEGAPIXELS, method, *arguments)
        except guard.Fault as error:
            raise PhotoError(f"{self._where} failed: {error}") from error

    def _demanded(self, found: Any, fit: bool, wanted: str) -> Any:
        if not fit:
            raise PhotoError(f"{self._where} gave a {type(found).__name__}", f"it must give {wanted}")
        return found
