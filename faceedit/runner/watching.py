"""New photos as they arrive: each when its file is complete, until somebody asks to stop."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.report import Entry
from faceedit.runner.discovery import Input, discover
from faceedit.runner.folder import Folder
from faceedit.runner.stopping import Stopping
from faceedit.runner.targets import Job
from faceedit.runner.task import Task
from faceedit.video import can_read_videos

# Seconds between two looks at the folders. A file that did not change from one to the next is complete.
PAUSE = 1.0

Signature = tuple[int, int]


@dataclass
class Arrivals:
    """Photos in folders that are new or were changed, and complete."""

    folders: Sequence[str]
    _seen: dict[Path, Signature] = field(default_factory=dict)
    _taken: dict[Path, Signature] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.folders:
            if not Path(each).is_dir():
                raise UsageError(f'"{each}" is no folder, and only folders are watched', "name a folder")

    def look(self) -> list[Input]:
        """Photos that did not change since the last look and were not given out as they are now."""
        now: dict[Path, Signature] = {}
        ready = []
        for each in self._inputs():
            try:
                about = each.path.stat()
            except OSError:  # gone again
                continue
            now[each.path] = signature = (about.st_size, about.st_mtime_ns)
            if about.st_size and self._seen.get(each.path) == signature != self._taken.get(each.path):
                self._taken[each.path] = signature
                ready.append(each)
        self._seen = now
        return ready

    def _inputs(self) -> list[Input]:
        found = []
        for folder in self.folders:
            try:
                found += discover([folder], videos=can_read_videos())
            except UsageError:  # no photos yet
                continue
        if len(self.folders) > 1:  # as `discover` names the roots of several inputs
            found = [replace(each, folder=_root_name(each) / each.folder) for each in found]
        return [each for each in found if not each.problem]


def _root_name(photo: Input) -> Path:
    return Path(photo.root.resolve().name) if photo.root else Path()


def watch(
    task: Task,
    folders: Sequence[str],
    processes: int,
    done: Callable[[Entry], None],
    *,
    stopping: Stopping | None = None,
    pause: float = PAUSE,
) -> list[Entry]:
    """Do photos as they arrive in folders, until somebody asks to stop; the entries of all of them.

    The reports are written after each lot.

    Raises:
        UsageError: a folder is none, or the output folder cannot be used.
        SetupError: something is missing that every photo needs.
    """
    arrivals = Arrivals(folders)
    stopping = stopping or Stopping()
    inputs: dict[Path, Input] = {}
    entries: dict[str, Entry] = {}
    whole = Folder(task, [Input(Path(each, ".none"), root=Path(each)) for each in folders])  # refuses bad places
    with stopping.listening(), whole.begun(processes, stopping) as crew:
        while not stopping.asked:
            lot = arrivals.look()
            jobs, refused = _planned(task, inputs, lot)
            for entry in itertools.chain(refused, crew.do(jobs)):
                entries[entry.photo] = entry
                done(entry)
            if lot:
                whole.report(list(entries.values()))
            _rest(pause, stopping)
        whole.report(list(entries.values()))
    return list(entries.values())


def _planned(task: Task, inputs: dict[Path, Input], lot: list[Input]) -> tuple[list[Job], list[Entry]]:
    """Jobs for new photos, each named as if all had been there from the start, and entries of those that clash."""
    new = {each.path: each for each in lot}
    try:
        jobs, _ = Folder(task, list((inputs | new).values())).planned
    except UsageError as error:
        if len(lot) == 1:
            return [], [Entry.of_error(lot[0].path, error, redacts=task.loaded.redacts)]
        singly = [_planned(task, inputs, [each]) for each in lot]
        return [job for jobs, _ in singly for job in jobs], [entry for _, entries in singly for entry in entries]
    inputs |= new
    return [job for job in jobs if job.input.path in new], []


def _rest(seconds: float, stopping: Stopping) -> None:
    end = time.monotonic() + seconds
    while not stopping.asked and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
