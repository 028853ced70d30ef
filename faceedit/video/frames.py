"""Frames as they are coded: planes of luma and chroma, to RGB and back.

Only what an edit has changed is converted back, so that everywhere else the samples of the file stay what they were.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

Plane = NDArray[Any]  # (h, w) uint8, or uint16 for more than 8 bits

# What unspecified colours are taken for: as players do, by the height of the picture.
HD_HEIGHT = 720
BT709, BT470BG, UNSPECIFIED = 1, 5, 2
LIMITED, FULL = 1, 2


@dataclass(frozen=True)
class Layout:
    """How the samples of a video lie and what they mean; `width` and `height` are of the upright picture.

    `format` is a planar YUV format of libav, `matrix` and `range` are its numbers for them (H.273).
    """

    width: int
    height: int
    format: str = "yuv420p"
    matrix: int = UNSPECIFIED
    range: int = LIMITED

    @property
    def deep(self) -> bool:
        """Whether samples have more than 8 bits."""
        return self.format.endswith("le")

    @property
    def shrink(self) -> tuple[int, int]:
        """How many rows and columns share one sample of chroma."""
        return (2 if "420" in self.format else 1), (1 if "444" in self.format else 2)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Height and width of each plane."""
        down, across = self.shrink
        chroma = (-(-self.height // down), -(-self.width // across))
        return (self.height, self.width), chroma, chroma

    @property
    def colors(self) -> dict[str, Any]:
        """What converting from this layout must know."""
        matrix = self.matrix
        if matrix in (0, UNSPECIFIED):
            matrix = BT709 if self.height >= HD_HEIGHT else BT470BG
        return {"colorspace": matrix, "color_range": self.range}


@dataclass(frozen=True)
class Frame:
    """One picture of a video: its planes, upright, and when it is shown: `pts` and `duration` in the time base."""

    planes: tuple[Plane, ...]
    pts: int
    duration: int = 0

    def seconds(self, time_base: Fraction) -> float:
        """When it is shown."""
        return float(self.pts * time_base)


def rgb(planes: Sequence[Plane], layout: Layout, width: int | None = None) -> NDArray[Any]:
    """The picture as sRGB-like (h, w, 3) uint8, or uint16 where the video is deep; smaller where `width` says so."""
    frame = video_frame(planes, layout)
    size = {} if width is None else {"width": width, "height": max(1, round(layout.height * width / layout.width))}
    colors = layout.colors
    deep = layout.deep and width is None
    shown = frame.reformat(
        **size,
        format="rgb48le" if deep else "rgb24",
        src_colorspace=colors["colorspace"],
        src_color_range=colors["color_range"],
        dst_color_range=FULL,
        interpolation=Interpolation.AREA if size else Interpolation.BICUBIC,
    )
    return shown.to_ndarray()


def merged(planes: Sequence[Plane], before: NDArray[Any], after: NDArray[Any], layout: Layout) -> tuple[Plane, ...]:
    """The planes with the colours of `after` wherever it differs from `before`, both (H, W, 3) as `rgb` gives them."""
    changed = (before != after).any(-1)
    if not changed.any():
        return tuple(planes)
    return laid(planes, rgb_planes(after, layout), changed, layout)


def laid(planes: Sequence[Plane], over: Sequence[Plane], where: NDArray[np.bool_], layout: Layout) -> tuple[Plane, ...]:
    """`over` laid on the planes at the pixels `where` (H, W); of chroma, every sample that belongs to one of them."""
    down, across = layout.shrink
    chroma = _reduced(where, down, across)
    masks = (where, chroma, chroma)
    return tuple(np.where(mask, new, old) for mask, new, old in zip(masks, over, planes, strict=True))


def rgb_planes(pixels: NDArray[Any], layout: Layout) -> tuple[Plane, ...]:
    """A picture (H, W, 3), uint8 or uint16, as planes."""
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24" if pixels.dtype == np.uint8 else "rgb48le")
    colors = layout.colors
    coded = frame.reformat(
        format=layout.format,
        dst_colorspace=colors["colorspace"],
        src_color_range=FULL,
        dst_color_range=colors["color_range"],
    )
    return planes_of(coded, layout)


def planes_of(frame: VideoFrame, layout: Layout) -> tuple[Plane, ...]:
    """The samples of a frame in the layout's format, copied; its size may be the layout's turned by 90 degrees."""
    kind = np.uint16 if layout.deep else np.uint8
    found = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]
        found.append(rows.view(kind)[:, : plane.width].copy())
    return tuple(found)


def video_frame(planes: Sequence[Plane], layout: Layout) -> VideoFrame:
    """The planes as a frame of libav."""
    frame = VideoFrame(layout.width, layout.height, layout.format)
    for plane, samples in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height]
        rows.view(samples.dtype)[:, : plane.width] = samples
    return frame


def resized(planes: Sequence[Plane], layout: Layout, smaller: Layout) -> tuple[Plane, ...]:
    """The planes at the size of a smaller layout."""
    if smaller == layout:
        return tuple(planes)
    frame = video_frame(planes, layout)
    small = frame.reformat(smaller.width, smaller.height, smaller.format, interpolation=Interpolation.AREA)
    return planes_of(small, smaller)


def timecode(seconds: float) -> str:
    """A moment as people write it: 1:02:03.250."""
    hours, rest = divmod(max(0.0, seconds), 3600)
    minutes, rest = divmod(rest, 60)
    thousandths = math.floor(rest * 1000 + 0.5)
    return f"{int(hours)}:{int(minutes):02}:{thousandths // 1000:02}.{thousandths % 1000:03}"


def _reduced(mask: NDArray[np.bool_], down: int, across: int) -> NDArray[np.bool_]:
    height, width = mask.shape
    rows, columns = -(-height // down), -(-width // across)
    padded = np.zeros((rows * down, columns * across), bool)
    padded[:height, :width] = mask
    return np.asarray(padded.reshape(rows, down, columns, across).any((1, 3)))
