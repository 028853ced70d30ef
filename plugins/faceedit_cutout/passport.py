"""Passport photos: head size and position by standard, or a refusal that says why."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

import faceedit
from faceedit.color import Color, parse
from faceedit.extras import Picture
from faceedit_cutout.subject import Float, single, taken_out

MM_PER_INCH = 25.4


@dataclass(frozen=True)
class Standard:
    """Millimetres: the picture, chin to crown, and the eyes above the lower edge. Parts and findings that it forbids.

    Sources: ICAO Doc 9303-3 and ISO/IEC 19794-5 (head 70 to 80 % of 45 mm, 32 to 36 mm); US Department of State,
    "Photo Composition Template" (head 25 to 35 mm, eyes 28 to 35 mm above the edge, no glasses).
    """

    width: float
    height: float
    head: float
    eyes: float
    forbidden: tuple[str, ...]


STANDARDS = {
    "icao": Standard(35, 45, 34, 25, ("sunglasses", "hat")),
    "us": Standard(50.8, 50.8, 30, 31.5, ("glasses", "sunglasses", "hat")),
}
# Degrees of tilt, and how far the nose may be off the middle between the eyes, as a share of their distance.
TILT, TURN = 5.0, 0.22
# A photo is enlarged by no more than this.
LARGER = 1.25


@faceedit.effect(on="person", scope="photo")  # so that the body is followed
def passport(
    region: faceedit.Region,
    *,
    standard: Annotated[Literal["icao", "us"], Field(description="icao is 35 x 45 mm, us is 2 x 2 inches")] = "icao",
    dpi: Annotated[int, Field(ge=150, le=1200, description="pixels an inch, written into the file")] = 300,
    background: Annotated[
        Literal["keep"] | Color, Field(description='keep, or a color such as "#ffffff" behind the person')
    ] = "keep",
    format: Annotated[Literal["png", "tiff"], Field(description="the file format")] = "png",
) -> faceedit.Result:
    """Make a passport photo of the one face: head size and place by standard, resolution in the file.

    A face that is tilted, turned, cut, too small or covered (sunglasses, a hat; for "us" any glasses) is refused, and
    so is a photo in which several faces are chosen. Light, expression and sharpness are for the office to judge.
    """
    if len(region.faces) != 1:
        raise faceedit.EffectError(
            f"a passport photo shows one face, and here are {len(region.faces)}", "choose one, such as faces: largest"
        )
    rules = STANDARDS[standard]
    _refuse_covered(region, rules)
    scale, left, top = _frame(region, rules, dpi)
    size = round(rules.width / MM_PER_INCH * dpi), round(rules.height / MM_PER_INCH * dpi)
    box = (left, top, left + size[0] / scale, top + size[1] / scale)
    height, width = region.shape
    if box[0] < 0 or box[1] < 0 or box[2] > width or box[3] > height:
        sides = zip(
            ("left", "top", "right", "bottom"), (-box[0], -box[1], box[2] - width, box[3] - height), strict=True
        )
        missing = ", ".join(f"{side} {math.ceil(by)} px" for side, by in sides if by > 0)
        raise faceedit.EffectError(
            f"the photo ends too close to the head ({missing} missing)", "take it from farther away"
        )
    pixels = region.pixels if background == "keep" else _on_color(region, parse(background))
    return faceedit.Result(extras={"passport": Picture(_scaled(pixels, box, size), format, dpi)})


def _refuse_covered(region: faceedit.Region, rules: Standard) -> None:
    """Raises EffectError where something that the standard forbids is worn."""
    index = region.faces[0].index
    for finding in region.findings:
        if finding.face == index and finding.kind in rules.forbidden and not finding.details.get("unknown"):
            raise faceedit.EffectError(f"the face is covered: {finding.kind}", "take it off for a passport photo")


def _frame(region: faceedit.Region, rules: Standard, dpi: int) -> tuple[float, float, float]:
    """Pixels of the picture a pixel of the photo, and the frame's left and top in the photo.

    Raises:
        EffectError: the face is tilted, turned, hidden, cut or too small.
    """
    centers = [region.center(part) for part in ("l_eye", "r_eye", "nose")]
    if None in centers:
        raise faceedit.EffectError("an eye or the nose is not seen", "the face must look into the camera, uncovered")
    left, right, nose = (np.array(point) for point in centers)
    across = left - right
    tilt = math.degrees(math.atan2(across[1], across[0]))
    if abs(tilt) > TILT:
        raise faceedit.EffectError(f"the head is tilted by {abs(tilt):.0f} degrees", f"at most {TILT:.0f} are allowed")
    middle = (left + right) / 2
    if abs((nose - middle) @ across) / (across @ across) > TURN:
        raise faceedit.EffectError("the head is turned to the side", "the face must look into the camera")
    chin, crown = _chin_and_crown(region, float(middle[1]))
    scale = rules.head / MM_PER_INCH * dpi / (chin - crown)
    if scale > LARGER:
        needed = rules.head / MM_PER_INCH * dpi / LARGER
        raise faceedit.EffectError(
            f"the head is only {chin - crown:.0f} px high",
            f"{dpi} dpi need {needed:.0f}; use a larger photo or less dpi",
        )
    eyes = (rules.height - rules.eyes) / MM_PER_INCH * dpi / scale  # from the upper edge
    return scale, float(middle[0]) - rules.width / 2 / MM_PER_INCH * dpi / scale, float(middle[1]) - eyes


def _chin_and_crown(region: faceedit.Region, eyes: float) -> tuple[float, float]:
    """Where the chin ends and the crown begins, rows of the photo.

    The crown is that of the skull: high hair is not counted, as the eyes are half way between chin and crown.
    """
    (one,) = single(region)
    rows = np.flatnonzero((one.mask("face") > 0.5).any(1)) + one.window.top
    top = np.flatnonzero((one.mask("face | hair") > 0.5).any(1)) + one.window.top
    if not len(rows) or not len(top) or rows[-1] <= eyes:
        raise faceedit.EffectError("the face is not seen whole", "use another photo")
    if rows[-1] >= region.shape[0] - 1 or top[0] <= 0:
        raise faceedit.EffectError("the photo cuts the head off", "chin and hair must be in the photo")
    chin = float(rows[-1] + 1)
    return chin, max(float(top[0]), eyes - 1.1 * (chin - eyes))


def _on_color(region: faceedit.Region, color: Float) -> Float:
    """The photo with one colour behind the person."""
    (one,) = single(region)
    person = taken_out(one, "person", fades=False)
    result = np.broadcast_to(color, region.pixels.shape).astype(np.float32)
    if person:
        view = result[person.box.slices]
        view += person.opacity[..., None] * (person.pixels - view)
    return result


def _scaled(pixels: Float, box: tuple[float, float, float, float], size: tuple[int, int]) -> NDArray[np.uint8]:
    picture = Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS, box=box))
