"""The five hooks that a plugin may implement. All return values; none has a side effect.

Each is called once, when something that the plugin offers is first used. A plugin is an installed module named by an
entry point of the group `faceedit`, or one file given with `--plugin`.

The interface has a version, `API_VERSION`. A plugin written for a version keeps running under all later ones of the
same number: hooks may get more arguments, which an implementation need not take, and regions more attributes; none
loses any. What is to go away warns for a year before, with the date. A module that needs more than version 1 says so
with `FACEEDIT_API = 2`, and an older faceedit then asks to be upgraded instead of failing in the middle.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from faceedit.region import Effect, Inspector

API_VERSION = 1

hookspec = pluggy.HookspecMarker("faceedit")
hookimpl = pluggy.HookimplMarker("faceedit")


@hookspec
def faceedit_effects() -> "Sequence[Effect]":
    """Effects that recipes can name.

    Called when the plugin is first used. Example:

        @faceedit.effect(on="mouth", feather=0.02)
        def whiten(region, *, amount: float = 0.3):
            \"\"\"Move the mouth towards white by `amount`.\"\"\"
            return region.pixels + amount * (1 - region.pixels)


        @faceedit.hookimpl
        def faceedit_effects():
            return [whiten]
    """
    return ()


@hookspec
def faceedit_inspectors() -> "Sequence[Inspector]":
    """Inspectors, each a function `photo -> findings` that runs before the first step.

    An installed plugin's inspectors run where a `when` or the command `inspect` asks for one of their kinds. Called
    when the plugin is first used. Example:

        @faceedit.inspector("crowd")
        def crowd(photo):
            return [faceedit.Finding("crowd")] if len(photo.faces) > 10 else []


        @faceedit.hookimpl
        def faceedit_inspectors():
            return [crowd]
    """
    return ()


@hookspec
def faceedit_segmenters() -> Mapping[str, Callable[[str], Any]]:
    """Models by name: a function `device -> Segmenter` (see `faceedit.segmentation.Segmenter`), called when first used.

    Called when the plugin is first used. Example:

        @faceedit.hookimpl
        def faceedit_segmenters():
            return {"my-parser": lambda device: MyParser(device)}
    """
    return {}


@hookspec
def faceedit_detectors() -> Mapping[str, Callable[[], Any]]:
    """Face detectors by name: a function `() -> Detector` (see `faceedit.detection.Detector`), called when first used.

    Called when the plugin is first used. Example:

        @faceedit.hookimpl
        def faceedit_detectors():
            return {"my-detector": MyDetector}
    """
    return {}


@hookspec
def faceedit_embedders() -> Mapping[str, Callable[[], Any]]:
    """Embeddings by name: a function `() -> Embedder` (see `faceedit.identity.Embedder`), called when first used.

    They tell people apart, for keep-lists and guest lists. Called when the plugin is first used. Example:

        @faceedit.hookimpl
        def faceedit_embedders():
            return {"my-embedder": MyEmbedder}
    """
    return {}
