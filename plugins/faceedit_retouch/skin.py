"""The skin: its tone, its smoothness, its spots."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import distance, to_oklab
from faceedit.matte import blurred, bounds, grown, guided_filter, smoothstep
from faceedit_retouch.chin import below_chin
from faceedit_retouch.spots import found

Float = NDArray[np.float32]

# Differences of lightness within smoothed skin that count as contour, not as blotch.
CONTOUR = 0.04
# Shares of the finest texture that full smoothing takes away, and of the unevenness that it leaves: skin is no plastic.
PORES_LOST, UNEVEN = 0.2, 0.3
# The widths of spots, shares of the face's, that are looked for one after the other: one look sees but those near it.
SPOTS = (0.035, 0.06)

# Where a new tone ends below the chin, in widths of the face: down to most collars, but not in pieces on a chest.
LAST_TONE = (0.2, 0.6)


@faceedit.effect(on="skin | nose | ears | neck | lips | brows")
def skin_tone(
    region: faceedit.Region,
    *,
    warmth: Annotated[float, Field(ge=-1, le=1, description="-1 is cool, 1 is golden")] = 0.0,
    lightness: Annotated[float, Field(ge=-1, le=1, description="-1 is much darker, 1 is much lighter")] = 0.0,
    evenness: Annotated[float, Field(ge=0, le=1, description="how far blotches of colour are evened out")] = 0.0,
) -> Float | faceedit.Result:
    """Make the skin warmer or cooler, lighter or darker, and its colour more even.

    Face, ears and neck move by the same step, so that no seam shows between them; lips and brows go with them, but for
    evenness. Far below the chin, as on bare shoulders, the change fades out.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    lips, brows = (region.mask(parts, drawn=False)[area] for parts in ("lips", "brows"))
    own = np.clip(1 - lips - brows, 0, 1)
    even = blurred(lab, 0.02 * region.width_px, own * weight)
    wide = blurred(even, 0.15 * region.width_px, own * weight)
    toned = lab + np.array([0.35, 0.8, 0.8], np.float32) * np.float32(evenness) * own[..., None] * (wide - even)
    # All of OKLab times one factor is more or less light on the same skin; it ends before white.
    light = toned[..., :1]
    toned = toned * (1 + 0.3 * lightness * np.clip(1.6 * (1 - light), 0, 1))
    toned = toned + light * np.array([0, 0.008, 0.045], np.float32) * np.float32(warmth)
    # What the mask takes in of a wall, a collar or dark hair stays; painted lips are as far from skin, and do not.
    moved = np.maximum(1 - smoothstep(distance(lab, wide), 0.15, 0.35), lips)
    y, x = np.ogrid[area]
    moved *= 1 - smoothstep(below_chin(region, x, y), *LAST_TONE)
    return region.repainted(area, lab + moved[..., None] * (toned - lab))


@faceedit.effect(on="skin | nose - beard")
def smooth(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 leaves the skin alone, 1 is a beauty cover")] = 0.4,
    size: Annotated[float, Field(gt=0, le=0.2, description="of the unevenness, share of the face's width")] = 0.04,
) -> Float | faceedit.Result:
    """Smooth the skin and keep its pores: blotches and fine shadows go; texture, contours and beards stay."""
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    reach = size * region.width_px
    # Beyond the skin there is more of it, so that lips and brows are no part of its unevenness.
    skin = lab + (1 - weight)[..., None] * (blurred(lab, reach, weight) - lab)
    fine = blurred(skin, 0.1 * reach)
    coarse = blurred(fine, 0.7 * reach)
    coarse[..., 0] = guided_filter(fine[..., 0], fine[..., 0], reach, CONTOUR**2)
    taken = np.float32(amount * (1 - UNEVEN * amount))
    return region.repainted(area, lab - taken * (fine - coarse) - np.float32(PORES_LOST * amount) * (skin - fine))


@faceedit.effect(on="skin | nose", grow=-0.01)
def blemish(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 leaves the spots, 1 takes them away")] = 0.9,
    size: Annotated[float, Field(gt=0, le=0.1, description="of the largest spot, share of the face's width")] = 0.035,
    moles: Annotated[bool, Field(description="take away brown and dark spots too, such as moles")] = False,
) -> Float | faceedit.Result:
    """Take away small red spots and keep the skin's grain; moles and freckles, which are the person's own, stay.

    Spots at the edge of the skin, such as nostrils, and lines are left alone. A face without spots stays as it is.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    clean = lab
    for largest in (*(each for each in SPOTS if each < size), size):
        clean = _healed(clean, weight, largest * region.width_px, moles=moles)
    if clean is lab:
        return region.untouched("spots")
    return region.repainted(area, lab + np.float32(amount) * (clean - lab))


def _healed(lab: Float, weight: Float, largest_px: float, *, moles: bool) -> Float:
    """`lab` (h, w, 3) with its spots covered by the skin around them; the very same where it has none."""
    spots = found(lab, weight, largest_px, moles=moles)
    if not spots.any():
        return lab
    grain = max(0.07 * largest_px, 0.6)
    whole = grown(spots, 2 * grain)
    around = blurred(lab, 0.5 * largest_px, weight * (1 - whole))
    return lab + blurred(whole, grain)[..., None] * (around - blurred(lab, grain))
