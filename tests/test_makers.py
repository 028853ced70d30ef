"""A third party's model, detector or embedder that fails costs the photo, and its plugin is named."""

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_contract import Finder, Parser
from test_registry import plugin_with

from faceedit import models
from faceedit.errors import PhotoError, PluginLoadError
from faceedit.geometry import Box
from faceedit.photo import Photo
from faceedit.registry import Registry
from faceedit.testing import painted_photo

FAULTS = [
    (lambda: 1 / 0, "failed: ZeroDivisionError"),
    (lambda: sys.exit(0), "failed: SystemExit: 0"),
    (lambda: None, "gave a NoneType; it must give"),
    (lambda: [(1, 2, 3, 4)], "gave a "),
]


def changed(thing: type, **changes: Any) -> Callable[..., Any]:
    return lambda *_device: type("Changed", (thing,), changes)()


def find(registry: Registry, **names: str) -> Photo:
    return models.face_finder(names.get("model", "mine"), registry, detector="mine")(painted_photo())


def offering(**kinds: Callable[..., Any]) -> Registry:
    hooks: dict[str, Callable[..., Any]] = {"segmenters": changed(Parser), "detectors": changed(Finder), **kinds}
    return Registry.of(plugin_with(**{kind: lambda make=make: {"mine": make} for kind, make in hooks.items()}))


def test_those_that_work_work() -> None:
    assert find(offering()).model == Parser.model


@pytest.mark.parametrize(("fault", "said"), FAULTS)
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("model", lambda fault: {"segmenters": changed(Parser, logits=lambda *_: fault())}),
        ("detector", lambda fault: {"detectors": changed(Finder, detect=lambda *_: fault())}),
    ],
)
def test_what_fails_at_a_photo_is_named(kind: str, make: Any, fault: Any, said: str) -> None:
    surely = {} if kind == "detector" else {"detectors": changed(Finder, detect=lambda *_: [FACE])}
    with pytest.raises(PhotoError, match=rf'{kind} "mine" of \w+ {re.escape(said)}'):
        find(offering(**{**surely, **make(fault)}))


FACE = Finder().detect(np.zeros((2, 2, 3), np.uint8))[0]


@pytest.mark.parametrize("kind", ["segmenters", "detectors"])
def test_what_cannot_be_made_is_named(kind: str) -> None:
    def fails(*_device: str) -> None:
        raise SystemExit(0)

    with pytest.raises(PluginLoadError, match=r'"mine" of \w+ cannot be made: SystemExit: 0'):
        find(offering(**{kind: fails}))


@pytest.mark.parametrize(("kind", "name"), [("segmenters", "model"), ("detectors", "name")])
def test_what_lacks_something_is_named(kind: str, name: str) -> None:
    with pytest.raises(PluginLoadError, match=rf'"mine" of \w+ has no `{name}`; faceedit plugins check'):
        find(offering(**{kind: lambda *_device: object()}))


def test_a_model_is_told_the_device_that_it_runs_on() -> None:
    told: list[str] = []
    find(offering(segmenters=lambda device: told.append(device) or Parser()))
    assert told[0] in ("cpu", "cuda", "mps")


def test_an_embedder_that_fails_is_named() -> None:
    class Numbers:
        name, sha256, threshold = "mine", "0" * 64, 0.5

        def embed(self, _pixels: object, _box: Box) -> str:
            return "alike"

    made = models.embedder("mine", offering(embedders=Numbers))
    with pytest.raises(PhotoError, match=r'embedder "mine" of \w+ gave a str; it must give an array or None'):
        made.embed(np.zeros((2, 2, 3), np.uint8), Box(0, 0, 1, 1))
