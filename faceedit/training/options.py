"""What a training run is told, and what it tells."""

from dataclasses import dataclass, field
from pathlib import Path

from faceedit.training.augment import Augment

LITE = {
    "hidden_sizes": [48, 96, 160, 224],
    "depths": [2, 2, 3, 2],
    "num_attention_heads": [1, 2, 5, 7],
    "sr_ratios": [8, 4, 2, 1],
    "decoder_hidden_size": 96,
    "drop_path_rate": 0.05,
}
"""The shape of the `lite` model (4.0 M parameters): arguments of `transformers.SegformerConfig`."""


@dataclass(frozen=True)
class TrainOptions:
    """Everything a training run depends on, apart from the photos.

    Attributes:
        config: arguments of `SegformerConfig` for a new model; `num_labels` and names are added.
        start: a folder with a model to go on from, instead of a new one of `config`.
        stages: (crop size in pixels, epochs), one after another, under one learning rate curve.
        batch: photos a step.
        lr: the highest learning rate; it rises over the first 3 % and falls as a cosine to nearly 0.
        weight_decay: for matrices only.
        optimizer: `muon` (its matrices by Muon, the rest by AdamW; needs torch 2.9) or `adamw`.
        ema: share of the averaged weights kept at each step.
        balance: how much more a rare part weighs: weights proportional to frequency ** -balance. Rare parts are found
            sooner with more, and painted too large.
        seed: fixes the first weights, the order and all changes of photos.
        device: `cuda`, `mps` or `cpu`; the best there is where None.
        threads: torch's CPU threads; as they are where None.
        workers: shares into which a batch is cut, each with its own threads. On a CPU that is busy with other work, two
            workers of one thread are far faster than one of two; batch normalization and Dice then see a share.
        validation: a text file with the names of photos that are never trained on, scored now and then.
        checks: how often validation is scored and a checkpoint is exported.
        minutes: shortens (or lengthens) the run to this time: the stages keep their shares of it.
        resume: go on from the checkpoint in `out`, if there is one.
        augment: how strongly photos are changed.
        backdrops: a folder of photos without faces, laid behind some of the faces.
    """

    config: dict[str, object] = field(default_factory=lambda: dict(LITE))
    start: Path | None = None
    stages: tuple[tuple[int, int], ...] = ((128, 120), (256, 40))
    batch: int = 16
    lr: float = 1e-3
    weight_decay: float = 0.05
    optimizer: str = "muon"
    ema: float = 0.998
    balance: float = 0.35
    seed: int = 0
    device: str | None = None
    threads: int | None = None
    workers: int = 1
    validation: Path | None = None
    checks: int = 10
    minutes: float | None = None
    resume: bool = False
    augment: Augment = field(default_factory=Augment)
    backdrops: Path | None = None


@dataclass(frozen=True)
class Progress:
    """One report of a running training.

    `done` is a share 0..1, `eta_seconds` the time expected until the end, `loss` a running mean. `f1` holds the
    validation F1 a part, and `mean_f1` its mean without background, in the report of a check; else they are None.
    """

    step: int
    done: float
    size: int
    loss: float
    lr: float
    seconds: float
    eta_seconds: float
    mean_f1: float | None = None
    f1: dict[str, float] | None = None

    def line(self) -> str:
        """The report as one line of text."""
        text = f"{self.done:6.1%}  step {self.step}  {self.size} px  loss {self.loss:.3f}  lr {self.lr:.2e}"
        text += f"  {self.seconds / 60:.1f} min, {self.eta_seconds / 60:.1f} to go"
        if self.mean_f1 is None or self.f1 is None:
            return text
        parts = "  ".join(f"{part} {value:.2f}" for part, value in self.f1.items() if part != "background")
        return f"{text}\n        validation mean F1 {self.mean_f1:.3f}: {parts}"
