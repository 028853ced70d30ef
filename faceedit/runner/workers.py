"""Jobs spread over worker processes, each with a model of its own; results come in the order of the jobs.

A worker that dies (a crash in a decoder, out of memory) costs the photo that killed it, never the run.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace

from faceedit.errors import UnreadablePhoto
from faceedit.report import Entry
from faceedit.runner.run import run
from faceedit.runner.targets import Job
from faceedit.runner.task import Task, Worker

# Jobs handed out ahead of the one that is waited for, a worker: enough that none is idle, few enough to stop soon.
AHEAD = 2

_worker: Worker | None = None


def run_jobs(jobs: Sequence[Job], task: Task, processes: int) -> Iterator[Entry]:
    """An entry for each job, in order, done by this process or by several.

    Raises:
        SetupError: something is missing that every photo needs.
    """
    redacts = task.loaded.redacts
    if processes <= 1:
        yield from run(jobs, task.worker(), redacts=redacts)
        return
    waiting = deque(jobs)
    begun: deque[tuple[Job, Future[Entry]]] = deque()
    pool = _pool(task, processes)
    try:
        while waiting or begun:
            while waiting and len(begun) < AHEAD * processes:
                job = waiting.popleft()
                begun.append((job, pool.submit(_do, job)))
            job, future = begun[0]
            try:
                entry = future.result()
            except BrokenProcessPool:
                pool.shutdown(cancel_futures=True)
                yield from (_alone(each, task) for each, _ in begun)
                begun.clear()
                pool = _pool(task, processes)
                continue
            begun.popleft()
            yield entry
    finally:
        pool.shutdown(cancel_futures=True)


def _alone(job: Job, task: Task) -> Entry:
    """One job in a process of its own, so that only the photo that kills it is lost."""
    with _pool(task, 1) as pool:
        try:
            return pool.submit(_do, job).result()
        except BrokenProcessPool:
            error = UnreadablePhoto(f"{job.input.path}: its process died", "it crashed or ran out of memory")
            return Entry.of_error(job.input.path, error, redacts=task.loaded.redacts)


def _pool(task: Task, processes: int) -> ProcessPoolExecutor:
    # A plain copy: what this process has loaded stays here, each worker loads its own.
    spawn = multiprocessing.get_context("spawn")  # a fork would copy torch's threads in mid-air
    return ProcessPoolExecutor(processes, spawn, initializer=_begin, initargs=(replace(task),))


def _begin(task: Task) -> None:
    global _worker  # noqa: PLW0603 - a process pool has no other place for what its workers share
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which lets begun photos finish
    _worker = task.worker()


def _do(job: Job) -> Entry:
    if _worker is None:
        raise RuntimeError("the worker was not begun")
    return next(run([job], _worker, redacts=_worker.task.loaded.redacts))
