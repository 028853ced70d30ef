"""Makeup: colour laid on lips, cheeks, lids, brows and skin. Light and detail stay the photo's own."""

import faceedit
from faceedit_makeup.eyes import brows, eye_shadow, eyeliner
from faceedit_makeup.lips import lipstick
from faceedit_makeup.skin import blush, contour, foundation


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [lipstick, blush, eye_shadow, eyeliner, brows, contour, foundation]
