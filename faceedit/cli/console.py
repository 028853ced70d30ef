"""Plain lines to the terminal that never fail on a strange file name."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


def say(text: str) -> None:
    """A line on standard output."""
    _write(sys.stdout, text)


def complain(text: str) -> None:
    """A line on standard error."""
    _write(sys.stderr, text)


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


@contextmanager
def progress(total: int, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A function to call after each photo: a bar with ETA on a terminal, a plain line where there is none."""
    if quiet:
        yield lambda _note: None
        return
    if not sys.stderr.isatty():
        count = itertools.count(1)
        yield lambda note: complain(f"[{next(count)}/{total}] {note}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda note: bar.update(task, advance=1, description=note)
