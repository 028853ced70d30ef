"""An exporter: an effect that leaves the photo as it is and writes a picture beside it, the colours of a face."""

from typing import Annotated

import numpy as np
from pydantic import Field

import faceedit

PARTS = ("skin", "hair", "lips", "eyes", "brows", "cloth")


@faceedit.effect(on="person")
def palette(
    region: faceedit.Region,
    *,
    side: Annotated[int, Field(ge=8, le=512, description="of one square, in pixels")] = 64,
) -> faceedit.Result:
    """Write NAME.palette-0.png, one square for the colour of each part that is seen."""
    masks = [region.mask(part) > 0.5 for part in PARTS]
    colors = [np.median(region.pixels[mask], axis=0) for mask in masks if mask.any()]
    if not colors:
        return faceedit.Result(findings=[faceedit.Finding("nothing_to_do", region.faces[0].index)])
    squares = np.rint(255 * np.array(colors)).astype(np.uint8).repeat(side, 0)
    return faceedit.Result(extras={"palette": np.tile(squares, (side, 1, 1))})


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [palette]
