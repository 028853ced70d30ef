"""From crops of a photo to the logits of the 19 parts: the Segmenter protocol and SegFormer behind it.

Engines run the same weights: `torch` (`segformer`, its network in `net`) and `openvino` (`vino`). What needs torch is
imported when first used, so that importing this package costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

from faceedit.segmentation.closer import Look, looked_closer
from faceedit.segmentation.crops import Segmenter, cut, maps
from faceedit.segmentation.folder import canonical_order, checked_folder, sha256
from faceedit.segmentation.wide import widened

if TYPE_CHECKING:
    from faceedit.segmentation.segformer import SegFormer, chosen_device

__all__ = [
    "Look",
    "SegFormer",
    "Segmenter",
    "canonical_order",
    "checked_folder",
    "chosen_device",
    "cut",
    "looked_closer",
    "maps",
    "sha256",
    "widened",
]


def __getattr__(name: str) -> Any:
    if name not in ("SegFormer", "chosen_device"):
        raise AttributeError(f"module 'faceedit.segmentation' has no attribute '{name}'")
    return getattr(importlib.import_module("faceedit.segmentation.segformer"), name)
