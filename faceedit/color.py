"""Colour for effects: sRGB, linear light, OKLab, and colours as recipes write them.

All arrays are float32 with the three channels last; sRGB and linear light run 0..1. OKLab is the space to move
colours in: L is perceived lightness 0..1, a is green to red, b is blue to yellow, and distances mean what the eye sees.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, WithJsonSchema

Float = NDArray[np.float32]

# Linear sRGB to cone responses, and their cube roots to OKLab.
# Source: Björn Ottosson, "A perceptual color space for image processing", bottosson.github.io/posts/oklab.
_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_TO_LMS = _RGB_TO_LMS.T.astype(np.float32)
_TO_LAB = _LMS_TO_LAB.T.astype(np.float32)
_FROM_LAB = np.linalg.inv(_LMS_TO_LAB).T.astype(np.float32)
_FROM_LMS = np.linalg.inv(_RGB_TO_LMS).T.astype(np.float32)

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")
# Colours worked on at a time.
_RUN = 16384
# Halvings of the chroma when a colour lies outside sRGB: 6 leave less than 2 % of it undecided.
_GAMUT_STEPS = 6


def to_linear(srgb: Float) -> Float:
    """sRGB 0..1 as linear light 0..1. Source: IEC 61966-2-1."""
    return _in_runs(_lit, srgb)


def from_linear(linear: Float) -> Float:
    """Linear light as sRGB; values outside 0..1 are clipped. Source: IEC 61966-2-1."""
    return _in_runs(_encoded, linear)


def mixed(below: Float, above: Float, share: Float) -> Float:
    """`above` laid over `below`, sRGB (..., 3) each, through a `share` (...) 0..1: the light of both is added up.

    So does a lens where a pixel shows two surfaces. In sRGB's own numbers edges would come out too dark.
    """
    light = to_linear(below)
    step = to_linear(above)
    step -= light
    for channel in range(3):  # many times faster than all at once through `share[..., None]`
        light[..., channel] += share * step[..., channel]
    return from_linear(light)


def to_oklab(srgb: Float) -> Float:
    """sRGB (..., 3) 0..1 as OKLab (..., 3): lightness 0..1, then a and b, about -0.4..0.4."""
    return _in_runs(_seen, srgb)


def from_oklab(lab: Float) -> Float:
    """OKLab (..., 3) as sRGB (..., 3) 0..1, clipped channel by channel; see `fit_gamut` for colours beyond sRGB."""
    return _in_runs(lambda colors: _encoded(_linear(colors)), lab)


def to_srgb(lab: Float) -> Float:
    """OKLab (..., 3) as sRGB (..., 3) 0..1; a colour beyond sRGB loses chroma, never hue: see `fit_gamut`."""
    return _in_runs(_shown, lab)


def fit_gamut(lab: Float) -> Float:
    """The same lightness and hue with just enough chroma taken away that sRGB can show it.

    Clipping channels instead would turn the hue: a strong red on bright hair becomes orange.
    """
    fitted = np.array(lab, np.float32)
    fitted[..., 0] = np.clip(fitted[..., 0], 0, 1)
    outside = _beyond(_linear(fitted))
    if outside.any():
        fitted[outside] = _drawn_in(fitted[outside])
    return fitted


def distance(one: Float, other: Float) -> Float:
    """How different two OKLab colours look, (...): the Euclidean distance; 0.02 is just visible side by side."""
    return np.sqrt(np.sum((one - other) ** 2, axis=-1))


def parse(color: str) -> Float:
    """A colour written "#rrggbb" or "#rgb" as sRGB (3,) float32 0..1.

    Raises:
        ValueError: it is written in another way; the message says what was expected.
    """
    digits = checked(color)[1:]
    return np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / np.float32(255)


def checked(color: Any) -> str:
    """The colour as "#rrggbb" in small letters.

    Raises:
        ValueError: it is written in another way; the message says what was expected.
    """
    if color is None:
        raise ValueError('a color is missing: put it in quotes, "#a3123b", since a bare # begins a comment')
    if not isinstance(color, str) or not _HEX.fullmatch(color):
        raise ValueError(f'{color!r} is no color: write it as "#rrggbb", with quotes, such as "#a3123b"')
    digits = color[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


# The type of an effect's option that is a colour; the effect turns the text into numbers with `parse`.
Color = Annotated[
    str,
    BeforeValidator(checked),
    WithJsonSchema({"type": "string", "format": "color", "pattern": "^#([0-9a-fA-F]{3}){1,2}$"}),
]


def _in_runs(work: Callable[[Float], Float], values: Float) -> Float:
    """`work` on some values at a time, few enough to stay in the processor's cache, which is several times faster."""
    colors = values.shape[-1:] == (3,)
    flat = values.reshape((-1, 3) if colors else -1)
    result = np.empty(flat.shape, np.float32)
    for start in range(0, len(flat), _RUN):
        result[start : start + _RUN] = work(np.ascontiguousarray(flat[start : start + _RUN], np.float32))
    return result.reshape(values.shape)


def _lit(srgb: Float) -> Float:
    bent = _bent(np.maximum(srgb, _FOOT))
    bent -= _BENT_FOOT  # to a sum of both parts of the curve: choosing one at each value is slow where they alternate
    bent += np.minimum(srgb, _FOOT) * np.float32(1 / 12.92)
    return bent


def _bent(srgb: Float) -> Float:
    """The curve above its straight foot, in place."""
    srgb *= np.float32(1 / 1.055)
    srgb += np.float32(0.055 / 1.055)
    return np.power(srgb, np.float32(2.4), out=srgb)


# Where sRGB's curve ceases to be straight, and how much light that is.
_FOOT = np.float32(0.04045)
_BENT_FOOT = _bent(np.full(1, _FOOT))


def _encoded(linear: Float) -> Float:
    light = np.clip(linear, 0, 1)
    # Powers of zero are several times slower than others; the curve's straight foot is far longer than this.
    bent = np.maximum(light, np.float32(1e-6))
    np.power(bent, np.float32(1 / 2.4), out=bent)
    bent *= np.float32(1.055)
    bent -= np.float32(0.055)
    np.copyto(bent, light * np.float32(12.92), where=light <= np.float32(0.0031308))
    return bent


def _seen(srgb: Float) -> Float:
    return _times(np.cbrt(_times(_lit(srgb), _TO_LMS)), _TO_LAB)


def _shown(lab: Float) -> Float:
    fitted = lab.copy()
    np.clip(fitted[:, 0], 0, 1, out=fitted[:, 0])
    linear = _linear(fitted)
    outside = _beyond(linear)
    if outside.any():
        linear[outside] = _linear(_drawn_in(fitted[outside]))
    return _encoded(linear)


def _linear(lab: Float) -> Float:
    roots = _times(lab, _FROM_LAB)
    return _times(roots * roots * roots, _FROM_LMS)


def _times(colors: Float, matrix: Float) -> Float:
    """`colors @ matrix`, in runs of 512 colours: one product over a million rows of three is 60 times slower."""
    flat = np.ascontiguousarray(colors).reshape(-1, 3)
    whole = len(flat) // 512 * 512
    product = np.empty_like(flat)
    np.matmul(flat[:whole].reshape(-1, 512, 3), matrix, out=product[:whole].reshape(-1, 512, 3))
    product[whole:] = flat[whole:] @ matrix
    return product.reshape(colors.shape)


def _drawn_in(colors: Float) -> Float:
    """OKLab colours (n, 3) beyond sRGB with the largest share of their chroma that it can show."""
    light = colors[:, 0]
    roots = _times(colors, _FROM_LAB) - light[:, None]  # a grey's roots are its lightness, so chroma is what is left
    # The light of a share of it is a cubic of that share, channel by channel.
    once, twice, thrice = (_times(power, _FROM_LMS).T.copy() for power in (roots, roots**2, roots * roots * roots))
    once *= 3 * light * light
    twice *= 3 * light
    grey = light * light * light
    low, high = np.zeros(len(colors), np.float32), np.ones(len(colors), np.float32)
    for _ in range(_GAMUT_STEPS):
        middle: Float = (low + high) * np.float32(0.5)
        fails = _beyond((((thrice * middle + twice) * middle + once) * middle + grey).T)
        low, high = np.where(fails, low, middle), np.where(fails, middle, high)
    return np.concatenate([light[:, None], colors[:, 1:] * low[:, None]], axis=-1)


def _beyond(linear: Float) -> NDArray[np.bool_]:
    """Where linear light lies outside sRGB."""
    # One 8-bit step of tolerance near white and none near black, where linear steps are large to the eye.
    red, green, blue = (linear[..., channel] for channel in range(3))  # much faster than min(-1) over three
    lowest = np.minimum(np.minimum(red, green), blue)
    highest = np.maximum(np.maximum(red, green), blue)
    return (lowest < -1e-4) | (highest > 1.005)
