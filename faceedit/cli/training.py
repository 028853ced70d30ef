"""Commands `models train` and `models evaluate`."""

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceedit.cli.console import say

if TYPE_CHECKING:
    from faceedit.training.augment import Augment

Data = Annotated[
    Path,
    typer.Option(
        help="Folder of NAME.jpg|png|webp beside NAME.label.png: 8-bit class ids 0..18 in the order of the parts, or "
        'ids of your own with a labels.json such as {"0": "background", "1": "skin"}; ids it leaves out are ignored.'
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def register(models: typer.Typer) -> None:
    """Add the commands."""
    models.command("train")(train)
    models.command("evaluate")(evaluate)


def train(
    *,
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder for the model, training.json and the checkpoint.")],
    start: Annotated[Path | None, typer.Option(help="A model's folder to go on from; a new one without.")] = None,
    config: Annotated[Path | None, typer.Option(help="JSON with the shape of a new SegFormer; lite's without.")] = None,
    stages: Annotated[str, typer.Option(help="Crop sizes and epochs, such as 128:120,256:40.")] = "128:120,256:40",
    batch: Annotated[int, typer.Option(min=2, help="Photos a step.")] = 16,
    ema: Annotated[float, typer.Option(min=0, help="Share of the averaged weights kept at each step.")] = 0.998,
    rate: Annotated[float, typer.Option(min=0, help="Highest learning rate.")] = 1e-3,
    optimizer: Annotated[str, typer.Option(help="adamw or muon.")] = "muon",
    balance: Annotated[
        float, typer.Option(min=0, max=1, help="How much more rare parts weigh: 0.35 to learn them, 0.1 to finish.")
    ] = 0.35,
    validation: Annotated[Path | None, typer.Option(help="File with the names never trained on, one a line.")] = None,
    backdrops: Annotated[
        Path | None, typer.Option(help="Folder of photos without faces, laid behind some faces.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Shorten or lengthen the run to this time.")] = None,
    augment: Annotated[
        Path | None, typer.Option(help='JSON with how strongly photos are changed, such as {"paste": 0, "turn": 30}.')
    ] = None,
    checks: Annotated[int, typer.Option(min=1, help="How often the validation photos are scored.")] = 10,
    seed: Annotated[int, typer.Option(help="Fixes the first weights and the order of photos.")] = 0,
    device: Device = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    workers: Annotated[
        int,
        typer.Option(min=1, help="Shares of a batch, each with its own threads: faster than threads on a busy CPU."),
    ] = 1,
    resume: Annotated[bool, typer.Option(help="Go on from the checkpoint in the output folder.")] = False,
) -> None:
    """Train a SegFormer on photos with labels, or go on from another model's weights."""
    from faceedit.training import LITE, TrainOptions
    from faceedit.training import train as run

    options = TrainOptions(
        config=_json(config) if config else dict(LITE),
        start=start,
        stages=_stages(stages),
        batch=batch,
        ema=ema,
        lr=rate,
        optimizer=optimizer,
        balance=balance,
        validation=validation,
        backdrops=backdrops,
        minutes=minutes,
        augment=_augment(augment),
        checks=checks,
        seed=seed,
        device=None if device == "auto" else device,
        threads=threads,
        workers=workers,
        resume=resume,
    )
    say(f"the model is in {run(data, out, options, lambda progress: say(progress.line()))}")


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="lite, segformer-b5, owner/name, or a folder.")],
    *,
    data: Data,
    names: Annotated[Path | None, typer.Option(help="File with the names to look at, one a line; all without.")] = None,
    score_map: Annotated[
        Path | None,
        typer.Option(help="JSON list: for each of the 19 parts the class it counts as, -1 to leave it out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    device: Device = "auto",
) -> None:
    """Measure a model on photos with labels: F1 and IoU a part, accuracy, calibration, presence of accessories."""
    import torch

    from faceedit import models, presence
    from faceedit.cli.options import plugins_here
    from faceedit.evaluation import evaluate as run
    from faceedit.labelled import read_names
    from faceedit.segmentation.closer import whole

    segmenter = models.load(model, device)
    evaluation = run(
        lambda crops: torch.from_numpy(whole(segmenter, crops)),
        data,
        read_names(names) if names else None,
        _json(score_map) if score_map else None,
        size=segmenter.size,
    )
    say(json.dumps(evaluation.to_json()) if as_json else evaluation.table())
    if not (score_map or as_json):
        say("\nwhat `inspect` says, at the model's thresholds:")
        wanted = read_names(names) if names else None
        say(presence.table(presence.measured(segmenter, plugins_here(), data, wanted)))


def _json(path: Path) -> Any:
    from faceedit.errors import UsageError

    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f'"{path}" cannot be read as JSON: {error}', "check the path and the file") from error


def _augment(path: Path | None) -> "Augment":
    from pydantic import TypeAdapter, ValidationError

    from faceedit.errors import UsageError
    from faceedit.training.augment import Augment

    given = _json(path) if path else {}
    known = [each.name for each in fields(Augment)]
    if not isinstance(given, dict) or not given.keys() <= set(known):
        raise UsageError(f'"{path}" names what cannot be changed', f"known: {', '.join(known)}")
    try:
        return TypeAdapter(Augment).validate_python(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f'"{path}": {first["loc"][0]}: {first["msg"]}', "see the numbers in training.json") from error


def _stages(text: str) -> tuple[tuple[int, int], ...]:
    from faceedit.errors import UsageError

    try:
        return tuple((int(size), int(epochs)) for size, epochs in (part.split(":") for part in text.split(",")))
    except ValueError as error:
        raise UsageError(
            f'--stages "{text}" cannot be read', "write sizes and epochs, such as 128:120,256:40"
        ) from error
