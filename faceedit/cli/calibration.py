"""Command `models calibrate`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli import options
from faceedit.cli.console import say
from faceedit.cli.training import Data, Device


def register(models: typer.Typer) -> None:
    """Add the command."""
    models.command("calibrate")(calibrate)


def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="lite, segformer-b5, owner/name, or a folder.")],
    *,
    data: Data,
    validation: Annotated[
        Path, typer.Option(help="File with the names that are only measured, one a line; all others choose.")
    ],
    write: Annotated[bool, typer.Option(help="Write thresholds.json beside the model's weights.")] = False,
    device: Device = "auto",
) -> None:
    """Choose from what confidence on an accessory counts as worn, and measure it on photos that had no say.

    For each kind the threshold with the best F1; 2 for what the model cannot see, whose findings then say `unknown`.
    """
    from faceedit import models, presence
    from faceedit.labelled import read_names

    registry = options.plugins_here()
    segmenter, kept = models.load(model, device), read_names(validation)
    chosen = presence.thresholds(presence.measured(segmenter, registry, data, but=kept))
    say(json.dumps(chosen))
    say(presence.table(presence.measured(segmenter, registry, data, kept, given=chosen)))
    if write:
        path = models.find(model) / "thresholds.json"
        path.write_text(json.dumps(chosen) + "\n", encoding="utf-8")
        say(f"written: {path}")
