"""Cut-outs with soft edges and clean colours."""

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.matte import alpha, blurred, bounds, foreground, smoothstep

# Half the width of the zone along the edge in which hairs are looked for, as a share of the face's width.
BAND = 0.06


@faceedit.effect(on="{parts}")
def cutout(
    region: faceedit.Region,
    *,
    parts: Annotated[  # noqa: ARG001 - the host reads it, in `on`
        str, Field(description="what is cut out: head, hair, face, person or any part expression, such as hair | hat")
    ] = "head",
    canvas: Annotated[
        Literal["trim", "full"], Field(description="trim ends at the cut-out, full is as large as the photo")
    ] = "trim",
) -> faceedit.Result:
    """Cut each face's head, hair or other parts out, as a transparent picture of its own; the photo stays as it is.

    Hairs are kept with soft edges, the old background is taken out of their colour, and fully transparent pixels are
    black. What the model does not see, such as a body far below the face, is not there: the cut-out then ends in a
    straight line and a finding `cut_off` says so.
    """
    face, mask = region.faces[0], region.selected
    area = bounds(mask, round(2 * BAND * region.width_px))
    if not mask.any():
        return faceedit.Result(findings=[faceedit.Finding("nothing_to_do", face.index, details={"missing": region.on})])
    band = BAND * region.width_px
    hairy = smoothstep(blurred(region.mask("hair")[area], band), 0.03, 0.15)
    opacity = alpha(region.pixels[area], mask[area], band, hairy)
    picture = _rgba(foreground(region.pixels[area], opacity), opacity)
    left, top = area[1].start + region.window.left, area[0].start + region.window.top
    extra = _on_canvas(picture, left, top, face.photo_shape) if canvas == "full" else _trimmed(picture)
    return faceedit.Result(extras={"cutout": extra}, findings=_cut_off(region, mask))


def _rgba(pixels: NDArray[np.float32], opacity: NDArray[np.float32]) -> NDArray[np.uint8]:
    picture = np.rint(np.dstack([pixels, opacity]) * 255).astype(np.uint8)
    picture[picture[..., 3] == 0] = 0
    return picture


def _trimmed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    area = bounds(picture[..., 3])
    return picture[area] if picture[area].size else np.zeros((1, 1, 4), np.uint8)


def _on_canvas(picture: NDArray[np.uint8], left: int, top: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    canvas = np.zeros((*shape, 4), np.uint8)
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas


def _cut_off(region: faceedit.Region, mask: NDArray[np.float32]) -> list[faceedit.Finding]:
    """A finding if the subject reaches the end of what the model saw, inside the photo."""
    window, (height, width) = region.window, region.faces[0].photo_shape
    rims = {
        "left": mask[:, :1] if window.left > 0 else None,
        "top": mask[:1] if window.top > 0 else None,
        "right": mask[:, -1:] if window.right < width else None,
        "bottom": mask[-1:] if window.bottom < height else None,
    }
    sides = [side for side, rim in rims.items() if rim is not None and (rim > 0.5).any()]
    if not sides:
        return []
    return [faceedit.Finding("cut_off", region.faces[0].index, box=window, details={"sides": sides})]


@faceedit.hookimpl
def faceedit_effects() -> list[object]:
    """The effects of this plugin."""
    return [cutout]
