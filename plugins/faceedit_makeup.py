"""Makeup: colour laid on lips, cheeks, lids and brows. Colours move in OKLab; light and detail stay the photo's own."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, fit_gamut, from_oklab, parse, to_oklab
from faceedit.matte import blurred, bounds, mean_inside, smoothstep

Float = NDArray[np.float32]

# What a lipstick does to the lips' own light: contrast, and how much of a highlight stays white.
_FINISHES = {"matte": (0.8, 0.3), "satin": (1.0, 0.7), "gloss": (1.15, 1.0)}


@faceedit.effect(on="lips")
def lipstick(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the lipstick")] = "#a3123b",
    finish: Annotated[Literal["matte", "satin", "gloss"], Field(description="how much the lips shine")] = "satin",
    amount: Annotated[float, Field(ge=0, le=1, description="coverage: 0 is bare, 1 is opaque")] = 0.7,
) -> Float | faceedit.Result:
    """Put lipstick on the lips: their colour moves to `color`, their own light and lines stay.

    `matte` quietens highlights, `gloss` makes them shine. Teeth between open lips are left as they are.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return _nothing(region)
    contrast, white = _FINISHES[finish]
    target, mean = to_oklab(parse(color)), mean_inside(lab, weight)
    local = lab[..., 0] - blurred(lab[..., 0], 0.03 * region.width_px, weight)
    shine = white * smoothstep(local, 0.03, 0.15)
    painted = np.empty_like(lab)
    painted[..., 0] = target[0] + contrast * (lab[..., 0] - mean[0])
    painted[..., 1:] = (target[1:] + 0.5 * (lab[..., 1:] - mean[1:])) * (1 - 0.7 * shine)[..., None]
    painted += target - mean_inside(painted, weight)
    painted[..., 0] += 0.08 * shine * (finish == "gloss")
    cover = amount * (1 - _teeth(lab, mean, region.mask("mouth", grow=0.01, feather=0.01)[area]))
    return _with(region, area, lab + cover[..., None] * (painted - lab))


@faceedit.effect(on="skin")
def blush(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the blush")] = "#d2606c",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is stage makeup")] = 0.35,
    size: Annotated[float, Field(gt=0, le=0.5, description="of each cheek's blush, share of the face's width")] = 0.14,
) -> Float | faceedit.Result:
    """Warm the cheeks: a soft oval from each cheek towards the temple, on the skin only.

    A cheek that is turned away, and a face without a visible mouth or eye, get none.
    """
    frame = _frame(region)
    if frame is None or not region.selected.any():
        return _nothing(region)
    weight = np.zeros(region.shape, np.float32)
    sigma = size * region.width_px
    for side, eye in frame.eyes:
        cheek = eye + side * 0.12 * frame.span * frame.across + 0.52 * frame.height * frame.down
        towards_temple = frame.across - side * 0.5 * frame.down
        weight = np.maximum(weight, _oval(region.shape, cheek, towards_temple, 1.25 * sigma, 0.8 * sigma))
    return _tinted(region, color, 0.6 * amount * weight)


@faceedit.effect(on="skin | nose")
def eye_shadow(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the shadow")] = "#6b4a5e",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is opaque at the lashes")] = 0.5,
    height: Annotated[float, Field(gt=0, le=2, description="share of the way from the eye to the brow")] = 0.6,
) -> Float | faceedit.Result:
    """Shade the lids: deepest at the lashes, fading towards the brow and beyond the outer corner."""
    frame = _frame(region)
    if frame is None or not region.selected.any():
        return _nothing(region)
    weight = np.zeros(region.shape, np.float32)
    for side, eye in frame.eyes:
        lashes = eye + 0.03 * frame.span * side * frame.across - 0.05 * frame.span * frame.down
        reach = height * _brow_gap(region, eye, frame)
        lid = _oval(region.shape, lashes, frame.across, 0.21 * frame.span, reach, below=0.06 * frame.span)
        weight = np.maximum(weight, lid)
    weight *= 1 - region.mask("brows", feather=0.01)
    return _tinted(region, color, amount * weight)


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
        return _nothing(region)
    target = to_oklab(parse(color))
    around = blurred(lab[..., 0], 0.08 * region.width_px)
    hair = smoothstep(around - lab[..., 0], -0.02, 0.1)
    mean = mean_inside(lab, weight * hair)
    drawn: Float = target + 0.8 * (lab - mean)
    cover: Float = np.float32(amount) * np.maximum(hair, np.float32(density))
    return _with(region, area, lab + cover[..., None] * (drawn - lab))


@dataclass(frozen=True)
class _Frame:
    """Where eyes and mouth lie: points (x, y) in the window; `eyes` with 1 for the person's left, -1 for the right."""

    eyes: list[tuple[int, Float]]
    across: Float
    down: Float
    span: float
    height: float


def _frame(region: faceedit.Region) -> _Frame | None:
    """The face's own directions and distances, or None where no eye or no mouth is seen."""
    found = [(side, region.center(part)) for side, part in ((1, "l_eye"), (-1, "r_eye"))]
    eyes = [(side, np.array(point, np.float32)) for side, point in found if point]
    mouth = region.center("lips | mouth")
    if not eyes or mouth is None:
        return None
    turn = np.radians(region.angle)
    across = np.array([np.cos(turn), np.sin(turn)], np.float32)
    if len(eyes) == 2:
        line = eyes[0][1] - eyes[1][1]
        across = line / max(float(np.hypot(*line)), 1.0)
    down = np.array([-across[1], across[0]], np.float32)
    height = float((np.array(mouth, np.float32) - eyes[0][1]) @ down)
    # Two eyes of a face that looks at us are as far apart as eyes and mouth; of a turned one, they seem closer.
    return _Frame(eyes, across, down, max(height, 1.0) * 0.95, max(height, 1.0))


def _brow_gap(region: faceedit.Region, eye: Float, frame: _Frame) -> float:
    """How far the brow is above the eye, in pixels; a usual distance where none is seen."""
    points = [region.center(part) for part in ("l_brow", "r_brow")]
    gaps = [float((eye - np.array(point, np.float32)) @ frame.down) for point in points if point]
    return min(max([gap for gap in gaps if gap > 0] or [0.3 * frame.span]), 0.5 * frame.span)


def _oval(
    shape: tuple[int, int], middle: Float, along: Float, length: float, width: float, *, below: float | None = None
) -> Float:
    """A Gaussian with deviations `length` in direction `along` and `width` (downwards `below`) across it."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    x, y = (columns - middle[0]).astype(np.float32), (rows - middle[1]).astype(np.float32)
    unit = along / np.hypot(*along)
    across = (x * unit[0] + y * unit[1]) / max(length, 1.0)
    down = y * unit[0] - x * unit[1]
    depth = down / np.where(down > 0, max(below if below is not None else width, 1.0), max(width, 1.0))
    return np.exp(-0.5 * (across**2 + depth**2)).astype(np.float32)


def _tinted(region: faceedit.Region, color: str, weight: Float) -> Float:
    """The region with a powder of `color` on it: colour moves all the way, lightness less, and hardly upwards."""
    weight = np.where(region.selected > 0, weight, 0)
    area = bounds(weight > 0.004)
    lab, target, share = to_oklab(region.pixels[area]), to_oklab(parse(color)), weight[area]
    step = target - lab
    step[..., 0] = 0.5 * np.clip(step[..., 0], -1, 0.05)
    return _with(region, area, lab + share[..., None] * step)


def _teeth(lab: Float, lips: Float, near_mouth: Float) -> Float:
    """How much a pixel looks like a tooth: near the mouth's inside, lighter and paler than the lips."""
    pale = 1 - smoothstep(np.hypot(lab[..., 1], lab[..., 2]), 0.03, 0.07)
    return near_mouth * pale * smoothstep(lab[..., 0] - lips[0], 0.02, 0.12)


def _with(region: faceedit.Region, area: tuple[slice, slice], lab: Float) -> Float:
    """The region's pixels with OKLab colours put in at `area`."""
    result = region.pixels.copy()
    result[area] = from_oklab(fit_gamut(lab))
    return result


def _nothing(region: faceedit.Region) -> faceedit.Result:
    """No change, and a finding that says so."""
    missing = {"missing": region.on}
    return faceedit.Result(findings=[faceedit.Finding("nothing_to_do", region.faces[0].index, details=missing)])


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [lipstick, blush, eye_shadow, brows]
