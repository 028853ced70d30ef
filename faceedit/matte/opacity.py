"""Soft edges: how opaque each pixel of a subject is, and its colours without the old background."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.grids import resized
from faceedit.matte.filters import (
    Channels,
    Plane,
    blurred,
    coefficients,
    picked,
    readings,
    smoothstep,
    soft,
)

Values = NDArray[np.float32]  # (n,) or (n, 3)

# A blurred hard mask beyond this value is safely inside, below its complement safely outside.
SURE = 0.98
# The guide's variance that counts as flat.
FLAT = 1e-5
# Deviation of a colour within one surface (sensor noise, JPEG), and of what colour tells from the true opacity, 0..1.
NOISE, DOUBT = 0.04, 0.05
# Germer's levels end at this many pixels; his regularisation, so that flat areas have an answer.
FINEST, SMOOTHNESS = 256, 1e-3


def alpha(pixels: Channels, mask: Plane, band_px: float, hairy: Plane | None = None) -> Plane:
    """How opaque each pixel of a subject is, (h, w) float32 0..1, strand by strand, from a `mask` that is about right.

    Within about `band_px` of the mask's edge, two witnesses are heard: what colour (h, w, 3) tells nearby of being
    inside, and which mix of the colours safely inside and safely outside the pixel is. Each counts as much as the
    surfaces are even; where both sides look alike the mask decides. With `hairy` (h, w) 0..1 the band is that wide
    only along hair, and half as wide along plain edges.
    """
    hard = (mask > 0.5).astype(np.float32)
    near = blurred(hard, band_px / 2)
    if hairy is not None:
        plain = blurred(hard, band_px / 4)
        near = plain + hairy * (near - plain)
    mixed = (near <= SURE) & (near >= 1 - SURE)
    step = max(1, round(band_px / 4))
    size = (max(1, mask.shape[1] // step), max(1, mask.shape[0] // step))
    small, rough = resized(pixels, size), resized(near, size)
    lines, explained = _told_by_color(small, resized(hard, size), band_px / step)
    opacity = (near > SURE).astype(np.float32)
    sides = [_local_color(small, sure, 0.6 * band_px / step) for sure in (rough > SURE, rough < 1 - SURE)]
    colors, guess, near = picked(pixels, mixed), mask[mixed], near[mixed]
    for run, found in readings(np.dstack([*lines, explained, *_unmixing(*sides)]), mixed):
        guess[run] = _heard(np.ascontiguousarray(colors[run].T), guess[run], near[run], found)
    opacity[mixed] = guess
    return opacity


def _heard(colors: Values, guess: Values, near: Values, found: Values) -> Values:
    """The opacity of pixels (n,) after both witnesses, from the mask's `guess`; `found` is what grids tell of them."""
    told = np.clip(np.einsum("cn,cn->n", found[:3], colors) + found[3], 0, 1)
    # Towards the ends of the band, and where colour explains little, the mask counts.
    guess = guess + smoothstep(4 * near * (1 - near), 0, 0.3) * smoothstep(found[4], 0.05, 0.25) * (told - guess)
    return np.clip(np.einsum("cn,cn->n", found[5:8], colors) - found[8] + found[9] * guess, 0, 1)


def _told_by_color(small: Channels, hard: Plane, radius: float) -> tuple[list[Plane], Plane]:
    """The lines that fit a hard mask to the colours, first in wide, then in narrow windows; how well the first do."""
    *slopes, offset, explained = coefficients(small, hard, max(1, round(radius)), FLAT, r2=True)
    rough = np.clip(offset + np.einsum("chw,hwc->hw", slopes, small), 0, 1)
    return coefficients(small, rough, max(1, round(radius / 2)), FLAT), explained


def _local_color(pixels: Channels, where: NDArray[np.bool_], reach_px: float) -> Channels:
    """The mean colour in `where` around each pixel, then its variance (mean of the channels), on a reduced grid."""
    weight = where.astype(np.float32)
    total = soft(weight, reach_px)
    share = np.maximum(total, np.float32(1e-4))
    mean = soft(pixels * weight[..., None], reach_px) / share[..., None]
    square = soft(np.einsum("hwc,hwc->hw", pixels, pixels) * weight, reach_px) / share
    spread = np.maximum(square - np.einsum("hwc,hwc->hw", mean, mean), 0) / 3
    # Where there is no such place within reach, its colour tells nothing.
    return np.dstack([mean, np.where(total < 1e-3, np.float32(10), spread)])


def _unmixing(front: Channels, back: Channels) -> list[NDArray[np.float32]]:
    """What tells the front's share in a colour from the two sides' colours: `slopes` (h, w, 3), `offset`, `trust`.

    The share is slopes * colour - offset + trust * guess: least squares, with the guess as one more observation.
    """
    across = front[..., :3] - back[..., :3]
    noise = NOISE**2 + front[..., 3] + back[..., 3]
    total = DOUBT**2 * np.einsum("hwc,hwc->hw", across, across) + noise
    slopes = across * (DOUBT**2 / total)[..., None]
    return [slopes, np.einsum("hwc,hwc->hw", back[..., :3], slopes), noise / total]


def foreground(pixels: Channels, opacity: Plane) -> Channels:
    """The subject's own colours (h, w, 3), without the background that shines through where `opacity` is below 1.

    Source: Germer, Uelwer, Conrad, Harmeling, "Fast Multi-Level Foreground Estimation", arXiv:2006.14970. Levels end
    at `FINEST` pixels; from there on one exact step explains each mixed pixel.
    """
    height, width = opacity.shape
    finest = min(1.0, FINEST / max(height, width))
    size = (max(1, round(width * finest)), max(1, round(height * finest)))
    levels = [(resized(pixels, size), resized(opacity, size))]
    while max(size) > 2:
        size = (max(1, round(size[0] / 2)), max(1, round(size[1] / 2)))
        small, mix = levels[-1]
        levels.append((resized(small, size), resized(mix, size)))
    front = back = np.zeros((1, 1, 3), np.float32) + levels[0][0].mean((0, 1))
    for small, mix in reversed(levels):
        size = (mix.shape[1], mix.shape[0])
        front, back = resized(front, size), resized(back, size)
        for _ in range(5 if max(size) <= 32 else 3):
            front, back = _relaxed(small, mix, front, back)
    return _explained(pixels, opacity, front, back)


def _relaxed(pixels: Channels, mix: Plane, front: Channels, back: Channels) -> tuple[Channels, Channels]:
    """One Jacobi step: each pixel's two colours from itself and its four neighbours, alike where the opacity is."""
    share = np.zeros_like(mix) + np.float32(1e-8)
    fronts, backs = np.zeros_like(front), np.zeros_like(back)
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        weight = np.float32(SMOOTHNESS) + np.abs(mix - _shifted(mix, shift, axis))
        share += weight
        fronts += weight[..., None] * _shifted(front, shift, axis)
        backs += weight[..., None] * _shifted(back, shift, axis)
    return _solved(pixels, mix, share, fronts / share[..., None], backs / share[..., None])


def _solved(pixels: Channels, mix: Plane, share: Plane, front: Channels, back: Channels) -> tuple[Channels, Channels]:
    """The two colours nearest to a guess whose mix is the pixel; `share` says how much the guess weighs."""
    missing = pixels - mix[..., None] * front - (1 - mix)[..., None] * back
    step = missing / (mix * mix + (1 - mix) ** 2 + share)[..., None]
    front = np.clip(front + mix[..., None] * step, 0, 1)
    back = np.clip(back + (1 - mix)[..., None] * step, 0, 1)
    return front, back


def _explained(pixels: Channels, opacity: Plane, front: Channels, back: Channels) -> Channels:
    """A small `front` read at full size, corrected so that it and `back` mix to the pixel; the pixel where opaque."""
    result = pixels.copy()
    mixed = (opacity < 1) & (opacity > 0)
    loose = np.full((1, 1), 0.01, np.float32)  # the guess is good; the mix has the last word
    colors, share = pixels[mixed], opacity[mixed]
    for run, guesses in readings(np.dstack([front, back]), mixed):
        sides = guesses.T[None]
        fixed, _ = _solved(colors[run][None], share[run][None], loose, sides[..., :3], sides[..., 3:])
        colors[run] = fixed[0]
    result[mixed] = colors
    return result


def _shifted(values: Any, shift: int, axis: int) -> Any:
    """The neighbours' values, the border's own repeated beyond it."""
    moved = np.roll(values, shift, axis)
    edge = [slice(None)] * values.ndim
    edge[axis] = slice(0, 1) if shift > 0 else slice(-1, None)
    moved[tuple(edge)] = values[tuple(edge)]
    return moved
