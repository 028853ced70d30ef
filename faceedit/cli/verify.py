"""The command `verify`: finished photos, whoever made them, looked at again before they are published."""

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli.beside import beside
from faceedit.cli.console import complain, counted, progress, say
from faceedit.cli.options import (
    DetectorName,
    Device,
    Megapixels,
    Memory,
    Model,
    NoPlugins,
    OnlyPlugins,
    Photos,
    PluginFiles,
    Quiet,
    Threads,
    plugins_here,
)

if TYPE_CHECKING:
    from faceedit.geometry import Box
    from faceedit.images import Limits
    from faceedit.registry import Registry
    from faceedit.runner import Input
    from faceedit.verify import SecondLook, Verdict


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    *,
    photos: Photos,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and photo.")] = False,
    plugin: PluginFiles = [],
    no_plugins: NoPlugins = False,
    only_plugin: OnlyPlugins = [],
    model: Model = "",
    device: Device = "auto",
    detector: DetectorName = "auto",
    threads: Threads = 0,
    max_megapixels: Megapixels = 200,
    max_memory: Memory = 2,
    quiet: Quiet = False,
) -> None:
    """Look for faces and hidden data in finished photos, also in those that other programs made.

    Faces that a recipe left on purpose are known from report.json in the photo's folder or above, for files that are
    still what the report says. Other files in a folder, hidden ones too, are named: nobody looks into them.
    Exit status: 0 nothing found, 1 some file cannot be looked at, 4 something was found.
    """
    from faceedit import images
    from faceedit.errors import PhotoError, UnreadablePhoto
    from faceedit.runner import discover
    from faceedit.video import can_read_videos

    registry = plugins_here(plugin, none=no_plugins, only=only_plugin)
    look = _look(registry, model, device, detector, threads)
    limits = images.Limits(megapixels=max_megapixels, gigabytes=max_memory)
    inputs = discover(photos, videos=can_read_videos())
    found = unreadable = 0
    with progress(len(inputs), quiet) as advance:
        for each in inputs:
            try:
                left = left_on_purpose(each.path, limits)
                verdict = _verdict(each, look, left, limits)
            except PhotoError as error:
                unreadable += 1
                _say_unreadable(each.path, error, as_json=as_json)
            else:
                found += not verdict.passed
                said = f"{counted(len(left), 'face')} left on purpose, says report.json; whoever made that decided it"
                verdict = replace(verdict, notes=(*verdict.notes, *([said] if left else [])))
                _say(each.path, verdict, as_json=as_json, quiet=quiet)
            advance(each.path.name)
    others = [*beside(photos, inputs)]
    for path in others:
        what = f"{path}: by its name or place it is no photo, so nobody looked into it"
        _say_unreadable(path, UnreadablePhoto(what), as_json=as_json)
    if not (as_json or quiet):
        say(
            f"{len(inputs)} photo(s): {found} with something in them, {unreadable} unreadable, "
            f"{len(others)} other file(s)"
        )
    raise typer.Exit(4 if found else int(unreadable > 0 or bool(others)))


def _verdict(each: "Input", look: "SecondLook", left: "list[Box]", limits: "Limits") -> "Verdict":
    """The verdict on one photo or video.

    Raises:
        UnreadablePhoto: it cannot be read.
    """
    from faceedit.verify import verify_file
    from faceedit.video import is_video

    photo = each.fetched(limits)
    if not is_video(each.path):
        return verify_file(photo, look, left=left, limits=limits)
    from faceedit.video.checking import verify_video  # PyAV is an extra

    return verify_video(each.path, look, limits)


def left_on_purpose(path: Path, limits: "Limits") -> "list[Box]":
    """The boxes of faces that a report beside or above a file says were left, if the file is still the same."""
    import hashlib

    from faceedit.geometry import Box

    if not path.is_file() or path.stat().st_size > limits.megabytes * 1e6:  # it will be refused unread
        return []
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for folder in path.resolve().parents:
        report = folder / "report.json"
        if not report.is_file():
            continue
        return [Box(*box) for box in _reported(report).get(digest, ())]
    return []


@lru_cache(maxsize=4)
def _reported(report: Path) -> dict[str, list[tuple[int, ...]]]:
    """The boxes of the faces that a report says were left, by the sha256 of each output."""
    found: dict[str, list[tuple[int, ...]]] = {}
    try:
        for entry in json.loads(report.read_text(encoding="utf-8"))["photos"]:
            for output in entry["audit"].get("outputs", ()):
                found[output["sha256"]] = [(int(a), int(b), int(c), int(d)) for a, b, c, d in entry["audit"]["left"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        complain(f"{report}: cannot be read as a report, and is not believed")
        return {}
    return found


def _look(registry: "Registry", model: str, device: str, detector: str, threads: int) -> "SecondLook":
    from faceedit import models
    from faceedit.verify import SecondLook

    find = models.face_finder(model or models.default(), registry, device=device, detector=detector)
    if threads:
        import torch

        torch.set_num_threads(threads)
    return SecondLook(find.detector, find.segmenter)


def _say(path: Path, verdict: "Verdict", *, as_json: bool, quiet: bool) -> None:
    if as_json:
        line = {
            "photo": str(path),
            "passed": verdict.passed,
            "faces": [{"box": face.box.as_list(), "score": round(face.score, 3)} for face in verdict.faces],
            "problems": list(verdict.problems),
            "notes": list(verdict.notes),
        }
        say(json.dumps(line, ensure_ascii=False))
        return
    for face in verdict.faces:
        say(f"{path}: a face at {face.box.as_list()}, score {face.score:.2f}")
    for problem in verdict.problems:
        say(f"{path}: {problem}")
    for note in () if quiet else verdict.notes:
        say(f"{path}: note: {note}")


def _say_unreadable(path: Path, error: Exception, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"photo": str(path), "passed": False, "error": str(error)}, ensure_ascii=False))
    else:
        said = str(error)
        complain(said if said.startswith(str(path)) else f"{path}: {said}")
