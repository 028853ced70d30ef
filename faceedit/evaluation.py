"""How well a model labels the photos of a folder: F1 and IoU a class, accuracy, calibration, presence of accessories.

Pixels of all photos are pooled a class, F1 = 2 TP / (predicted + true), as CelebAMask-HQ results are usually quoted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, its usual name
from numpy.typing import NDArray

from faceedit.errors import ModelError, UsageError
from faceedit.labelled import IGNORED, Folder, Pixels, open_folder, read_pair, resize_photo, to_square
from faceedit.labels import ID, PARTS

LogitsOf = Callable[[Pixels], torch.Tensor]
"""Crops (n, size, size, 3) uint8 RGB to logits (n, 19, h, w) float32."""

Change = Callable[[Pixels, Pixels], tuple[Pixels, Pixels]]
"""A photo (h, w, 3) and its label (h, w), both uint8, to a changed photo and label."""

PRESENCE = ("eye_g", "hat", "ear_r", "neck_l")
"""The accessories whose presence in a photo is scored."""

PRESENT_SHARE = 2e-4
"""A predicted part counts as present from this share of the photo's pixels on (52 of 512 x 512)."""

BINS = 15


@dataclass(frozen=True)
class Presence:
    """How well a photo's wearing an accessory is told: counts of photos, and what follows from them."""

    right: int
    said: int
    true: int

    @property
    def precision(self) -> float:
        """Share of the photos said to show it that do."""
        return self.right / max(self.said, 1)

    @property
    def recall(self) -> float:
        """Share of the photos showing it that were said to."""
        return self.right / max(self.true, 1)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.right / max(self.said + self.true, 1)


@dataclass(frozen=True)
class Evaluation:
    """The figures of one model on one folder. `f1`, `iou` and `presence` go by part name; all figures are 0..1."""

    photos: int
    mean_f1: float
    pixel_accuracy: float
    calibration_error: float
    f1: dict[str, float]
    iou: dict[str, float]
    presence: dict[str, Presence]

    def to_json(self) -> dict[str, object]:
        """The figures as plain dicts and numbers, ready for `json.dumps`."""
        presence = {
            part: {"precision": one.precision, "recall": one.recall, "f1": one.f1, "photos": one.true}
            for part, one in self.presence.items()
        }
        return {
            "photos": self.photos,
            "mean_f1": self.mean_f1,
            "pixel_accuracy": self.pixel_accuracy,
            "calibration_error": self.calibration_error,
            "f1": self.f1,
            "iou": self.iou,
            "presence": presence,
        }

    def table(self) -> str:
        """The figures as text, one part a line."""
        lines = [f"{'part':12s} {'F1':>6s} {'IoU':>6s}"]
        lines += [f"{part:12s} {self.f1[part]:6.3f} {self.iou[part]:6.3f}" for part in self.f1]
        lines.append(f"{self.photos} photos, mean F1 without background {self.mean_f1:.3f}")
        lines.append(f"pixel accuracy {self.pixel_accuracy:.3f}, calibration error {self.calibration_error:.3f}")
        if self.presence:
            lines.append(f"{'presence':12s} {'prec.':>6s} {'recall':>6s} {'F1':>6s} photos")
        for part, one in self.presence.items():
            lines.append(f"{part:12s} {one.precision:6.3f} {one.recall:6.3f} {one.f1:6.3f} {one.true:6d}")
        return "\n".join(lines)


@dataclass
class Tally:
    """Counts over photos, from which an `Evaluation` follows. `score_map`: coarse id of each class, -1 to skip."""

    score_map: Sequence[int] = tuple(range(len(PARTS)))
    present_share: float = PRESENT_SHARE
    photos: int = 0
    pairs: NDArray[np.int64] = field(default_factory=lambda: np.zeros((256, len(PARTS)), np.int64))
    bins: NDArray[np.float64] = field(default_factory=lambda: np.zeros((3, BINS)))
    presence: NDArray[np.int64] = field(default_factory=lambda: np.zeros((len(PRESENCE), 3), np.int64))

    def add(self, guess: Pixels, confidence: NDArray[np.float32], truth: Pixels) -> None:
        """Count one photo: guessed ids (h, w), their probabilities (h, w), true ids (h, w)."""
        table = np.array(self.score_map, np.int16)
        scored = table[guess]
        known = (scored >= 0) & (truth != IGNORED)
        said, true = scored[known], truth[known].astype(np.int64)
        self.pairs += np.bincount(true * len(PARTS) + said, minlength=self.pairs.size).reshape(self.pairs.shape)
        place = np.minimum((confidence[known] * BINS).astype(np.int64), BINS - 1)
        for row, weights in enumerate((None, confidence[known], said == true)):
            self.bins[row] += np.bincount(place, weights, minlength=BINS)
        for row, part in enumerate(PRESENCE):
            worn = bool((truth == ID[part]).any())
            seen = bool(np.mean(guess == ID[part]) >= self.present_share)
            self.presence[row] += (worn and seen, seen, worn)
        self.photos += 1

    def result(self) -> Evaluation:
        """The figures of all photos counted so far."""
        kept = sorted({part for part in self.score_map if part >= 0})
        f1, iou = {}, {}
        for part in kept:
            hit = int(self.pairs[part, part])
            both = int(self.pairs[:, part].sum() + self.pairs[part].sum())
            f1[PARTS[part]] = 2 * hit / max(both, 1)
            iou[PARTS[part]] = hit / max(both - hit, 1)
        foreground = [f1[PARTS[part]] for part in kept if part]
        count, confidence, right = self.bins
        total = max(float(count.sum()), 1.0)
        fine = list(self.score_map) == list(range(len(PARTS)))
        worn = {part: Presence(*map(int, self.presence[row])) for row, part in enumerate(PRESENCE)} if fine else {}
        return Evaluation(
            photos=self.photos,
            mean_f1=float(np.mean(foreground)),
            pixel_accuracy=float(right.sum() / total),
            calibration_error=float(np.abs(right - confidence).sum() / total),
            f1=f1,
            iou=iou,
            presence=worn,
        )


def evaluate(
    logits_of: LogitsOf,
    data: Path,
    names: Sequence[str] | None = None,
    score_map: Sequence[int] | None = None,
    *,
    size: int = 256,
    batch: int = 8,
    change: Change | None = None,
) -> Evaluation:
    """Score a model on a folder of labelled photos (see `faceedit.labelled`).

    Args:
        logits_of: crops (n, size, size, 3) uint8 RGB to logits (n, 19, h, w) float32. Logits are resized bilinearly to
            the label's size, and only then the most probable class is taken.
        data: the folder.
        names: which photos; all where None.
        score_map: for coarse labels, 19 ids: what each class counts as, -1 for pixels to skip.
        size: side of the crops in pixels; a photo is one crop, mirrored to a square first if it is oblong.
        batch: photos a call of `logits_of`.
        change: applied to each photo and label first, to see how much it costs.

    Raises:
        UsageError: the folder or the score map cannot be used.
        ModelError: `logits_of` returns another shape.
    """
    if score_map is not None and (len(score_map) != len(PARTS) or not all(-1 <= part < 19 for part in score_map)):
        raise UsageError("the score map does not fit", "expected 19 class ids from -1 (skip) to 18")
    folder = open_folder(data)
    tally = Tally() if score_map is None else Tally(tuple(score_map))
    for photos in _batches(folder if names is None else folder.only(names), batch, change):
        crops = np.stack([resize_photo(to_square(pixels), size) for pixels, _ in photos])
        logits = logits_of(crops)
        if logits.shape[:2] != (len(crops), len(PARTS)) or logits.ndim != 4:
            raise ModelError(f"the model returned logits {tuple(logits.shape)}", f"expected ({len(crops)}, 19, h, w)")
        for (_, truth), one in zip(photos, logits, strict=True):
            guess, confidence = label_map(one, truth.shape)
            tally.add(guess, confidence, truth)
    return tally.result()


def _batches(folder: Folder, batch: int, change: Change | None) -> Iterator[list[tuple[Pixels, Pixels]]]:
    for start in range(0, len(folder.pairs), batch):
        photos = [read_pair(folder, pair) for pair in folder.pairs[start : start + batch]]
        yield [change(*photo) for photo in photos] if change else photos


def label_map(logits: torch.Tensor, shape: tuple[int, ...]) -> tuple[Pixels, NDArray[np.float32]]:
    """The most probable class (h, w) uint8 and its probability (h, w) float32 0..1, at `shape`, of logits (19, h', w').

    The logits are of a square crop, of which a photo of `shape` is the upper left part.
    """
    side = max(shape)
    large = F.interpolate(logits[None].float(), size=(side, side), mode="bilinear", align_corners=False)[0]
    probability, guess = large[:, : shape[0], : shape[1]].softmax(0).max(0)
    return guess.byte().cpu().numpy(), probability.cpu().numpy()
