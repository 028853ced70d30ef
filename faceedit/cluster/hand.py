"""On each machine of a cluster: a look whether photos can be done there, and one who does them."""

import pickle
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faceedit.cluster.desk import ATTEMPTS, records_at
from faceedit.cluster.kit import Kit
from faceedit.errors import FaceEditError, SetupError, UnreadablePhoto, UsageError
from faceedit.report import Entry
from faceedit.runner import Job, make_output_folder, run
from faceedit.runner.task import Worker
from faceedit.stores import StorePath, lies

Row = dict[str, Any]
"""`at` is the number of a job; `job` the job, and then `said` what became of it, as pickles."""


def look(kit: Kit, seen: Sequence[Path]) -> FaceEditError | None:
    """Why this machine cannot do photos as the one that began the run; None where it can. `seen` must be there."""
    try:
        with tempfile.TemporaryDirectory(prefix="faceedit-") as home:
            out = kit.unpacked(Path(home)).out
        if isinstance(out, StorePath):
            make_output_folder(out)
        for path in seen:
            if not lies(path):
                raise UsageError(f'there is no "{path}"', "give folders that all machines share, or a store")
    except FaceEditError as error:
        return error
    except OSError as error:
        return UsageError(f'"{error.filename}" cannot be looked at: {error.strerror}', "give this machine the rights")
    return None


class Hand:
    """Does photos, one after the other, with a model of its own."""

    def __init__(self, kit: Kit, desk: Any) -> None:
        import ray  # noqa: PLC0415 - only machines of a cluster have it

        self._get = ray.get
        self._desk = desk
        self._home = tempfile.TemporaryDirectory(prefix="faceedit-")
        self._worker: Worker | FaceEditError
        try:
            task = kit.unpacked(Path(self._home.name))
            self._worker = Worker(task, records_at(desk, ray.get, task.out))
        except FaceEditError as error:
            where = ray.get_runtime_context().get_node_id()
            self._worker = SetupError(f"the machine {where} cannot do photos: {error.message}", error.hint)

    def __call__(self, row: Row) -> Row:
        """What became of one job: an entry, or the error that ends the run."""
        return {"at": row["at"], "said": pickle.dumps(self._said(row["at"], pickle.loads(row["job"])))}  # noqa: S301

    def _said(self, at: int, job: Job) -> Entry | FaceEditError:
        if isinstance(self._worker, FaceEditError):
            return self._worker
        redacts = self._worker.task.loaded.redacts
        if self._get(self._desk.attempt.remote(at)) > ATTEMPTS:
            if redacts:
                self._worker.journal.retract(job.target, job.targets)
            error = UnreadablePhoto(f"{job.input.path}: its process died", "it crashed or ran out of memory")
            return Entry.of_error(job.input.path, error, redacts=redacts)
        try:
            return next(run([job], self._worker, redacts=redacts))
        except FaceEditError as error:
            return error
