"""The model that is trained, how it is run, and what steps its weights."""

import math
from pathlib import Path
from typing import Any

import torch
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from faceedit.errors import ModelError, SetupError, UsageError
from faceedit.evaluation import LogitsOf
from faceedit.labelled import Pixels
from faceedit.labels import PARTS

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
WARM_UP = 0.03
"""The share of a run in which the learning rate rises."""


def new_model(config: dict[str, object], start: Path | None) -> SegformerForSemanticSegmentation:
    """The model to train: that of the folder `start`, or a new one of `config` with random weights, both with 19 parts.

    Raises:
        ModelError: the folder holds no SegFormer with the 19 parts in the canonical order, or the config is unfit.
    """
    named = {"id2label": dict(enumerate(PARTS)), "label2id": {part: index for index, part in enumerate(PARTS)}}
    if start is not None:
        return _open_model(start)
    try:
        return SegformerForSemanticSegmentation(SegformerConfig(**{**config, **named}))
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        raise ModelError(
            f"no SegFormer can be made of this config: {error}", "see transformers.SegformerConfig"
        ) from error


def _open_model(folder: Path) -> SegformerForSemanticSegmentation:
    hint = "expected a folder with config.json and model.safetensors of a SegformerForSemanticSegmentation"
    try:
        model = SegformerForSemanticSegmentation.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{folder} cannot be trained further: {error}", hint) from error
    names = [model.config.id2label.get(index) for index in range(len(PARTS))]
    if names != list(PARTS) or model.config.num_labels != len(PARTS):
        raise ModelError(f"{folder} labels other parts, or in another order", "known order: " + " ".join(PARTS))
    return model


def best_device(wanted: str | None) -> torch.device:
    """The device asked for, or the fastest there is; `SetupError` where it is not there."""
    if wanted is None:
        mps = "mps" if torch.backends.mps.is_available() else "cpu"
        return torch.device("cuda" if torch.cuda.is_available() else mps)
    kind = wanted.split(":")[0]
    if kind not in ("cuda", "mps", "cpu"):
        raise UsageError(f'unknown device "{wanted}"', "known: cuda, mps, cpu")
    if (kind == "cuda" and not torch.cuda.is_available()) or (kind == "mps" and not torch.backends.mps.is_available()):
        raise SetupError(f"no {kind} device was found", "leave the device out to use the best there is")
    return torch.device(wanted)


def halves(device: torch.device) -> bool:
    """Whether bfloat16 is worth while on this device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and supported is not None and bool(supported())


def normalized(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels (n, 3, h, w) float32 0..1 as the model wants them, by ImageNet's mean and deviation."""
    mean, std = (torch.tensor(values, device=pixels.device).view(1, 3, 1, 1) for values in (MEAN, STD))
    return (pixels - mean) / std


def logits_of(model: SegformerForSemanticSegmentation) -> LogitsOf:
    """A model as `evaluate` wants it: crops (n, size, size, 3) uint8 to logits (n, 19, size/4, size/4) float32."""
    device = model.device
    model.eval()

    def run(crops: Pixels) -> torch.Tensor:
        pixels = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=halves(device)):
            logits: torch.Tensor = model(pixel_values=normalized(pixels)).logits
        return logits.float()

    return run


def learning_rate(done: float, highest: float) -> float:
    """The rate at a share 0..1 of the run: linear warm-up, then a cosine down to a hundredth."""
    if done < WARM_UP:
        return highest * (done / WARM_UP * 0.99 + 0.01)
    fall = (min(done, 1.0) - WARM_UP) / (1 - WARM_UP)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall)))


def make_optimizers(model: torch.nn.Module, kind: str, lr: float, weight_decay: float) -> list[torch.optim.Optimizer]:
    """AdamW over all weights, or with `muon` over those that are no matrices, and Muon over the matrices.

    Weight decay is for weights of two or more dimensions only.

    Raises:
        UsageError: the kind is neither `adamw` nor `muon`.
        SetupError: this torch has no Muon (it came with 2.9).
    """
    if kind not in ("adamw", "muon"):
        raise UsageError(f'unknown optimizer "{kind}"', "known: adamw, muon")
    if kind == "muon" and not hasattr(torch.optim, "Muon"):
        raise SetupError(f"torch {torch.__version__} has no Muon", 'torch 2.9 or later has; or take "adamw"')
    sorted_: dict[str, list[torch.nn.Parameter]] = {"matrices": [], "decayed": [], "plain": []}
    for name, parameter in model.named_parameters():
        if kind == "muon" and parameter.ndim == 2:
            sorted_["matrices"].append(parameter)
        else:
            sorted_["decayed" if parameter.ndim > 1 and "dwconv" not in name else "plain"].append(parameter)
    groups: list[dict[str, Any]] = [
        {"params": sorted_["decayed"], "weight_decay": weight_decay},
        {"params": sorted_["plain"], "weight_decay": 0.0},
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.98))]
    # Two, so that two workers can step them at the same time.
    for half in (sorted_["matrices"][0::2], sorted_["matrices"][1::2]):
        if half:
            optimizers.append(torch.optim.Muon(half, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"))
    return optimizers
