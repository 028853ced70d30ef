"""A whole run: planned, refused or begun, each photo reported, the reports written at the end."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from faceedit import images
from faceedit.errors import UsageError
from faceedit.gallery import PAGE, write_gallery
from faceedit.report import Entry, write_report, write_review
from faceedit.runner.discovery import Input
from faceedit.runner.journal import Journal
from faceedit.runner.run import make_output_folder
from faceedit.runner.targets import Job, free_target, plan
from faceedit.runner.task import Task
from faceedit.runner.workers import run_jobs

REPORT = "report.json"
REVIEW = "review.json"
LOCK = ".faceedit.lock"


@dataclass(frozen=True)
class Folder:
    """One task over many photos."""

    task: Task
    inputs: Sequence[Input]

    def jobs(self) -> tuple[list[Job], list[Entry]]:
        """What would be done, and entries of the photos that are skipped because their output is there.

        Raises:
            UsageError: two outputs have one name, or an output may not be replaced.
        """
        out, recipe = self.task.out, self.task.loaded
        jobs = plan(self.inputs, out, recipe.output, recipe.name or "recipe", redacts=recipe.redacts)
        there = [job for job in jobs if job.target.exists()]
        if there and self.task.exists == "fail":
            raise UsageError(f'"{there[0].target}" is there already', "choose another folder or another --exists")
        skipped: list[Entry] = []
        if self.task.exists == "skip":
            skipped = [Entry(str(job.input.path), "skipped", notes=["its output is there already"]) for job in there]
            jobs = [job for job in jobs if not job.target.exists()]
        elif self.task.exists == "unique":
            jobs = free_target(jobs)
        Journal(out).refuse_strangers([*(job.target for job in jobs), *self._reports()])
        return jobs, skipped

    def apply(self, processes: int, done: Callable[[Entry], None]) -> list[Entry]:
        """Do all photos; `done` is called with each entry. The reports are written even when the run is interrupted.

        Raises:
            UsageError: as for `jobs`, or another run writes to the folder.
            SetupError: something is missing that every photo needs.
        """
        make_output_folder(self.task.out)
        with self._locked():
            jobs, entries = self.jobs()
            images.remove_leftovers(self.task.out)
            Journal(self.task.out).begin(self._reports())
            try:
                for entry in run_jobs(jobs, self.task, processes):
                    entries.append(entry)
                    done(entry)
            finally:
                self._report(entries)
        return entries

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with FileLock(self.task.out / LOCK, timeout=0):
                yield
        except Timeout as error:
            raise UsageError(
                f'another run writes to "{self.task.out}"', "wait for it, or choose another folder"
            ) from error

    def _report(self, entries: list[Entry]) -> None:
        task, recipe = self.task, self.task.loaded
        about = {"name": recipe.name, "path": recipe.path, "sha256": recipe.digest}
        write_report(task.out / REPORT, entries, recipe=about, model=task.find.segmenter.model, registry=task.registry)
        write_gallery(task.out, entries, redacts=recipe.redacts, title=recipe.name or "faceedit")
        if recipe.redacts:
            write_review(task.out / REVIEW, entries)

    def _reports(self) -> list[Path]:
        """Where the run is reported; an empty list of reviews replaces that of an older run."""
        names = [REPORT, PAGE, REVIEW] if self.task.loaded.redacts else [REPORT, PAGE]
        return [self.task.out / name for name in names]
