"""Train a SegFormer on labelled photos."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812, its usual name
from transformers import SegformerForSemanticSegmentation

from faceedit.errors import ModelError, UsageError
from faceedit.evaluation import Evaluation, evaluate
from faceedit.labelled import Folder, open_folder, read_names
from faceedit.training import checkpoint, export
from faceedit.training.augment import Augmenter, sampling_weights
from faceedit.training.data import load, load_backdrops
from faceedit.training.loss import class_weights, segmentation_loss
from faceedit.training.model import (
    best_device,
    halves,
    learning_rate,
    logits_of,
    make_optimizers,
    new_model,
    normalized,
)
from faceedit.training.options import Progress, TrainOptions

Report = Callable[[Progress], None]
"""Called with the progress now and then."""

ZOOM_IN = 1.25
"""Photos are kept in memory this much larger than the crops, so that zooming in loses little."""

REPORT_SECONDS = 15.0
SAVE_SECONDS = 60.0


def train(data: Path, out: Path, options: TrainOptions, report: Report) -> Path:
    """Train a model on the labelled photos of a folder (see `faceedit.labelled`), write it to `out`, and return `out`.

    From the first check on, `out` is a folder for `SegformerForSemanticSegmentation.from_pretrained`: config.json and
    model.safetensors, the averaged weights in fp16. `training.json` there records how it came about. A run that was
    killed goes on from its checkpoint with `resume`; the checkpoint is at most a minute or a step old.

    Raises:
        UsageError: the folder, the names or the options cannot be used, or `out` holds a training already.
        ModelError: the model to start from, or the checkpoint to go on from, cannot be used.
        SetupError: the device or the optimizer is not there.
    """
    _check(options)
    folder = open_folder(data)
    names = read_names(options.validation) if options.validation else []
    scored = folder.only(names)
    photos = folder.without(names)
    if len(photos.pairs) < 2:
        raise UsageError(f"{data}: {len(photos.pairs)} photos are left to train on", "at least 2 are needed")
    if not options.resume and ((out / checkpoint.NAME).exists() or (out / export.RECORD).exists()):
        raise UsageError(f"{out} holds a training already", "resume it, or take another folder")
    if options.resume and export.finished(out):
        return out
    out.mkdir(parents=True, exist_ok=True)
    threads = torch.get_num_threads()
    try:
        Run(photos, scored, out, options, report).go()
    finally:
        torch.set_num_threads(threads)
    return out


def _check(options: TrainOptions) -> None:
    if not options.stages or any(size % 32 or size < 32 or epochs < 1 for size, epochs in options.stages):
        raise UsageError(f"stages {options.stages} cannot be used", "each is a size (a multiple of 32) and epochs")
    if options.batch < 2 or options.workers < 1 or options.batch < 2 * options.workers:
        raise UsageError("the batch is too small", "each worker needs at least 2 photos")
    if options.lr <= 0 or not 0 <= options.ema < 1:
        raise UsageError("lr or ema cannot be used", "lr is above 0, ema from 0 to below 1")
    if options.checks < 1 or (options.minutes is not None and options.minutes <= 0):
        raise UsageError("checks or minutes cannot be used", "checks is at least 1, minutes above 0")


class Run:
    """One training run: model, averaged weights, optimizers, and where it stands."""

    def __init__(self, photos: Folder, scored: Folder, out: Path, options: TrainOptions, report: Report) -> None:
        self.photos, self.scored, self.out, self.options, self.report = photos, scored, out, options, report
        if options.threads is not None:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        self.generator = torch.Generator().manual_seed(options.seed)
        self.device = best_device(options.device)
        self.model = new_model(options.config, options.start).to(self.device)
        self.parameters = list(self.model.parameters())
        self.average = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        self.optimizers = make_optimizers(self.model, options.optimizer, options.lr, options.weight_decay)
        # Torch's thread count belongs to the thread that sets it.
        threads = options.threads or torch.get_num_threads()
        self.pool = ThreadPoolExecutor(options.workers, initializer=torch.set_num_threads, initargs=(threads,))
        self.step, self.work, self.seconds, self.loss = 0, 0.0, 0.0, math.nan
        self.history: list[dict[str, object]] = []
        self.stage = -1
        self.ready: tuple[torch.Tensor, torch.Tensor] | None = None
        self.drawn_from = self.generator.get_state()
        self.facts = export.facts(photos, scored, options, self.device)
        if (out / checkpoint.NAME).exists():
            self.resume()

    @property
    def plan(self) -> list[float]:
        """The work of each stage, in pixels."""
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

    def go(self) -> None:
        """Train to the end, with reports, checks and checkpoints on the way."""
        reported = saved = time.monotonic()
        checked = math.floor(self.done * self.options.checks)
        while self.done < 1:
            began = time.monotonic()
            if self.stage_now() != self.stage:
                self.enter(self.stage_now())
            self.advance()
            now = time.monotonic()
            self.seconds += now - began
            if self.done < 1 and math.floor(self.done * self.options.checks) > checked:
                checked = math.floor(self.done * self.options.checks)
                self.check()
                saved = -math.inf
            elif now - reported > REPORT_SECONDS:
                self.tell()
                reported = now
            if now - saved > SAVE_SECONDS:
                self.save()
                saved = now
        self.check(finished=True)
        (self.out / checkpoint.NAME).unlink(missing_ok=True)
        self.pool.shutdown()

    def enter(self, stage: int) -> None:
        """Load the photos at the size of a stage."""
        self.stage = stage
        self.size = self.options.stages[stage][0]
        large = int(self.size * ZOOM_IN)
        photos = load(self.photos, large)
        backdrops = load_backdrops(self.options.backdrops, large) if self.options.backdrops else None
        self.augmenter = Augmenter(photos, self.size, self.options.augment, self.generator, backdrops)
        self.chances = sampling_weights(photos.labels)
        self.ready = None
        self.weights = class_weights(photos.labels, self.options.balance).to(self.device)

    def advance(self) -> None:
        """One step of the optimizers on one batch."""
        pixels, labels = self.ready or self.draw()
        self.model.train()
        workers = max(1, min(self.options.workers, len(pixels) // 2))
        shares = list(self.pool.map(self.gradients, pixels.chunk(workers), labels.chunk(workers)))
        for number, parameter in enumerate(self.parameters):
            parameter.grad = torch.stack([gradients[number] for _, gradients in shares]).mean(0)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        drawing = self.pool.submit(self.draw)
        list(self.pool.map(self.move, self.optimizers))
        self.ready = drawing.result()
        self.step += 1
        self.work += len(pixels) * self.size**2
        value = sum(loss for loss, _ in shares) / len(shares)
        self.loss = value if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * value
        self.average_in()

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The next batch, changed at random: pixels (B, 3, size, size) float32 0..1, labels (B, size, size) int64."""
        self.drawn_from = self.generator.get_state()
        count = min(self.options.batch, len(self.chances))
        return self.augmenter.batch(torch.multinomial(self.chances, count, generator=self.generator))

    def move(self, optimizer: torch.optim.Optimizer) -> None:
        """One step of one optimizer, at the learning rate of now."""
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(self.done, self.options.lr)
        optimizer.step()

    def gradients(self, pixels: torch.Tensor, labels: torch.Tensor) -> tuple[float, tuple[torch.Tensor, ...]]:
        """The loss of a share of a batch and its gradients, one a parameter.

        Pixels (B, 3, size, size) float32 0..1, labels (B, size, size) int64.
        """
        pixels, labels = pixels.to(self.device), labels.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halves(self.device)):
            logits = self.model(pixel_values=normalized(pixels)).logits  # (B, 19, size/4, size/4)
        large = F.interpolate(logits.float(), size=labels.shape[1:], mode="bilinear", align_corners=False)
        loss = segmentation_loss(large, labels, self.weights)
        return float(loss.detach()), torch.autograd.grad(loss, self.parameters)

    @torch.no_grad()
    def average_in(self) -> None:
        """Move the averaged weights a little towards those of this step."""
        kept = min(self.options.ema, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - kept)
            else:
                self.average[name].copy_(value)

    def tell(self, scored: Evaluation | None = None) -> None:
        """Report progress."""
        self.report(
            Progress(
                step=self.step,
                done=self.done,
                size=self.size,
                loss=self.loss,
                lr=learning_rate(self.done, self.options.lr),
                seconds=self.seconds,
                eta_seconds=self.seconds / max(self.done, 1e-6) - self.seconds,
                mean_f1=scored.mean_f1 if scored else None,
                f1=scored.f1 if scored else None,
            )
        )

    def check(self, finished: bool = False) -> None:
        """Export the averaged weights, score them on the validation photos, and record it.

        Weighting a class by w in the loss raises its logit by log(w): without that share the probabilities are those of
        the photos (logit adjustment, Menon et al. 2021), and small parts are no longer painted too large.
        """
        began = time.monotonic()
        model = SegformerForSemanticSegmentation(self.model.config).to(self.device)
        model.load_state_dict(self.average)
        with torch.no_grad():
            model.decode_head.classifier.bias -= self.weights.log()
        entry: dict[str, object] = {"step": self.step, "done": self.done, "size": self.size, "loss": self.loss}
        scored = None
        if self.scored.pairs:
            scored = evaluate(
                logits_of(model), self.scored.path, [pair.name for pair in self.scored.pairs], size=self.last_size
            )
            entry["validation"] = scored.to_json()
        export.write_model(model, self.last_size, self.out)
        self.seconds += time.monotonic() - began
        self.history.append({**entry, "seconds": round(self.seconds, 1)})
        state = {"finished": finished, "steps": self.step, "seconds": round(self.seconds, 1), "history": self.history}
        export.write_record(self.out, {**self.facts, **state})
        self.tell(scored)

    @property
    def last_size(self) -> int:
        """The crop size of the last stage, at which the model is to be used."""
        return self.options.stages[-1][0]

    def save(self) -> None:
        """Write the checkpoint."""
        tensors = {"rng/augment": self.drawn_from, "rng/torch": torch.get_rng_state()}
        tensors |= {f"model/{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average/{name}": value for name, value in self.average.items()}
        for number, optimizer in enumerate(self.optimizers):
            tensors |= checkpoint.optimizer_tensors(optimizer, f"optimizer{number}")
        state = {"step": self.step, "work": self.work, "seconds": self.seconds, "loss": self.loss}
        checkpoint.save(self.out / checkpoint.NAME, tensors, {**state, "history": self.history})

    def resume(self) -> None:
        """Take up the checkpoint in `out`."""
        path = self.out / checkpoint.NAME
        tensors, state = checkpoint.load(path)
        try:
            self.model.load_state_dict(checkpoint.part_of(tensors, "model"))
            average = checkpoint.part_of(tensors, "average")
            self.average = {name: average[name].to(self.device) for name in self.average}
            for number, optimizer in enumerate(self.optimizers):
                checkpoint.restore_optimizer(optimizer, tensors, f"optimizer{number}")
            self.generator.set_state(tensors["rng/augment"])
            torch.set_rng_state(tensors["rng/torch"])
            self.step, self.work, self.seconds = state["step"], state["work"], state["seconds"]
            self.loss, self.history = state["loss"], state["history"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise ModelError(f"{path} is of another training: {error}", "delete it to begin anew") from error
