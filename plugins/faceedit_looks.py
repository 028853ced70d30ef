"""Looks side by side: one face in several colours, to choose from."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from faceedit_makeup.lips import lipstick
from faceedit_retouch.hair import hair_color
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

import faceedit
from faceedit.color import Color, mixed
from faceedit.matte import bounds
from faceedit.region import Effect

Float = NDArray[np.float32]

Colors = Annotated[list[Color], Field(max_length=12)]

HAIR = ["#5a2a1c", "#c89858", "#7a2838"]
LIPS = ["#a3123b", "#c46a6a", "#5a1030"]
# Pixels between the pictures.
GAP = 6


@faceedit.effect(on="hair | lips", grow=0.05, feather=0.02)
def looks(
    region: faceedit.Region,
    *,
    hair: Annotated[Colors, Field(description="the colors of hair, a row each")] = HAIR,
    lips: Annotated[Colors, Field(description="the colors of lipstick, a column each")] = LIPS,
    size: Annotated[int, Field(ge=64, le=2048, description="of each picture's longer side, in pixels")] = 360,
) -> faceedit.Result:
    """Show the face in several colours of hair and lipstick, as one picture beside the photo; the photo itself stays.

    The first row and the first column are the person's own.
    """
    head = bounds(region.mask("head", grow=0.1) > 0.5)
    if not region.selected[head].any():
        return region.untouched()
    rows = []
    for dye in (None, *hair):
        own = region.pixels if dye is None else _wearing(region, region.pixels, hair_color, dye)
        faces = [own, *(_wearing(region, own, lipstick, color) for color in lips)]
        rows.append(np.concatenate([_tile(face[head], size) for face in faces], 1))
    return faceedit.Result(extras={"looks": np.concatenate(rows)[:-GAP, :-GAP]})


def _wearing(region: faceedit.Region, pixels: Float, effect: Effect, color: str) -> Float:
    """The region's pixels with the effect laid on them as a step of a recipe does it."""
    worn = replace(region, pixels=pixels, on=effect.on, grow=effect.grow, feather=effect.feather)
    result = effect(worn, color=color)
    after = result.pixels if isinstance(result, faceedit.Result) else result
    return pixels if after is None else mixed(pixels, after, worn.selected)


def _tile(pixels: Float, size: int) -> NDArray[np.uint8]:
    """The picture at most `size` pixels large, 8 bits, with a white gap to its right and below it."""
    picture = Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    picture.thumbnail((size, size), Image.Resampling.LANCZOS)
    return np.pad(np.asarray(picture), ((0, GAP), (0, GAP), (0, 0)), constant_values=255)


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [looks]
