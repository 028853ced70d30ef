"""faceedit labels every part of every face in a photo and lets plugins edit what the labels name.

Names are imported when first used, so that `import faceedit` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceedit.api import apply as apply
    from faceedit.api import open as open
    from faceedit.errors import EffectError as EffectError
    from faceedit.geometry import Box as Box
    from faceedit.hookspecs import hookimpl as hookimpl
    from faceedit.photo import Face as Face
    from faceedit.photo import Finding as Finding
    from faceedit.photo import Photo as Photo
    from faceedit.region import Region as Region
    from faceedit.region import Result as Result
    from faceedit.region import effect as effect
    from faceedit.region import inspector as inspector
    from faceedit.video.stream import Stream as Stream

__version__ = "0.1.0"

_HOME = {
    "Box": "geometry",
    "EffectError": "errors",
    "Face": "photo",
    "Finding": "photo",
    "Photo": "photo",
    "Region": "region",
    "Result": "region",
    "Stream": "video.stream",
    "apply": "api",
    "effect": "region",
    "hookimpl": "hookspecs",
    "inspector": "region",
    "open": "api",
}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605 - computed from the one table above


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'faceedit' has no attribute '{name}'")
    return getattr(importlib.import_module(f"faceedit.{_HOME[name]}"), name)
