"""A video of a run, done as a photo is: the same recipe, journal and reports."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceedit.errors import SetupError, UnreadablePhoto
from faceedit.faces import FaceFinder
from faceedit.report import Entry
from faceedit.runner.targets import Job
from faceedit.stores import StorePath
from faceedit.video import demand_video

if TYPE_CHECKING:
    from faceedit.runner.process import Processor

# When redacted files say they were changed: 1 January 1980, the first day that archives can name.
NEUTRAL_TIME = 315532800


def edited_video(process: "Processor", job: Job) -> tuple[Entry, dict[Path, bytes]]:
    """The entry of one video, whose outputs are written, and thumbnails for the report.

    Raises:
        SetupError: PyAV is not installed.
        PhotoError: the video cannot be read, edited or written; nothing of it was written.
    """
    demand_video()
    from faceedit.video.work import VideoEditor  # noqa: PLC0415 - PyAV is an extra

    path = job.input.path
    if job.input.problem:
        raise UnreadablePhoto(job.input.problem, job.input.hint)
    if job.input.content is not None or any(isinstance(each, StorePath) for each in (path, *job.targets)):
        raise UnreadablePhoto(f"{path}: videos are read and written on this machine only", "copy it here first")
    if not isinstance(process.find, FaceFinder):
        raise SetupError("videos need a FaceFinder", "give the Processor one as `find`")
    editor = VideoEditor(
        process.recipe, process.registry, process.find, process.limits, process.look, process.begin, process.tell
    )
    decision = process.wishes.decisions.of(job.input)
    targets = [(place.target, place.output) for place in job.places if place.output.photo]
    made = editor(path, targets, faceless=bool(decision and decision.faceless))
    entry, before, after = made.entry, made.before, made.after
    if after is None:
        return entry, {}
    if process.recipe.redacts:
        neutral(entry.outputs)
        before = before if process.wishes.originals else None
        audit: dict[str, Any] = {"input_sha256": job.input.sha256, "outputs": _digests(entry.outputs), "left": []}
        if decision:
            audit["decision"] = decision.as_dict()
        entry = replace(entry, audit=audit)
    return entry, dict(process.small(targets[0][0], before, after))


def neutral(paths: Sequence[Path | str]) -> None:
    """Let redacted files tell nothing by when they were changed."""
    for path in paths:
        with contextlib.suppress(OSError):  # a file system that keeps no such times tells nothing either
            os.utime(path, (NEUTRAL_TIME, NEUTRAL_TIME))


def _digests(paths: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        with Path(path).open("rb") as file:
            found.append({"path": path, "sha256": hashlib.file_digest(file, "sha256").hexdigest()})
    return found
