"""Subjects taken out of their photo: cut-outs, stickers, passport photos, other backgrounds, and masks as files.

`subject` finds opacity and clean colours; `pictures`, `passport`, `background` and `masks` are the effects.
"""

import faceedit
from faceedit_cutout.background import background_blur, background_replace
from faceedit_cutout.masks import masks
from faceedit_cutout.passport import passport
from faceedit_cutout.pictures import cutout, sticker


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [cutout, sticker, passport, background_blur, background_replace, masks]
