"""Makeup around the eyes: shadow, liner, brows."""

from collections.abc import Callable
from functools import partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, parse, to_oklab
from faceedit.geometry import Eye, Frame, oval
from faceedit.matte import blurred, bounds, mean_inside, resized, smoothstep
from faceedit_makeup.powder import powdered

Float = NDArray[np.float32]

# Places along an eye at which the edges of its lids are looked for, on a grid of so many cells for each of them.
PLACES, CELLS = 24, 3


@faceedit.effect(on="skin | nose")
def eye_shadow(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the shadow")] = "#6b4a5e",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is opaque at the lashes")] = 0.5,
    height: Annotated[float, Field(gt=0, le=2, description="share of the way from the eye to the brow")] = 0.6,
) -> Float | faceedit.Result:
    """Shade the lids: deepest at the lashes, fading towards the brow and beyond the outer corner."""
    frame = region.frame
    if frame is None:
        return region.untouched("eyes and mouth")
    weight = np.zeros(region.shape, np.float32)
    for eye in frame.eyes:
        lashes = eye.middle + 0.03 * frame.span * eye.side * frame.across - 0.05 * frame.span * frame.down
        reach = height * _brow_gap(region, eye, frame)
        lid = oval(region.shape, lashes, frame.across, 0.21 * frame.span * eye.seen, reach, below=0.06 * frame.span)
        weight = np.maximum(weight, lid)
    weight *= 1 - region.mask("brows", feather=0.01)
    return powdered(region, color, amount * weight, sheer=0.6)


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

    `lower` draws a thinner line under the eye as well. An eye that is hidden or turned away gets none.
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
        line = _line(mask[area], _moved(eye, area), frame, (width * region.width_px, wing, lower))
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
    mean = mean_inside(lab, weight * hair)
    own = 0.8 * (lab - mean)
    own[..., 0] *= np.where(own[..., 0] < 0, min(float(target[0] / max(mean[0], 0.05)), 1), 1)
    drawn: Float = target + own
    cover: Float = np.float32(amount) * np.maximum(hair, np.float32(density))
    return region.repainted(area, lab + cover[..., None] * (drawn - lab))


def _brow_gap(region: faceedit.Region, eye: Eye, frame: Frame) -> float:
    """How far the brow is above the eye, in pixels; a usual distance where none is seen."""
    points = [region.center(part) for part in ("l_brow", "r_brow")]
    gaps = [float((eye.middle - np.array(point)) @ frame.down) for point in points if point]
    return min(max([gap for gap in gaps if gap > 0] or [0.3 * frame.span]), 0.5 * frame.span)


def _moved(eye: Eye, area: tuple[slice, slice]) -> Eye:
    """The eye in the pixels of an area of the window."""
    corner = np.array([area[1].start, area[0].start])
    return Eye(eye.side, eye.middle - corner, eye.inner - corner, eye.outer - corner, eye.seen)


def _line(mask: Float, eye: Eye, frame: Frame, drawn: tuple[float, float, float]) -> Float:
    """How thick the liner lies around one eye, (h, w) 0..1; `drawn`: its width in pixels, its wing, its lower line.

    The eye's outline is smoothed into the two arcs that lids are; the line hugs them from outside.
    """
    width_px, wing, lower = drawn
    along = eye.side * frame.across
    inner, outer = float((eye.inner - eye.middle) @ along), float((eye.outer - eye.middle) @ along)
    length = max(outer - inner, 1.0)
    share, y = _places(mask.shape, mask.shape, eye, frame)
    lids = _lids(mask, length / (CELLS * PLACES), eye, frame)
    if not lids:
        return np.zeros_like(mask)
    upper, under = lids
    rise = 0.55 * np.clip(share - 0.9, 0, None) * length  # the wing lifts
    reach = np.clip(1 + wing - share, 0, None)
    thick = width_px * (0.35 + 0.75 * np.clip(share, 0, 1)) * np.clip(6 * (share + 0.06), 0, 1)
    thick *= np.where(share > 1, reach / max(wing, 1e-3), 1)
    soft = max(0.35 * width_px, 0.7)
    top = _stroke(y - (upper(share) - rise), thick, soft)
    thin = 0.6 * width_px * np.clip(4 * (share - 0.15), 0, 1) * np.clip(8 * (1.02 - share), 0, 1)
    return np.maximum(top, lower * _stroke(under(share) - y, thin, soft)).astype(np.float32)


def _places(grid: tuple[int, ...], shape: tuple[int, ...], eye: Eye, frame: Frame) -> tuple[Float, Float]:
    """Where a grid's cells lie on a picture of `shape`: from an eye's inner corner, 0, to the outer, 1; how low."""
    y, x = np.mgrid[: grid[0], : grid[1]].astype(np.float32) + np.float32(0.5)
    x = x * np.float32(shape[1] / grid[1]) - np.float32(eye.middle[0])
    y = y * np.float32(shape[0] / grid[0]) - np.float32(eye.middle[1])
    along, down = eye.side * frame.across, frame.down
    inner, outer = float((eye.inner - eye.middle) @ along), float((eye.outer - eye.middle) @ along)
    return (x * along[0] + y * along[1] - inner) / max(outer - inner, 1.0), x * down[0] + y * down[1]


def _lids(mask: Float, cell: float, eye: Eye, frame: Frame) -> list[Callable[[Float], Float]]:
    """The upper and the lower lid as heights over an eye's length, each a parabola through the edge of its mask.

    That is looked for on a grid of `cell` pixels, so at every size in the same place. None where too little is seen.
    """
    height, width = (max(1, round(side / cell)) for side in mask.shape)
    inside = resized(mask, (width, height)) > 0.5
    share, y = _places(inside.shape, mask.shape, eye, frame)
    places = np.digitize(share[inside], np.linspace(0, 1, PLACES + 1)) - 1
    filled = [place for place in range(PLACES) if (places == place).any()]
    if len(filled) < PLACES // 3:
        return []
    middles = (np.array(filled) + 0.5) / PLACES
    edges = [[edge(y[inside][places == place]) for place in filled] for edge in (np.min, np.max)]
    curves = [np.polyfit(middles, heights, 2) for heights in edges]
    return [partial(_lid, curve) for curve in curves]


def _lid(curve: NDArray[np.float64], share: Float) -> Float:
    return np.polyval(curve, np.clip(share, 0, 1)).astype(np.float32)


def _stroke(height: Float, thick: Float, soft: float) -> Float:
    """A line whose lower edge is a little below height 0 and which is `thick` pixels thick upwards (y falls)."""
    away = np.abs(height + 0.3 * thick) - 0.5 * thick
    fine = np.clip(thick / soft, 0, 1)  # thinner than its own edge, it gets fainter
    return fine * (1 - smoothstep(away, -0.5 * soft, soft))
