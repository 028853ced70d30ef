"""The four hooks that a plugin may implement. All return values; none has a side effect.

Each is called once, when a registry is made. A plugin is an installed module named by an entry point
of the group `faceedit`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from faceedit.region import Effect, Inspector

hookspec = pluggy.HookspecMarker("faceedit")
hookimpl = pluggy.HookimplMarker("faceedit")


@hookspec
def faceedit_effects() -> "Sequence[Effect]":
    """Effects that recipes can name.

    Called when a registry is made. Example:

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
    """Inspectors, each a function `photo -> findings` run on every photo before the first step.

    Called when a registry is made. Example:

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

    Called when a registry is made. Example:

        @faceedit.hookimpl
        def faceedit_segmenters():
            return {"my-parser": lambda device: MyParser(device)}
    """
    return {}


@hookspec
def faceedit_detectors() -> Mapping[str, Callable[[], Any]]:
    """Face detectors by name: a function `() -> Detector` (see `faceedit.detection.Detector`), called when first used.

    Called when a registry is made. Example:

        @faceedit.hookimpl
        def faceedit_detectors():
            return {"my-detector": MyDetector}
    """
    return {}
