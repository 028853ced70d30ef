"""Command `apply`."""

import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import options
from faceedit.cli.console import complain, counted, one_line, progress, say
from faceedit.cli.preview import preview_all, refuse_streams
from faceedit.cli.review import review
from faceedit.cli.spreading import Address, EngineName, Jobs, Spread
from faceedit.stores import StorePath

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from faceedit.report import Entry
    from faceedit.runner import Folder, Task
AllowRemote = Annotated[
    bool, typer.Option("--allow-remote", help="Let a recipe that redacts show photos to a model elsewhere.")
]
STREAM = "-"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(apply)


def apply(
    *,
    recipe: options.RecipePath,
    photos: options.Photos = [],
    output: options.Out,
    files_from: options.FilesFrom = None,
    exists: options.Exists = "changed",
    jobs: Jobs = "",
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    engine: EngineName = "torch",
    address: Address = "",
    allow_remote: AllowRemote = False,
    var: options.Variables = [],
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
    max_megapixels: options.Megapixels = 200,
    max_memory: options.Memory = 2,
    allow_url: options.AllowUrl = False,
    watching: Annotated[
        bool, typer.Option("--watch", help="Go on: do new photos in the folders as they arrive, until Ctrl-C.")
    ] = False,
    locked: Annotated[
        bool, typer.Option("--locked", help="Refuse to run unless all is as in the recipe's lock (recipe lock).")
    ] = False,
    reviewing: Annotated[
        bool,
        typer.Option("--review", help="Afterwards ask about each photo that was withheld, and do what is decided."),
    ] = False,
    names: Annotated[
        bool, typer.Option("--names", help="Name the people that `keep` left visible in report.json.")
    ] = False,
    neutral_names: options.NeutralNames = False,
    originals: Annotated[
        bool,
        typer.Option("--previews", help="On the report's page show redacted and withheld photos as they were."),
    ] = False,
    previewing: Annotated[
        bool, typer.Option("--preview", help="Write a before/after sheet of each photo instead of the photo.")
    ] = False,
    embedder: options.EmbedderName = "sface",
    quiet: options.Quiet = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and photo.")] = False,
) -> None:
    """Apply a recipe to photos and folders of photos.

    The folders' tree is kept, inputs are never changed, and report.json says what became of each photo. A run that was
    stopped goes on where it stopped when the command is given again. `- -o -` takes one photo from standard input and
    writes the result to standard output. Ctrl-C finishes the photos that are begun.
    Exit status: 0 all done, 1 some photo failed, 2 usage or recipe, 3 set-up, 4 some photo needs review.
    """
    from faceedit.errors import UsageError
    from faceedit.images import Limits
    from faceedit.report import exit_code
    from faceedit.runner import Engine, Folder, Showing, Task
    from faceedit.runner.locked import lock_path, refuse_unlocked

    spread = Spread.of(engine, jobs, address)
    spread.refuse(watch=watching, preview=previewing, output=str(output) == STREAM)
    if reviewing and isinstance(output, StorePath):
        raise UsageError("--review asks about photos in folders", "review.json in the store names those withheld")
    limits = Limits(megapixels=max_megapixels, gigabytes=max_memory)
    engines = Engine(model, device, detector, threads, spread.backend, allow_remote)
    plugins = options.selection(plugin, none=no_plugins, only=only_plugin)
    task = Task(recipe, output, options.variables(var), engines, limits, exists, plugins)
    task = replace(task, showing=Showing(names, originals, neutral_names, embedder))
    options.warn_of_broken(task.registry)
    if locked:
        refuse_unlocked(task, lock_path(recipe))
    entries: Sequence[Entry]
    if previewing:
        refuse_streams(watching or str(output) == STREAM)
        entries = preview_all(task, options.inputs(photos, files_from, allow_url=allow_url), silent=quiet or as_json)
    elif str(output) == STREAM:
        entries = [_through(task, photos)]
    elif watching:
        entries = _watched(task, photos, spread.processes, quiet=quiet, as_json=as_json)
    else:
        found = options.inputs(photos, files_from, allow_url=allow_url, videos=True)
        entries = _over(Folder(task, found, spread.crew(found)), spread.processes, quiet=quiet, as_json=as_json)
        if reviewing and review(output, found, entries):
            entries = _over(Folder(task, found, spread.crew(found)), spread.processes, quiet=quiet, as_json=as_json)
    raise typer.Exit(exit_code(entries))


def _over(folder: "Folder", processes: int, *, quiet: bool, as_json: bool) -> "Sequence[Entry]":
    """All photos of a folder, with progress and a closing line."""
    total = len(folder.planned[0])
    tally = Tally()
    try:
        with progress(total, quiet or as_json) as advance:
            entries = folder.apply(processes, _teller(tally, advance, as_json=as_json), tell=advance.tell)
    except KeyboardInterrupt:
        if tally.photos:
            complain(f"faceedit: {tally.photos} of {total} photos are finished")
        raise
    if entries.left_over and (folder.task.loaded.redacts or not quiet):
        files = counted(len(entries.left_over), "file")
        such = f"{files} of earlier runs, such as {one_line(entries.left_over[0])}"
        stay = "stays" if len(entries.left_over) == 1 else "stay"
        complain(f"faceedit: {such}, {stay} in the folder; report.json names all of them")
    if not (quiet or as_json):
        say(f"{options.summary(entries)}; report: {folder.task.out / 'report.json'}")
    return entries


def _watched(task: "Task", photos: list[str], processes: int, *, quiet: bool, as_json: bool) -> "Sequence[Entry]":
    """Photos as they arrive, until Ctrl-C.

    Raises:
        UsageError: the options do not go together.
    """
    from faceedit.errors import UsageError
    from faceedit.runner import watch

    if task.showing.neutral_names:
        raise UsageError("--neutral-names numbers all photos, and --watch does not know them yet", "leave one out")
    if task.exists == "fail":
        raise UsageError("--watch does changed photos again, and --exists fail forbids it", "leave one of them out")
    silent = quiet or as_json
    if not silent:
        say(f"watching {', '.join(photos)}; Ctrl-C ends it")
    with progress(None, silent) as advance:
        entries = watch(task, photos, processes, _teller(Tally(), advance, as_json=as_json))
    if not silent:
        say(f"{options.summary(entries)}; report: {task.out / 'report.json'}")
    return entries


@dataclass
class Tally:
    """What was done so far."""

    photos: int = 0
    faces: int = 0
    troubles: int = 0

    def add(self, entry: "Entry") -> str:
        """Count one photo, and say how things stand."""
        self.photos += 1
        self.faces += len(entry.faces)
        self.troubles += entry.status in ("failed", "review")
        troubles = f", {self.troubles} not done" if self.troubles else ""
        return f"{counted(self.faces, 'face')}{troubles}"


def _teller(tally: Tally, advance: "Callable[[str, str], None]", *, as_json: bool) -> "Callable[[Entry], None]":
    def done(entry: "Entry") -> None:
        if as_json:
            say(json.dumps(asdict(entry), ensure_ascii=False))
        options.mention(entry)
        advance(one_line(f"{entry.status} {Path(entry.photo).name}"), tally.add(entry))

    return done


def _through(task: "Task", photos: list[str]) -> "Entry":
    """One photo from standard input to standard output; nothing is written if it fails.

    Raises:
        UsageError: other photos are named beside it.
    """
    from faceedit import images
    from faceedit.errors import UsageError
    from faceedit.runner import Folder, Input

    if photos != [STREAM]:
        raise UsageError("-o - writes one photo to standard output", "give - as the only photo, or name a folder")
    if len(task.loaded.written) > 1:
        raise UsageError("the recipe writes several outputs, and standard output takes one", "name a folder with -o")
    with tempfile.TemporaryDirectory(prefix="faceedit-") as place:
        content = sys.stdin.buffer.read()  # never put into a file, from which it could not be deleted for sure
        kind = images.read_isolated(content, limits=task.limits).source.format or "tiff"
        source = Input(Path(f"photo{images.format_suffix(kind)}"), content=content)
        entry = Folder(replace(task, out=Path(place)), [source]).apply(1, options.mention)[0]
        if entry.outputs:
            with Path(entry.outputs[0]).open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
        return entry
