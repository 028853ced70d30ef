"""Colour profiles: samples of any space to sRGB, and the sRGB profile that files are written with."""

import functools
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from faceedit.images.decode import Samples
from faceedit.images.icc import Simple, adobe_rgb
from faceedit.photo import eight_bit

# The profile's colour space by the samples' own. A grey picture may carry the RGB profile it was made with.
_FITS = {"L": ("GRAY", "RGB"), "RGB": ("RGB",), "CMYK": ("CMYK",), "LAB": ()}
_IGNORED = "the color profile was ignored: it is damaged or of another kind"
_HALVED = "16 bits were read as 8: inks and color tables are converted no finer"


def to_srgb(samples: Samples, profile: bytes, *, adobe: bool = False) -> tuple[NDArray[Any], list[str]]:
    """The samples as (H, W, 3) sRGB of the same dtype, and notes; a broken or unfit profile is ignored.

    Without a profile, samples are sRGB, or Adobe RGB if `adobe`.
    Relative colorimetric with black point compensation; colours beyond sRGB are clipped to it.
    """
    values, deep = samples.values, samples.values.dtype == np.uint16
    simple = _simple(samples, profile, adobe)
    if simple is not None and simple.is_srgb:
        return _unmanaged(samples), []
    if simple is not None and (deep or not profile or samples.space == "L"):
        pixels = simple.to_srgb(values if deep else values.astype(np.uint16) * 257)
        return (pixels if deep else eight_bit(pixels)), []
    if deep and (profile or samples.space == "CMYK"):
        pixels, notes = to_srgb(Samples(eight_bit(values), samples.space), profile)
        ignored = _IGNORED in notes and samples.space != "CMYK"
        return (_unmanaged(samples), notes) if ignored else (pixels.astype(np.uint16) * 257, [*notes, _HALVED])
    managed = _managed(samples, profile) if profile else None
    if managed is not None:
        return managed, []
    return _unmanaged(samples), [_IGNORED] if profile else []


def _simple(samples: Samples, profile: bytes, adobe: bool) -> Simple | None:
    """The profile as a formula, where it is one and fits; a grey picture may carry three like curves for RGB."""
    if not profile:
        return adobe_rgb() if adobe and samples.space == "RGB" else None
    simple = Simple.parsed(profile) if samples.space in ("L", "RGB") else None
    return None if simple is not None and samples.space == "RGB" and simple.primaries is None else simple


def _managed(samples: Samples, profile: bytes) -> NDArray[np.uint8] | None:
    """8-bit samples through LittleCMS, or None where the profile cannot be used."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = opened.profile.xcolor_space.strip()
        if space not in _FITS[samples.space]:
            return None
        picture = _picture(samples)
        if picture.mode == "L" and space == "RGB":
            picture = picture.convert("RGB")
        return _converted(picture, opened)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _converted(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> NDArray[np.uint8]:
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        picture.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return np.array(transform.apply(picture))


def _unmanaged(samples: Samples) -> NDArray[Any]:
    """The samples taken for sRGB, its grey, plain inks, or CIELAB."""
    if samples.space == "RGB":
        return samples.values
    if samples.space == "L":
        return np.repeat(samples.values, 3, axis=2)
    picture = _picture(samples)
    if samples.space == "LAB":
        return _converted(picture, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    return np.array(picture.convert("RGB"))


def _picture(samples: Samples) -> Image.Image:
    height, width = samples.values.shape[:2]
    return Image.frombytes(samples.space, (width, height), samples.values.tobytes())


@functools.cache
def srgb_profile() -> bytes:
    """An sRGB profile, the same bytes at all times: LittleCMS stamps its own with the clock, so the date is fixed."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    date = bytes.fromhex("07e8 0001 0001 0000 0000 0000")  # 2024-01-01, midnight
    return made[:24] + date + made[36:84] + bytes(16) + made[100:]
