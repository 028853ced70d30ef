"""Labelled photos in memory, as tensors at the size of training."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from faceedit.errors import UsageError
from faceedit.labelled import IGNORED, SUFFIXES, Folder, read_pair, read_photo, resize_photo, to_square

__all__ = ["IGNORED", "Loaded", "load", "load_backdrops"]


@dataclass(frozen=True)
class Loaded:
    """A folder in memory: `photos` (n, 3, s, s) and `labels` (n, s, s), both uint8 tensors."""

    photos: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.photos)


def load(folder: Folder, size: int) -> Loaded:
    """All photos and labels of a folder at `size` x `size` pixels; oblong photos are mirrored to squares."""
    photos, labels = [], []
    for pair in folder.pairs:
        pixels, ids = (to_square(array) for array in read_pair(folder, pair))
        photos.append(torch.from_numpy(resize_photo(pixels, size).copy()).permute(2, 0, 1))
        # A label is a sample at each centre: averaging ids would invent classes.
        small = Image.fromarray(ids).resize((size, size), Image.Resampling.NEAREST)
        labels.append(torch.from_numpy(np.array(small)))
    return Loaded(torch.stack(photos), torch.stack(labels))


def load_backdrops(path: Path, size: int) -> torch.Tensor:
    """The photos right inside a folder, as (n, 3, size, size) uint8; they must show no face."""
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder", "backdrops are photos without faces")
    found = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not found:
        raise UsageError(f"{path} holds no photo", "backdrops are .jpg, .png or .webp files without faces")
    photos = [resize_photo(to_square(read_photo(file)), size) for file in found]
    return torch.from_numpy(np.stack(photos)).permute(0, 3, 1, 2).contiguous()
