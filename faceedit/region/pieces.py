"""What only pixels tell within a part: teeth in the mouth, iris and sclera in an eye, beard and cheeks on skin.

Each piece is a gate 0..1 on the part's mask, and how sure it is. All of it is worked out on a small grid whose size
depends on the part alone, so that the same face gives the same pieces at every resolution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.color import to_oklab
from faceedit.geometry import Frame, Points
from faceedit.matte import blurred, bounds, smoothstep

Float = NDArray[np.float32]

# Cells along the longer side of the grid on which pieces are looked for; skin is larger.
CELLS, SKIN_CELLS = 72, 160
# A part with fewer pixels in its mask shows no pieces.
FEWEST = 30
# A mouth whose brightest spot is darker than this shows no teeth; teeth take up this share of it, or there are none.
DARK_MOUTH, FEWEST_TEETH = 0.42, 0.06
# The iris's radius as a share of the eye's width: 6 mm of 28 to 32, more in an eye seen from the side; what is usual.
IRIS, USUAL = (0.16, 0.185, 0.21, 0.235, 0.26), 0.21
# How far an iris's middle can be from the eye's, across and down, as shares of the eye's width.
GAZE = (0.3, 0.12)
# A cheek's deviations as shares of the eyes' distance, across and down.
CHEEK = (0.36, 0.26)
# How much less colourful for its lightness, darker and rougher than the cheeks a beard is, from "perhaps" to "surely".
PALER, DARKER, ROUGHER = (0.1, 0.35), (0.35, 0.6), (2.5, 5.0)
# How bearded, on the whole, lip and chin must look, from "no beard is sure" to "surely one".
BEARDED = (0.52, 0.75)
# From here on a cell is surely within its part.
SURE = 0.8
# How much lighter (OKLab) what lies beside an iris is, from "perhaps" to "surely".
RING = (0.05, 0.1)


@dataclass(frozen=True)
class Piece:
    """A piece of a part: its gate (h, w) float32 0..1 on the part's mask, and how sure it is, 0..1."""

    name: str
    gate: Float
    confidence: float


def pieces(part: str, pixels: Float, mask: Float, angle: float, frame: Frame | None) -> tuple[Piece, ...]:
    """The pieces of a part that are seen in `pixels` (h, w, 3) under its `mask` (h, w); none where there are too few.

    `angle` is the face's tilt in degrees; without a `frame` skin has no pieces.
    """
    if part != "skin":
        mask = _largest(mask)
    area = bounds(mask > 0.1)
    if int((mask[area] > 0.5).sum()) < FEWEST:
        return ()
    if part == "skin" and frame is None:
        return ()
    size = _grid(mask[area].shape, SKIN_CELLS if part == "skin" else CELLS)
    lab = to_oklab(np.dstack([_resized(pixels[area][..., channel], size) for channel in range(3)]))
    weight = _resized(mask[area], size)
    if not (weight > 0.5).any():
        return ()
    if part == "skin" and frame is not None:
        found = _skin(lab, weight, frame, area)
    else:
        found = _mouth(lab, weight) if part == "mouth" else _eye(lab, weight, angle)
    return tuple(Piece(name, _placed(gate, mask.shape, area), confidence) for name, gate, confidence in found)


def _largest(mask: Float) -> Float:
    """The mask (h, w) of the largest area alone: a speck elsewhere is no eye and no mouth."""
    kept, area = np.zeros_like(mask), bounds(mask > 0.1)
    areas, count = ndimage.label(mask[area] > 0.1)
    if count:
        largest = 1 + np.argmax(np.bincount(areas.ravel(), mask[area].ravel())[1:])
        kept[area] = np.where(areas == largest, mask[area], 0)
    return kept


def _mouth(lab: Float, weight: Float) -> list[tuple[str, Float, float]]:
    inside = weight > 0.5
    bright = float(np.percentile(lab[..., 0][inside], 95))
    # Lips and tongue are redder than teeth in the same light, whatever its colour.
    red = lab[..., 1] - np.float32(min(float(np.percentile(lab[..., 1][inside], 10)), 0.03))
    tooth = smoothstep(lab[..., 0], 0.6 * bright, 0.82 * bright) * (1 - smoothstep(red, 0.02, 0.055))
    share = float((tooth * weight).sum() / weight.sum())
    if bright < DARK_MOUTH or share < FEWEST_TEETH:
        return []
    return [("teeth", tooth, min(1.0, share / 0.3) * min(1.0, (bright - DARK_MOUTH) / 0.15))]


def _eye(lab: Float, weight: Float, angle: float) -> list[tuple[str, Float, float]]:
    inside = weight > 0.5
    x, y, radius, contrast = _circle(lab[..., 0], weight, angle)
    confidence = float(np.clip((contrast - RING[0]) / (RING[1] - RING[0]), 0, 1))
    if confidence == 0:
        return []
    rows, columns = np.mgrid[: lab.shape[0], : lab.shape[1]].astype(np.float32)
    away = np.hypot(columns - np.float32(x), rows - np.float32(y)) / np.float32(radius)
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    low, high = (float(value) for value in np.percentile(light[inside], (15, 92)))
    dark = smoothstep(light, low * 0.5, low)  # lashes and the pupil's own black are no iris
    glint = smoothstep(light, high + 0.04, high + 0.14)
    iris = (1 - smoothstep(away, 0.86, 1.1)) * (1 - glint)
    pale = 1 - smoothstep(chroma - np.float32(np.percentile(chroma[inside], 20)), 0.035, 0.08)
    middle = low + 0.35 * (high - low)
    white = smoothstep(away, 0.95, 1.15) * smoothstep(light, middle, low + 0.8 * (high - low)) * pale
    return [("iris", iris * dark, confidence), ("sclera", white, confidence)]


def _skin(lab: Float, weight: Float, frame: Frame, area: tuple[slice, slice]) -> list[tuple[str, Float, float]]:
    """Cheeks by the face's geometry, and the beard below them: what is paler, darker or rougher than they are."""
    rows, columns = (np.arange(n, dtype=np.float32) + np.float32(0.5) for n in lab.shape[:2])
    scale = (area[0].stop - area[0].start) / lab.shape[0]
    x, y = columns[None] * scale + area[1].start, rows[:, None] * scale + area[0].start

    def along(way: Points, start: Points) -> Float:
        return ((x - start[0]) * way[0] + (y - start[1]) * way[1]).astype(np.float32)

    cheeks = np.zeros_like(weight)
    for eye in frame.eyes:
        out = 0.12 * frame.span * eye.side * eye.seen
        middle = eye.middle + out * frame.across + 0.5 * frame.height * frame.down
        wide, high = CHEEK[0] * frame.span * max(eye.seen, 0.1), CHEEK[1] * frame.span
        away = np.hypot(along(frame.across, middle) / wide, along(frame.down, middle) / high)
        cheeks = np.maximum(cheeks, 1 - smoothstep(np.asarray(away, np.float32), 0.6, 1.1))
    plain = (cheeks > 0.5) & (weight > 0.6)
    if plain.sum() < FEWEST:
        return []
    aside = np.asarray(np.abs(along(frame.across, frame.mouth)) / frame.span, np.float32)
    low = np.asarray(1 + along(frame.down, frame.mouth) / frame.height, np.float32)  # 0 at the eyes, 1 at the mouth
    score = _bearded(lab, weight, plain, 0.05 * frame.span / scale)
    chin = (aside < 0.55) & (low > 0.8) & (low < 1.75) & (weight > 0.6)
    share = float(score[chin].mean()) if chin.sum() >= FEWEST else 0.0
    sure = float(np.clip((share - BEARDED[0]) / (BEARDED[1] - BEARDED[0]), 0, 1))
    found = [("cheeks", cheeks, float((cheeks * weight).sum() / cheeks.sum()))]
    below = smoothstep(low - np.float32(0.82) + np.float32(0.3) * smoothstep(aside, 0.5, 0.9), -0.08, 0.08)
    return [*found, ("beard", below * (1 - cheeks) * score, sure)] if sure else found


def _bearded(lab: Float, weight: Float, plain: NDArray[np.bool_], near: float) -> Float:
    """How much each cell looks like a beard beside those of `plain` skin; `near` is a short way, in cells."""
    even = blurred(lab, 0.4 * near, weight)
    light = even[..., 0]
    colorful = np.hypot(even[..., 1], even[..., 2]) / np.maximum(light, 0.1)
    rough = blurred(np.asarray(np.abs(lab[..., 0] - light), np.float32), 0.6 * near, weight)
    rough = rough * smoothstep(blurred(weight, near), 0.8, 0.97)  # the skin's own edge is rough
    paler, darker, rougher = (plane / max(float(np.median(plane[plain])), 1e-3) for plane in (colorful, light, rough))
    signs = ((1 - paler, PALER), (1 - darker, DARKER), (rougher, ROUGHER))
    return np.max([smoothstep(np.asarray(plane, np.float32), *steps) for plane, steps in signs], axis=0)


def _circle(light: Float, weight: Float, angle: float) -> tuple[float, float, float, float]:
    """The disc that is darkest against what lies beside it: its middle x, y, its radius, and how much darker it is.

    Lids and lashes hide what is above and below. Areas are compared, since a pupil's edge, a glint and a lash are as
    sharp as an iris's. Source: Chan, Vese, "Active contours without edges", 2001.
    """
    inside = np.argwhere(weight > 0.5)[:, ::-1].astype(np.float32)
    turn = np.radians(angle)
    across = np.array([np.cos(turn), np.sin(turn)], np.float32)
    width, middle = float(np.ptp(inside @ across)) + 1, inside.mean(0)
    light = np.clip(light, *np.percentile(light[weight > 0.5], (8, 90)))  # without glints and lashes
    sure = np.where(weight > SURE, weight, 0)  # the lids' edges are dark, too
    y, x = np.ogrid[: light.shape[0], : light.shape[1]]
    aside = ((x - middle[0]) * across[0] + (y - middle[1]) * across[1]) / width
    below = ((y - middle[1]) * across[0] - (x - middle[0]) * across[1]) / width
    likely = np.where(
        (np.abs(aside) < GAZE[0]) & (np.abs(below) < GAZE[1]), 1 - (aside / 0.6) ** 2 - (below / 0.3) ** 2, 0
    )
    best = (float(middle[0]), float(middle[1]), USUAL * width, 0.0)
    for share in IRIS:
        disc, *sides = _stencils(share * width, turn)
        (dark, seen), *beside = (_under(light, sure, each) for each in (disc, *sides))
        one, other = (np.clip(count / 0.25, 0, 1) for _, count in beside)
        rises = [mean - dark for mean, _ in beside]
        score = (one * rises[0] + other * rises[1]) / np.maximum(one + other, 0.8)
        # Where both sides are seen, both are lighter; where one is, less is known.
        score = np.where(np.minimum(one, other) > 0.6, 0.5 * (score + np.minimum(*rises)), 0.8 * score)
        score = np.where(seen > 0.45, score * likely * np.exp(-0.5 * ((share - USUAL) / 0.07) ** 2), 0)
        place = np.unravel_index(int(np.argmax(score)), score.shape)
        if score[place] > best[3]:
            best = (float(place[1]), float(place[0]), 1.05 * share * width, float(score[place]))
    return best


def _stencils(radius: float, turn: float) -> tuple[Float, Float, Float]:
    """A disc, and what lies beside it on either side along an eye that is turned by `turn`, (n, n) 0..1 each."""
    reach = int(np.ceil(1.8 * radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    away, along = np.hypot(x, y), x * np.float32(np.cos(turn)) + y * np.float32(np.sin(turn))
    disc = np.clip(radius + 0.5 - away, 0, 1)
    ring = np.clip(1.8 * radius + 0.5 - away, 0, 1) * np.clip(away - 1.08 * radius + 0.5, 0, 1)
    ring *= away * away - along * along < (0.75 * radius) ** 2
    return disc, ring * (along > 0), ring * (along < 0)


def _under(light: Float, weight: Float, stencil: Float) -> tuple[Float, Float]:
    """The weighted mean of `light` under a stencil around each place, and how much of the stencil the weight fills."""
    (height, width), reach = light.shape, len(stencil) // 2
    size = (height + 2 * reach, width + 2 * reach)
    window = (slice(reach, reach + height), slice(reach, reach + width))
    transforms = np.fft.rfft2(np.stack([weight, weight * light]), size) * np.fft.rfft2(stencil[::-1, ::-1], size)
    count, total = np.fft.irfft2(transforms, size)[:, *window].astype(np.float32)
    return total / np.maximum(count, np.float32(1e-2)), count / max(stencil.sum(), 1)


def _grid(shape: tuple[int, int], cells: int) -> tuple[int, int]:
    """Width and height of the grid, `cells` along its longer side, for a window of this shape."""
    share = cells / max(shape)
    return max(1, round(shape[1] * share)), max(1, round(shape[0] * share))


def _placed(gate: Float, shape: tuple[int, int], area: tuple[slice, slice]) -> Float:
    """A gate on the grid as one on the whole window."""
    full = np.zeros(shape, np.float32)
    height, width = full[area].shape
    full[area] = np.clip(_resized(gate.astype(np.float32), (width, height)), 0, 1)
    return full


def _resized(plane: Float, size: tuple[int, int]) -> Float:
    reduce = Image.Resampling.BOX if size[0] < plane.shape[1] else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize(size, reduce))
