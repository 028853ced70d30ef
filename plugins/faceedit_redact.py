"""Covering faces: `redact` for good; `blur`, `pixelate` and `scramble` for looks only."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse
from faceedit.matte import blurred, bounds

# Width of a stripe, as a share of the face's box.
STRIPE = 0.12


@faceedit.effect(on="{scope}", blind=True)
def redact(
    region: faceedit.Region,
    *,
    scope: Annotated[  # noqa: ARG001 - the host reads it, in `on`
        Literal["head", "face", "person"], Field(description="how much of each person is covered")
    ] = "head",
    fill: Annotated[Literal["solid", "stripes"], Field(description="one color, or slanting stripes of two")] = "solid",
    color: Annotated[Color, Field(description="of the fill")] = "#000000",
    stripe_color: Annotated[Color, Field(description="of every second stripe")] = "#ffffff",
) -> NDArray[np.float32]:
    """Cover faces for good: an opaque fill with a hard edge, and nothing of the face left in the file.

    The fill is made without seeing the pixels below it, so nothing can be recovered from it. It covers a box around
    the face and whatever of `scope` the model sees beyond that box. Use this, not `blur`, to hide who someone is.
    """
    cover = np.broadcast_to(parse(color), region.pixels.shape)
    if fill == "solid":
        return cover.copy()
    return np.where(_stripes(region)[..., None], parse(stripe_color), cover)


@faceedit.effect(on="head", grow=0.04, feather=0.02)
def blur(
    region: faceedit.Region,
    *,
    size: Annotated[float, Field(gt=0, le=1, description="of the blur, share of the face's width")] = 0.12,
) -> NDArray[np.float32]:
    """Blur heads, for looks only.

    Blurs are often undone: of blurred photos of 21 people, a classifier trained on other blurred photos of them named
    66 % right, and whoever has the very photo finds all. To hide who someone is, use `redact`.
    """
    sigma = size * region.width_px
    area = bounds(region.selected, round(3 * sigma))
    result = region.pixels.copy()
    result[area] = blurred(region.pixels[area], sigma)
    return result


@faceedit.effect(on="head", grow=0.04)
def pixelate(
    region: faceedit.Region,
    *,
    size: Annotated[float, Field(gt=0, le=1, description="of one block, share of the face's width")] = 0.12,
) -> NDArray[np.float32]:
    """Turn heads into coarse blocks, for looks only.

    Blocks are often undone: of pixelated photos of 21 people, a classifier trained on other pixelated photos of them
    named 58 % right, and whoever has the very photo finds all. To hide who someone is, use `redact`.
    """
    block = max(1, round(size * region.width_px))
    height, width = region.shape
    rows, columns = -(-height // block), -(-width // block)
    padded = np.pad(region.pixels, ((0, rows * block - height), (0, columns * block - width), (0, 0)), mode="edge")
    means = padded.reshape(rows, block, columns, block, 3).mean((1, 3))
    return means.repeat(block, 0).repeat(block, 1)[:height, :width]


@faceedit.effect(on="head", grow=0.04)
def scramble(
    region: faceedit.Region,
    *,
    size: Annotated[float, Field(gt=0, le=1, description="of one piece, share of the face's width")] = 0.06,
) -> NDArray[np.float32]:
    """Cut heads into square pieces and mix them, for looks only.

    Scrambling is often undone: all pieces are still there, in an order that is the same every time. Of scrambled
    photos of 21 people, a classifier trained on other scrambled photos of them named 22 % right, and whoever has the
    very photo finds 99 %. To hide who someone is, use `redact`.
    """
    piece = max(1, round(size * region.width_px))
    rows, columns = bounds(region.selected, 0)
    down, across = ((each.stop - each.start) // piece for each in (rows, columns))
    result = region.pixels.copy()
    area = result[rows.start : rows.start + down * piece, columns.start : columns.start + across * piece]
    pieces = area.reshape(down, piece, across, piece, 3).swapaxes(1, 2).reshape(-1, piece, piece, 3)
    mixed = pieces[np.random.default_rng(down * across).permutation(len(pieces))]
    area[...] = mixed.reshape(down, across, piece, piece, 3).swapaxes(1, 2).reshape(area.shape)
    return result


def _stripes(region: faceedit.Region) -> NDArray[np.bool_]:
    """Every second slanting stripe, counted from the box's corner: it tells nothing but where the box is."""
    rows, columns = np.ogrid[: region.shape[0], : region.shape[1]]
    width = max(2, round(STRIPE * region.width_px))
    along = (rows + region.window.top - region.box.top) + (columns + region.window.left - region.box.left)
    return along // width % 2 == 1


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [redact, blur, pixelate, scramble]
