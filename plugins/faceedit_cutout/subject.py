"""One face's parts taken out of the photo: how opaque each pixel is, and its colour without the old background."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

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
# A body that is seen to end within so many heights of the face below it has been lost: nobody is that short.
BODY = 3.0

Missing = Annotated[
    Literal["error", "skip"], Field(description="what happens where the parts are seen on no chosen face")
]


@dataclass(frozen=True)
class Subject:
    """A subject and its place in the photo: `pixels` (h, w, 3) and `opacity` (h, w), float32 0..1.

    `width_px` is the width of its face; `cut_off` names the sides, within the photo, at which it goes on beyond what
    the model saw or knew.
    """

    pixels: Float
    opacity: Float
    box: faceedit.Box
    width_px: int
    cut_off: tuple[str, ...] = ()

    def findings(self, region: faceedit.Region) -> list[faceedit.Finding]:
        """What is to be said about the subject of one face's region."""
        if not self.cut_off:
            return []
        sides = {"sides": [*self.cut_off]}
        return [faceedit.Finding("cut_off", region.faces[0].index, box=region.window, details=sides)]


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
    top, left = area[0].start + region.window.top, area[1].start + region.window.left
    box = faceedit.Box(left, top, left + pixels.shape[1], top + pixels.shape[0])
    likely = region.faces[0].map.mask(frozenset(["hair"]), box)  # as the model gives it: it is blurred anyway
    hairy = smoothstep(blurred(smoothstep(likely, 0.35, 0.65), band), 0.03, 0.15)
    opacity = alpha(pixels, mask[area], band, hairy)
    colors = foreground(pixels, opacity)
    sides = _open_sides(region.faces[0], expression)
    if fades:
        for ramp in _ramps(region.faces[0], sides, box):
            opacity = opacity * ramp
    if "bottom" not in sides and _loses_body(region, expression, mask):
        sides = (*sides, "bottom")
    return Subject(colors, opacity, box, region.width_px, sides)


def _ramps(face: faceedit.Face, sides: tuple[str, ...], box: faceedit.Box) -> Iterator[Float]:
    """1, falling to 0 towards each side of what the model saw beyond which the subject goes on unseen."""
    rows, columns = np.ogrid[box.top : box.bottom, box.left : box.right]
    x, y = (columns + 0.5).astype(np.float32), (rows + 0.5).astype(np.float32)
    from_left, from_top = face.map.crop.inverse().astype(np.float32)
    for side in sides:
        a, b, c = from_left if side in ("left", "right") else from_top
        along = a * x + (b * y + c)
        yield smoothstep((1 - along if side in ("right", "bottom") else along) / np.float32(FADE), 0, 1)


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


def _loses_body(region: faceedit.Region, expression: str, mask: Float) -> bool:
    """Whether what is to be a whole person ends above the photo's border where bodies do not end."""
    face = region.faces[0]
    lowest = region.window.top + int(np.flatnonzero((mask > 0.5).any(1))[-1]) + 1
    ends = min(face.box.bottom + BODY * face.box.height, 0.98 * face.photo_shape[0])
    return "cloth" in homes(parse_parts(expression)) and lowest < ends


def _open_sides(face: faceedit.Face, expression: str) -> tuple[str, ...]:
    """The sides of what the model saw of a face, within the photo, that the parts reach."""
    plane = face.map.on_crop(homes(parse_parts(expression)))
    # Beyond the photo lies a mirror image.
    reached = (plane > 0.5) & face.map.crop.cells_within(len(plane), len(plane), face.photo_shape)
    margin = max(1, round(0.02 * len(plane)))
    sides: dict[str, Any] = {
        "top": np.s_[:margin],
        "right": np.s_[:, -margin:],
        "bottom": np.s_[-margin:],
        "left": np.s_[:, :margin],
    }
    within = replace(face.map, photo_shape=face.photo_shape).ends_within()
    return tuple(
        side for (side, rim), inside in zip(sides.items(), within, strict=True) if inside and reached[rim].any()
    )
