"""A colour effect: skin warmer or cooler, at the same lightness."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import to_oklab, to_srgb


@faceedit.effect(on="skin | nose | neck | ears", feather=0.02)
def warmth(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=-1, le=1, description="below 0 cooler, above 0 warmer")] = 0.4,
) -> NDArray[np.float32]:
    """Make skin warmer or cooler, as light as before."""
    lab = to_oklab(region.pixels)
    lab[..., 1:] += np.array([0.006, 0.025], np.float32) * np.float32(amount)
    return np.clip(to_srgb(lab), 0, 1)


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [warmth]
