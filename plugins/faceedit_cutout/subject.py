"""One face's parts taken out of the photo: how opaque each pixel is, and its colour without the old background."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.labels import homes, parse_parts
from faceedit.matte import alpha, blurred, bounds, foreground, smoothstep

Float = NDArray[np.float32]

# Half the width of the zone along the edge in which hairs are looked for, as a share of the face's width.
BAND = 0.06
# The share of a region over which a subject fades that goes on beyond it.
FADE = 0.2

Missing = Annotated[
    Literal["error", "skip"], Field(description="what happens where the parts are seen on no chosen face")
]


@dataclass(frozen=True)
class Subject:
    """A subject and its place in the photo: `pixels` (h, w, 3) and `opacity` (h, w), float32 0..1."""

    pixels: Float
    opacity: Float
    box: faceedit.Box


def single(region: faceedit.Region) -> Iterator[faceedit.Region]:
    """The regions of each face alone, of a region of the whole photo."""
    for face in region.faces:
        window = face.window
        yield replace(
            region, pixels=region.pixels[window.slices], window=window, faces=(face,), box=face.box, _masks={}
        )


def taken_out(region: faceedit.Region, expression: str, *, fades: bool = True) -> Subject | None:
    """The parts of one face's region; None where nothing of them is seen.

    Where they go on beyond what the model saw, they fade towards its end.
    """
    mask = region.mask(expression, grow=region.grow, feather=region.feather)
    if not (mask > 0.5).any():
        return None
    band = BAND * region.width_px
    area = bounds(mask, round(2 * band))
    pixels = region.pixels[area]
    hairy = smoothstep(blurred(region.mask("hair")[area], band), 0.03, 0.15)
    opacity = alpha(pixels, mask[area], band, hairy)
    colors = foreground(pixels, opacity)
    if fades:
        opacity = opacity * _fading(region, _open_sides(region, expression))[area]
    top, left = area[0].start + region.window.top, area[1].start + region.window.left
    box = faceedit.Box(left, top, left + pixels.shape[1], top + pixels.shape[0])
    return Subject(colors, opacity, box)


def _fading(region: faceedit.Region, sides: list[str]) -> Float:
    """1, falling to 0 towards the sides of what the model saw beyond which the subject goes on unseen."""
    rows, columns = np.ogrid[: region.shape[0], : region.shape[1]]
    x, y = columns + region.window.left + 0.5, rows + region.window.top + 0.5
    across, down = (a * x + b * y + c for a, b, c in region.faces[0].map.crop.inverse())
    ramps = {"top": down, "right": 1 - across, "bottom": 1 - down, "left": across}
    weight = np.ones(region.shape, np.float32)
    for side in sides:
        weight *= smoothstep((ramps[side] / FADE).astype(np.float32), 0, 1)
    return weight


def joined(subjects: list[Subject], height: int, width: int) -> tuple[Float, Float]:
    """All subjects on one canvas as large as the photo, the first in front: colours (h, w, 3) and opacity (h, w)."""
    pixels, opacity = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    for one in reversed(subjects):
        view, below = pixels[one.box.slices], opacity[one.box.slices]
        total = one.opacity + below * (1 - one.opacity)
        share = np.where(total > 0, one.opacity / np.maximum(total, np.float32(1e-6)), 0)[..., None]
        view += share * (one.pixels - view)
        below[:] = total
    return pixels, opacity


def missing(region: faceedit.Region, expression: str, policy: str) -> faceedit.Result:
    """What an effect gives where nothing of the parts is seen on any face.

    Raises:
        EffectError: the policy is "error".
    """
    if policy == "error":
        raise faceedit.EffectError(f'no "{expression}" is seen on any chosen face', 'write "missing: skip" to go on')
    return region.untouched(expression)


def cut_off(region: faceedit.Region, expression: str) -> list[faceedit.Finding]:
    """A finding for one face's region if the parts go on beyond what the model saw, inside the photo."""
    sides = _open_sides(region, expression)
    if not sides:
        return []
    return [faceedit.Finding("cut_off", region.faces[0].index, box=region.window, details={"sides": sides})]


def _open_sides(region: faceedit.Region, expression: str) -> list[str]:
    """The sides of what the model saw of a face, within the photo, that the parts reach."""
    face = region.faces[0]
    plane = face.map.on_crop(homes(parse_parts(expression)))
    margin = max(1, round(0.02 * len(plane)))
    rims = {"top": plane[:margin], "right": plane[:, -margin:], "bottom": plane[-margin:], "left": plane[:, :margin]}
    within = replace(face.map, photo_shape=face.photo_shape).ends_within()
    return [side for (side, rim), inside in zip(rims.items(), within, strict=True) if inside and (rim > 0.5).any()]
