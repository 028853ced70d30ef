"""The two simple kinds of ICC profile, read by hand: three primaries with tone curves, and one grey curve.

LittleCMS (Pillow's ImageCms) converts 8 bits a channel only. These kinds, which cover Display P3, Adobe RGB and
ProPhoto, are formulas, so deeper pictures go through them here without loss.
"""

import struct
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from faceedit.color import from_linear, to_linear

# sRGB's primaries as columns of XYZ, adapted to the profile connection space's white (D50).
# Source: ICC, "sRGB profile" (sRGB2014.icc), tags rXYZ, gXYZ, bXYZ.
_SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
_HEADER = 128
_ROWS = 128  # converted at a time: floats need four times the memory of the samples
_SAME = 0.003  # profiles that differ less from sRGB than this, in primaries and in tone, are sRGB


@dataclass(frozen=True)
class Simple:
    """Tone curves (C, 65536) float32, from samples to linear light, and primaries (3, 3) in XYZ; None for grey."""

    curves: NDArray[np.float32]
    primaries: NDArray[np.float64] | None

    @classmethod
    def parsed(cls, profile: bytes) -> Self | None:
        """The profile's curves and primaries, or None for one of another kind, or a damaged one."""
        try:
            return cls._parsed(profile)
        except (struct.error, ValueError, KeyError, IndexError, OverflowError, FloatingPointError):
            return None

    @classmethod
    def _parsed(cls, profile: bytes) -> Self | None:
        tags = _tags(profile)
        space, connection = profile[16:20], profile[20:24]
        if b"A2B0" in tags or b"A2B1" in tags or connection != b"XYZ ":
            return None
        if space == b"GRAY":
            return cls(_curve(tags[b"kTRC"])[None], None)
        if space != b"RGB ":
            return None
        primaries = (
            np.array([struct.unpack_from(">3i", tags[name], 8) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T / 65536
        )
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
        return cls(curves, primaries)

    @property
    def is_srgb(self) -> bool:
        """Whether this is sRGB under whatever name, so that samples are best left as they are."""
        tone = to_linear(np.linspace(0, 1, 65536, dtype=np.float32))
        same_tone = bool(np.abs(self.curves - tone).max() < _SAME)
        return same_tone and self.primaries is not None and bool(np.abs(self.primaries - _SRGB).max() < _SAME)

    def to_srgb(self, samples: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Samples (H, W, 3), or (H, W, 1) for grey, as (H, W, 3) sRGB: grey is neutral, colours beyond are clipped."""
        pixels = np.empty((*samples.shape[:2], 3), np.uint16)
        grey = samples.shape[2] == 1
        for top in range(0, len(samples), _ROWS):
            rows = samples[top : top + _ROWS]
            curves = self.curves[:1] if grey else self.curves
            light = np.stack([curve[rows[..., index]] for index, curve in enumerate(curves)], axis=-1)
            if not grey and self.primaries is not None:
                light = light @ (np.linalg.inv(_SRGB) @ self.primaries).T.astype(np.float32)
            pixels[top : top + _ROWS] = from_linear(light) * np.float32(65535) + np.float32(0.5)
        return pixels

    def from_linear_srgb(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Linear sRGB (..., 3) as samples 0..1 of this space of three primaries."""
        if self.primaries is None:
            raise ValueError("a grey profile has no primaries")
        own = light @ (np.linalg.inv(self.primaries) @ _SRGB).T.astype(np.float32)
        values = np.linspace(0, 1, self.curves.shape[1], dtype=np.float32)
        channels = [np.interp(own[..., index], curve, values) for index, curve in enumerate(self.curves)]
        return np.stack(channels, axis=-1).astype(np.float32)


def adobe_rgb() -> Simple:
    """Adobe RGB (1998), for files that name it and embed no profile. Source: its encoding specification, 4.3.4."""
    gamma = np.power(np.linspace(0, 1, 65536), 563 / 256).astype(np.float32)
    primaries = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
    return Simple(np.stack([gamma] * 3), primaries)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    count = struct.unpack_from(">I", profile, _HEADER)[0]
    entries = (struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * index) for index in range(min(count, 100)))
    return {name: profile[offset : offset + size] for name, offset, size in entries}


def _curve(tag: bytes) -> NDArray[np.float32]:
    """A tone curve at the 65536 sample values."""
    x = np.linspace(0, 1, 65536)
    if tag[:4] == b"curv":
        count = struct.unpack_from(">I", tag, 8)[0]
        table = np.frombuffer(tag, ">u2", count, 12)
        if count == 0:
            return x.astype(np.float32)
        if count == 1:
            return np.power(x, table[0] / 256).astype(np.float32)
        return np.interp(x, np.linspace(0, 1, count), table / 65535).astype(np.float32)
    if tag[:4] != b"para":
        raise ValueError
    return np.clip(_parametric(tag, x), 0, 1).astype(np.float32)


def _parametric(tag: bytes, x: NDArray[Any]) -> NDArray[Any]:
    """A curve as a formula; the shorter kinds are the longest one with parameters left out.

    Source: ICC.1:2022, 10.18, parametricCurveType.
    """
    kind = struct.unpack_from(">H", tag, 8)[0]
    count = (1, 3, 4, 5, 7)[kind]
    g, a, b, c, d, e, f = (*np.array(struct.unpack_from(f">{count}i", tag, 12)) / 65536, *[0.0] * 7)[:7]
    if kind == 0:
        return np.power(x, g)
    if kind in (1, 2):  # constant (c, or 0) below -b / a
        c, d, e, f = 0.0, -b / a, c, c
    return np.where(x >= d, np.power(np.maximum(a * x + b, 0), g) + e, c * x + f)
