"""What faces wear: `worn` finds it, `lenses` works on glasses."""

import faceedit
from faceedit_accessories.lenses import remove_glare, tint_lenses
from faceedit_accessories.worn import HALF_AREA, KINDS, THRESHOLD, accessories

__all__ = ["HALF_AREA", "KINDS", "THRESHOLD", "accessories", "remove_glare", "tint_lenses"]


@faceedit.hookimpl
def faceedit_inspectors() -> list[object]:
    """The inspectors of this plugin."""
    return [accessories]


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [remove_glare, tint_lenses]
