"""Light and colour over larger areas: relight, tint, monochrome."""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, from_linear, parse, to_linear, to_oklab
from faceedit.geometry import Box, Crop
from faceedit.grids import resized, warp
from faceedit.labels import parse_parts
from faceedit.matte import blurred, mean_inside, picked, smoothstep
from faceedit_retouch.chin import below_chin

Float = NDArray[np.float32]

# The softness of parts' edges, and how far they stand out of the face (or lie in), as shares of the face's width.
RELIEF = (("nose", 0.045, 0.09), ("lips", 0.02, 0.02), ("eyes", 0.03, -0.04), ("brows", 0.03, 0.03))
# Places along the nose, from its root to its end, and the share of its height there: its tip, not its edge, is highest.
NOSE = ((0.0, 0.6, 1.0), (0.0, 1.0, 0.5))
# Where an egg of the face's size leans by 45 degrees, in deviations of the face's points.
ROUND = 1.8
# A surface that leans so much has half its light or shadow, one that leans less has less than its share: else there
# would be a line where the one turns into the other.
SOFT = 0.2
# Where light ends below the chin, in widths of the face: masks of necks are unsure further down, and come in pieces.
LAST_LIGHT = (0.0, 0.45)
# Values of the soft mask between which light sets in: all within the head, since shadow would show on a white wall.
RIM = (0.4, 0.9)
# What a black-and-white film is sensitive to, of linear red, green and blue.
FILMS = {"neutral": (0.21, 0.72, 0.07), "red": (0.75, 0.2, 0.05), "green": (0.1, 0.85, 0.05), "blue": (0.1, 0.2, 0.7)}


@faceedit.effect(on="head | neck", feather=0.03)
def relight(
    region: faceedit.Region,
    *,
    direction: Annotated[
        float, Field(ge=-180, le=180, description="where the light stands, degrees clockwise from above; 90 is right")
    ] = -60,
    amount: Annotated[float, Field(ge=0, le=1, description="0 keeps the light as it is, 1 is a strong lamp")] = 0.4,
    warmth: Annotated[float, Field(ge=-1, le=1, description="of the lamp: -1 is cool, 1 is golden")] = 0.15,
) -> Float | faceedit.Result:
    """Light the head softly from a side: the near side brightens, the far side sinks a little into shadow.

    The shape is guessed from the parts, so it is a gentle lamp, not a new sun: shadows that are there stay. Below the
    chin the light fades out.
    """
    inside = region.selected > RIM[0]
    if min(region.shape) < 2 or not inside.any() or region.center("face") is None:
        return region.untouched("skin")
    lab = np.asfortranarray(to_oklab(picked(region.pixels, inside)))  # channel by channel: faster to reckon with
    towards = _shading(region, direction)[inside] * smoothstep(region.selected[inside], *RIM)
    lit = np.clip(towards, 0, 1)
    gain = np.float32(amount) * (0.35 * lit * np.clip(1.5 * (1 - lab[:, 0]), 0, 1) - 0.5 * np.clip(-towards, 0, 1))
    lab *= (1 + gain)[:, None]
    lamp = np.float32(amount * warmth) * lit * lab[:, 0]
    lab[:, 1] += np.float32(0.012) * lamp
    lab[:, 2] += np.float32(0.06) * lamp
    return region.repainted(inside, lab)


@faceedit.effect(on="{parts}")
def tint(
    region: faceedit.Region,
    *,
    parts: Annotated[  # noqa: ARG001 - the host reads it, in `on`
        str, Field(description='what is tinted, such as "hair" or "skin | nose | ears"')
    ] = "hair",
    color: Annotated[Color, Field(description="that the parts take on")] = "#3060c0",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is all the way")] = 0.8,
    light: Annotated[float, Field(ge=0, le=1, description="how far lightness follows the color too")] = 0.4,
) -> Float | faceedit.Result:
    """Give any parts any colour: green skin, blue lips, violet eyes. Light and shadow within the parts stay."""
    inside = region.selected > 0
    lab, weight = to_oklab(picked(region.pixels, inside)), region.selected[inside]
    if not lab.size:
        return region.untouched()
    target, mean = to_oklab(parse(color)), mean_inside(lab, weight)
    tinted = np.empty_like(lab)
    middle = mean[0] + np.float32(light) * (target[0] - mean[0])
    # More or less light on the same surface, and not a step: dark places stay dark, and light ones keep below white.
    tinted[:, 0] = lab[:, 0] * middle / max(float(mean[0]), 0.05)
    tinted[:, 0] -= np.clip(tinted[:, 0] - lab[:, 0], 0, None) * np.clip(lab[:, 0], 0, 1) ** 4
    shade = np.sqrt(np.clip(tinted[:, 0] / max(float(target[0]), 0.05), 0, 1))  # less colourful in the dark
    tinted[:, 1:] = target[1:] * shade[:, None] + np.float32(0.2) * (lab[:, 1:] - mean[1:])
    return region.repainted(inside, lab + np.float32(amount) * (tinted - lab))


@faceedit.effect(on="background | person - ({parts})", scope="photo")
def monochrome(
    region: faceedit.Region,
    *,
    parts: Annotated[  # noqa: ARG001 - the host reads it, in `on`
        str, Field(description='what stays in colour, such as "lips" or "iris | lips"')
    ] = "lips",
    film: Annotated[
        Literal["neutral", "red", "green", "blue"],
        Field(description="what the film sees best: red smooths skin, blue brings out its texture"),
    ] = "neutral",
    contrast: Annotated[float, Field(ge=-1, le=1, description="-1 is flat, 1 is hard")] = 0.1,
    amount: Annotated[float, Field(ge=0, le=1, description="0 is full colour, 1 is black-and-white")] = 1.0,
) -> Float:
    """Turn the photo to black and white, but for the parts named, on the faces that the step is for.

    Works on the whole photo, background included; `on: person` or the like turns only that.
    """
    grey = to_linear(region.pixels) @ np.array(FILMS[film], np.float32)
    lightness = np.cbrt(grey)
    curve = lightness * lightness * (3 - 2 * lightness)
    lightness += np.float32(contrast) * (curve - lightness)
    flat = from_linear(lightness**3)[..., None]  # OKLab's own cube: its lightness of a grey
    return region.pixels + np.float32(amount) * (flat - region.pixels)


def _shading(region: faceedit.Region, direction: float) -> Float:
    """How much the head's surface leans towards the light, (h, w), -1..1: an egg about the nose, with its features.

    It fades to 0 below the chin. Worked out on a grid of a hundredth of the face's width: light is soft.
    """
    face, turn, tilt = region.faces[0], np.radians(direction), np.radians(region.angle)
    step = max(1.0, 0.01 * region.width_px)
    grid = Box(0, 0, *(max(2, math.ceil(side / step)) for side in region.shape[::-1]))
    corner = (region.window.left, region.window.top)
    seen, nose = ((face.map.points(parts) - corner) / step for parts in ("face | ears", "nose"))
    nose = nose if len(nose) else seen
    y, x = np.ogrid[: grid.height, : grid.width]
    down, bridge = (np.cos(tilt) * j - np.sin(tilt) * i for i, j in ((x, y), nose.T))
    height = _relief(region, step, grid, (down - bridge.min()) / max(float(np.ptp(bridge)), 1))
    leans = np.gradient(height * np.float32(region.width_px / step))
    deviation = ROUND * np.maximum(np.std(seen, axis=0), 1)
    across, below = (x - nose[:, 0].mean()) / deviation[0], (y - nose[:, 1].mean()) / deviation[1]
    slope = (across - leans[1]) * np.sin(turn) - (below - leans[0]) * np.cos(turn)
    lean = slope / np.sqrt(1 + slope * slope)
    soft = np.abs(lean) * (1 + SOFT) / (np.abs(lean) + SOFT)
    shading = lean * soft * (1 - smoothstep(below_chin(region, x * step, y * step), *LAST_LIGHT))
    size = (round(grid.width * step), round(grid.height * step))
    return resized(shading.astype(np.float32), size)[: region.shape[0], : region.shape[1]]


def _relief(region: faceedit.Region, step: float, grid: Box, bridge: Float) -> Float:
    """How far the face's features stand out on a grid of cells of `step` pixels, (h, w), in widths of the face.

    `bridge` (h, w) is how far down each place is along the nose: 0 at its root, 1 at its end.
    """
    face, window = region.faces[0], region.window
    crop = face.map.crop
    small = Crop((crop.x - window.left) / step, (crop.y - window.top) / step, crop.side / step, crop.angle)
    height = np.zeros((grid.height, grid.width), np.float32)
    for parts, soft, stands_out in RELIEF:
        plane = warp(face.map.on_crop(parse_parts(parts)), small, grid)
        if parts == "nose":
            plane = plane * np.interp(bridge, *NOSE).astype(np.float32)
        height += np.float32(stands_out) * blurred(plane, soft * region.width_px / step)
    return height
