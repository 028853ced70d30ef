"""`apply --preview`: before and after of each photo, instead of the photos."""

import io
from typing import TYPE_CHECKING

from faceedit.cli import options
from faceedit.cli.console import progress, say

if TYPE_CHECKING:
    from faceedit.report import Entry
    from faceedit.runner import Input, Task

SUFFIX = ".preview.jpg"


def preview_all(task: "Task", found: "list[Input]", *, silent: bool) -> "list[Entry]":
    """Write a sheet for each photo, `NAME.preview.jpg`; one that is there is kept unless `--exists overwrite` is given.

    Raises:
        UsageError: the recipe redacts; a sheet would show what it hides.
    """
    from faceedit.errors import UsageError

    if task.loaded.redacts:
        raise UsageError("a preview shows photos as they were, and this recipe redacts", "leave --preview out")
    with progress(len(found), silent) as advance:
        entries = []
        for each in found:
            entries.append(_previewed(task, each))
            options.mention(entries[-1])
            advance(f"{entries[-1].status} {each.path.name}", "")
    if not silent:
        there = any(entry.status == "skipped" for entry in entries)
        again = "; --exists overwrite draws those anew that are there" if there else ""
        say(f"{options.summary(entries)}; sheets: {task.out}{again}")
    return entries


def refuse_streams(streams: bool) -> None:
    """Refuse --watch and `-o -` beside --preview.

    Raises:
        UsageError: one of them is given.
    """
    from faceedit.errors import UsageError

    if streams:
        raise UsageError("--preview writes sheets into a folder, once", "leave out --watch, and name a folder with -o")


def _previewed(task: "Task", photo: "Input") -> "Entry":
    from faceedit import images
    from faceedit.engine import edit
    from faceedit.errors import PhotoError
    from faceedit.gallery import preview
    from faceedit.report import Entry
    from faceedit.runner import Job, read_still

    target = task.out / photo.folder / (photo.path.name + SUFFIX)
    if target.exists() and task.exists != "overwrite":
        return Entry(str(photo.path), "skipped", [str(target)])
    try:
        before = task.find(read_still(Job.single(photo, target, target.stem), task.limits))
        sheet = preview(before, edit(before, task.loaded, task.registry).photo)
        file = io.BytesIO()
        sheet.save(file, "JPEG", quality=90)
        target.parent.mkdir(parents=True, exist_ok=True)
        images.write_atomic(target, file.getvalue())
    except PhotoError as error:
        return Entry.of_error(photo.path, error)
    return Entry(str(photo.path), "done", [str(target)])
