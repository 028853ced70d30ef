"""Painted photos: faces with a map of all 19 parts, in any pose, size and skin tone, without photos or a model.

A painted photo is made of ellipses: every part has a place, a colour and the logits of a model that is sure of it.
Nothing here is random and nothing needs a model. It looks like a face to the code, not to people.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from faceedit.geometry import Box, Crop, Points
from faceedit.labels import ID, PARTS
from faceedit.photo import Face, FaceMap, Photo
from faceedit.region import Float

Tone = Literal["light", "medium", "dark"]

ACCESSORIES = ("eye_g", "hat", "ear_r", "neck_l")
# Cells of the painted logits: a quarter of a 512-px crop, as SegFormers give them.
GRID = 128
# Samples a side in each cell of the grid, for soft edges.
FINER = 4
# The model's crop is this many times the face's box.
CROP = 2.0

# What lies where on the crop, later over earlier: part, then middle and half axes of an ellipse as shares of the crop.
_SHAPES: tuple[tuple[str, float, float, float, float], ...] = (
    ("hair", 0.5, 0.42, 0.25, 0.27),
    ("cloth", 0.5, 1.04, 0.44, 0.19),
    ("neck", 0.5, 0.79, 0.11, 0.13),
    ("neck_l", 0.5, 0.86, 0.08, 0.012),
    ("l_ear", 0.705, 0.5, 0.03, 0.06),
    ("r_ear", 0.295, 0.5, 0.03, 0.06),
    ("ear_r", 0.715, 0.58, 0.014, 0.024),
    ("ear_r", 0.285, 0.58, 0.014, 0.024),
    ("skin", 0.5, 0.5, 0.2, 0.25),
    ("hat", 0.5, 0.23, 0.27, 0.10),
    ("l_brow", 0.59, 0.40, 0.06, 0.013),
    ("r_brow", 0.41, 0.40, 0.06, 0.013),
    ("eye_g", 0.59, 0.46, 0.075, 0.045),
    ("eye_g", 0.41, 0.46, 0.075, 0.045),
    ("eye_g", 0.5, 0.45, 0.04, 0.008),
    ("l_eye", 0.59, 0.46, 0.04, 0.018),
    ("r_eye", 0.41, 0.46, 0.04, 0.018),
    ("nose", 0.5, 0.54, 0.04, 0.07),
    ("u_lip", 0.5, 0.645, 0.075, 0.026),
    ("l_lip", 0.5, 0.67, 0.07, 0.028),
    ("mouth", 0.5, 0.655, 0.05, 0.012),
)

# How far before the head's middle plane a part lies, as a share of the crop; parts not named do not move.
_DEPTHS: Mapping[str, float] = {
    **dict.fromkeys(("l_brow", "r_brow", "l_eye", "r_eye", "eye_g"), 0.13),
    **dict.fromkeys(("u_lip", "l_lip", "mouth"), 0.14),
    "nose": 0.18,
    "l_ear": -0.05,
    "r_ear": -0.05,
    "ear_r": -0.05,
}
# An ear is hidden once the head has turned it this far behind, as a share of the crop.
SEEN = 0.05

_TONES: Mapping[str, tuple[int, int, int]] = {"light": (234, 192, 170), "medium": (190, 134, 104), "dark": (94, 62, 48)}
_COLORS: Mapping[str, tuple[int, int, int]] = {
    "background": (96, 120, 140),
    "eye_g": (40, 40, 46),
    "l_eye": (214, 208, 204),
    "r_eye": (214, 208, 204),
    "l_brow": (62, 46, 38),
    "r_brow": (62, 46, 38),
    "mouth": (226, 218, 204),
    "u_lip": (176, 92, 92),
    "l_lip": (190, 104, 102),
    "hair": (58, 42, 34),
    "hat": (40, 90, 60),
    "ear_r": (230, 200, 90),
    "neck_l": (220, 220, 230),
    "cloth": (60, 66, 110),
}


def painted_photo(
    height: int = 256,
    width: int = 256,
    *,
    faces: int = 1,
    face_px: int | None = None,
    tilt: float = 0.0,
    tone: Tone = "light",
    turn: float = 0.0,
    at: tuple[float, float] = (0.5, 0.5),
    accessories: Collection[str] = ACCESSORIES,
    hidden: Collection[str] = (),
    colors: Mapping[str, tuple[int, int, int]] | None = None,
    depth: Literal[8, 16] = 8,
) -> Photo:
    """A photo of painted faces side by side, each with a map of all 19 parts; the same for the same arguments.

    `face_px` is the face's width (by default what fits), each further face a little smaller. `tilt` turns all of them
    clockwise and `turn` towards a profile (positive: to the right of the picture), in degrees. `at` is the middle of
    each face as shares of its column and of the height: (0, 0.5) cuts the left half off. Accessories that are not named
    and `hidden` parts are absent. `colors` replaces the colour of single parts, such as {"hair": (20, 18, 16)}.
    """
    room = min(height, width / max(faces, 1))
    first = face_px if face_px is not None else max(8, round(0.5 * room))
    painted = _background(height, width)
    palette = _palette(tone, colors or {})
    look = _Look(frozenset(PARTS) - (frozenset(ACCESSORIES) - frozenset(accessories)) - frozenset(hidden), turn)
    found = []
    for index in range(faces):
        side = max(8, round(first * 0.9**index))
        x, y = round((index + at[0]) * width / faces), round(at[1] * height)
        box = Box(x - side // 2, y - side // 2, x - side // 2 + side, y - side // 2 + side).clipped(height, width)
        face_map = FaceMap(_logits(look), Crop(x, y, CROP * side, tilt))
        face = Face(index, box, 0.99, face_map, (height, width))
        _paint(painted, face, palette, look)
        found.append(face)
    top = 255 if depth == 8 else 65535
    pixels = np.rint(np.clip(painted, 0, 1) * top).astype(np.uint8 if depth == 8 else np.uint16)
    return Photo(pixels=pixels, faces=tuple(found))


def _background(height: int, width: int) -> Float:
    slope = np.linspace(-0.1, 0.1, width, dtype=np.float32)[None, :, None]
    return np.repeat(_floats(_COLORS["background"]) + slope, height, axis=0)


def _palette(tone: Tone, colors: Mapping[str, tuple[int, int, int]]) -> Float:
    skin = dict.fromkeys(("skin", "nose", "l_ear", "r_ear", "neck"), _TONES[tone])
    chosen = {**skin, **_COLORS, **colors}
    return np.stack([_floats(chosen[part]) for part in PARTS])


def _floats(rgb: tuple[int, int, int]) -> Float:
    return np.array(rgb, np.float32) / np.float32(255)


@dataclass(frozen=True)
class _Look:
    """Which parts are there, and how far the face is turned from the front, in degrees."""

    parts: frozenset[str]
    turn: float

    def labels(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.uint8]:
        """The part at crop points, class ids in the shape of `u` and `v`."""
        labels = np.zeros(u.shape, np.uint8)
        turned, narrow = math.sin(math.radians(self.turn)), math.cos(math.radians(self.turn))
        for part, x, y, half_width, half_height in _SHAPES:
            depth = _DEPTHS.get(part, 0.0)
            behind = depth < 0 and (x - 0.5) * turned > SEEN
            if part not in self.parts or behind:
                continue
            # A point at a depth before the face's middle plane moves sideways as the head turns.
            wide = half_width * (narrow if depth else 1.0)
            middle = 0.5 + (x - 0.5) * (narrow if depth else 1.0) + depth * turned
            labels[((u - middle) / max(wide, half_width / 4)) ** 2 + ((v - y) / half_height) ** 2 <= 1] = ID[part]
        return labels


@lru_cache(maxsize=32)
def _logits(look: _Look) -> NDArray[np.float16]:
    """(19, GRID, GRID): the logarithm of each part's share of the cell."""
    fine = (np.arange(GRID * FINER) + 0.5) / (GRID * FINER)
    u, v = np.meshgrid(fine, fine)
    cells = (look.labels(u, v)[None] == np.arange(len(PARTS))[:, None, None]).reshape(
        len(PARTS), GRID, FINER, GRID, FINER
    )
    logits = np.log(cells.mean((2, 4)) + 1e-4).astype(np.float16)
    logits.flags.writeable = False
    return logits


def _paint(painted: Float, face: Face, palette: Float, look: _Look) -> None:
    """Paint one face in place: its parts' colours, lit from the left, with a fine texture like hair or pores."""
    window = face.window
    rows, columns = np.mgrid[window.top : window.bottom, window.left : window.right]
    points: Points = np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5])
    u, v = (plane.reshape(rows.shape) for plane in face.map.crop.to_crop(points).T)
    labels = look.labels(u, v)
    light = 1.0 + 0.25 * (0.5 - u) + 0.06 * np.sin(150 * u + 40 * v)
    colored = palette[labels] * light[..., None].astype(np.float32)
    inside = (labels > 0) & (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    view = painted[window.slices]
    view[inside] = colored[inside]
