"""A whole run: planned, refused or begun, each photo reported, the reports written at the end."""

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from filelock import FileLock, Timeout

from faceedit import images
from faceedit.errors import PhotoError, UsageError
from faceedit.gallery import PAGE, Thumbnails, write_gallery
from faceedit.registry.index import cache_path
from faceedit.report import REPORT, REVIEW, Entries, Entry, write_report, write_review
from faceedit.runner.discovery import Input
from faceedit.runner.journal import JOURNAL, LOCK, Journal
from faceedit.runner.records import records_of
from faceedit.runner.remains import outdated, remains
from faceedit.runner.run import make_output_folder
from faceedit.runner.shelf import Shelf
from faceedit.runner.stopping import Stopping
from faceedit.runner.targets import Job, free_targets, plan
from faceedit.runner.task import Task
from faceedit.runner.workers import Crew
from faceedit.stores import StorePath


@dataclass(frozen=True)
class Folder:
    """One task over many photos; `crew` makes those who do them."""

    task: Task
    inputs: Sequence[Input]
    crew: Callable[[Task, int, Stopping], Crew] = Crew

    @cached_property
    def _shelf(self) -> Shelf:
        return Shelf(self.task.out)

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
        shelf = self._shelf
        taken = [place.target for job in jobs for place in job.places if shelf.holds(place)]
        if taken and self.task.exists == "fail":
            raise UsageError(f'"{taken[0]}" is there already', "choose another folder or another --exists")
        skipped: list[Entry] = []
        if self.task.exists == "skip":
            self._refuse_unredacted(taken)
            there = [all(shelf.holds(place) for place in job.places) for job in jobs]
            skipped = [
                Entry(str(job.input.path), "skipped", [*map(str, job.targets)], notes=["its output is there already"])
                for job in itertools.compress(jobs, there)
            ]
            jobs = [job for job, done in zip(jobs, there, strict=True) if not done]
        elif self.task.exists == "unique":
            jobs = free_targets(jobs, shelf.holds)
        self._refuse_strangers(jobs, shelf)
        return jobs, skipped

    def state(self, job: Job) -> str:
        """What became of a photo's output before, in words; empty where there is none."""
        if not any(self._shelf.holds(place) for place in job.places):
            return ""
        again = {"overwrite": "done again"}.get(self.task.exists, "done again if anything differs")
        return f"there already, {again}"

    def seconds_a_photo(self) -> float | None:
        """How long a photo took in earlier runs into this folder; None where there were none."""
        seconds = [entry.seconds for entry in Journal(self.task.out).entries() if entry.seconds]
        return sum(seconds) / len(seconds) if seconds else None

    def apply(
        self,
        processes: int,
        done: Callable[[Entry], None],
        stopping: Stopping | None = None,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> Entries:
        """Do all photos; `done` is called with each entry. The reports are written even when the run is interrupted.

        `tell` hears how far a video is.

        Raises:
            UsageError: as for `planned`, or another run writes to the folder.
            SetupError: something is missing that every photo needs.
            KeyboardInterrupt: somebody asked to stop before all photos were done.
        """
        jobs, skipped = self.planned
        entries = Entries(skipped)
        stopping = stopping or Stopping()
        with stopping.listening(), self.begun(processes, stopping) as crew:
            crew.hear(tell)
            try:
                for entry in crew.do(jobs):
                    entries.append(entry)
                    done(entry)
            except BaseException:
                with contextlib.suppress(PhotoError):  # what stopped the run is what is to be told
                    self._report_if_there(entries)
                raise
            stopped = len(entries) < len(jobs) + len(skipped)
            if not stopped:
                for entry in self._left_over(entries):
                    entries.append(entry)
                    done(entry)
            self._report_if_there(entries)
        if stopped:
            raise KeyboardInterrupt
        return entries

    def _left_over(self, entries: Entries) -> list[Entry]:
        """Say in `entries` what earlier runs left in the folder; entries for what of it may not be shown any more."""
        left_over = remains(self.task.out, entries)
        if self.task.exists != "unique":  # then they are meant to stay
            entries.left_over = [str(self.task.out / name) for name in left_over]
        return list(outdated(self.task.out, entries, left_over)) if self.task.loaded.redacts else []

    @contextlib.contextmanager
    def begun(self, processes: int, stopping: Stopping) -> Iterator[Crew]:
        """The output folder made, locked and tidied, and who does the photos; what is refused leaves it as it was.

        Raises:
            UsageError: another run writes to the folder, or an output may not be replaced.
            SetupError: something is missing that every photo needs.
        """
        with self._locked():
            self._refuse_strangers(self.planned[0], Shelf(self.task.out))
            with self.crew(self.task, processes, stopping) as crew:
                images.remove_leftovers(self.task.out)
                Journal(self.task.out).begin(self._reports(), redacts=self.task.loaded.redacts)
                yield crew

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        out = self.task.out
        if isinstance(out, StorePath):
            with _locked_store(out):
                yield
            return
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
            raise _busy(out) from error
        finally:
            for folder in missing:
                with contextlib.suppress(OSError):  # something is in it
                    folder.rmdir()

    def _refuse_strangers(self, jobs: Sequence[Job], shelf: Shelf) -> None:
        journal = Journal(self.task.out, records_of(self.task.out, shelf.has), shelf.has)
        written = [job for job in jobs if not job.input.problem]
        paths = [*(path for job in written for path in job.targets), *self._reports()]
        journal.refuse_strangers(paths)
        if self.task.loaded.redacts:
            journal.refuse_bare(paths)
        else:
            journal.refuse_redacted(self.task.out / name for name in (REPORT, PAGE, REVIEW))

    def _refuse_unredacted(self, skipped: Sequence[Path]) -> None:
        strange = Journal(self.task.out).strangers(skipped) if self.task.loaded.redacts else []
        if strange:
            raise UsageError(
                f'"{strange[0]}" is there already, and nobody knows whether it was redacted',
                "choose another output folder",
            )

    def _report_if_there(self, entries: Sequence[Entry]) -> None:
        if self.task.out.is_dir():
            self.report(entries)

    def report(self, entries: Sequence[Entry]) -> None:
        """Write what became of the photos."""
        task, recipe = self.task, self.task.loaded
        title = recipe.name or "faceedit"
        about = {"name": recipe.name, "path": recipe.path, "sha256": recipe.digest}
        if recipe.redacts:  # the first, so that on a full disk it is the last to be missing
            write_review(task.out / REVIEW, entries, self._previews(entries) if task.showing.originals else ())
        model, left_over = task.model, entries.left_over if isinstance(entries, Entries) else ()
        write_report(task.out / REPORT, entries, recipe=about, model=model, registry=task.registry, left_over=left_over)
        seen = task.showing.originals
        write_gallery(task.out, entries, redacts=recipe.redacts, title=title, originals=seen, left_over=left_over)

    def _previews(self, entries: Sequence[Entry]) -> Iterator[str | None]:
        """The small pictures of the photos that were withheld, as paths in the output folder."""
        seen = Thumbnails.within(self.task.out)
        return (seen.of(each, self.task.out, redacts=True, originals=True).get("withheld") for each in entries)

    def _reports(self) -> list[Path]:
        """Where the run is reported; an empty list of reviews replaces that of an older run."""
        names = [REPORT, PAGE, REVIEW] if self.task.loaded.redacts else [REPORT, PAGE]
        return [self.task.out / name for name in names]


@contextlib.contextmanager
def _locked_store(out: StorePath) -> Iterator[None]:
    """A folder in a store that can be written to, and which no other run on this machine writes to.

    Runs on other machines are not seen: they cost double work, as an object is put whole and its journal with it.
    """
    make_output_folder(out)
    place = cache_path().with_name("locks") / f"{hashlib.sha256(str(out).encode()).hexdigest()[:32]}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place, timeout=0):
            yield
    except Timeout as error:
        raise _busy(out) from error


def _busy(out: Path) -> UsageError:
    return UsageError(f'another run writes to "{out}"', "wait for it, or choose another folder")
