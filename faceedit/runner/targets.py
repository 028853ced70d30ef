"""Where each photo's output goes; every clash is found before any work."""

import datetime
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.images import format_suffix, suffix_format
from faceedit.recipe import Output
from faceedit.runner.discovery import Input, identity

# Formats that keep no promise about what else lies in the file: a redacted photo becomes a PNG instead.
UNCHECKED = ("gif", "bmp")


@dataclass(frozen=True)
class Job:
    """One photo and its output: `target` is the edited photo, extras are named `base.NAME.png` beside it."""

    input: Input
    target: Path
    base: str

    def beside(self, name: str, suffix: str = ".png") -> Path:
        """The path of an extra output."""
        return self.target.with_name(f"{self.base}.{name}{suffix}")


def plan(
    inputs: Sequence[Input],
    out: Path,
    output: Output,
    recipe_name: str,
    maps: Sequence[str] = (),
    *,
    redacts: bool = False,
) -> list[Job]:
    """A job for each input. Where `maps` names pictures beside the photo, these alone are written.

    Raises:
        UsageError: the output folder is or lies in an input folder, two outputs have one name, or an output would
            replace an input.
        RecipeError: an output would leave the output folder.
    """
    check_apart(inputs, out)
    stems = Counter((each.folder, _folded(each.path.stem)) for each in inputs)
    jobs = []
    for index, each in enumerate(inputs, 1):
        alone = stems[each.folder, _folded(each.path.stem)] == 1
        suffix = _suffix(each.path, output, redacts=redacts)
        # Where a suffix has to change, the old one stays in the name of photos that differ by nothing else.
        stem = each.path.stem if alone or output.format != "same" or suffix == each.path.suffix else each.path.name
        target = (
            out
            / each.folder
            / output.filename(
                stem=stem,
                ext=suffix.lstrip("."),
                folder=each.path.parent.resolve().name,
                recipe=recipe_name,
                index=index,
                date=_date(each.path) if "{date" in output.name else "",
            )
        )
        jobs.append(Job(each, target, target.stem if alone else f"{target.stem}{each.path.suffix}"))
    _check_names(jobs, maps)
    return jobs if maps else _told_apart(jobs)


def _told_apart(jobs: Sequence[Job]) -> list[Job]:
    """The same jobs, with longer bases where `base.NAME.png` could be another photo's output."""
    taken: set[tuple[Path, str]] = set()
    for job in jobs:
        if job.target.suffix.lower() == ".png":
            words = _folded(job.target.stem).split(".")
            taken.update((job.target.parent, ".".join(words[:count])) for count in range(1, len(words)))
    renamed = []
    for job in jobs:
        base = job.base
        while (job.target.parent, _folded(base)) in taken:
            base = job.target.name if base == job.base else f"{base}_"
        renamed.append(replace(job, base=base))
    return renamed


def check_apart(inputs: Sequence[Input], out: Path) -> None:
    """Refuse an output folder that is an input folder or lies within one.

    Raises:
        UsageError: it is or does.
    """
    place = out.resolve()
    if place.exists() and not place.is_dir():
        raise UsageError(f'the output "{out}" is a file', "name a folder")
    for each in inputs:
        root = each.root.resolve() if each.root else None
        if root and place.is_relative_to(root):
            raise UsageError(f'the output folder "{out}" lies in the input folder "{root}"', "choose one beside it")


def _suffix(path: Path, output: Output, *, redacts: bool) -> str:
    if output.format != "same":
        return format_suffix(output.format)
    kind = suffix_format(path)
    return ".png" if kind is None or (redacts and kind in UNCHECKED) else path.suffix


def _date(path: Path) -> str:
    """The day a file was last changed, as 2026-01-31; of one that is not there, the first day of all."""
    try:
        changed = path.stat().st_mtime
    except OSError:  # reading it will fail too, and be reported then
        changed = 0.0
    return datetime.datetime.fromtimestamp(changed, datetime.UTC).strftime("%Y-%m-%d")


def free_target(jobs: Sequence[Job]) -> list[Job]:
    """The same jobs, with "-1", "-2", ... added to names that are taken on the disk or by another job."""
    taken = {_folded(str(job.target)) for job in jobs if not job.target.exists()}
    renamed = []
    for job in jobs:
        target, number = job.target, 0
        while target.exists() or (number and _folded(str(target)) in taken):
            number += 1
            target = job.target.with_name(f"{job.target.stem}-{number}{job.target.suffix}")
        taken.add(_folded(str(target)))
        renamed.append(Job(job.input, target, job.base if not number else f"{job.base}-{number}"))
    return renamed


def _check_names(jobs: Sequence[Job], maps: Sequence[str]) -> None:
    taken: dict[str, Path] = {}
    sources = {identity(job.input.path) for job in jobs}
    for job in jobs:
        for path in [job.beside(name) for name in maps] or [job.target]:
            if identity(path) in sources:
                raise UsageError(f'"{path}" is an input and would be replaced', "choose another output folder")
            key = _folded(str(path))
            if key in taken:
                raise UsageError(
                    f'"{taken[key]}" and "{job.input.path}" would both become "{path}"',
                    'change output: name in the recipe, for example "{stem}-{index}.{ext}"',
                )
            taken[key] = job.input.path


def _folded(name: str) -> str:
    """The same for names that some file systems take for one: by case or by composed letters."""
    return unicodedata.normalize("NFC", name).casefold()
