"""Train a SegFormer on labelled photos."""

import dataclasses
import json
import math
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import transformers
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from faceedit.errors import ModelError, UsageError
from faceedit.evaluation import LogitsOf, evaluate
from faceedit.labelled import Folder, Pixels, open_folder, read_names
from faceedit.labels import PARTS
from faceedit.training import checkpoint
from faceedit.training.augment import Augmenter, sampling_weights
from faceedit.training.data import load, load_backdrops
from faceedit.training.loss import class_weights, segmentation_loss
from faceedit.training.options import Progress, TrainOptions

Report = Callable[[Progress], None]

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
ZOOM_IN = 1.25
WARM_UP = 0.03
REPORT_SECONDS = 15.0
SAVE_SECONDS = 60.0


def train(data: Path, out: Path, options: TrainOptions, report: Report) -> Path:
    """Train a model on the labelled photos of a folder and write it to `out`, which is returned.

    `out` is a folder for `SegformerForSemanticSegmentation.from_pretrained` (config.json, model.safetensors in fp16,
    averaged weights) from the first check on, with training.json that records how it came about.

    Raises:
        UsageError: the folder, the names or the options cannot be used.
        ModelError: the model to start from, or the checkpoint to go on from, cannot be used.
    """
    _check(options)
    folder = open_folder(data)
    names = read_names(options.validation) if options.validation else []
    folder.only(names)
    photos = folder.without(names)
    if not photos.pairs:
        raise UsageError(f"{data}: all photos are for validation", "leave some to train on")
    out.mkdir(parents=True, exist_ok=True)
    run = Run(photos, names, out, options, report)
    run.go()
    return out


def _check(options: TrainOptions) -> None:
    if not options.stages or any(size % 32 or size < 32 or epochs < 1 for size, epochs in options.stages):
        raise UsageError(f"stages {options.stages} cannot be used", "each is a size (a multiple of 32) and epochs")
    if options.batch < 2 or options.lr <= 0 or not 0 <= options.ema < 1:
        raise UsageError("batch, lr or ema cannot be used", "batch is at least 2, lr above 0, ema from 0 to below 1")
    if options.device is not None and options.device.split(":")[0] not in ("cpu", "cuda", "mps"):
        raise UsageError(f'unknown device "{options.device}"', "known: cuda, mps, cpu")


def new_model(options: TrainOptions) -> SegformerForSemanticSegmentation:
    """The model to train: of `options.start`, or new with random weights of `options.config`."""
    named = {"id2label": dict(enumerate(PARTS)), "label2id": {part: index for index, part in enumerate(PARTS)}}
    if options.start is None:
        return SegformerForSemanticSegmentation(SegformerConfig(**{**options.config, "num_labels": 19, **named}))
    try:
        model = SegformerForSemanticSegmentation.from_pretrained(
            options.start, local_files_only=True, use_safetensors=True, dtype=torch.float32, **named
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"{options.start} cannot be trained further: {error}", "expected a SegFormer's folder") from error
    return model


def best_device(wanted: str | None) -> torch.device:
    """The device asked for, or the fastest there is."""
    if wanted is not None:
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def halves(device: torch.device) -> bool:
    """Whether bfloat16 is fast on this device."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device.type == "cpu" and supported is not None and bool(supported())


def logits_of(model: SegformerForSemanticSegmentation, device: torch.device) -> LogitsOf:
    """A model as `evaluate` wants it: crops (n, size, size, 3) uint8 to logits (n, 19, size/4, size/4) float32."""
    mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN, STD))

    def run(crops: Pixels) -> torch.Tensor:
        pixels = torch.from_numpy(crops).to(device).permute(0, 3, 1, 2).float() / 255
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=halves(device)):
            logits: torch.Tensor = model(pixel_values=(pixels - mean) / std).logits
        return logits.float()

    return run


def learning_rate(done: float, highest: float) -> float:
    """The rate at a share 0..1 of the run: linear warm-up, then a cosine down to a hundredth."""
    if done < WARM_UP:
        return highest * (done / WARM_UP * 0.99 + 0.01)
    fall = (min(done, 1.0) - WARM_UP) / (1 - WARM_UP)
    return highest * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall)))


class Run:
    """One training run: model, averaged weights, optimizers, and where it stands."""

    def __init__(self, photos: Folder, names: list[str], out: Path, options: TrainOptions, report: Report) -> None:
        self.photos, self.names, self.out, self.options, self.report = photos, names, out, options, report
        if options.threads is not None:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.generator = torch.Generator().manual_seed(options.seed)
        self.device = best_device(options.device)
        self.model = new_model(options).to(self.device)
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.optimizers = make_optimizers(self.model, options)
        self.mean, self.std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (MEAN, STD))
        self.step, self.work, self.seconds, self.loss = 0, 0.0, 0.0, float("nan")
        self.history: list[dict[str, object]] = []
        self.stage = -1
        if options.resume and (out / checkpoint.NAME).exists():
            self.resume()

    # -- where it stands ------------------------------------------------------------------------------------------

    @property
    def plan(self) -> list[float]:
        """The work of each stage: pixels, in crops of one pixel."""
        return [float(size * size * epochs * len(self.photos.pairs)) for size, epochs in self.options.stages]

    @property
    def done(self) -> float:
        """The share of the run that is done, 0..1: of its work, or of its time where that is given."""
        if self.options.minutes is not None:
            return min(1.0, self.seconds / (60 * self.options.minutes))
        return min(1.0, self.work / sum(self.plan))

    def stage_now(self) -> int:
        """The number of the stage that the share done falls into."""
        left = self.done * sum(self.plan)
        for number, work in enumerate(self.plan):
            left -= work
            if left < 0:
                return number
        return len(self.plan) - 1

    # -- going on -------------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Train to the end, with reports, checks and checkpoints on the way."""
        reported = saved = time.monotonic()
        checked = math.floor(self.done * self.options.checks)
        while self.done < 1:
            if self.stage_now() != self.stage:
                self.enter(self.stage_now())
            began = time.monotonic()
            self.advance()
            self.seconds += time.monotonic() - began
            now = time.monotonic()
            if math.floor(self.done * self.options.checks) > checked and self.done < 1:
                checked = math.floor(self.done * self.options.checks)
                self.check()
                self.save()
            elif now - reported > REPORT_SECONDS:
                self.tell()
                reported = now
            if now - saved > SAVE_SECONDS:
                self.save()
                saved = now
        self.check(finished=True)
        (self.out / checkpoint.NAME).unlink(missing_ok=True)

    def enter(self, stage: int) -> None:
        """Load the photos at the size of a stage."""
        began = time.monotonic()
        self.stage = stage
        self.size = self.options.stages[stage][0]
        loaded = load(self.photos, int(self.size * ZOOM_IN))
        backdrops = self.options.backdrops
        scenes = load_backdrops(backdrops, int(self.size * ZOOM_IN)) if backdrops else None
        self.augmenter = Augmenter(loaded, self.size, self.options.augment, self.generator, scenes)
        self.drawn = sampling_weights(loaded.labels)
        self.weights = class_weights(loaded.labels).to(self.device)
        self.seconds += time.monotonic() - began

    def advance(self) -> None:
        """One step of the optimizers on one batch."""
        count = min(self.options.batch, len(self.drawn))
        pixels, labels = self.augmenter.batch(torch.multinomial(self.drawn, count, generator=self.generator))
        pixels, labels = pixels.to(self.device), labels.to(self.device)
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halves(self.device)):
            logits = self.model(pixel_values=(pixels - self.mean) / self.std).logits  # (B, 19, h, w)
        large = F.interpolate(logits.float(), size=labels.shape[1:], mode="bilinear", align_corners=False)
        loss = segmentation_loss(large, labels, self.weights)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        rate = learning_rate(self.done, self.options.lr)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        self.work += count * self.size**2
        value = float(loss.detach())
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.average_in()

    @torch.no_grad()
    def average_in(self) -> None:
        """Move the averaged weights a little towards those of this step."""
        kept = min(self.options.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - kept)
            else:
                self.average[name].copy_(value)

    # -- telling and keeping --------------------------------------------------------------------------------------

    def tell(self, mean_f1: float | None = None, f1: dict[str, float] | None = None) -> None:
        """Report progress."""
        eta = self.seconds / max(self.done, 1e-6) - self.seconds
        rate = learning_rate(self.done, self.options.lr)
        self.report(
            Progress(self.step, self.done, self.size, self.loss, rate, self.seconds, eta, mean_f1=mean_f1, f1=f1)
        )

    def check(self, finished: bool = False) -> None:
        """Score the averaged weights on the validation photos and export them."""
        began = time.monotonic()
        self.export()
        entry: dict[str, object] = {"step": self.step, "done": self.done, "size": self.size, "loss": self.loss}
        mean_f1, f1 = None, None
        if self.names:
            model = SegformerForSemanticSegmentation(self.model.config).to(self.device).eval()
            model.load_state_dict(self.average)
            size = self.options.stages[-1][0]
            scored = evaluate(logits_of(model, self.device), self.photos.path, self.names, size=size)
            mean_f1, f1 = scored.mean_f1, scored.f1
            entry["validation"] = scored.to_json()
        self.seconds += time.monotonic() - began
        self.history.append({**entry, "seconds": round(self.seconds, 1)})
        self.record(finished)
        self.tell(mean_f1, f1)

    def export(self) -> None:
        """Write the averaged weights in fp16 as a folder that `from_pretrained` reads."""
        model = SegformerForSemanticSegmentation(self.model.config)
        model.load_state_dict(self.average)
        temporary = self.out / "export.part"
        model.half().save_pretrained(temporary)
        for name in ("model.safetensors", "config.json"):
            os.replace(temporary / name, self.out / name)
        for left in temporary.iterdir():
            left.unlink()
        temporary.rmdir()

    def record(self, finished: bool) -> None:
        """Write training.json."""
        content = {
            "finished": finished,
            "options": json.loads(json.dumps(dataclasses.asdict(self.options), default=str)),
            "photos": len(self.photos.pairs),
            "validation_photos": len(self.names),
            "data_sha256": self.photos.digest(),
            "versions": {
                "python": platform.python_version(),
                "torch": torch.__version__,
                "transformers": transformers.__version__,
            },
            "device": str(self.device),
            "steps": self.step,
            "seconds": round(self.seconds, 1),
            "history": self.history,
        }
        temporary = self.out / "training.json.part"
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, self.out / "training.json")

    def save(self) -> None:
        """Write the checkpoint."""
        tensors: dict[str, torch.Tensor] = {"rng/augment": self.generator.get_state(), "rng/torch": torch.get_rng_state()}
        tensors |= {f"model/{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average/{name}": value for name, value in self.average.items()}
        for number, optimizer in enumerate(self.optimizers):
            tensors |= checkpoint.optimizer_tensors(optimizer, f"optimizer{number}")
        facts = {"step": self.step, "work": self.work, "seconds": self.seconds, "loss": self.loss}
        checkpoint.save(self.out / checkpoint.NAME, tensors, {**facts, "history": self.history})

    def resume(self) -> None:
        """Take up the checkpoint in `out`."""
        path = self.out / checkpoint.NAME
        tensors, facts = checkpoint.load(path)
        try:
            self.model.load_state_dict(checkpoint.part_of(tensors, "model"))
            average = checkpoint.part_of(tensors, "average")
            self.average = {name: average[name].to(self.device) for name in self.average}
            for number, optimizer in enumerate(self.optimizers):
                checkpoint.restore_optimizer(optimizer, tensors, f"optimizer{number}")
            self.generator.set_state(tensors["rng/augment"])
            torch.set_rng_state(tensors["rng/torch"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise ModelError(f"{path} is of another model: {error}", "delete it to begin anew") from error
        self.step, self.work, self.seconds = facts["step"], facts["work"], facts["seconds"]
        self.loss, self.history = facts["loss"], facts["history"]


def make_optimizers(model: torch.nn.Module, options: TrainOptions) -> list[torch.optim.Optimizer]:
    """The optimizers of a model: weight decay on matrices only, and Muon on the encoder's if that is asked for."""
    decayed: list[torch.nn.Parameter] = []
    plain: list[torch.nn.Parameter] = []
    matrices: list[torch.nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if options.optimizer == "muon" and parameter.ndim == 2:
            matrices.append(parameter)
        else:
            (decayed if parameter.ndim > 1 and "dwconv" not in name else plain).append(parameter)
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": options.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=options.lr, betas=(0.9, 0.98))]
    if matrices:
        optimizers.append(
            torch.optim.Muon(
                matrices, lr=options.lr, weight_decay=options.weight_decay, adjust_lr_fn="match_rms_adamw"
            )
        )
    return optimizers
