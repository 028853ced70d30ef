"""Small things that a look hangs on: teeth and eyes."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import to_oklab
from faceedit.matte import bounds, smoothstep

Float = NDArray[np.float32]


@faceedit.effect(on="teeth")
def teeth(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="0 leaves the teeth, 1 is a toothpaste advert")] = 0.4,
) -> Float | faceedit.Result:
    """Whiten teeth: less yellow, a little lighter. Lips, gums and tongue stay; a closed mouth is left alone."""
    area = bounds(region.selected)
    lab = to_oklab(region.pixels[area])
    if not lab.size:
        return region.untouched()
    lab[..., 0] += np.float32(0.35 * amount) * lab[..., 0] * (1 - lab[..., 0])
    lab[..., 1:] *= np.float32(1 - 0.7 * amount)
    return region.repainted(area, lab)


@faceedit.effect(on="eyes")
def eyes(
    region: faceedit.Region,
    *,
    whites: Annotated[float, Field(ge=0, le=1, description="how much clearer the whites become")] = 0.3,
    iris: Annotated[float, Field(ge=0, le=1, description="how much lighter and more colourful the iris becomes")] = 0.3,
    red: Annotated[float, Field(ge=0, le=1, description="how much of a flash's red is taken out of the pupil")] = 0.0,
) -> Float | faceedit.Result:
    """Brighten the eyes: clearer whites, a livelier iris, and no red from the flash. Lashes and highlights stay.

    Closed eyes, and those too small or too dark to tell the iris, keep their colours.
    """
    area = bounds(region.selected)
    lab = to_oklab(region.pixels[area])
    if not lab.size:
        return region.untouched()
    white, ring = (region.mask(piece)[area] for piece in ("sclera", "iris"))
    redness = np.asarray(lab[..., 1] - 0.5 * np.abs(lab[..., 2]), np.float32)
    flash = np.float32(red) * smoothstep(redness, 0.05, 0.1)
    if not (white.any() or ring.any() or flash.any()):
        return region.untouched("iris | sclera")
    light = lab[..., 0]
    lab[..., 0] += light * (1 - light) * (0.25 * whites * white + 0.35 * iris * ring)
    lab[..., 1:] *= (1 - 0.6 * whites * white + 0.35 * iris * ring)[..., None]
    lab[..., 1:] *= (1 - flash)[..., None]
    lab[..., 0] *= 1 - 0.6 * flash
    return region.repainted(area, lab)
