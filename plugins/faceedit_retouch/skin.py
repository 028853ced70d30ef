"""The skin: its tone, its smoothness, its spots."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import distance, to_oklab
from faceedit.matte import blurred, bounds, grown, guided_filter, smoothstep
from faceedit_retouch.spots import found

Float = NDArray[np.float32]

# Differences of lightness within smoothed skin that count as contour, not as blotch.
CONTOUR = 0.04
# Shares of the finest texture that full smoothing takes away, and of the unevenness that it leaves: skin is no plastic.
PORES_LOST, UNEVEN = 0.2, 0.3


@faceedit.effect(on="skin | nose | ears | neck")
def skin_tone(
    region: faceedit.Region,
    *,
    warmth: Annotated[float, Field(ge=-1, le=1, description="-1 is cool, 1 is golden")] = 0.0,
    lightness: Annotated[float, Field(ge=-1, le=1, description="-1 is much darker, 1 is much lighter")] = 0.0,
    evenness: Annotated[float, Field(ge=0, le=1, description="how far blotches of colour are evened out")] = 0.0,
) -> Float | faceedit.Result:
    """Make the skin warmer or cooler, lighter or darker, and its colour more even.

    Face, ears and neck move by the same step, so that no seam shows between them.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    even = blurred(lab, 0.02 * region.width_px, weight)
    wide = blurred(even, 0.15 * region.width_px, weight)
    toned = lab + np.array([0.35, 0.8, 0.8], np.float32) * np.float32(evenness) * (wide - even)
    # All of OKLab times one factor is more or less light on the same skin; it ends before white.
    light = toned[..., :1]
    toned = toned * (1 + 0.3 * lightness * np.clip(1.6 * (1 - light), 0, 1))
    toned = toned + light * np.array([0, 0.008, 0.045], np.float32) * np.float32(warmth)
    skin = 1 - smoothstep(distance(lab, wide), 0.15, 0.35)  # what the mask takes in of a wall or a collar stays
    return region.repainted(area, lab + skin[..., None] * (toned - lab))


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
    spots = found(lab, weight, size * region.width_px, moles=moles)
    if not spots.any():
        return region.untouched("spots")
    grain = max(0.07 * size * region.width_px, 0.6)
    whole = grown(spots, 2 * grain)
    around = blurred(lab, 0.5 * size * region.width_px, weight * (1 - whole))
    cover = np.float32(amount) * blurred(whole, grain)
    return region.repainted(area, lab + cover[..., None] * (around - blurred(lab, grain)))
