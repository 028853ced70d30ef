"""Folders of labelled photos: `NAME.jpg|png|webp` beside `NAME.label.png`.

A label is an 8-bit picture of class ids, in the canonical order of `faceedit.labels.PARTS` or in the order that the
folder's `labels.json` states (`{"0": "background", "1": "skin", ...}`). Ids that the file leaves out, maps to -1 or
maps to 255 are ignored, in training and in every figure.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from faceedit.errors import UsageError
from faceedit.labels import ID, PARTS, suggestion

IGNORED = 255
"""The class id of pixels that count for nothing."""

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
"""The kinds of photo that are looked for beside a label."""

LAYOUT = "it must hold NAME.jpg, NAME.png or NAME.webp beside NAME.label.png (8-bit class ids)"

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pair:
    """One photo and its label on disk."""

    name: str
    photo: Path
    label: Path


@dataclass(frozen=True)
class Folder:
    """The labelled photos of one folder, sorted by name, and how its ids are read.

    `table` is (256,) uint8: the canonical class id of each id in the files, `IGNORED` for those without a meaning.
    """

    path: Path
    pairs: tuple[Pair, ...]
    table: Pixels

    def only(self, names: Sequence[str]) -> "Folder":
        """The same folder with these photos only; `UsageError` names those that are not there."""
        wanted = set(names)
        missing = sorted(wanted - {pair.name for pair in self.pairs})
        if missing:
            listed = ", ".join(missing[:3]) + (" ..." if len(missing) > 3 else "")
            raise UsageError(
                f"{self.path}: {len(missing)} of {len(wanted)} named photos are not there: {listed}", LAYOUT
            )
        return Folder(self.path, tuple(pair for pair in self.pairs if pair.name in wanted), self.table)

    def without(self, names: Sequence[str]) -> "Folder":
        """The same folder without these photos."""
        left_out = set(names)
        return Folder(self.path, tuple(pair for pair in self.pairs if pair.name not in left_out), self.table)

    def digest(self) -> str:
        """SHA-256, in hex, over the names and bytes of all labels and photos."""
        total = hashlib.sha256()
        for pair in self.pairs:
            for path in (pair.photo, pair.label):
                total.update(pair.name.encode() + hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()


def open_folder(path: Path) -> Folder:
    """The labelled photos of a folder; nothing is decoded yet.

    Raises:
        UsageError: the folder is missing or empty, a photo lacks, or `labels.json` cannot be used.
    """
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder", LAYOUT)
    pairs = tuple(_pair(label) for label in sorted(path.glob("*.label.png")))
    if not pairs:
        raise UsageError(f"{path} holds no NAME.label.png", LAYOUT)
    return Folder(path, pairs, _table(path / "labels.json"))


def _pair(label: Path) -> Pair:
    name = label.name.removesuffix(".label.png")
    for suffix in SUFFIXES:
        photo = label.with_name(name + suffix)
        if photo.exists():
            return Pair(name, photo, label)
    raise UsageError(f"{label} has no photo beside it", f"expected {name}.jpg, {name}.png or {name}.webp")


def _table(path: Path) -> Pixels:
    table = np.full(256, IGNORED, np.uint8)
    if not path.exists():
        table[: len(PARTS)] = range(len(PARTS))
        return table
    for key, name in _label_names(path).items():
        if name in (-1, IGNORED):
            continue
        if not isinstance(name, str) or name not in ID:
            raise UsageError(f'{path}: unknown part "{name}"', suggestion(str(name), PARTS))
        table[key] = ID[name]
    return table


def _label_names(path: Path) -> dict[int, object]:
    hint = 'expected {"0": "background", "1": "skin", ...} with ids 0 to 255'
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {int(key): value for key, value in content.items()}
    except (ValueError, AttributeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", hint) from error
    if not all(0 <= key <= 255 for key in names):
        raise UsageError(f"{path}: an id is not within 0 to 255", hint)
    return names


def read_names(path: Path) -> list[str]:
    """The photo names in a text file, one a line; empty lines are skipped."""
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "expected a text file with one photo name a line"
        ) from error


def read_photo(path: Path) -> Pixels:
    """A photo as (h, w, 3) uint8 RGB."""
    with _open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def read_pair(folder: Folder, pair: Pair) -> tuple[Pixels, Pixels]:
    """A photo (h, w, 3) uint8 RGB and its label (h, w) uint8 in canonical ids, `IGNORED` where nothing is known.

    Raises:
        UsageError: a file cannot be read, the sizes differ, or the label is no 8-bit map of ids.
    """
    pixels = read_photo(pair.photo)
    with _open(pair.label) as picture:
        if picture.mode not in ("L", "P"):
            raise UsageError(f"{pair.label} is no 8-bit map of class ids (it is {picture.mode})", LAYOUT)
        ids = np.asarray(picture)
    if ids.shape != pixels.shape[:2]:
        sizes = f"{ids.shape[1]}x{ids.shape[0]}, its photo {pixels.shape[1]}x{pixels.shape[0]}"
        raise UsageError(f"{pair.label} is {sizes}", "a label has the size of its photo")
    return pixels, folder.table[ids]


def _open(path: Path) -> Image.Image:
    try:
        picture = Image.open(path)
        picture.load()
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "replace the file or take it out of the folder") from error
    return picture


def to_square(pixels: Pixels) -> Pixels:
    """The array (h, w, ...) made square by mirroring at its right or lower border."""
    height, width = pixels.shape[:2]
    side = max(height, width)
    rows, columns = (_mirrored(length, side) for length in (height, width))
    return pixels[rows][:, columns]


def _mirrored(length: int, side: int) -> NDArray[np.intp]:
    position = np.arange(side) % (2 * length)
    return np.minimum(position, 2 * length - 1 - position)


def resize_photo(pixels: Pixels, size: int) -> Pixels:
    """A square photo (s, s, 3) uint8 resampled to (size, size, 3), antialiased."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))
