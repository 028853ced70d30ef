"""Commands on photos that change none: segment, inspect."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import options
from faceedit.cli.console import progress, say

if TYPE_CHECKING:
    from faceedit.photo import Photo
    from faceedit.registry import Registry
    from faceedit.runner import Job


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(segment)
    app.command()(inspect)


def segment(
    *,
    photos: options.Photos,
    output: options.Out,
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    backend: options.Backend = "torch",
    max_megapixels: options.Megapixels = 200,
    quiet: options.Quiet = False,
) -> None:
    """Write each photo's labels (NAME.labels.png, 8-bit ids) and a picture of them (NAME.overlay.png)."""
    from faceedit import images
    from faceedit.detection import Search
    from faceedit.recipe import Output
    from faceedit.report import exit_code
    from faceedit.runner import MAPS, Engine, Journal, finder, make_output_folder, run, segmented
    from faceedit.runner import plan as plan_jobs

    jobs = plan_jobs(options.inputs(photos), output, Output(format="png"), "segment", MAPS)
    journal = Journal(output)
    journal.refuse_strangers(job.beside(name) for job in jobs for name in MAPS)
    find = finder(Engine(model, device, detector, threads, backend), options.plugins_here(), Search())
    make_output_folder(output)
    limits = images.Limits(megapixels=max_megapixels)
    entries = []
    with progress(len(jobs), quiet) as advance:
        for entry in run(jobs, lambda job: segmented(job, find, limits, journal.begin)):
            options.mention(entry)
            entries.append(entry)
            advance(Path(entry.photo).name)
    if not quiet:
        say(f"{options.summary(entries)}; labels in {output}")
    raise typer.Exit(exit_code(entries))


def inspect(
    *,
    photos: options.Photos,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and photo.")] = False,
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    backend: options.Backend = "torch",
    max_megapixels: options.Megapixels = 200,
) -> None:
    """List the faces in photos, and what they wear."""
    from faceedit import images
    from faceedit.detection import Search
    from faceedit.report import Entry, exit_code
    from faceedit.runner import Engine, finder, read_still, run
    from faceedit.runner import Job as RunnerJob

    registry = options.plugins_here()
    find = finder(Engine(model, device, detector, threads, backend), registry, Search())
    limits = images.Limits(megapixels=max_megapixels)

    def look(job: "Job") -> Entry:
        photo = find(read_still(job, limits))
        _show(job, photo, registry, as_json=as_json)
        return Entry(str(job.input.path), "done")

    jobs = [RunnerJob(each, each.path, each.path.stem) for each in options.inputs(photos)]
    entries = []
    for entry in run(jobs, look):
        options.mention(entry)
        entries.append(entry)
    raise typer.Exit(exit_code(entries))


def _show(job: "Job", photo: "Photo", registry: "Registry", *, as_json: bool) -> None:
    from faceedit.engine import inspect as inspected
    from faceedit.recipe import is_unknown
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
        worn = [
            f"{each.kind} {'unknown' if is_unknown(each) else format(each.confidence, '.2f')}"
            for each in findings
            if each.face == face.index
        ]
        say(
            f"  face {face.index}: box {face.box.as_list()}, score {face.score:.2f}{', ' * bool(worn)}{', '.join(worn)}"
        )
