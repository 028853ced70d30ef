"""Retouching: hair, skin, teeth, eyes and light. Colours move in OKLab; light and detail stay the photo's own."""

import faceedit
from faceedit_retouch.details import eyes, teeth
from faceedit_retouch.hair import hair_color
from faceedit_retouch.light import monochrome, relight, tint
from faceedit_retouch.skin import blemish, skin_tone, smooth


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [hair_color, skin_tone, smooth, blemish, teeth, eyes, relight, tint, monochrome]
