"""What a training leaves behind: the model's folder and its record."""

import dataclasses
import json
import platform
from pathlib import Path

import torch
import transformers
from transformers import SegformerForSemanticSegmentation
from transformers.utils import logging

from faceedit.labelled import Folder
from faceedit.training.model import MEAN, STD
from faceedit.training.options import TrainOptions

RECORD = "training.json"
"""The record's file name within the output folder."""

PREPROCESSOR = "preprocessor_config.json"
"""Where transformers, too, looks for size, mean and deviation."""


def write_model(model: SegformerForSemanticSegmentation, size: int, out: Path) -> None:
    """Write a model in fp16 to a folder that every loader reads, each file whole or not at all; this halves the model.

    `size` is the edge of the crops that it is to be shown, in pixels.
    """
    temporary = out / "export.part"
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    model.half().save_pretrained(temporary)
    if shown:
        logging.enable_progress_bar()
    shape = {"image_mean": MEAN, "image_std": STD, "size": {"height": size, "width": size}}
    (temporary / PREPROCESSOR).write_text(json.dumps(shape, indent=2) + "\n", encoding="utf-8")
    for name in ("model.safetensors", "config.json", PREPROCESSOR):
        (temporary / name).replace(out / name)
    for left in temporary.iterdir():
        left.unlink()
    temporary.rmdir()


def facts(photos: Folder, scored: Folder, options: TrainOptions, device: torch.device) -> dict[str, object]:
    """What is known of a run before it begins: options, photos with their digests, versions, device."""
    return {
        "options": json.loads(json.dumps(dataclasses.asdict(options), default=str)),
        "photos": len(photos.pairs),
        "photos_sha256": photos.digest(),
        "validation_photos": len(scored.pairs),
        "validation_sha256": scored.digest(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
        "device": str(device),
        "machine": platform.machine(),
    }


def write_record(out: Path, content: dict[str, object]) -> None:
    """Write training.json, whole or not at all."""
    temporary = out / (RECORD + ".part")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    temporary.replace(out / RECORD)


def finished(out: Path) -> bool:
    """Whether a folder holds a training that came to its end."""
    try:
        return bool(json.loads((out / RECORD).read_text(encoding="utf-8")).get("finished"))
    except (OSError, ValueError, AttributeError):
        return False
