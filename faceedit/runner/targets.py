"""Where each photo's output goes; every clash is found before any work."""

import datetime
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from faceedit.errors import UsageError
from faceedit.images import format_suffix, suffix_format
from faceedit.recipe import Output
from faceedit.runner.discovery import Input

# Formats that are read but written as another one.
REPLACED = {"gif": "png", "bmp": "png", "heif": "jpeg"}


@dataclass(frozen=True)
class Job:
    """One photo and its output: `target` is the edited photo, extras are named `base.NAME.png` beside it."""

    input: Input
    target: Path
    base: str

    def beside(self, name: str, suffix: str = ".png") -> Path:
        """The path of an extra output."""
        return self.target.with_name(f"{self.base}.{name}{suffix}")


def plan(inputs: Sequence[Input], out: Path, output: Output, recipe_name: str) -> list[Job]:
    """A job for each input.

    Raises:
        UsageError: the output folder is or lies in an input folder, two outputs have one name, or an output would
            replace an input.
        RecipeError: an output would leave the output folder.
    """
    check_apart(inputs, out)
    stems = Counter((each.folder, _folded(each.path.stem)) for each in inputs)
    jobs = []
    for index, each in enumerate(inputs, 1):
        name = _name(each, index, output, recipe_name)
        target = out / each.folder / name
        alone = stems[each.folder, _folded(each.path.stem)] == 1
        jobs.append(Job(each, target, target.stem if alone else f"{target.stem}{each.path.suffix}"))
    _check_names(jobs)
    return jobs


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


def _name(each: Input, index: int, output: Output, recipe_name: str) -> PurePosixPath:
    path = each.path
    suffix = path.suffix
    if output.format != "same":
        suffix = format_suffix(output.format)
    elif (own := suffix_format(path)) is None or own in REPLACED:
        suffix = format_suffix(REPLACED.get(own or "", "png"))
    values: dict[str, str | int] = {
        "stem": path.stem,
        "ext": suffix.lstrip("."),
        "folder": path.parent.name,
        "recipe": recipe_name,
        "index": index,
    }
    if "{date" in output.name:
        changed = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC)
        values["date"] = changed.strftime("%Y-%m-%d")
    return output.filename(**values)


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


def _check_names(jobs: Sequence[Job]) -> None:
    taken: dict[str, Path] = {}
    sources = {job.input.path.resolve() for job in jobs}
    for job in jobs:
        if job.target.resolve() in sources:
            raise UsageError(f'"{job.target}" is an input and would be replaced', "choose another output folder")
        key = _folded(str(job.target))
        if key in taken:
            raise UsageError(
                f'"{taken[key]}" and "{job.input.path}" would both become "{job.target}"',
                'change output: name in the recipe, for example "{stem}-{index}.{ext}"',
            )
        taken[key] = job.input.path


def _folded(name: str) -> str:
    """The same for names that some file systems take for one: by case or by composed letters."""
    return unicodedata.normalize("NFC", name).casefold()
