"""Makeup on the skin: blush, contour, foundation."""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

import faceedit
from faceedit.color import Color, to_oklab
from faceedit.geometry import Eye, Frame, oval
from faceedit.matte import blurred, bounds, mean_inside, smoothstep
from faceedit_makeup.powder import powdered

Float = NDArray[np.float32]

# Differences of lightness within the skin beyond which they are the face's shape, not its unevenness.
SHAPE = 0.05
# Unevenness is wider than pores (deviation of the blur, share of the face's width) and narrower than a cheek.
PORES, CHEEK = 0.012, 0.12
# Shadows on skin are warm, since part of their light has passed through it: what a and b gain, as shares of the
# lightness, for each share of it lost. So it is on skin whose own colour is this warm, and less in a paler photo.
WARM, COLORFUL = (0.14, 0.1), 0.06


@faceedit.effect(on="skin")
def blush(
    region: faceedit.Region,
    *,
    color: Annotated[Color, Field(description="of the blush")] = "#d2606c",
    amount: Annotated[float, Field(ge=0, le=1, description="0 is bare, 1 is stage makeup")] = 0.35,
    size: Annotated[float, Field(gt=0, le=0.5, description="of each cheek's blush, share of the face's width")] = 0.14,
) -> Float | faceedit.Result:
    """Warm the cheeks: a soft oval from each cheek towards the temple, on the skin only.

    A cheek that is turned away, and a face without a visible mouth or eye, get none.
    """
    frame = region.frame
    if frame is None:
        return region.untouched("eyes and mouth")
    weight = np.zeros(region.shape, np.float32)
    sigma = size * region.width_px
    for eye in frame.eyes:
        cheek = _from(eye, frame, 0.12, 0.52)
        temple = frame.across - eye.side * 0.5 * frame.down
        weight = np.maximum(weight, oval(region.shape, cheek, temple, 1.25 * sigma * eye.seen, 0.8 * sigma))
    return powdered(region, color, 0.6 * amount * weight)


@faceedit.effect(on="skin | nose")
def contour(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="how dark the shadows are; 1 is stage makeup")] = 0.35,
    highlight: Annotated[float, Field(ge=0, le=1, description="how much the raised places shine")] = 0.25,
    nose: Annotated[float, Field(ge=0, le=1, description="how much of it the sides of the nose get")] = 0.4,
) -> Float | faceedit.Result:
    """Sculpt the face: soft shadow under the cheekbones, along jaw and temples, light on what stands out.

    The shadow is a darker and slightly warmer tone of the person's own skin. A cheek that is turned away gets none.
    """
    frame = region.frame
    area = bounds(region.selected)
    if frame is None or not region.selected[area].size:
        return region.untouched("eyes and mouth" if frame is None else "")
    shadow, light = _sculpted(region, frame, nose)
    lab, dark = to_oklab(region.pixels[area]), np.float32(0.3 * amount) * shadow[area]
    lab *= (1 - dark)[..., None]  # all of OKLab times one factor is less light
    lab[..., 1:] += (dark * lab[..., 0])[..., None] * _warmth(mean_inside(lab, region.selected[area]))
    lifted = np.float32(0.35 * highlight) * light[area] * lab[..., 0] * np.clip(1.4 * (0.97 - lab[..., 0]), 0, 1)
    lab[..., 0] += lifted
    return region.repainted(area, lab)


@faceedit.effect(on="skin | nose")
def foundation(
    region: faceedit.Region,
    *,
    amount: Annotated[float, Field(ge=0, le=1, description="coverage: 0 is bare, 1 is full")] = 0.5,
    matte: Annotated[float, Field(ge=0, le=1, description="how much of the skin's shine is powdered away")] = 0.3,
) -> Float | faceedit.Result:
    """Even out the complexion in the person's own tone: redness, blotches and rings under the eyes; less shine.

    Pores and the face's own light and shadow stay. It neither lightens nor darkens the skin as a whole.
    """
    area = bounds(region.selected)
    lab, weight = to_oklab(region.pixels[area]), region.selected[area]
    if not weight.size:
        return region.untouched()
    even = blurred(lab, PORES * region.width_px, weight)
    wide = blurred(even, CHEEK * region.width_px, weight)
    step = wide - even
    # What is far darker than its surroundings is a nostril, a lash or a beard, not unevenness.
    skin = 1 - smoothstep(np.abs(step[..., 0]), SHAPE, 3 * SHAPE)
    shine = smoothstep(-step[..., 0], 0.5 * SHAPE, 2 * SHAPE) * smoothstep(lab[..., 0], 0.55, 0.85)
    lab[..., 0] += np.float32(amount) * skin * (0.7 * SHAPE * np.tanh(step[..., 0] / SHAPE))
    lab[..., 1:] += (np.float32(0.85 * amount) * np.maximum(skin, shine))[..., None] * step[..., 1:]
    lab[..., 0] += np.float32(0.6 * matte) * shine * step[..., 0]
    return region.repainted(area, lab)


def _from(eye: Eye, frame: Frame, outwards: float, down: float) -> NDArray[np.float64]:
    """A place beside and below an eye: outwards as a share of the eyes' distance, down as one of that to the mouth."""
    return eye.middle + eye.side * outwards * frame.span * eye.seen * frame.across + down * frame.height * frame.down


def _warmth(skin: Float) -> Float:
    """What a and b gain, as shares of the lightness, for each share of it lost in a shadow on skin of this colour."""
    warm = np.array(WARM, np.float32)
    own = float(skin[1:] @ warm) / max(float(np.hypot(*warm) * skin[0]), 0.01)
    return warm * np.float32(np.clip(own / COLORFUL, 0, 1))


def _sculpted(region: faceedit.Region, frame: Frame, nose: float) -> tuple[Float, Float]:
    """Where shadow and where light is laid, (h, w) each, 0..1."""
    shape, span = region.shape, frame.span
    shadow, light = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for eye in frame.eyes:
        slope = frame.across - eye.side * 0.55 * frame.down
        wide = span * eye.seen
        hollow = oval(shape, _from(eye, frame, 0.3, 0.78), slope, 0.26 * wide, 0.085 * span)
        temple = oval(shape, _from(eye, frame, 0.42, -0.4), frame.down, 0.26 * span, 0.12 * wide)
        jaw = oval(
            shape, _from(eye, frame, 0.2, 1.42), frame.across - eye.side * 0.7 * frame.down, 0.3 * wide, 0.09 * span
        )
        for weight in (hollow, 0.7 * temple, 0.9 * jaw):
            shadow = np.maximum(shadow, weight)
        bone = oval(shape, _from(eye, frame, 0.14, 0.36), slope, 0.17 * wide, 0.06 * span)
        light = np.maximum(light, bone)
    if (tip := region.center("nose")) is not None:
        bridge = np.array(tip) - 0.22 * span * frame.down
        for eye in frame.eyes:
            side = bridge + eye.side * 0.14 * span * eye.seen * frame.across
            shadow = np.maximum(shadow, 0.7 * nose * oval(shape, side, frame.down, 0.2 * span, 0.05 * span * eye.seen))
        light = np.maximum(light, 0.8 * oval(shape, bridge, frame.down, 0.2 * span, 0.035 * span))
    return shadow, light * (1 - shadow)
