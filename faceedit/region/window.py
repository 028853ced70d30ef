"""What an effect is handed (Region), what it gives back (Result), and how that is laid into the photo.

The host alone touches the photo: outside a step's mask every sample keeps its value bit for bit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit import matte
from faceedit.color import mixed, to_srgb
from faceedit.extras import Extra
from faceedit.geometry import Box, Frame
from faceedit.labels import PARTS, PIECES, REST, homes, parse_parts
from faceedit.photo import Face, Finding, Mask
from faceedit.region.pieces import Piece, pieces

Float = NDArray[np.float32]

# A model's own edge is many pixels wide, since its grid is coarse: it is made this much steeper, then drawn to the
# photo's edges by a guided filter of this radius (share of the face's width), and the filter's faint tails are cut.
# Chosen on labelled photos: the area in error fell from 0.53 to 0.42 of lips, from 0.27 to 0.21 of hair and from
# 0.76 to 0.56 of eyes, against a filter on luma (radius 0.02, no steepening).
STEEPER = 4.0
EDGE_RADIUS = 0.013
TAIL = 0.04
# An edge that is moved or feathered by more than this (share of the face's width) need not be drawn first.
SOFT = 0.025


@dataclass(frozen=True)
class Region:
    """One face (or the whole photo) as an effect sees it: an upright window of the photo, never resampled.

    `pixels` is (h, w, 3) float32, 0..1, sRGB, read-only. `window` is its place in the photo.
    `faces` are the faces it is about: one for a face effect, all selected ones for a photo effect,
    none for a blind effect, which knows only `box` and `width_px`.
    `on`, `grow` and `feather` say what the step works on; `selected` is their mask.
    """

    pixels: Float
    window: Box
    box: Box
    faces: tuple[Face, ...] = ()
    findings: tuple[Finding, ...] = ()
    on: str = ""
    grow: float = 0.0
    feather: float = 0.0
    _masks: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.pixels.flags.writeable = False

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the window in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def width_px(self) -> int:
        """The face's width in pixels, the unit of lengths in recipes."""
        return self.faces[0].width_px if self.faces else max(1, min(self.box.width, self.box.height))

    @property
    def angle(self) -> float:
        """The face's tilt in degrees, clockwise; 0 for a blind effect."""
        return self.faces[0].angle if self.faces else 0.0

    @cached_property
    def frame(self) -> Frame | None:
        """The face's own directions and distances, in the window's pixels; None where no eye or no mouth is seen."""
        return self._frame(self.faces[0]) if self.faces else None

    @property
    def eyes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Left and right eye (the person's own) as (x, y) in the window; from the box where the model sees none."""
        found = [self.center(part) for part in ("l_eye", "r_eye")]
        x, _ = self.box.center
        level = self.box.top + 0.4 * self.box.height - self.window.top
        guess = [(x + side * 0.2 * self.box.width - self.window.left, level) for side in (1, -1)]
        left, right = (point or other for point, other in zip(found, guess, strict=True))
        return left, right

    def center(self, expression: str) -> tuple[float, float] | None:
        """The middle of a part as (x, y) in the window, or None where the model does not see it."""
        point = self.faces[0].map.center(expression) if self.faces else None
        return (point[0] - self.window.left, point[1] - self.window.top) if point else None

    def mask(self, expression: str, *, grow: float = 0.0, feather: float = 0.0, drawn: bool = True) -> Mask:
        """How much each pixel of the window belongs to a part expression, (h, w) float32 0..1.

        `grow` moves the edge outwards and `feather` softens it, both as shares of the face's width. An edge that is
        not `drawn` to the photo's own costs little: for effects that find it themselves, as with `matte.alpha`. Drawn
        ones end gradually where the model's crop ends within the photo; the host's mask does so in any case.
        A blind effect, and a region without a face, get an empty mask.

        Raises:
            UnknownPart: the expression names a part that does not exist.
        """
        parts = parse_parts(expression)
        outside = "background" in parts  # background is what no face covers
        mask: Mask | None = None
        for face in self.faces:
            sharp = self._sharp(face, parts, fine=drawn and max(abs(grow), feather) <= SOFT)
            own = matte.grown(sharp, grow * face.width_px)
            own = matte.feathered(own, feather * face.width_px) if feather else own
            own = own.copy() if own is sharp else own  # `_sharp` remembers
            if drawn:
                self._fade(own, face, parts)
            if mask is None:
                mask = own
            else:
                (np.minimum if outside else np.maximum)(mask, own, out=mask)
        return np.zeros(self.shape, np.float32) if mask is None else mask

    @cached_property
    def selected(self) -> Mask:
        """What the step works on, (h, w) float32 0..1: the mask that the host lays the result back through."""
        on = self.on
        mask = self.mask(on, grow=self.grow, feather=self.feather) if on else np.zeros(self.shape, np.float32)
        mask.flags.writeable = False
        return mask

    def confidence(self, piece: str) -> float:
        """How sure it is that a piece, such as `teeth`, is where its mask is, 0..1; 0 where it is not seen."""
        shown = [shown for face in self.faces for part in PIECES[piece] for shown in self._pieces(face, part)]
        return max((each.confidence for each in shown if each.name == piece), default=0.0)

    def repainted(self, where: tuple[slice, slice] | NDArray[np.bool_], lab: Float) -> Float:
        """The region's pixels with OKLab colours put in: (h, w, 3) at an area, or (n, 3) where a mask is true."""
        result, colors = self.pixels.copy(), to_srgb(lab)
        if isinstance(where, tuple):
            result[where] = colors
        else:
            matte.records(result)[where] = matte.records(colors)
        return result

    def untouched(self, missing: str = "") -> "Result":
        """What an effect gives back that finds nothing to work on: no change, and a finding that says what is missing.

        `missing` is the part that it would need, by default what the step works on.
        """
        face = self.faces[0].index if self.faces else None
        return Result(findings=[Finding("nothing_to_do", face, details={"missing": missing or self.on})])

    def _fade(self, mask: Mask, face: Face, names: frozenset[str]) -> None:
        """Let a mask end gradually where the face's crop ends before the parts do, in place."""
        outside = "background" in names
        parts = frozenset(PARTS) - names if outside else homes(names)
        key = (face.index, parts)
        if key not in self._masks:
            self._masks[key] = face.map.fading(parts, self.window)
        fading = self._masks[key]
        if fading is None:
            return
        if outside:
            mask -= 1
        mask *= fading
        if outside:
            mask += 1

    def _sharp(self, face: Face, names: frozenset[str], *, fine: bool) -> Mask:
        """One face's mask of parts and pieces: a part counts by its gates, 0..1, where only some pieces are named."""
        names = names | {part for part in homes(names) - names if self._complete(face, part, names)}
        partial = {part: self._kept(face, part, names) for part in homes(names) - names}
        seen = {part: kept for part, kept in partial.items() if kept is not None}
        whole = names & homes(names)
        if not partial:
            return self._drawn(face, whole, fine=fine)
        if not whole:
            masks = [self._drawn(face, frozenset([part]), fine=fine) * kept for part, kept in seen.items()]
            return np.clip(sum(masks, np.zeros(self.shape, np.float32)), 0, 1)
        mask = self._drawn(face, whole | frozenset(seen), fine=fine)
        for part, kept in seen.items():
            mask = mask - self._drawn(face, frozenset([part]), fine=fine) * (1 - kept)
        return np.clip(mask, 0, 1)

    def _complete(self, face: Face, part: str, names: frozenset[str]) -> bool:
        """Whether all that is seen of a part is named, piece by piece: a beard left out, say, where there is none."""
        return {f"{part}:{REST}", *(f"{part}:{each.name}" for each in self._pieces(face, part))} <= names

    def _kept(self, face: Face, part: str, names: frozenset[str]) -> Float | None:
        """What the named pieces of a part are of it, (h, w) 0..1; None where none of them is seen."""
        gates = {f"{part}:{each.name}": each.gate for each in self._pieces(face, part)}
        gates[f"{part}:{REST}"] = 1 - sum(gates.values(), np.zeros(self.shape, np.float32))
        kept = [gates[name] for name in sorted(names) if name in gates]
        return sum(kept, np.zeros(self.shape, np.float32)) if kept else None

    def _frame(self, face: Face) -> Frame | None:
        seen, corner = face.map.points, (self.window.left, self.window.top)
        eyes = {side: seen(part) - corner for side, part in ((1, "l_eye"), (-1, "r_eye"))}
        return Frame.of(eyes, seen("lips | mouth") - corner, face.angle)

    def _pieces(self, face: Face, part: str) -> "tuple[Piece, ...]":
        """The pieces of a part that are seen."""
        key = (face.index, part)
        if key not in self._masks:
            mask = self._drawn(face, frozenset([part]))
            self._masks[key] = pieces(part, self.pixels, mask, face.angle, self._frame(face))
        found: tuple[Piece, ...] = self._masks[key]
        return found

    def _drawn(self, face: Face, parts: frozenset[str], *, fine: bool = True) -> Mask:
        """One face's mask, if `fine` drawn to the photo's edges; nothing beyond the face's own window."""
        key = (face.index, parts, fine)
        if key not in self._masks:
            place = _around(face, parts).intersection(self.window)
            inner = place.seen_from(self.window)
            mask = (np.ones if "background" in parts else np.zeros)(self.shape, np.float32)
            if place.area:
                steep = mask[inner.slices]
                np.multiply(face.map.mask(parts, place), np.float32(STEEPER), out=steep)
                steep -= np.float32(0.5 * STEEPER - 0.5)
                np.clip(steep, 0, 1, out=steep)
                if fine:
                    _draw(steep, self.pixels[inner.slices], face.width_px)
            self._masks[key] = mask
        drawn: Mask = self._masks[key]
        return drawn


def _around(face: Face, parts: frozenset[str]) -> Box:
    """The part of the face's window in which a mask of the parts can be more than 0: none, where they are not seen."""
    if "background" in parts:
        return face.window
    plane, crop = face.map.on_crop(parts), face.map.crop
    side, least = len(plane), 0.5 - 0.5 / STEEPER
    rows, columns = matte.bounds(plane > least - 0.05, 1)
    if not plane[rows, columns].size:
        return Box(0, 0, 0, 0)
    margin = math.ceil(3 * EDGE_RADIUS * face.width_px + crop.side / side) + 2
    return crop.around(rows, columns, side).grown(margin).intersection(face.window)


def _draw(mask: Mask, pixels: Float, width_px: int) -> None:
    """Put the edge of a mask where the photo has one, in place."""
    radius = EDGE_RADIUS * width_px
    edges = matte.bounds((mask > 0) & (mask < 1), math.ceil(3 * radius))
    if mask[edges].size:
        drawn = matte.guided_filter(pixels[edges], mask[edges], radius)
        drawn -= np.float32(TAIL)
        drawn /= np.float32(1 - 2 * TAIL)
        np.clip(drawn, 0, 1, out=mask[edges])


@dataclass(frozen=True)
class Result:
    """What an effect gives back when it has more to say than pixels.

    `pixels` is (h, w, 3) float32 or None for "unchanged"; `alpha` (h, w) float32 likewise.
    `extras` are named pictures beside the photo, such as a cut-out: arrays (h, w, 3 or 4) uint8, or what
    `faceedit.extras` has for other kinds and files.
    """

    pixels: Float | None = None
    alpha: Float | None = None
    extras: Mapping[str, Extra] = field(default_factory=dict)
    findings: Sequence[Finding] = ()


def as_float(pixels: NDArray[Any]) -> Float:
    """uint8 or uint16 samples as float32 0..1."""
    values = pixels.astype(np.float32)
    values /= np.float32(np.iinfo(pixels.dtype).max)
    return values


def lay_back(before: NDArray[Any], result: Float, mask: Mask) -> NDArray[Any]:
    """`before` (h, w, n) integer with `result` (h, w, n) float32 0..1 laid over it through `mask` (h, w).

    Colours (n = 3) are mixed in linear light. Where the mask is 0 the samples are those of `before`, bit for bit.
    """
    after, area = before.copy(), matte.bounds(mask)
    inside = mask[area] > 0
    partly = inside & (mask[area] < 1)
    new = matte.picked(np.ascontiguousarray(result, np.float32)[area], inside)
    np.clip(new, 0, 1, out=new)
    below, over = as_float(matte.picked(after[area], partly)), matte.picked(new, partly[inside])
    changed = np.logical_or.reduce([old != laid for old, laid in zip(below.T, over.T, strict=True)])
    share = mask[area][partly][changed]
    mix = _mixed(matte.picked(below, changed), matte.picked(over, changed), share)
    matte.records(over)[changed] = matte.records(mix)
    matte.records(new)[partly[inside]] = matte.records(over)
    new *= np.iinfo(before.dtype).max
    matte.records(after[area])[inside] = matte.records(np.rint(new, out=new).astype(before.dtype))
    return after


def _mixed(below: Float, over: Float, share: Mask) -> Float:
    return mixed(below, over, share) if below.shape[-1] == 3 else below + share[:, None] * (over - below)
