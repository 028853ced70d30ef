"""Commands on photos that change none: segment, inspect."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import options
from faceedit.cli.console import progress, say
from faceedit.cli.listing import Form, Listing

if TYPE_CHECKING:
    from faceedit.runner import Job


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(segment)
    app.command()(inspect)


def segment(
    *,
    photos: options.Photos,
    output: options.Out,
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    backend: options.Backend = "torch",
    max_megapixels: options.Megapixels = 200,
    max_memory: options.Memory = 2,
    allow_url: options.AllowUrl = False,
    quiet: options.Quiet = False,
) -> None:
    """Write each photo's labels (NAME.labels.png, 8-bit ids) and a picture of them (NAME.overlay.png)."""
    from dataclasses import replace

    from faceedit import images
    from faceedit.detection import Search
    from faceedit.recipe import Output
    from faceedit.report import exit_code
    from faceedit.runner import MAPS, Engine, Journal, finder, make_output_folder, run, segmented
    from faceedit.runner import plan as plan_jobs

    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    jobs = plan_jobs(options.inputs(photos, allow_url=allow_url), output, [Output(format="png")], "segment", MAPS)
    journal = Journal(output)
    journal.refuse_strangers(job.beside(name) for job in jobs for name in MAPS)
    find = replace(finder(Engine(model, device, detector, threads, backend), registry, Search()), bodies=True)
    make_output_folder(output)
    limits = images.Limits(megapixels=max_megapixels, gigabytes=max_memory)
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
    as_csv: Annotated[bool, typer.Option("--csv", help="A table, one line a face.")] = False,
    where: Annotated[
        str,
        typer.Option(
            metavar="CONDITION",
            help='Only photos in which it holds for a face, such as "hat and not glasses"; without --json or --csv '
            "their paths alone, one a line.",
        ),
    ] = "",
    people: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Say which of these people are in each photo: a subfolder of photos for each person. Nothing is "
            "stored. Needs the extra `identity`.",
        ),
    ] = None,
    embedder: options.EmbedderName = "sface",
    null: Annotated[bool, typer.Option("-0", help="With --where: a zero byte after each path, for xargs -0.")] = False,
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    backend: options.Backend = "torch",
    max_megapixels: options.Megapixels = 200,
    max_memory: options.Memory = 2,
    allow_url: options.AllowUrl = False,
) -> None:
    """List the faces in photos, and what they wear."""
    from faceedit import images, models
    from faceedit.detection import Search
    from faceedit.report import Entry, exit_code
    from faceedit.runner import Engine, finder, read_still, run
    from faceedit.runner import Job as RunnerJob

    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    form = _form(as_json=as_json, as_csv=as_csv, where=where, null=null)
    found = options.inputs(photos, allow_url=allow_url)
    limits = images.Limits(megapixels=max_megapixels, gigabytes=max_memory)
    find = finder(Engine(model, device, detector, threads, backend), registry, Search())
    listed = models.people([str(people)] if people else [], registry, find, limits, embedder)
    listing = Listing(registry, form, where, next(iter(listed.values()), None))

    def look(job: "Job") -> Entry:
        listing.add(job.input.path, find(read_still(job, limits)))
        return Entry(str(job.input.path), "done")

    listing.begin()
    entries = []
    for entry in run([RunnerJob.single(each, each.path, each.path.stem) for each in found], look):
        options.mention(entry)
        entries.append(entry)
    listing.end()
    raise typer.Exit(exit_code(entries))


def _form(*, as_json: bool, as_csv: bool, where: str, null: bool) -> Form:
    """How the list is written.

    Raises:
        UsageError: two ways are asked for at once.
    """
    from faceedit.errors import UsageError

    if as_json + as_csv + null > 1:
        raise UsageError("--json, --csv and -0 are three ways to write the list", "leave all but one out")
    if null and not where:
        raise UsageError("-0 ends the paths that --where prints", "give --where a condition too")
    if as_json or as_csv:
        return "json" if as_json else "csv"
    return "text" if not where else "null" if null else "paths"
