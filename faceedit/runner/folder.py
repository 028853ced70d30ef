"""A whole run: planned, refused or begun, each photo reported, the reports written at the end."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from faceedit import images
from faceedit.errors import UsageError
from faceedit.gallery import PAGE, write_gallery
from faceedit.report import REPORT, REVIEW, Entries, Entry, write_report, write_review
from faceedit.runner.discovery import Input
from faceedit.runner.journal import JOURNAL, LOCK, Journal
from faceedit.runner.run import make_output_folder
from faceedit.runner.stopping import Stopping
from faceedit.runner.targets import Job, free_targets, plan
from faceedit.runner.task import Task
from faceedit.runner.workers import Crew


@dataclass(frozen=True)
class Folder:
    """One task over many photos."""

    task: Task
    inputs: Sequence[Input]

    @cached_property
    def planned(self) -> tuple[list[Job], list[Entry]]:
        """What would be done, and entries of the photos that are skipped because their output is there.

        Raises:
            UsageError: two outputs have one name, or an output may not be replaced.
        """
        out, recipe = self.task.out, self.task.loaded
        inputs, outputs = self.inputs, recipe.written
        if self.task.showing.neutral_names:
            inputs = [replace(each, folder=Path()) for each in inputs]
            outputs = tuple(replace(each, name="{index:04}.{ext}") for each in outputs)
        jobs = plan(inputs, out, outputs, recipe.name or "recipe", redacts=recipe.redacts)
        taken = [place.target for job in jobs for place in job.places if place.is_there]
        if taken and self.task.exists == "fail":
            raise UsageError(f'"{taken[0]}" is there already', "choose another folder or another --exists")
        skipped: list[Entry] = []
        if self.task.exists == "skip":
            there = [all(place.is_there for place in job.places) for job in jobs]
            skipped = [
                Entry(str(job.input.path), "skipped", notes=["its output is there already"])
                for job in itertools.compress(jobs, there)
            ]
            jobs = [job for job, done in zip(jobs, there, strict=True) if not done]
        elif self.task.exists == "unique":
            jobs = free_targets(jobs)
        self._refuse_strangers(jobs)
        return jobs, skipped

    def state(self, job: Job) -> str:
        """What became of a photo's output before, in words; empty where there is none."""
        if not any(place.is_there for place in job.places):
            return ""
        again = {"overwrite": "done again"}.get(self.task.exists, "done again if anything differs")
        return f"there already, {again}"

    def seconds_a_photo(self) -> float | None:
        """How long a photo took in earlier runs into this folder; None where there were none."""
        seconds = [entry.seconds for entry in Journal(self.task.out).entries() if entry.seconds]
        return sum(seconds) / len(seconds) if seconds else None

    def apply(self, processes: int, done: Callable[[Entry], None], stopping: Stopping | None = None) -> Entries:
        """Do all photos; `done` is called with each entry. The reports are written even when the run is interrupted.

        Raises:
            UsageError: as for `planned`, or another run writes to the folder.
            SetupError: something is missing that every photo needs.
            KeyboardInterrupt: somebody asked to stop before all photos were done.
        """
        jobs, skipped = self.planned
        entries = Entries(skipped)
        stopping = stopping or Stopping()
        with stopping.listening(), self.begun(processes, stopping) as crew:
            try:
                for entry in crew.do(jobs):
                    entries.append(entry)
                    done(entry)
            finally:
                if self.task.out.is_dir():
                    self.report(entries)
        if stopping.asked and len(entries) < len(jobs) + len(skipped):
            raise KeyboardInterrupt
        return entries

    @contextlib.contextmanager
    def begun(self, processes: int, stopping: Stopping) -> Iterator[Crew]:
        """The output folder made, locked and tidied, and who does the photos; what is refused leaves it as it was.

        Raises:
            UsageError: another run writes to the folder, or an output may not be replaced.
            SetupError: something is missing that every photo needs.
        """
        with self._locked():
            self._refuse_strangers(self.planned[0])
            with Crew(self.task, processes, stopping) as crew:
                images.remove_leftovers(self.task.out)
                Journal(self.task.out).begin(self._reports())
                yield crew

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        out = self.task.out
        missing = [folder for folder in (out, *out.parents) if not folder.exists()]
        make_output_folder(out)
        try:
            with FileLock(out / LOCK, timeout=0):
                try:
                    yield
                finally:
                    if not (out / JOURNAL).exists():  # nothing was begun
                        with contextlib.suppress(OSError):  # Windows keeps files that are open
                            (out / LOCK).unlink()
        except Timeout as error:
            raise UsageError(f'another run writes to "{out}"', "wait for it, or choose another folder") from error
        finally:
            for folder in missing:
                with contextlib.suppress(OSError):  # something is in it
                    folder.rmdir()

    def _refuse_strangers(self, jobs: Sequence[Job]) -> None:
        journal = Journal(self.task.out)
        journal.refuse_strangers([*(path for job in jobs for path in job.targets), *self._reports()])

    def report(self, entries: Sequence[Entry]) -> None:
        """Write what became of the photos."""
        task, recipe = self.task, self.task.loaded
        title = recipe.name or "faceedit"
        about = {"name": recipe.name, "path": recipe.path, "sha256": recipe.digest}
        write_report(task.out / REPORT, entries, recipe=about, model=task.model, registry=task.registry)
        write_gallery(task.out, entries, redacts=recipe.redacts, title=title, previews=task.showing.previews)
        if recipe.redacts:
            write_review(task.out / REVIEW, entries)

    def _reports(self) -> list[Path]:
        """Where the run is reported; an empty list of reviews replaces that of an older run."""
        names = [REPORT, PAGE, REVIEW] if self.task.loaded.redacts else [REPORT, PAGE]
        return [self.task.out / name for name in names]
