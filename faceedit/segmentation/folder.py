"""A model's folder on disk: `config.json`, `model.safetensors`, and two small files that may lie beside them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from faceedit.errors import ModelError
from faceedit.labels import PARTS, suggestion
from faceedit.photo import Model
from faceedit.segmentation.closer import Look

# What SegFormers are trained with where the folder does not say. Source: transformers, SegformerImageProcessor.
SIZE = 512
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Folder:
    """A checked model folder: what every engine needs to know of it."""

    weights: Path
    model: Model
    config: Mapping[str, Any]
    size: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    order: list[int]

    @classmethod
    def read(cls, folder: Path, name: str) -> Self:
        """What a folder holds.

        Raises:
            ModelError: a file is missing or cannot be read, the weights are a pickle, or the model has other parts.
        """
        weights = checked_folder(folder, name)
        config = _read_json(folder / "config.json")
        shape = _read_json(folder / "preprocessor_config.json")
        return cls(
            weights,
            Model(name, sha256(weights), _read_json(folder / "thresholds.json"), _read_closer(folder / "closer.json")),
            config,
            _size(shape.get("size", SIZE)),
            tuple(shape.get("image_mean", MEAN)),
            tuple(shape.get("image_std", DEVIATION)),
            canonical_order(config.get("id2label", {}), name),
        )

    def normalised(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Crops (n, size, size, 3) uint8 as the model wants them: float32, same shape."""
        mean, deviation = (np.array(each, np.float32) for each in (self.mean, self.deviation))
        normal: NDArray[np.float32] = crops * (1 / (255 * deviation)) - mean / deviation
        return normal


def _read_closer(path: Path) -> dict[str, dict[str, float]]:
    """The parts that are looked at twice.

    Raises:
        ModelError: the file names an unknown part, or not just what a `Look` has.
    """
    closer = _read_json(path)
    for part, how in closer.items():
        try:
            Look(**how)
        except (TypeError, ValueError) as error:
            raise ModelError(f"{path}: {part}: {error}", "a part has zoom, suspected, likely and sure") from error
        if part not in PARTS:
            raise ModelError(f'{path}: there is no part "{part}"', suggestion(part, PARTS))
    return closer


def _size(size: Any) -> int:
    """The crop's edge from a preprocessor's `size`: a number, or its height or shortest edge."""
    if isinstance(size, dict):
        size = size.get("height", size.get("shortest_edge", SIZE))
    return int(size)


def canonical_order(id2label: Mapping[Any, str], name: str) -> list[int]:
    """For each part in canonical order, the model's own class number.

    Raises:
        ModelError: the model's names differ from the 19 parts.
    """
    number = {label: int(index) for index, label in id2label.items()}
    if set(number) != set(PARTS):
        missing = sorted(set(PARTS) - set(number)) or ["none"]
        strange = sorted(set(number) - set(PARTS)) or ["none"]
        raise ModelError(
            f'the model "{name}" labels other parts: missing {", ".join(missing)}; unknown {", ".join(strange[:25])}',
            "a model must have the 19 CelebAMask-HQ names in its config.json (id2label)",
        )
    return [number[part] for part in PARTS]


def checked_folder(folder: Path, name: str) -> Path:
    """The path of a model folder's safetensors weights.

    Raises:
        ModelError: the folder holds no SegFormer in safetensors.
    """
    weights = folder / "model.safetensors"
    if not (folder / "config.json").is_file():
        raise ModelError(f'the model "{name}" has no config.json in {folder}', "name a folder made by save_pretrained")
    if not weights.is_file():
        pickles = [path.name for path in folder.glob("*") if path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}]
        what = f"only pickle weights ({pickles[0]}), which are never opened" if pickles else "no model.safetensors"
        raise ModelError(f'the model "{name}" has {what} in {folder}', "save it with safetensors")
    kind = _read_json(folder / "config.json").get("model_type")
    if kind != "segformer":
        raise ModelError(f'the model "{name}" is a "{kind}", not a segformer', "other models come by plugins")
    return weights


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error
    return content if isinstance(content, dict) else {}
