"""Many photos, one after the other: one that fails costs its own line in the report, never the run."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from faceedit.errors import FaceEditError, SetupError, UsageError, reason
from faceedit.report import Entry
from faceedit.runner.targets import Job


def run(jobs: Iterable[Job], work: Callable[[Job], Entry], *, redacts: bool = False) -> Iterator[Entry]:
    """An entry for each job, as each is finished.

    Raises:
        SetupError: something is missing that every photo needs.
        UsageError: the output folder cannot be used.
    """
    for job in jobs:
        start = time.perf_counter()
        yield _one(job, work, redacts=redacts).timed(time.perf_counter() - start)


def _one(job: Job, work: Callable[[Job], Entry], *, redacts: bool) -> Entry:
    path = job.input.path
    try:
        return work(job)
    except (SetupError, UsageError):
        raise
    except FaceEditError as error:
        message = error.message if error.message.startswith(str(path)) else f"{path}: {error.message}"
        return Entry.of_error(path, type(error)(message, error.hint), redacts=redacts)
    except Exception as error:  # the boundary: one photo's run
        failure = FaceEditError(f"{path}: unexpected {reason(error)}", "please report this")
        return Entry.of_error(path, failure, redacts=redacts)


def make_output_folder(out: Path) -> None:
    """Make the output folder.

    Raises:
        UsageError: it cannot be made or written to.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".faceedit-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f'the output folder "{out}" cannot be used: {error.strerror}', "choose another one") from error
