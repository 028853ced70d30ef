"""A whole run: planned, refused or begun, each photo reported, the report written at the end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from faceedit import images
from faceedit.faces import FaceFinder
from faceedit.recipe import Recipe
from faceedit.registry import Registry
from faceedit.report import Entry, write_report, write_review
from faceedit.runner.discovery import Input
from faceedit.runner.journal import Journal
from faceedit.runner.process import Processor
from faceedit.runner.run import make_output_folder, run
from faceedit.runner.targets import Job, plan
from faceedit.verify import SecondLook

REPORT = "report.json"
REVIEW = "review.json"


@dataclass(frozen=True)
class Folder:
    """One recipe over many photos into one output folder. Making it checks everything that can be checked before work.

    Raises:
        UsageError: names clash, or the output folder cannot be used.
    """

    recipe: Recipe
    registry: Registry
    inputs: Sequence[Input]
    out: Path

    def jobs(self) -> list[Job]:
        """What would be done, without doing it.

        Raises:
            UsageError: two outputs have one name, or an output would replace a file that faceedit did not make.
        """
        jobs = plan(self.inputs, self.out, self.recipe.output, self.recipe.name or "recipe")
        Journal(self.out).refuse_strangers([*(job.target for job in jobs), self.out / REPORT, *self._review()])
        return jobs

    def apply(self, find: FaceFinder, limits: images.Limits, done: Callable[[Entry], None]) -> list[Entry]:
        """Do all photos; `done` is called with each entry. The report is written even when the run is interrupted.

        Raises:
            UsageError: as for `jobs`.
        """
        jobs = self.jobs()
        make_output_folder(self.out)
        images.remove_leftovers(self.out)
        journal = Journal(self.out)
        entries: list[Entry] = []
        try:
            look = SecondLook(find.detector, find.segmenter) if self.recipe.redacts else None
            work = Processor(self.recipe, self.registry, find, limits, look)
            for entry in run(jobs, work, redacts=self.recipe.redacts):
                journal.add(entry.outputs)
                entries.append(entry)
                done(entry)
        finally:
            self._report(entries, find)
            journal.add([str(self.out / REPORT), *map(str, self._review())])
        return entries

    def _report(self, entries: list[Entry], find: FaceFinder) -> None:
        recipe = {"name": self.recipe.name, "path": self.recipe.path, "sha256": self.recipe.digest}
        write_report(self.out / REPORT, entries, recipe=recipe, model=find.segmenter.model, registry=self.registry)
        for path in self._review():
            write_review(path, entries)

    def _review(self) -> list[Path]:
        """Where the withheld photos are listed, if the recipe redacts; an empty list replaces that of an older run."""
        return [self.out / REVIEW] if self.recipe.redacts else []
