"""Command `plan`: what `apply` would do with each photo, without writing anything."""

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import options
from faceedit.cli.console import counted, one_line, say
from faceedit.cli.tasks import with_task

if TYPE_CHECKING:
    from faceedit.photo import Photo
    from faceedit.recipe import Recipe
    from faceedit.runner import Folder, Job, Task

# Photos that `--look` edits in memory, to tell how long all of them take.
SAMPLES = 3


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(with_task(plan))


def plan(
    *,
    task: "Task",
    photos: options.Photos = [],
    output: options.Out,
    files_from: options.FilesFrom = None,
    exists: options.Exists = "changed",
    look: Annotated[
        bool, typer.Option("--look", help="Open the photos: say how many faces each has, and how long all take.")
    ] = False,
    neutral_names: options.NeutralNames = False,
    max_megapixels: options.Megapixels = 200,
    max_memory: options.Memory = 2,
    allow_url: options.AllowUrl = False,
) -> None:
    """Show what `apply` would do, and write nothing."""
    from faceedit.images import Limits
    from faceedit.runner import Folder, Showing

    limits = Limits(megapixels=max_megapixels, gigabytes=max_memory)
    task = replace(task, out=output, exists=exists, limits=limits, showing=Showing(neutral_names=neutral_names))
    options.warn_of_broken(task.registry)
    folder = Folder(task, options.inputs(photos, files_from, allow_url=allow_url, videos=True))
    jobs, skipped = folder.planned
    looker = _Looker(task) if look else None
    for job in jobs:
        state = looker.seen(job) if looker else folder.state(job)
        line = f"{job.input.path} -> {job.input.problem or _places(job)}{f' ({state})' if state else ''}"
        say(one_line(line))
    for entry in skipped:
        say(f"{one_line(entry.photo)}: skipped, {entry.notes[0]}")
    say(_closing(task.loaded, len(jobs)))
    if jobs:
        say(looker.estimate(len(jobs)) if looker else _from_journal(folder, len(jobs)))


def _places(job: "Job") -> str:
    extras = [f"{place.target.parent}/{place.base}.*" for place in job.places if not place.output.photo]
    return ", ".join([*map(str, job.targets), *extras])


def _closing(recipe: "Recipe", count: int) -> str:
    steps = ", ".join(step.name for step in recipe.steps)
    outputs = f"; outputs: {', '.join(recipe.outputs)}" if recipe.outputs else ""
    policies = sorted({output.metadata for output in recipe.written if output.photo}) or ["none"]
    rules = f"no faces: {recipe.no_faces}; metadata: {', '.join(policies)}"
    return f"{counted(count, 'photo')}; steps: {steps}{outputs}; {rules}"


def _from_journal(folder: "Folder", count: int) -> str:
    seconds = folder.seconds_a_photo()
    if seconds is None:
        return "time: not known before the first run; --look measures it"
    return f"time: about {_spoken(seconds * count)} with one process, as the last run into this folder took"


def _spoken(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _header(job: "Job", task: "Task") -> str:
    """What a video's header says, in words."""
    from faceedit.errors import FaceEditError
    from faceedit.video.container import Reader

    try:
        info = Reader(job.input.path, task.limits).info
    except FaceEditError as error:
        return f"would fail: {error.message}"
    layout = info.layout
    return f"a video of {info.duration:.1f} s, {layout.width} x {layout.height}, {float(info.rate):.4g} fps"


@dataclass
class _Looker:
    """Opens photos, and measures what that and editing some of them takes."""

    task: "Task"
    looking: float = 0.0
    editing: list[float] = field(default_factory=list)

    def seen(self, job: "Job") -> str:
        """What is in a photo, in words."""
        from faceedit.errors import FaceEditError
        from faceedit.images.files import shown
        from faceedit.runner import read_frames
        from faceedit.video import is_video

        if is_video(job.input.path):
            return _header(job, self.task)
        find = self.task.find
        begin = time.perf_counter()
        try:
            photo = find(read_frames(job, self.task.limits).photos[0])
            self.looking += time.perf_counter() - begin
            if photo.faces and len(self.editing) < SAMPLES:
                self._edit(photo, job)
        except FaceEditError as error:
            return f"would fail: {error.message.removeprefix(f'{shown(job.input.path)}: ')}"
        return self._judged(photo)

    def _edit(self, photo: "Photo", job: "Job") -> None:
        from faceedit import images
        from faceedit.engine import edit

        begin = time.perf_counter()
        edited = edit(photo, self.task.loaded, self.task.registry)
        for place in job.places:
            options = images.WriteOptions(images.suffix_format(place.target) or "png", place.output.quality, "none")
            images.encode(images.fitted(edited.photo, place.output.max_side), options)
        self.editing.append(time.perf_counter() - begin)

    def _judged(self, photo: "Photo") -> str:
        if photo.faces:
            return counted(len(photo.faces), "face")
        policy = self.task.loaded.no_faces
        return "no face: " + {"copy": "nothing to edit", "skip": "skipped", "review": "withheld for review"}[policy]

    def estimate(self, count: int) -> str:
        """How long all photos would take."""
        editing = sum(self.editing) / len(self.editing) if self.editing else 0.0
        look = self.looking * (3 if self.task.loaded.redacts else 1)  # a second look takes about twice the first
        return f"time: about {_spoken(look + editing * count)} with one process"
