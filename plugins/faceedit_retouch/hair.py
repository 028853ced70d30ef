"""Hair colour."""

import math
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy import ndimage

import faceedit
from faceedit.color import Color, parse, to_oklab, to_srgb
from faceedit.geometry import Box
from faceedit.grids import warp
from faceedit.matte import alpha, bounds, mean_inside, picked, readings, records, resized, smoothstep, soft
from faceedit.photo import FaceMap

Float = NDArray[np.float32]

# Half the width of the zone along the hair's edge in which strands are told from skin and background.
HAIR_BAND = 0.06
# Yellow hair is redder in its shadows, by this share of its yellow where there is no light; else it looks green there.
REDDER = 0.6
# A blond that is held back is copper, by this share of its yellow for all the lightness that is missing; else olive.
COPPER = 1.2
# Where at least so much of what is nearby is not hair, a pixel's colour says how much of it is hair, if the squared
# distance of hair and background (sRGB) is from "alike" to "unlike".
RIM, APART = 0.06, (0.02, 0.06)
# The softness (share of the band, but at least so many pixels) of what counts as nearby there, and of an edge between
# colours that are alike.
SOFT, SOFTEST = 0.3, 1.5
# Differences in colour (OKLab) that hair has of itself; of larger ones, as in dyed strands, less and less stays.
VARIED = 0.05
# What is as dark as this (OKLab lightness) in black hair is little more than a camera's noise.
GRAIN = 0.12
# From here on a pixel is nothing but hair.
OPAQUE = 0.98
# An island of hair whose probability is nowhere so high is none.
SURE = 0.8
# So little hair counts as none, and hair that lacks so little as all: a faint dye would lie on skin and wall.
FAINT = 0.03
# So many pixels, spread evenly, tell the means of all hair; and so many are dyed at a time, as their arrays stay in the
# processor's cache.
SAMPLE, RUN = 50_000, 16384


@faceedit.effect(on="hair", grow=0.065)  # as far as loose strands are looked for
def hair_color(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="that the hair is dyed")] = "#5a3524",
    style: Annotated[
        Literal["natural", "vivid"], Field(description="natural keeps the strands' own differences in colour")
    ] = "natural",
    lift: Annotated[float, Field(ge=0, le=1, description="most that hair gets lighter, in OKLab lightness")] = 0.3,
    fade: Annotated[float, Field(ge=0, le=1, description="share of the hair's length that keeps its colour")] = 0.0,
) -> Float | faceedit.Result:
    """Dye the hair: it reaches `color` from black as well as from blond, and strands keep their light and shadow.

    With `fade` the color comes in towards the tips. `lift` holds black hair back from becoming implausibly blond.
    """
    area = bounds(region.selected)
    hair, reach = region.mask(region.on, drawn=False), HAIR_BAND * region.width_px
    _leave_doubtful(hair, region.faces[0].map, region.window)
    hair = hair[area]
    if not hair.size:
        return region.untouched()
    pixels = region.pixels[area]
    opacity, inside, nearby = _matte(pixels, hair, reach)
    dyed = opacity > 0
    if not dyed.any():
        return region.untouched()
    before = np.asfortranarray(to_oklab(picked(pixels, dyed)))  # channel by channel: many times faster to reckon with
    lab, share = _strands(pixels, opacity, before, inside, nearby)
    cover = share * _towards_tips(region, area, fade)[dyed] if fade > 0 else share
    some = slice(None, None, max(1, len(lab) // SAMPLE))
    weight = np.minimum(hair[dyed], cover)[some]
    dye = _dye(lab[some], weight, to_oklab(parse(color)), lift, 0.6 if style == "natural" else 0.25)
    after = np.empty(before.shape, np.float32)
    for start in range(0, len(after), RUN):
        run = slice(start, start + RUN)
        step = dye(lab[run]) - lab[run]
        after[run] = to_srgb(before[run] + cover[run, None] * step)
    result = region.pixels.copy()
    records(result[area])[dyed] = records(after)
    return result


def _leave_doubtful(hair: Float, seen: FaceMap, window: Box) -> None:
    """Take islands of hair that the map is nowhere sure of from a mask, in place: as a rule they are hands or clothes.

    Most of the hair is never taken for one.
    """
    plane = seen.on_crop(frozenset({"hair"}))
    areas, count = ndimage.label(plane > 0.5)
    believed = np.bincount(areas[plane >= SURE], minlength=count + 1) > 0
    believed[0] = True  # what is no hair
    if count:
        believed[1 + np.argmax(np.bincount(areas.ravel())[1:])] = True
    if believed.all():
        return
    islands = ~believed[areas]
    rows, columns = bounds(islands, 3)
    islands[rows, columns] = ndimage.binary_dilation(islands[rows, columns], iterations=2)
    place = seen.crop.around(rows, columns, len(plane)).intersection(window)
    if place.area:
        hair[place.seen_from(window).slices] *= 1 - warp(islands.astype(np.float32), seen.crop, place)


def _matte(pixels: Float, hair: Float, reach_px: float) -> tuple[Float, Float, Float]:
    """How much hair each pixel is, (h, w), how much of what is around it is, (h, w), and the colours of both sides.

    Those are the means of hair and of what is none nearby, on a reduced grid, (rows, columns, 6). Where they are alike
    no strand can be told, and the edge is soft: it would show the file's blocks.
    """
    opacity = alpha(pixels, hair, reach_px)
    size = (opacity.shape[1], opacity.shape[0])
    every = max(1, int(reach_px // 5))  # so many pixels that a few of them tell the means
    thin, mix = np.ascontiguousarray(np.moveaxis(pixels[::every, ::every], -1, 0)), opacity[::every, ::every]
    sides = [np.clip(10 * mix - 9, 0, 1), np.clip(1 - 10 * mix, 0, 1)]
    front, behind = (_nearby(thin, side, 0.5 * reach_px / every) for side in sides)
    alike = 1 - smoothstep(np.einsum("chw,chw->hw", front - behind, front - behind), *APART)
    inside = resized(soft((opacity > 0.5).astype(np.float32), max(SOFT * reach_px, SOFTEST)), size)
    step = inside - opacity
    step *= resized(alike, size)
    opacity += step
    opacity -= np.float32(FAINT)
    opacity *= np.float32(1 / (1 - 2 * FAINT))
    return np.clip(opacity, 0, 1, out=opacity), inside, np.dstack([*front, *behind])


def _strands(pixels: Float, opacity: Float, lab: Float, inside: Float, nearby: Float) -> tuple[Float, Float]:
    """The hair's own colour in OKLab where there is any, (n, 3), and how much of each pixel it is, (n,).

    The colour is that of the pixel, `lab`, if hair is all there is, else that of the hair nearby. Along the very edge a
    pixel is no more hair than its colour says: what looks like the wall behind would shine once it is dyed.
    """
    unsure = (opacity > 0) & ((inside < 1 - 0.05 * RIM) | (opacity < OPAQUE))
    outside = 1 - inside[unsure]
    colors, share = np.asfortranarray(picked(pixels, unsure)), opacity[unsure]
    for run, seen in readings(nearby, unsure):
        colors[run].T[:], share[run] = _apart(colors[run].T, share[run], outside[run], seen)
    strands, cover, where = lab.copy(order="F"), opacity[opacity > 0], np.flatnonzero(unsure[opacity > 0])
    partly = share < OPAQUE
    strands[where[partly]] = to_oklab(colors[partly])
    cover[where] = share
    return strands, cover


def _apart(colors: Float, share: Float, outside: Float, seen: Float) -> tuple[Float, Float]:
    """The hair in pixels (3, n), and how much of them it is (n,), from what is `seen` nearby: hair and background."""
    front, behind = seen[:3], seen[3:]
    across = front - behind
    contrast = np.einsum("cn,cn->n", across, across)
    told = np.einsum("cn,cn->n", colors - behind, across) / np.maximum(contrast, np.float32(1e-4))
    rim = smoothstep(outside, 0, RIM) * smoothstep(contrast, *APART)
    share = share - rim * np.clip(share - np.maximum(told, 0), 0, 1)
    return front + smoothstep(share, 0.5, OPAQUE) * (colors - front), share


def _nearby(planes: Float, where: Float, reach_px: float) -> Float:
    """The mean of some places around each pixel, of each of `planes` (n, h, w), on a reduced grid."""
    total = np.maximum(soft(where, reach_px), np.float32(1e-4))
    return np.stack([soft(plane * where, reach_px) / total for plane in planes])


def _dye(some: Float, weight: Float, target: Float, lift: float, spread: float) -> Callable[[Float], Float]:
    """What dyes hair, OKLab (n, 3), to `target`, from `some` of the hair (m, 3), weighed by (m,).

    `spread` is how much of its differences in colour stays.
    """
    mean = mean_inside(some, weight)
    lightness = min(float(target[0]), float(mean[0]) + lift)
    # A blond held back by `lift` has less colour too, or it would be mustard.
    bleached = lightness / max(float(target[0]), 1e-3)
    reached = np.array([lightness, *(target[1:] * bleached)], np.float32)
    reached[1] += COPPER * (1 - bleached) * max(float(reached[2]), 0)
    brightest = max(float(np.percentile(some[:, 0], 99) - mean[0]), 1e-3)

    def dyed(hair: Float) -> Float:
        own = hair - mean
        own *= np.float32(spread) / (1 + np.abs(own) / np.float32(VARIED))
        result: Float = reached + own
        result[:, 0] = _relit(hair[:, 0], float(mean[0]), lightness, brightest)
        shadow = np.clip(1 - result[:, 0] / max(lightness, 1e-3), 0, 1)
        result[:, 1] += np.float32(REDDER * max(reached[2], 0)) * shadow
        result[:, 1:] *= _saturation(result[:, 0], lightness)[:, None]
        return result

    missed = reached - mean_inside(dyed(some), weight)
    return lambda hair: dyed(hair) + missed


def _relit(lightness: Float, mean: float, target: float, brightest: float) -> Float:
    """Lightness moved from `mean` to `target`; lighter hair has deeper shadows too, highlights bend before white.

    `brightest` is how much lighter than the mean it gets.
    """
    ratio = max(target, 0.02) / max(mean, 0.02)
    room = max(0.97 - target, 0.05)
    contrast = min(max(ratio, 1.0) ** 0.8, 2.6, max(0.8 * room / brightest, 0.8))
    if target > mean:  # what is as dark as a camera's noise has no shadows to be deepened, only grain
        lightness, mean = np.hypot(lightness, np.float32(GRAIN)), math.hypot(mean, GRAIN)
    rest = lightness - mean
    # A shine on black hair, or skin between its roots, is light already.
    rest *= np.where(rest > 0, np.float32(min(contrast, math.sqrt(contrast))), np.float32(contrast))
    relit = target + np.where(rest > 0.6 * room, _bent(rest, 0.6 * room, room), rest)
    return relit.astype(np.float32)


def _bent(rest: Float, start: float, end: float) -> Float:
    """What lies beyond `start` bent so that it nears `end` and never passes it."""
    over = np.float32(end - start)
    return np.asarray(start + over * np.tanh((rest - start) / over), np.float32)


def _saturation(lightness: Float, middle: float) -> Float:
    """Dyed hair is less colourful in its deep shadows and its highlights."""
    shadow = np.clip(lightness / max(middle, 1e-3), 0, 1)
    light = 1 - 0.6 * smoothstep(lightness, middle + 0.15, max(0.98, middle + 0.3))
    return np.sqrt(shadow) * light


def _towards_tips(region: faceedit.Region, area: tuple[slice, slice], fade: float) -> Float:
    """0 at the roots to 1 at the tips, along the face's own up and down."""
    rows, columns = np.mgrid[area].astype(np.float32)
    turn = np.radians(region.angle)
    down = rows * np.cos(turn) - columns * np.sin(turn)
    held = down[region.selected[area] > 0.5]
    if not len(held):
        return np.ones(down.shape, np.float32)
    top, bottom = np.percentile(held, (2, 98))
    return smoothstep((down - top) / max(bottom - top, 1), fade - 0.25, fade + 0.25)
