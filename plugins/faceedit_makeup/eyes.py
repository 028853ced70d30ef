"""Makeup around the eyes: shadow, liner, brows."""

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse, to_oklab
from faceedit.geometry import Eye, Frame, oval
from faceedit.matte import blurred, bounds, mean_inside, resized, smoothstep
from faceedit_makeup.powder import powdered

Float = NDArray[np.float32]
Curve = NDArray[np.float64]  # the coefficients of a parabola, (3,)

# Places along an eye at which the edges of its lids are looked for, on a grid of so many cells for each of them.
PLACES, CELLS = 24, 3
# Shares of the eye's length: where a wing leaves the lid and where the corner below it ends, over how much it still
# falls, and how steeply it rises; the shortest wing and the usual one; how far the lower lashes are from the eye.
LEAVES, CORNER, FALLS, RISE = 0.88, 1.08, 0.1, 0.45
SHORTEST, USUAL, RIM = 0.06, 0.15, 0.02
# An eye shorter than this share of the eyes' distance is a sliver that tells no lids.
SLIVER = 0.1
# Share of white-of-the-eye just above an eye's mask, from "perhaps" to "surely": the mask is then too small.
WHITE = (0.5, 0.7)


@dataclass(frozen=True)
class _Place:
    """What lies around one eye: pixels (h, w, 3), its own mask and the skin's (h, w), and the eye in these pixels."""

    pixels: Float
    mask: Float
    skin: Float
    eye: Eye
    frame: Frame


@faceedit.effect(on="skin | nose")
def eye_shadow(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the shadow")] = "#6b4a5e",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is all but opaque at the lashes")] = 0.5,
    height: Annotated[float, Field(gt=0, le=2, description="share of the way from the eye to the brow")] = 0.6,
) -> Float | faceedit.Result:
    """Shade the lids: deepest at the lashes, fading towards the brow and beyond the outer corner.

    An eye squeezed shut gets it, too, where its brow is seen.
    """
    frame = region.frame
    if frame is None:
        return region.untouched("eyes and mouth")
    weight = np.zeros(region.shape, np.float32)
    for eye in _shut_too(region, frame):
        lashes = eye.middle + 0.03 * frame.span * eye.side * frame.across - 0.05 * frame.span * frame.down
        reach = height * _brow_gap(region, eye, frame)
        lid = oval(region.shape, lashes, frame.across, 0.21 * frame.span * eye.seen, reach, below=0.06 * frame.span)
        weight = np.maximum(weight, lid)
    weight *= 1 - region.mask("brows", feather=0.01)
    return powdered(region, color, amount * weight, darker=0.35, thick=0.65, sheer=0.6)


@faceedit.effect(on="skin | nose | eyes")
def eyeliner(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the liner")] = "#1d1614",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is opaque")] = 0.7,
    width: Annotated[float, Field(gt=0, le=0.05, description="of the upper line, share of the face's width")] = 0.012,
    wing: Annotated[float, Field(ge=0, le=1, description="how far it runs past the outer corner, in eyes")] = 0.15,
    lower: Annotated[float, Field(ge=0, le=1, description="how strong the line below the eye is")] = 0.25,
) -> Float | faceedit.Result:
    """Line the eyes along the lashes: fine at the inner corner, fuller outwards, with a wing if wanted.

    `lower` draws a thinner line under the eye as well. An eye that is hidden or turned away gets none, nor does one of
    which the model sees little more than the iris: the line would cross the eyeball.
    """
    frame = region.frame
    if frame is None:
        return region.untouched("eyes and mouth")
    cover = np.zeros(region.shape, np.float32)
    for eye in frame.eyes:
        part = "l_eye" if eye.side > 0 else "r_eye"
        mask = region.mask(part)
        area = bounds(mask > 0.5, round(0.57 * frame.span))  # room for the longest wing
        if not mask[area].size:
            continue  # seen by the model, but no pixel of the photo is surely the eye's
        place = _Place(
            region.pixels[area], mask[area], region.mask("skin", drawn=False)[area], _moved(eye, area), frame
        )
        line = _line(place, (width * region.width_px, wing, lower))
        cover[area] = np.maximum(cover[area], line)
    return powdered(region, color, np.float32(amount) * cover, darker=0.95)


@faceedit.effect(on="brows", grow=0.005, feather=0.006)
def brows(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the pencil")] = "#3a2a22",
    amount: Annotated[float, Field(ge=0, le=1, description="how far the hairs take on the color")] = 0.5,
    density: Annotated[float, Field(ge=0, le=1, description="how far gaps between the hairs are filled")] = 0.25,
) -> Float | faceedit.Result:
    """Draw the brows in: their hairs move to `color`, and gaps between them are filled by `density`."""
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    target = to_oklab(parse(color))
    around = blurred(lab[..., 0], 0.08 * region.width_px)
    depth = around - lab[..., 0]
    deepest = float(np.percentile(depth[weight > 0.1 * weight.max()], 95))
    hair = smoothstep(depth, -0.02, max(0.1, deepest))  # the softer a hair is, the less pencil it takes
    within = blurred(region.selected, 0.022 * region.width_px)[area]
    fill = density * smoothstep(within, 0.25, 0.85)  # a brow ends in single hairs
    drawn_on = np.maximum(hair, fill)
    mean = float(np.average(lab[..., 0], weights=weight * drawn_on + np.float32(1e-4)))
    own = 0.8 * (lab[..., 0] - mean)
    drawn = np.empty_like(lab)
    drawn[..., 0] = target[0] + own * np.where(own < 0, min(float(target[0]) / max(mean, 0.05), 1), 1)
    # The same pencil in more or less light: with the hairs' own differences in hue, grey ones would turn brown to blue.
    drawn[..., 1:] = target[1:] * (drawn[..., :1] / max(float(target[0]), 0.05))
    cover: Float = np.float32(amount) * drawn_on
    return region.repainted(area, lab + cover[..., None] * (drawn - lab))


def _shut_too(region: faceedit.Region, frame: Frame) -> list[Eye]:
    """The eyes that are seen; if that is one and both brows are, the other, squeezed shut, mirrored below its brow."""
    eye, names = frame.eyes[0], {1: "l_brow", -1: "r_brow"}
    here, there = (region.center(names[side * eye.side]) for side in (1, -1))
    if len(frame.eyes) > 1 or here is None or there is None:
        return [*frame.eyes]
    away = eye.middle - np.array(here)
    middle = np.array(there) + float(away @ frame.down) * frame.down - float(away @ frame.across) * frame.across
    brow, other = (float(region.mask(names[side * eye.side], drawn=False).sum()) for side in (1, -1))
    shift, seen = middle - eye.middle, eye.seen * min(other / max(brow, 1.0), 1.0)
    return [eye, Eye(-eye.side, middle, eye.outer + shift, eye.inner + shift, seen)]


def _brow_gap(region: faceedit.Region, eye: Eye, frame: Frame) -> float:
    """How far the brow is above the eye, in pixels; a usual distance where none is seen."""
    points = [region.center(part) for part in ("l_brow", "r_brow")]
    gaps = [float((eye.middle - np.array(point)) @ frame.down) for point in points if point]
    return min(max([gap for gap in gaps if gap > 0] or [0.3 * frame.span]), 0.5 * frame.span)


def _moved(eye: Eye, area: tuple[slice, slice]) -> Eye:
    """The eye in the pixels of an area of the window."""
    corner = np.array([area[1].start, area[0].start])
    return Eye(eye.side, eye.middle - corner, eye.inner - corner, eye.outer - corner, eye.seen)


def _line(place: _Place, drawn: tuple[float, float, float]) -> Float:
    """How thick the liner lies around one eye, (h, w) 0..1; `drawn`: its width in pixels, its wing, its lower line.

    The eye's outline is smoothed into the two arcs that lids are; the line hugs them from outside.
    """
    width_px, wing, lower = drawn
    share, y, length = _along(place, place.mask.shape)
    lids = _lids(place, length / (CELLS * PLACES)) if length > SLIVER * place.frame.span else []
    if not lids:
        return np.zeros_like(place.mask)
    upper, under = lids
    start = _inner_corner(upper, under)
    soft = max(0.35 * width_px, 0.7)
    lid = _height(upper, np.clip(share, start, 1))
    tip, winged = 1 + max(wing, SHORTEST), min(wing / USUAL, 1)
    thick = width_px * (0.35 + 0.75 * np.clip(share, 0, 1)) * np.clip((tip - share) / (tip - LEAVES), 0, 1)
    bottom = lid + winged * (_flick(upper, share, lid, RISE * length) - lid)
    # What lies between lid and wing is filled, to a point.
    filled = bottom + np.clip(lid - bottom, 0, None) * np.sqrt(np.clip((CORNER - share) / (CORNER - LEAVES), 0, 1))
    top = _between(y, bottom - thick, filled, soft) * np.clip(6 * (share - start), 0, 1)
    top *= np.clip((tip - share) / 0.04, 0, 1)
    thin = 0.6 * width_px * np.clip(4 * (share - 0.15), 0, 1) * np.clip(6 * (1 - share), 0, 1)
    rim = _height(under, np.clip(share, start, 1)) + RIM * length
    line = np.maximum(top, lower * _between(y, rim, rim + thin, soft))
    return _fits(place, (np.abs(share - 0.5) < 0.35) & (np.abs(lid - y - 0.1 * length) < 0.05 * length)) * line


def _flick(upper: Curve, share: Float, lid: Float, rise: float) -> Float:
    """The height of the wing's lower edge: it goes on from the lid, falls less and less, and rises."""
    beyond = np.clip(share - LEAVES, 0, None)
    fall = float(np.polyval(np.polyder(upper), LEAVES))
    wing = _height(upper, np.float32(LEAVES)) + fall * FALLS * (1 - np.exp(-beyond / FALLS)) - rise * beyond
    return np.where(share > LEAVES, wing, lid)


def _fits(place: _Place, above: NDArray[np.bool_]) -> Float:
    """How surely the mask is all of the eye, 0..1: not, if the pixels `above` it look like the white of the eye.

    A line would then run across the eyeball, as on a wide-open eye of which the model has seen no more than the iris.
    """
    skin = to_oklab(mean_inside(place.pixels, place.skin))
    lab = to_oklab(place.pixels[above])
    white = (lab[:, 0] > skin[0]) & (np.hypot(lab[:, 1], lab[:, 2]) < 0.6 * np.hypot(skin[1], skin[2]))
    return 1 - smoothstep(np.asarray(white.sum() / max(len(white), 1), np.float32), *WHITE)


def _inner_corner(upper: Curve, under: Curve) -> float:
    """Where along an eye its lids meet at the inner corner: a little before the end of its mask, 0."""
    curve, slope, height = (float(each) for each in under - upper)
    spread = math.sqrt(max(slope * slope - 4 * curve * height, 0)) / max(-2 * curve, 1e-6)
    return float(np.clip(slope / max(-2 * curve, 1e-6) - spread, -0.15, 0))


def _along(place: _Place, grid: tuple[int, ...]) -> tuple[Float, Float, float]:
    """Where a grid's cells lie along an eye, from its mask's inner end, 0, to the outer, 1; how low; the eye's length.

    The grid covers the eye's place; heights and the length are in pixels.
    """
    eye, frame, shape = place.eye, place.frame, place.mask.shape
    y, x = np.mgrid[: grid[0], : grid[1]].astype(np.float32) + np.float32(0.5)
    x = x * np.float32(shape[1] / grid[1]) - np.float32(eye.middle[0])
    y = y * np.float32(shape[0] / grid[0]) - np.float32(eye.middle[1])
    along, down = eye.side * frame.across, frame.down
    inner, outer = float((eye.inner - eye.middle) @ along), float((eye.outer - eye.middle) @ along)
    length = max(outer - inner, 1.0)
    return (x * along[0] + y * along[1] - inner) / length, x * down[0] + y * down[1], length


def _lids(place: _Place, cell: float) -> list[Curve]:
    """The upper and the lower lid as heights over an eye's length, each a parabola through the edge of its mask.

    That is looked for on a grid of `cell` pixels, so at every size in the same place. None where too little is seen.
    """
    height, width = (max(1, round(side / cell)) for side in place.mask.shape)
    weight = resized(place.mask, (width, height))
    share, y, _ = _along(place, weight.shape)
    places = np.floor(share * PLACES).astype(int)
    within = (places >= 0) & (places < PLACES)
    places, weight, y = places[within], weight[within], y[within]
    total, moment = (np.bincount(places, each, PLACES) for each in (weight, weight * y))
    filled = np.flatnonzero(total > 0.5 * CELLS)
    if len(filled) < PLACES // 3:
        return []
    middles, half = moment[filled] / total[filled], total[filled] * cell / (2 * CELLS)
    return [np.polyfit((filled + 0.5) / PLACES, edge, 2) for edge in (middles - half, middles + half)]


def _height(curve: Curve, share: Any) -> Float:
    return np.polyval(curve, share).astype(np.float32)


def _between(y: Float, top: Float, bottom: Float, soft: float) -> Float:
    """A line from height `top` to `bottom` (y grows downwards), its edges `soft` pixels wide, (h, w) 0..1."""
    thick = bottom - top
    away = np.maximum(top - y, y - bottom - np.float32(0.2) * thick)
    fine = np.clip(thick / soft, 0, 1)  # thinner than its own edge, it gets fainter
    return fine * (1 - smoothstep(away, -0.5 * soft, soft))
