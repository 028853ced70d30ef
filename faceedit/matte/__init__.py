"""Soft edges: masks that follow the photo's own edges, and colours without the old background.

Works on one crop at a time, arrays in, arrays out; lengths are in pixels. Sums over wide windows are taken on
reduced grids, so a wide blur costs no more than a narrow one. `filters` smooth, `opacity` unmixes.
"""

from faceedit.grids import resized
from faceedit.matte.filters import (
    Channels,
    Plane,
    blurred,
    bounds,
    feathered,
    grown,
    guided_filter,
    luma,
    mean_inside,
    picked,
    readings,
    records,
    smoothstep,
    soft,
)
from faceedit.matte.opacity import alpha, foreground

__all__ = [
    "Channels",
    "Plane",
    "alpha",
    "blurred",
    "bounds",
    "feathered",
    "foreground",
    "grown",
    "guided_filter",
    "luma",
    "mean_inside",
    "picked",
    "readings",
    "records",
    "resized",
    "smoothstep",
    "soft",
]
