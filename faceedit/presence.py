"""How well accessories are told on labelled photos, as `inspect` tells them; and the thresholds that tell them best.

Each labelled portrait is one crop, as models for CelebAMask-HQ see it; the inspectors say what the face wears. Truth is
the label: an accessory is worn where at least `WORN` of the photo's pixels have its class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceedit.calls import inspect
from faceedit.geometry import Box, Crop
from faceedit.labelled import open_folder, read_pair
from faceedit.labels import ID
from faceedit.photo import Face, Photo
from faceedit.recipe import is_unknown
from faceedit.registry import Registry
from faceedit.segmentation import Segmenter, looked_closer, maps

PARTS = {
    "glasses": "eye_g",
    "hat": "hat",
    "earring_left": "ear_r",
    "earring_right": "ear_r",
    "necklace": "neck_l",
}
"""The part that shows each kind of finding; sunglasses have no label of their own."""

WORN = 1e-4
"""The share of a photo's pixels from which a label counts (26 of 512 x 512)."""

BLIND = 2.0
"""The threshold of a kind that a model cannot see: no confidence reaches it, and findings say `unknown`."""

LEAST_F1 = 0.3
"""A kind whose best F1 is less is not seen at all."""


@dataclass(frozen=True)
class Presence:
    """One kind: a confidence and a truth a photo, and what the model says at its own threshold."""

    confidence: NDArray[np.float64]
    worn: NDArray[np.bool_]
    said: NDArray[np.bool_]

    @property
    def precision(self) -> float:
        """The share of the photos said to show it that do."""
        return float((self.said & self.worn).sum() / max(self.said.sum(), 1))

    @property
    def recall(self) -> float:
        """The share of the photos showing it that were said to."""
        return float((self.said & self.worn).sum() / max(self.worn.sum(), 1))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return float(2 * (self.said & self.worn).sum() / max(self.said.sum() + self.worn.sum(), 1))

    @property
    def average_precision(self) -> float:
        """The mean of the precisions at each photo that shows it, the most confident first."""
        worn = self.worn[np.argsort(-self.confidence, kind="stable")]
        precisions = np.cumsum(worn) / np.arange(1, len(worn) + 1)
        return float(precisions[worn].mean()) if worn.any() else 0.0

    def best_threshold(self) -> float:
        """The threshold with the highest F1, half way to the next lower confidence; BLIND where even that is low."""
        order = np.argsort(-self.confidence, kind="stable")
        worn, sorted_ = self.worn[order], self.confidence[order]
        f1 = 2 * np.cumsum(worn) / (np.arange(1, len(worn) + 1) + max(worn.sum(), 1))
        f1[:-1][sorted_[1:] == sorted_[:-1]] = 0  # no threshold lies between equals
        if not len(f1) or f1.max() < LEAST_F1:
            return BLIND
        best = int(f1.argmax())
        below = sorted_[best + 1] if best + 1 < len(sorted_) else 0.0
        return round(float(sorted_[best] + below) / 2, 3)


def measured(
    segmenter: Segmenter,
    registry: Registry,
    data: Path,
    names: Sequence[str] | None = None,
    *,
    but: Sequence[str] = (),
    given: Mapping[str, float] | None = None,
) -> dict[str, Presence]:
    """The presence of each kind on the photos of a folder (see `faceedit.labelled`), those of `names`, without `but`.

    `given` are thresholds to use in place of the model's own.

    Raises:
        UsageError: the folder cannot be used.
    """
    folder = open_folder(data)
    folder = folder.only(names) if names is not None else folder.without(but)
    rows: dict[str, list[tuple[float, bool, bool]]] = {kind: [] for kind in PARTS}
    model = segmenter.model if given is None else replace(segmenter.model, thresholds=dict(given))
    open_ended = replace(model, thresholds=dict.fromkeys(PARTS, 0.0))
    for pair in folder.pairs:
        pixels, labels = read_pair(folder, pair)
        photo = _portrait(pixels, segmenter).replaced(model=model)
        sure = _told(photo.replaced(model=open_ended), registry)
        said = _told(photo, registry)
        for kind, worn in worn_by(labels).items():
            rows[kind].append((sure.get(kind, 0.0), worn, kind in said))
    return {
        kind: Presence(*(np.array(column) for column in zip(*found, strict=True)))
        for kind, found in rows.items()
        if found
    }


def thresholds(found: Mapping[str, Presence]) -> dict[str, float]:
    """For each kind the threshold that tells it best: what `thresholds.json` beside a model's weights holds.

    Left and right share one: they differ by chance alone, and both together are more photos to choose it on.
    """
    chosen: dict[str, float] = {}
    for part in dict.fromkeys(PARTS[kind] for kind in found):
        sides = {kind: one for kind, one in found.items() if PARTS[kind] == part}
        columns = zip(*((one.confidence, one.worn, one.said) for one in sides.values()), strict=True)
        chosen |= dict.fromkeys(sides, Presence(*(np.concatenate(column) for column in columns)).best_threshold())
    return chosen


def table(found: Mapping[str, Presence]) -> str:
    """The figures as a Markdown table, one kind a line."""
    lines = ["| finding | precision | recall | F1 | average precision | worn in |", "|---|--:|--:|--:|--:|--:|"]
    for kind, one in found.items():
        figures = (one.precision, one.recall, one.f1, one.average_precision)
        lines.append(f"| {kind} | {' | '.join(f'{each:.2f}' for each in figures)} | {one.worn.sum()} |")
    return "\n".join(lines)


def worn_by(labels: NDArray[np.uint8]) -> dict[str, bool]:
    """Whether a label (h, w) shows each kind; earrings by the person's side, told from the middle of the face."""
    columns = np.arange(labels.shape[1])
    left = np.broadcast_to(columns > _middle(labels), labels.shape)
    sides = {"earring_left": left, "earring_right": ~left}
    everywhere = np.ones(labels.shape, bool)
    return {
        kind: bool(((labels == ID[part]) & sides.get(kind, everywhere)).mean() >= WORN) for kind, part in PARTS.items()
    }


def _middle(labels: NDArray[np.uint8]) -> float:
    """The column of the nose, else of the skin, else the picture's middle."""
    for part in ("nose", "skin"):
        columns = np.nonzero(labels == ID[part])[1]
        if len(columns):
            return float(columns.mean())
    return labels.shape[1] / 2


def _portrait(pixels: NDArray[np.uint8], segmenter: Segmenter) -> Photo:
    height, width = pixels.shape[:2]
    seen = maps(pixels, [Crop(width / 2, height / 2, max(height, width))], segmenter)
    (face_map,) = looked_closer(pixels, seen, segmenter)
    box = Box(width // 4, height // 4, width - width // 4, height - height // 4)
    return Photo(pixels, faces=(Face(0, box, 1.0, face_map, (height, width)),), model=segmenter.model)


def _told(photo: Photo, registry: Registry) -> dict[str, float]:
    """The confidence of each kind that the inspectors find."""
    found = inspect(photo, registry, list(PARTS))
    return {each.kind: each.confidence for each in found if not is_unknown(each)}
