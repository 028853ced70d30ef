"""The value types that travel through faceedit: Photo, Face, FaceMap, Finding.

Frozen, arrays read-only, numpy and Pillow only. Nothing here opens files or runs a model.
"""

import dataclasses
import functools
import io
import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.geometry import Box, Crop, Points
from faceedit.grids import warp, warp_outer
from faceedit.labels import ID, PARTS, demand_whole, parse_parts
from faceedit.winners import winners

Pixels = NDArray[Any]  # (H, W, 3) uint8 or uint16, sRGB
Mask = NDArray[np.float32]  # (h, w), 0..1
Labels = NDArray[np.uint8]  # (h, w), class ids 0..18

# Probabilities are taken on a grid of at most so many cells a side, or so many times the logits', and read bilinearly.
FINE, FINER = 256, 4
# A part that nowhere in the crop reaches this probability is left out of every mask.
NEGLIGIBLE = 1e-3
# Share of a crop's edge over which masks fade out towards it, where parts are there at all: at least so probable.
FADE, FAINT = 0.1, 0.37


@dataclass(frozen=True)
class FaceMap:
    """What the model said about one crop: logits on the crop's own grid, and where the crop lies.

    `logits` is (19, h, w) float16, parts in canonical order. Masks and labels are made on demand.
    `photo_shape` is the photo's height and width, where known.
    """

    logits: NDArray[np.float16]
    crop: Crop
    photo_shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        self.logits.flags.writeable = False

    @cached_property
    def probabilities(self) -> dict[str, Mask]:
        """Each visible part's probability, (n, n) float32 on the crop's grid: softmax of the upsampled logits."""
        cells = self.logits.shape[1]
        side = int(np.clip(np.ceil(self.crop.side), cells, max(FINE, FINER * cells)))
        pictures = (Image.fromarray(plane.astype(np.float32)) for plane in self.logits)
        grids = [picture.resize((side, side), Image.Resampling.BILINEAR) for picture in pictures]
        planes = np.stack([np.asarray(grid) for grid in grids])  # (19, n, n)
        planes -= planes.max(0)
        np.exp(planes, out=planes)
        planes /= planes.sum(0)
        seen = planes.max((1, 2)) >= NEGLIGIBLE
        planes = planes[seen]  # a copy: the planes of other parts need not stay in memory
        planes.flags.writeable = False
        return dict(zip(compress(PARTS, seen), planes, strict=True))

    def forget(self) -> None:
        """Give back the memory of `probabilities`, some 20 MB of a large face; they are made again when asked for."""
        self.__dict__.pop("probabilities", None)

    def on_crop(self, parts: frozenset[str]) -> Mask:
        """The sum of the parts' probabilities on the crop's grid, (n, n) float32."""
        demand_whole(parts)
        planes = [plane for name, plane in self.probabilities.items() if name in parts]
        if not planes:
            return np.zeros_like(next(iter(self.probabilities.values())))
        return np.minimum(functools.reduce(np.add, planes), 1)  # a sum over an axis would copy all planes first

    def mask(self, parts: frozenset[str], window: Box) -> Mask:
        """The probability that a pixel of `window` belongs to `parts`, (h, w) float32.

        Parts exclude each other, so this is the exact sum of their probabilities. Beyond the crop all is background.
        A piece such as `teeth`, which only pixels tell, is refused with UnknownPart.
        """
        demand_whole(parts)
        if "background" in parts:
            return 1 - self.mask(frozenset(PARTS) - parts, window)
        return warp(self.on_crop(parts), self.crop, window)

    def fading(self, parts: frozenset[str], window: Box) -> Mask | None:
        """How much `parts` count at pixels of `window`, (h, w) float32: 1, falling to 0 where the crop ends too early.

        That is within the photo, where hair or clothes go on beyond it; None where all count. Never for redaction.
        """
        plane, edges = self.on_crop(parts), self.ends_within()
        rise = np.clip((np.arange(len(plane), dtype=np.float32) + 0.5) / (len(plane) * FADE), 0, 1)
        rise = rise * rise * (3 - 2 * rise)  # no visible line where it begins
        top, right, bottom, left = (rise if within else np.ones_like(rise) for within in edges)
        down, across = top * bottom[::-1], left * right[::-1]
        ending = plane > FAINT
        ending[np.ix_(down == 1, across == 1)] = False
        if ending.any():  # beyond the photo's border lies a mirror image
            ending &= self.crop.cells_within(len(plane), len(plane), self.photo_shape or (0, 0))
        return warp_outer(down, across, self.crop, window) if ending.any() else None

    def ends_within(self) -> tuple[bool, ...]:
        """Whether each edge of the crop, top, right, bottom, left, lies within the photo; False if that is unknown."""
        return (False,) * 4 if self.photo_shape is None else self.crop.ends_within(*self.photo_shape)

    def labels(self, window: Box) -> Labels:
        """The winning part at each pixel of `window`, (h, w) uint8: logits are upsampled, then compared."""
        return winners(self.logits, self.crop, window)

    def points(self, expression: str) -> Points:
        """Points (n, 2) in photo coordinates, evenly spread over a part within the photo; none where it is not seen."""
        plane = self.on_crop(parse_parts(expression))
        points = self.crop.to_photo((np.argwhere(plane > 0.5)[:, ::-1] + 0.5) / plane.shape[::-1])
        bottom, right = self.photo_shape or (math.inf, math.inf)
        return points[((points >= 0) & (points < (right, bottom))).all(1)]  # beyond the border lies a mirror image

    def center(self, expression: str) -> tuple[float, float] | None:
        """The middle of a part in photo coordinates, or None where the model does not see it within the photo."""
        points = self.points(expression)
        return (float(points[:, 0].mean()), float(points[:, 1].mean())) if len(points) > 1 else None


@dataclass(frozen=True)
class Face:
    """One face of a photo. `index` 0 is the largest; `box` is the detector's, in photo pixels; `score` is 0..1."""

    index: int
    box: Box
    score: float
    map: FaceMap
    photo_shape: tuple[int, int]

    @property
    def width_px(self) -> int:
        """The face's width in photo pixels, the unit of all lengths in recipes."""
        return max(1, min(self.box.width, self.box.height))

    @property
    def angle(self) -> float:
        """The face's tilt in degrees, clockwise as seen in the picture."""
        return self.map.crop.angle

    @property
    def window(self) -> Box:
        """The upright box of photo pixels that the model saw."""
        return self.map.crop.bounds().clipped(*self.photo_shape)

    def mask(self, expression: str) -> Mask:
        """The probability of a part expression at each pixel of the photo, (H, W) float32 0..1.

        Raises:
            UnknownPart: the expression names a part that does not exist, or a piece that only pixels tell, as `teeth`.
        """
        parts = parse_parts(expression)
        mask = np.full(self.photo_shape, float("background" in parts), np.float32)
        mask[self.window.slices] = self.map.mask(parts, self.window)
        return mask


@dataclass(frozen=True)
class Finding:
    """What an inspector or an effect saw: `kind` is a plain word such as "glasses".

    `face` is the face's index or None for the whole photo, `confidence` 0..1, `box` in photo pixels.
    """

    kind: str
    face: int | None = None
    confidence: float = 1.0
    box: Box | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The finding as it stands in reports."""
        box = self.box.as_list() if self.box else None
        entry = {"kind": self.kind, "face": self.face, "confidence": round(self.confidence, 3), "box": box}
        return entry | ({"details": self.details} if self.details else {})


@dataclass(frozen=True)
class Model:
    """Which model labelled the faces: its name, the sha256 of its weights, and the accessory thresholds it came with.

    `thresholds` maps a finding's kind ("glasses") to the confidence from which it counts as present, `closer` a part
    that the model looks at twice to the fields of `faceedit.segmentation.Look`.
    """

    name: str = ""
    sha256: str = ""
    thresholds: dict[str, float] = field(default_factory=dict)
    closer: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """Where a photo came from: its path, format, and what its file said that the pixels do not.

    `format` is a name from `faceedit.images`, such as "jpeg". `exif`, `xmp`, `iptc` and `icc` are the file's own
    blocks as they stood, and `texts` its comment (as "Comment") and other named texts. `quantization` holds one JPEG
    table a component (natural order) and `subsampling` Pillow's code for it. `frames` counts the pictures of an
    animation or a document. `notes` are plain sentences about what reading could not keep.
    """

    path: Path | None = None
    format: str = ""
    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""
    icc: bytes = b""
    texts: tuple[tuple[str, str], ...] = ()
    quantization: dict[int, list[int]] | None = None
    subsampling: int = -1
    grey: bool = False
    frames: int = 1
    lossless: bool = False
    dpi: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Photo:
    """A picture as faceedit works on it: upright, sRGB, with the faces found in it.

    `pixels` is (H, W, 3) uint8 or uint16, `alpha` (H, W) of the same dtype or None.
    """

    pixels: Pixels
    alpha: NDArray[Any] | None = None
    faces: tuple[Face, ...] = ()
    source: Source = Source()
    model: Model = field(default_factory=Model)

    def __post_init__(self) -> None:
        for array in (self.pixels, self.alpha):
            if array is not None:
                array.flags.writeable = False

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def box(self) -> Box:
        """The whole photo."""
        return Box(0, 0, self.width, self.height)

    def replaced(self, **changes: Any) -> Self:
        """The same photo with other pixels, alpha, faces or source."""
        return dataclasses.replace(self, **changes)

    def forget(self) -> None:
        """Give back the memory that its faces' maps need while they are worked with (see `FaceMap.forget`)."""
        for face in self.faces:
            face.map.forget()

    def labels(self) -> Labels:
        """The part at each pixel, (H, W) uint8 class ids; where two faces claim a pixel, the larger one has it."""
        labels = np.zeros((self.height, self.width), np.uint8)
        for face in reversed(self.faces):
            own = face.map.labels(face.window)
            np.copyto(labels[face.window.slices], own, where=own != ID["background"])
        return labels

    def picture(self) -> Image.Image:
        """The photo as an 8-bit Pillow picture, RGB or RGBA."""
        pixels = eight_bit(self.pixels)
        if self.alpha is None:
            return Image.fromarray(pixels)
        return Image.fromarray(np.dstack([pixels, eight_bit(self.alpha)]))

    def _repr_png_(self) -> bytes:
        """The picture that a notebook shows, at most 1024 pixels wide or high."""
        picture = self.picture()
        picture.thumbnail((1024, 1024))
        file = io.BytesIO()
        picture.save(file, "PNG")
        return file.getvalue()

    def __repr__(self) -> str:
        return f"<Photo {self.width} x {self.height}, {self.pixels.itemsize * 8} bit, {len(self.faces)} face(s)>"


def eight_bit(array: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 or uint16 samples as uint8, rounded."""
    if array.dtype == np.uint8:
        return array
    return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
