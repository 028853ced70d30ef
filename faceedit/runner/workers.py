"""Jobs done by this process or spread over several; results come in the order of jobs.

Each process has a model of its own. On a graphics card they share one, which then sees the crops of several photos
together, while they decode, edit and encode.

A worker that dies (a crash in a decoder or in a plugin, out of memory) costs the photo that killed it, never the run.
That is why plugins of others work in a process of their own, even where one process is enough.
"""

import multiprocessing
import multiprocessing.util
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from types import TracebackType
from typing import Self

from faceedit.errors import FaceEditError, SetupError, UnreadablePhoto
from faceedit.report import Entry
from faceedit.runner import memory
from faceedit.runner.journal import Journal
from faceedit.runner.run import run
from faceedit.runner.stopping import Stopping
from faceedit.runner.targets import Job
from faceedit.runner.task import Task, Worker
from faceedit.segmentation.served import Service

# Jobs handed out ahead of the one that is waited for, a worker: enough that none is idle, few enough to stop soon.
AHEAD = 2

_worker: Worker | FaceEditError | None = None


class Crew:
    """Who does the jobs of a run; the models stay loaded until the crew is left.

    Raises on entering:
        SetupError: something is missing that every photo needs, or a process dies at once.
        UsageError: something is missing that every photo needs.
    """

    def __init__(self, task: Task, processes: int, stopping: Stopping | None = None, budget: int | None = None) -> None:
        self.task = task
        self.processes = processes
        self.stopping = stopping or Stopping()
        self.budget = memory.budget() if budget is None else budget
        self._pool: ProcessPoolExecutor | None = None
        self._own: Worker | None = None
        self._service: Service | None = None

    def __enter__(self) -> Self:
        if self.processes <= 1 and not self.task.others:
            self._own = self.task.worker()
            return self
        self.processes = max(1, self.processes)
        if self.processes > 1 and self.task.shares_a_card:
            self._service = Service(self.task.find.segmenter)
        self._pool = self._new_pool(self.processes)
        try:
            self._pool.submit(_ready).result()
        except BrokenProcessPool as error:
            self._end()
            raise SetupError("a process died before its first photo", self._suspects) from error
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        if self._service:
            self._service.close()

    @property
    def _suspects(self) -> str:
        """Why a process may have died."""
        others = ", ".join(self.task.others)
        return f"it ran out of memory, or a plugin ended it: {others}" if others else "it crashed or ran out of memory"

    def _new_pool(self, processes: int) -> ProcessPoolExecutor:
        # A plain copy: what this process has loaded stays here, each worker loads its own, but for a shared model.
        engine = replace(self.task.engine, service=self._service.address) if self._service else self.task.engine
        spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads in mid-air
        task = replace(self.task, engine=engine)
        return ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=(task,))

    def hear(self, tell: Callable[[str], None]) -> None:
        """Let `tell` hear how far a video is, where this process does it."""
        if self._own:
            self._own.tell = tell

    def do(self, jobs: Iterable[Job]) -> Iterator[Entry]:
        """An entry for each job, in order, until the run is asked to stop; what is begun is finished."""
        if self._own:
            yield from run(self.stopping.until(jobs), self._own, redacts=self.task.loaded.redacts)
        else:
            yield from self._spread(deque(jobs))

    def _spread(self, waiting: deque[Job]) -> Iterator[Entry]:
        begun: deque[tuple[Job, int, Future[Entry]]] = deque()
        while waiting or begun:
            self._hand_out(waiting, begun)
            if not begun:
                return
            future = begun[0][2]
            try:
                entry = future.result()
            except BrokenProcessPool:
                yield from self._one_by_one([each for each, _, _ in begun])
                begun.clear()
                continue
            begun.popleft()
            yield entry

    def _hand_out(self, waiting: deque[Job], begun: deque[tuple[Job, int, Future[Entry]]]) -> None:
        """Give jobs to the workers, as many as memory allows; one always."""
        if self.stopping.asked:
            waiting.clear()
            while begun and begun[-1][2].cancel():
                begun.pop()
            return
        while waiting and self._pool and len(begun) < AHEAD * self.processes:
            needed = memory.needed(waiting[0].input.path, self.task.loaded)
            taken = sum(each for _, each, future in begun if not future.done())
            if taken and taken + needed > self.budget:
                return
            job = waiting.popleft()
            begun.append((job, needed, self._pool.submit(_do, job)))

    def _one_by_one(self, jobs: list[Job]) -> Iterator[Entry]:
        """Jobs after a worker died, each in a process of its own, so that only the photo that kills it is lost."""
        redacts = self.task.loaded.redacts
        if self._pool:
            self._pool.shutdown(cancel_futures=True)
        for job in self.stopping.until(jobs):
            with self._new_pool(1) as pool:
                try:
                    yield pool.submit(_do, job).result()
                except BrokenProcessPool:
                    if redacts:
                        Journal(self.task.out).retract(job.target, job.targets)
                    error = UnreadablePhoto(f"{job.input.path}: its process died", self._suspects)
                    yield Entry.of_error(job.input.path, error, redacts=redacts)
        self._pool = self._new_pool(self.processes)


def _begin(task: Task) -> None:
    global _worker  # noqa: PLW0603 - a process pool has no other place for what its workers share
    # The last thing at its end: no thread that a plugin left running holds it up.
    multiprocessing.util.Finalize(None, os._exit, (0,), exitpriority=-100)
    # Read when torch is loaded: its threads sleep while they wait, and leave the cores to the other processes.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which lets begun photos finish
    try:
        _worker = task.worker()
    except FaceEditError as error:  # told to the main process by `_check`; raised here, it would only break the pool
        _worker = error


def _check() -> Worker:
    """This process's worker.

    Raises:
        FaceEditError: why there is none.
    """
    if isinstance(_worker, FaceEditError):
        raise _worker
    if _worker is None:
        raise RuntimeError("the worker was not begun")
    return _worker


def _ready() -> None:
    _check()


def _do(job: Job) -> Entry:
    worker = _check()
    return next(run([job], worker, redacts=worker.task.loaded.redacts))
