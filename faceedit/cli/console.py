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


def one_line(text: str) -> str:
    """Text with file names in it as a single line: what a terminal would act upon becomes "?"."""
    return "".join(letter if letter.isprintable() or "\udc80" <= letter <= "\udcff" else "?" for letter in text)


def counted(number: int, word: str) -> str:
    """A number of things in words."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


@contextmanager
def progress(total: int | None, quiet: bool) -> Iterator[Callable[..., None]]:
    """A function to call after each photo with what became of it and, perhaps, how things stand.

    A bar with the time left on a terminal, a plain line where there is none. `total` None: nobody knows how many come.
    """
    if quiet:
        yield lambda _note, _state="": None
        return
    if not sys.stderr.isatty():
        count = itertools.count(1)
        whole = "" if total is None else f"/{total}"
        yield lambda note, _state="": complain(f"[{next(count)}{whole}] {note}")
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True), words)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda note, state="": bar.update(
            task, advance=1, description=f"{state}; {note}" if state else note, refresh=True
        )
