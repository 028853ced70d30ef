"""Commands `apply` and `plan`."""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceedit.cli import options
from faceedit.cli.console import progress, say

if TYPE_CHECKING:
    from faceedit.report import Entry
    from faceedit.runner import Folder, Task

ExistsName = Literal["changed", "skip", "overwrite", "unique", "fail"]
Exists = Annotated[
    ExistsName,
    typer.Option(
        help="Where an output is there: changed does it again if photo, recipe, model or plugins differ; "
        "a file that faceedit did not make is never replaced."
    ),
]
Jobs = Annotated[str, typer.Option(metavar="N|auto", help="Worker processes, each with a model of its own.")]
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let a recipe that redacts show photos to a model elsewhere.")
]
STREAM = "-"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(apply)
    app.command()(plan)


def apply(
    *,
    recipe: options.RecipePath,
    photos: options.Photos,
    output: options.Out,
    files_from: options.FilesFrom = None,
    exists: Exists = "changed",
    jobs: Jobs = "1",
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    backend: options.Backend = "torch",
    allow_remote: AllowRemote = False,
    var: options.Variables = [],
    max_megapixels: options.Megapixels = 200,
    quiet: options.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and photo.")] = False,
) -> None:
    """Apply a recipe to photos and folders of photos.

    The folders' tree is kept, inputs are never changed, and report.json says what became of each photo. A run that was
    stopped goes on where it stopped when the command is given again. `- -o -` takes one photo from standard input and
    writes the result to standard output.
    Exit status: 0 all done, 1 some photo failed, 2 usage or recipe, 3 set-up, 4 some photo needs review.
    """
    from faceedit.images import Limits
    from faceedit.report import exit_code
    from faceedit.runner import Engine, Folder, Task

    processes = _processes(jobs)
    engine = Engine(model, device, detector, threads, backend, allow_remote)
    task = Task(recipe, output, options.variables(var), engine, Limits(megapixels=max_megapixels), exists)
    options.warn_of_broken(task.registry)
    if str(output) == STREAM:
        entries = [_through(task, photos)]
    else:
        entries = _over(Folder(task, options.inputs(photos, files_from)), processes, quiet=quiet, as_json=as_json)
    raise typer.Exit(exit_code(entries))


def _over(folder: "Folder", processes: int, *, quiet: bool, as_json: bool) -> "list[Entry]":
    """All photos of a folder, with progress and a closing line."""
    total = len(folder.jobs()[0])
    with progress(total, quiet or as_json) as advance:

        def done(entry: "Entry") -> None:
            if as_json:
                say(json.dumps(asdict(entry), ensure_ascii=False))
            options.mention(entry)
            advance(f"{entry.status} {Path(entry.photo).name}")

        entries = folder.apply(processes, done)
    if not (quiet or as_json):
        say(f"{options.summary(entries)}; report: {folder.task.out / 'report.json'}")
    return entries


def plan(
    *,
    recipe: options.RecipePath,
    photos: options.Photos,
    output: options.Out,
    files_from: options.FilesFrom = None,
    exists: Exists = "changed",
    var: options.Variables = [],
) -> None:
    """Show what `apply` would do, and write nothing."""
    from faceedit.runner import Folder, Task

    task = Task(recipe, output, options.variables(var), exists=exists)
    options.warn_of_broken(task.registry)
    jobs, skipped = Folder(task, options.inputs(photos, files_from)).jobs()
    for job in jobs:
        say(f"{job.input.path} -> {job.input.problem or job.target}")
    for entry in skipped:
        say(f"{entry.photo}: skipped, {entry.notes[0]}")
    loaded = task.loaded
    steps = ", ".join(step.name for step in loaded.steps)
    say(f"{len(jobs)} photo(s); steps: {steps}; no faces: {loaded.output.no_faces}; metadata: {loaded.output.metadata}")


def _processes(text: str) -> int:
    import os

    from faceedit.errors import UsageError

    if text == "auto":
        return os.cpu_count() or 1
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise UsageError(f'--jobs "{text}" is no number of processes', "write a number from 1 on, or auto")
    return int(text)


def _through(task: "Task", photos: list[str]) -> "Entry":
    """One photo from standard input to standard output; nothing is written if it fails.

    Raises:
        UsageError: other photos are named beside it.
    """
    from dataclasses import replace

    from faceedit import images
    from faceedit.errors import UsageError
    from faceedit.runner import Folder, Input

    if photos != [STREAM]:
        raise UsageError("-o - writes one photo to standard output", "give - as the only photo, or name a folder")
    with tempfile.TemporaryDirectory(prefix="faceedit-") as place:
        content = sys.stdin.buffer.read()
        kind = images.read(content, limits=task.limits).source.format
        source = Path(place, f"photo{images.format_suffix(kind)}")
        source.write_bytes(content)
        here = replace(task, out=Path(place, "out"))
        entry = Folder(here, [Input(source)]).apply(1, options.mention)[0]
        if entry.outputs:
            with Path(entry.outputs[0]).open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        return entry
