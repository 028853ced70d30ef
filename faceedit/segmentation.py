"""From crops of a photo to the logits of the 19 parts: the Segmenter protocol and SegFormer behind it.

torch and transformers are imported when a model is loaded, not before.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import ModelError, PhotoError, SetupError
from faceedit.geometry import Crop
from faceedit.labels import PARTS
from faceedit.photo import FaceMap, Model

# Crops shown to the model at once: more brings nothing on a CPU and costs memory.
BATCH = 8


class Segmenter(Protocol):
    """Labels upright square crops. `size` is the edge of a crop in pixels."""

    model: Model
    size: int

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, h, w) float32, parts in canonical order, for crops (n, size, size, 3) uint8 RGB."""
        ...


class SegFormer:
    """A SegFormer for the 19 parts from a folder with `config.json` and `model.safetensors`.

    `preprocessor_config.json` may give size, mean and deviation, `thresholds.json` the accessory thresholds.

    Raises:
        ModelError: a file is missing, the weights are a pickle, or the model has other parts.
        SetupError: the device is not there.
    """

    def __init__(self, folder: Path, name: str, device: str = "auto") -> None:
        import torch  # noqa: PLC0415 - seconds to import, wanted only here
        from transformers import SegformerForSemanticSegmentation  # noqa: PLC0415 - likewise
        from transformers.utils import logging  # noqa: PLC0415 - likewise

        weights = checked_folder(folder, name)
        self._torch = torch
        self.device = chosen_device(device)
        self.model = Model(name, sha256(weights), _read_json(folder / "thresholds.json"))
        logging.disable_progress_bar()  # a bar of its own would break ours
        loaded = SegformerForSemanticSegmentation.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
        self._net = loaded.eval().to(self.device)
        self._order = canonical_order(loaded.config.id2label, name)
        shape = _read_json(folder / "preprocessor_config.json")
        self.size = int(shape.get("size", {}).get("height", 512))
        self._mean = np.array(shape.get("image_mean", (0.485, 0.456, 0.406)), np.float32)
        self._deviation = np.array(shape.get("image_std", (0.229, 0.224, 0.225)), np.float32)

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, size / 4, size / 4) float32 for crops (n, size, size, 3) uint8."""
        torch = self._torch
        normal = (crops.astype(np.float32) / 255 - self._mean) / self._deviation
        batch = torch.from_numpy(normal).permute(0, 3, 1, 2).contiguous().to(self.device)  # (n, 3, size, size)
        with torch.inference_mode():
            answers = [self._net(pixel_values=part).logits for part in batch.split(BATCH)]
        logits: NDArray[np.float32] = torch.cat(answers).float().cpu().numpy()[:, self._order]
        if not np.isfinite(logits).all():
            raise PhotoError(f'the model "{self.model.name}" answered NaN or infinity', "its weights are damaged")
        return logits


def chosen_device(device: str) -> str:
    """The torch device to work on: `auto` takes cuda, else mps, else cpu.

    Raises:
        SetupError: the device asked for is not there.
    """
    import torch  # noqa: PLC0415 - seconds to import, wanted only here

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, present in there.items() if present)
    if not there.get(device.split(":", maxsplit=1)[0], False):
        present = ", ".join(name for name, here in there.items() if here)
        raise SetupError(f'the device "{device}" is not there', f"this machine has: {present}")
    return device


def canonical_order(id2label: dict[Any, str], name: str) -> list[int]:
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


def cut(pixels: NDArray[np.uint8], crop: Crop, size: int) -> NDArray[np.uint8]:
    """The crop of a photo (H, W, 3) uint8 as the model sees it, (size, size, 3) uint8; mirrored beyond the border."""
    height, width = pixels.shape[:2]
    bounds = crop.bounds()
    inside = bounds.clipped(height, width)
    if not inside.area:
        return np.zeros((size, size, 3), np.uint8)
    margins = (
        (inside.top - bounds.top, bounds.bottom - inside.bottom),
        (inside.left - bounds.left, bounds.right - inside.right),
        (0, 0),
    )
    step = max(1, int(crop.side / size / 2))  # a coarse first reduction keeps large crops cheap
    picture = Image.fromarray(np.pad(pixels[inside.slices], margins, mode="symmetric")).reduce(step)
    scale = size / crop.side * step
    picture = picture.resize(
        (max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), Image.Resampling.BILINEAR
    )
    onto = crop.matrix()
    onto[:, 2] -= (bounds.left, bounds.top)
    onto *= np.array([[picture.width / bounds.width], [picture.height / bounds.height]])
    onto[:, :2] /= size
    read = picture.transform((size, size), Image.Transform.AFFINE, tuple(onto.ravel()), Image.Resampling.BICUBIC)
    return np.asarray(read)


def maps(pixels: NDArray[np.uint8], crops: Sequence[Crop], segmenter: Segmenter) -> list[FaceMap]:
    """A FaceMap for each crop of a photo (H, W, 3) uint8, all crops shown to the model together."""
    if not crops:
        return []
    batch = np.stack([cut(pixels, crop, segmenter.size) for crop in crops])
    logits = segmenter.logits(batch)
    if logits.shape[:2] != (len(crops), len(PARTS)) or not np.isfinite(logits).all():
        raise PhotoError(f'the model "{segmenter.model.name}" gave an unfit answer of shape {logits.shape}')
    limit = float(np.finfo(np.float16).max)
    return [
        FaceMap(np.clip(one, -limit, limit).astype(np.float16), crop) for one, crop in zip(logits, crops, strict=True)
    ]
