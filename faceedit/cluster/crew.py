"""The photos of a run handed out to the machines of a Ray cluster, and what became of each, in the order of jobs.

Ray Data brings back what a worker or a machine that died had begun: another one does it again, or finds in the journal
that it is done.
"""

import contextlib
import pickle
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from faceedit.cluster.connection import connected
from faceedit.cluster.desk import Desk
from faceedit.cluster.hand import Hand
from faceedit.cluster.kit import Kit
from faceedit.cluster.machines import Machines
from faceedit.errors import FaceEditError
from faceedit.report import Entry
from faceedit.runner import Crew, Job, Stopping, Task

# Photos handed out in one piece where there are many: fewer turns, and little to do again when a worker dies.
LOT = 8


class RayCrew(Crew):
    """Who does the jobs of a run on a cluster. `processes` 0 are as many as it has room for. `seen` are photos of those
    to be done, which each machine must find.

    Raises on entering:
        UsageError: there is no such cluster, or a machine of it does not see the folders.
        SetupError: a machine lacks something that every photo needs, or has another version of it.
    """

    def __init__(
        self,
        task: Task,
        processes: int,
        stopping: Stopping | None = None,
        *,
        address: str = "",
        seen: Sequence[Path] = (),
    ) -> None:
        super().__init__(task, processes, stopping)
        self._address = address
        self._seen = seen
        self._left = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as entered:
            self._ray = ray = entered.enter_context(connected(self._address))
            engine = self.task.engine
            self._machines = Machines.of(ray, engine.device)
            self._room = self._machines.room(self.processes, engine.threads or 1)
            self._kit = Kit.of(self.task, self._room.cpus, "cuda" if self._room.gpus else engine.device)
            self._machines.check(self._kit, self._seen)
            self._desk = self._machines.here(Desk).remote(self.task.out)
            self._left = entered.pop_all()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._left.close()

    def do(self, jobs: Iterable[Job]) -> Iterator[Entry]:
        """An entry for each job, in order, until the run is asked to stop; then what is begun is cut off."""
        rows = [{"at": at, "job": pickle.dumps(job)} for at, job in enumerate(jobs)]
        if not rows:
            return
        data = self._ray.data
        lots = -(-len(rows) // max(1, min(LOT, len(rows) // (16 * self._room.workers))))
        done = data.from_items(rows, override_num_blocks=lots).map(
            Hand,
            fn_constructor_args=(self._kit, self._desk),
            compute=data.ActorPoolStrategy(min_size=1, max_size=self._room.workers),
            num_cpus=self._room.cpus,
            num_gpus=self._room.gpus,
        )
        done.context.enable_progress_bars = False
        done.context.execution_options.preserve_order = True
        with contextlib.closing(iter(done.iter_rows())) as answers:
            yield from self._heard(answers)

    def _heard(self, answers: Iterator[dict[str, Any]]) -> Iterator[Entry]:
        for answer in answers:
            said = pickle.loads(answer["said"])  # noqa: S301 - from our own workers
            if isinstance(said, FaceEditError):
                raise said
            yield said
            if self.stopping.asked:
                return
