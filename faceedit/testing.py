"""Painted faces and checks, for the tests of plugin authors and for our own.

A painted photo is made of ellipses: every part has a place, a colour and the logits of a model that is sure of it.
Nothing here is random and nothing needs a model. It looks like a face to the code, not to people.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faceedit.geometry import Box, Crop, Points
from faceedit.labels import ID, PARTS
from faceedit.photo import Face, FaceMap, Photo
from faceedit.region import Effect, Float, Region, Result, as_float, lay_back

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
    accessories: Collection[str] = ACCESSORIES,
    colors: Mapping[str, tuple[int, int, int]] | None = None,
    depth: Literal[8, 16] = 8,
) -> Photo:
    """A photo of painted faces side by side, each with a map of all 19 parts; the same for the same arguments.

    `face_px` is the face's width (by default what fits), each further face a little smaller; `tilt` turns all of them,
    in degrees clockwise. Accessories that are not named are absent. `colors` replaces the colour of single parts,
    such as {"hair": (20, 18, 16)}.
    """
    room = min(height, width / max(faces, 1))
    first = face_px if face_px is not None else max(8, round(0.5 * room))
    painted = _background(height, width)
    palette = _palette(tone, colors or {})
    found = []
    for index in range(faces):
        side = max(8, round(first * 0.9**index))
        x, y = round((index + 0.5) * width / faces), height // 2
        box = Box(x - side // 2, y - side // 2, x - side // 2 + side, y - side // 2 + side).clipped(height, width)
        face_map = FaceMap(_logits(frozenset(accessories)), Crop(x, y, CROP * side, tilt))
        face = Face(index, box, 0.99, face_map, (height, width))
        _paint(painted, face, palette, frozenset(accessories))
        found.append(face)
    top = 255 if depth == 8 else 65535
    pixels = np.rint(np.clip(painted, 0, 1) * top).astype(np.uint8 if depth == 8 else np.uint16)
    return Photo(pixels=pixels, faces=tuple(found))


def region_of(photo: Photo, effect: Effect, face: int = 0, **options: Any) -> Region:
    """The region that the host would hand to `effect` for one face: without pixels or face if the effect is blind."""
    chosen = photo.faces[face]
    window = photo.box if effect.scope == "photo" else chosen.window
    pixels = as_float(photo.pixels[window.slices])
    if effect.blind:
        return Region(np.zeros_like(pixels), window, chosen.box)
    on = effect.parts(options)
    return Region(pixels, window, chosen.box, (chosen,), on=on, grow=effect.grow, feather=effect.feather)


def applied(effect: Effect, photo: Photo, face: int = 0, strength: float = 1.0, **options: Any) -> NDArray[Any]:
    """The photo's pixels after `effect` on one face, laid back through its mask as the host does it.

    Only for effects that are not blind: what those cover is decided by the engine.
    """
    region = region_of(photo, effect, face, **options)
    changed = _pixels(effect(region, **options))
    pixels = photo.pixels.copy()
    if changed is not None:
        before = pixels[region.window.slices]
        pixels[region.window.slices] = lay_back(before, changed, region.selected * np.float32(strength))
    return pixels


def assert_only_inside_mask(effect: Effect, photo: Photo, face: int = 0, **options: Any) -> None:
    """Check that the effect gives a fit picture, leaves its region as it was, and changes nothing outside its mask."""
    region = region_of(photo, effect, face, **options)
    before = region.pixels.copy()
    pixels = _pixels(effect(region, **options))
    _demand(np.array_equal(region.pixels, before), f"{effect.name} changed its own input")
    if pixels is None:
        return
    _demand(pixels.shape == before.shape, f"{effect.name} returned shape {pixels.shape} instead of {before.shape}")
    _demand(pixels.dtype == np.float32, f"{effect.name} returned {pixels.dtype} instead of float32")
    _demand(bool(np.isfinite(pixels).all()), f"{effect.name} returned values that are no numbers")
    outside = np.ones(photo.pixels.shape[:2], bool)
    outside[region.window.slices] = region.selected == 0
    after = applied(effect, photo, face, **options)
    _demand(np.array_equal(after[outside], photo.pixels[outside]), f"{effect.name} changed pixels outside its mask")


def assert_blind(effect: Effect, photo: Photo, face: int = 0, **options: Any) -> None:
    """Check that what a blind effect returns does not depend on the pixels it is to hide."""
    _demand(effect.blind, f"{effect.name} is not blind")
    region = region_of(photo, effect, face, **options)
    noise = np.random.default_rng(0).random(region.pixels.shape, dtype=np.float32)
    one, other = (_pixels(effect(replace(region, pixels=pixels), **options)) for pixels in (region.pixels, noise))
    same = one is not None and other is not None and np.array_equal(one, other)
    _demand(same, f"{effect.name} shows what it hides")


def _pixels(result: Float | Result) -> Float | None:
    return result.pixels if isinstance(result, Result) else result


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _background(height: int, width: int) -> Float:
    slope = np.linspace(-0.1, 0.1, width, dtype=np.float32)[None, :, None]
    return np.repeat(_floats(_COLORS["background"]) + slope, height, axis=0)


def _palette(tone: Tone, colors: Mapping[str, tuple[int, int, int]]) -> Float:
    skin = dict.fromkeys(("skin", "nose", "l_ear", "r_ear", "neck"), _TONES[tone])
    chosen = {**skin, **_COLORS, **colors}
    return np.stack([_floats(chosen[part]) for part in PARTS])


def _floats(rgb: tuple[int, int, int]) -> Float:
    return np.array(rgb, np.float32) / np.float32(255)


@lru_cache(maxsize=32)
def _logits(accessories: frozenset[str]) -> NDArray[np.float16]:
    """(19, GRID, GRID): the logarithm of each part's share of the cell."""
    fine = (np.arange(GRID * FINER) + 0.5) / (GRID * FINER)
    u, v = np.meshgrid(fine, fine)
    labels = _labels(u, v, accessories)
    cells = (labels[None] == np.arange(len(PARTS))[:, None, None]).reshape(len(PARTS), GRID, FINER, GRID, FINER)
    logits = np.log(cells.mean((2, 4)) + 1e-4).astype(np.float16)
    logits.flags.writeable = False
    return logits


def _labels(u: NDArray[np.float64], v: NDArray[np.float64], accessories: frozenset[str]) -> NDArray[np.uint8]:
    """The part at crop points, class ids in the shape of `u` and `v`."""
    labels = np.zeros(u.shape, np.uint8)
    for part, x, y, half_width, half_height in _SHAPES:
        if part in accessories or part not in ACCESSORIES:
            labels[((u - x) / half_width) ** 2 + ((v - y) / half_height) ** 2 <= 1] = ID[part]
    return labels


def _paint(painted: Float, face: Face, palette: Float, accessories: frozenset[str]) -> None:
    """Paint one face in place: its parts' colours, lit from the left, with a fine texture like hair or pores."""
    window = face.window
    rows, columns = np.mgrid[window.top : window.bottom, window.left : window.right]
    points: Points = np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5])
    u, v = (plane.reshape(rows.shape) for plane in face.map.crop.to_crop(points).T)
    labels = _labels(u, v, accessories)
    light = 1.0 + 0.25 * (0.5 - u) + 0.06 * np.sin(150 * u + 40 * v)
    colored = palette[labels] * light[..., None].astype(np.float32)
    inside = (labels > 0) & (u >= 0) & (u <= 1) & (v >= 0) & (v <= 1)
    view = painted[window.slices]
    view[inside] = colored[inside]
