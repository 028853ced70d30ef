"""Where each photo's output goes; every clash is found before any work."""

import datetime
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from faceedit.errors import UsageError
from faceedit.gallery import PAGE
from faceedit.images import RAW_SUFFIXES, format_suffix, suffix_format
from faceedit.layers import SUFFIXES
from faceedit.recipe import Output
from faceedit.report import REPORT, REVIEW
from faceedit.runner.decisions import DECISIONS
from faceedit.runner.discovery import Input, identity
from faceedit.runner.journal import JOURNAL, LOCK
from faceedit.video import is_video

# Formats that keep no promise about what else lies in the file: a redacted photo becomes a PNG instead.
UNCHECKED = ("bmp",)
# What a run itself writes into the output folder.
OWN = (REPORT, REVIEW, PAGE, JOURNAL, LOCK, DECISIONS)


USUAL = Output()
LONGEST_NAME = 255  # bytes, on every file system in common use


@dataclass(frozen=True)
class Place:
    """Where one output of a photo goes: `target` is the edited photo, extras are `base.NAME.png` (or other) beside it.

    Where `output` leaves the photo out, `target` only says where its extras go.
    """

    target: Path
    base: str
    output: Output = USUAL

    def beside(self, name: str, suffix: str = ".png") -> Path:
        """The path of an extra."""
        return self.target.with_name(f"{self.base}.{name}{suffix}")


@dataclass(frozen=True)
class Job:
    """One photo and the places of its outputs. The first one's target is what the journal knows the photo by."""

    input: Input
    places: tuple[Place, ...]

    @classmethod
    def single(cls, photo: Input, target: Path, base: str, output: Output = USUAL) -> Self:
        """A photo with one output."""
        return cls(photo, (Place(target, base, output),))

    @property
    def target(self) -> Path:
        """The first output."""
        return self.places[0].target

    @property
    def targets(self) -> list[Path]:
        """All paths at which the edited photo is written."""
        return [place.target for place in self.places if place.output.photo]

    def beside(self, name: str, suffix: str = ".png") -> Path:
        """The path of an extra of the first output."""
        return self.places[0].beside(name, suffix)


def plan(
    inputs: Sequence[Input],
    out: Path,
    outputs: Sequence[Output],
    recipe_name: str,
    maps: Sequence[str] = (),
    *,
    redacts: bool = False,
) -> list[Job]:
    """A job for each input. Where `maps` names pictures beside the photo, these alone are written.

    Raises:
        UsageError: the output folder is or lies in an input folder, two outputs have one name, or an output would
            replace an input or one of faceedit's own files.
        RecipeError: an output would leave the output folder.
    """
    check_apart(inputs, out)
    stems = Counter((each.folder, _folded(each.path.stem)) for each in inputs)
    jobs = []
    for index, each in enumerate(inputs, 1):
        alone = stems[each.folder, _folded(each.path.stem)] == 1
        fields = {"folder": each.path.parent.resolve().name, "recipe": recipe_name, "index": index}
        places = [_place(each, out, output, fields, alone=alone, redacts=redacts) for output in outputs]
        jobs.append(Job(each, tuple(places)))
    _check_names(jobs, out, maps)
    return jobs if maps else _told_apart(jobs)


def _place(each: Input, out: Path, output: Output, fields: dict[str, Any], *, alone: bool, redacts: bool) -> Place:
    """Where one output of one photo goes; `alone` where no other photo of its folder has the same stem."""
    suffix = _suffix(each.path, output, redacts=redacts)
    # Where a suffix has to change, the old one stays in the name of photos that differ by nothing else.
    stem = each.path.stem if alone or output.format != "same" or suffix == each.path.suffix else each.path.name
    date = _date(each.path) if "{date" in output.name else ""
    name = output.filename(stem=stem, ext=suffix.lstrip("."), date=date, **fields)
    target = out / output.folder / each.folder / name
    if len(os.fsencode(target.name)) > LONGEST_NAME:
        raise UsageError(
            f'"{each.path}" would get a name of more than {LONGEST_NAME} bytes',
            "give it a shorter name, or change output: name",
        )
    return Place(target, target.stem if alone else f"{target.stem}{each.path.suffix}", output)


def _told_apart(jobs: Sequence[Job]) -> list[Job]:
    """The same jobs, with longer bases where `base.NAME.png` could be another photo's output."""
    taken: set[tuple[Path, str]] = set()
    for target in (target for job in jobs for target in job.targets):
        if target.suffix.lower() in (".png", ".webp", ".tif"):
            words = _folded(target.stem).split(".")
            taken.update((target.parent, ".".join(words[:count])) for count in range(1, len(words)))
    return [replace(job, places=tuple(_renamed(place, taken) for place in job.places)) for job in jobs]


def _renamed(place: Place, taken: Collection[tuple[Path, str]]) -> Place:
    base = place.base
    while (place.target.parent, _folded(base)) in taken:
        base = place.target.name if base == place.base else f"{base}_"
    return replace(place, base=base)


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
    if is_video(path):
        return path.suffix
    if output.format != "same":
        return SUFFIXES.get(output.format) or format_suffix(output.format)
    if path.suffix.lower() in RAW_SUFFIXES:
        return ".tif"
    kind = suffix_format(path)
    return ".png" if kind is None or (redacts and kind in UNCHECKED) else path.suffix


def _date(path: Path) -> str:
    """The day a file was last changed, as 2026-01-31; of one that is not there, the first day of all."""
    try:
        changed = path.stat().st_mtime
    except OSError:  # reading it will fail too, and be reported then
        changed = 0.0
    return datetime.datetime.fromtimestamp(changed, datetime.UTC).strftime("%Y-%m-%d")


def free_targets(jobs: Sequence[Job], holds: Callable[[Place], bool]) -> list[Job]:
    """The same jobs, with "-1", "-2", ... added to names that are taken on the disk or by another job."""
    taken = {_folded(str(place.target)) for job in jobs for place in job.places if not holds(place)}
    renamed = []
    for job in jobs:
        free, number = job, 0
        while any(holds(place) or (number and _folded(str(place.target)) in taken) for place in free.places):
            number += 1
            free = replace(job, places=tuple(_numbered(place, number) for place in job.places))
        taken.update(_folded(str(place.target)) for place in free.places)
        renamed.append(free)
    return renamed


def _numbered(place: Place, number: int) -> Place:
    target = place.target.with_name(f"{place.target.stem}-{number}{place.target.suffix}")
    return replace(place, target=target, base=f"{place.base}-{number}")


def _check_names(jobs: Sequence[Job], out: Path, maps: Sequence[str]) -> None:
    taken: dict[str, tuple[Path, Path]] = {}
    clashes: list[str] = []
    sources = {identity(job.input.path) for job in jobs}
    own = {_folded(str(out / name)) for name in OWN}
    for job in (job for job in jobs if not job.input.problem):
        for path in [job.beside(name) for name in maps] or _distinct(job):
            if identity(path) in sources:
                raise UsageError(f'"{path}" is an input and would be replaced', "choose another output folder")
            key = _folded(str(path))
            if key in own:
                raise UsageError(f'"{path}" is a name that faceedit keeps for itself', "change output: name")
            if key in taken:
                other, first = taken[key]
                alike = "" if first == path else f', as many systems take "{first.name}" for the same name'
                clashes.append(f'"{other}" and "{job.input.path}" would both become "{path}"{alike}')
            taken[key] = job.input.path, path
    if clashes:
        more = f", and {len(clashes) - 1} more such" if len(clashes) > 1 else ""
        hint = 'rename one, or change output: name in the recipe, for example "{stem}-{index}.{ext}"'
        raise UsageError(f"{clashes[0]}{more}", hint)


def _distinct(job: Job) -> list[Path]:
    """Where the photo goes, once for each output and never twice to one place.

    Raises:
        UsageError: two outputs of the recipe have one name.
    """
    paths = {}
    for place in job.places:
        # Two outputs may share a name where only one writes the photo there.
        key = place.output.photo, _folded(str(place.target if place.output.photo else place.beside("")))
        if key in paths:
            raise UsageError(
                f'two outputs of the recipe write "{job.input.path}" to "{place.target}"',
                "give them different folders or names",
            )
        paths[key] = place.target
    return [path for (photo, _), path in paths.items() if photo]


def _folded(name: str) -> str:
    """The same for names that some file systems take for one: by case or by composed letters."""
    return unicodedata.normalize("NFC", name).casefold()
