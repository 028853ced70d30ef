"""Plain lines to the terminal that never fail on a strange file name."""

import functools
import itertools
import sys
import time
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


class Advance:
    """What to call after each photo, with what became of it and, perhaps, how things stand; here it says nothing."""

    def __call__(self, _note: str, _state: str = "") -> None:
        """One photo is done."""

    def tell(self, _text: str) -> None:
        """How far the one that is being done is."""


class Lines(Advance):
    """A plain line for each photo, and now and then one for what takes long."""

    PAUSE = 10.0

    def __init__(self, total: int | None) -> None:
        self.count, self.whole = itertools.count(1), "" if total is None else f"/{total}"
        self.told = time.monotonic()

    def __call__(self, note: str, _state: str = "") -> None:
        """One photo is done."""
        complain(f"[{next(self.count)}{self.whole}] {note}")

    def tell(self, text: str) -> None:
        """How far the one that is being done is."""
        if time.monotonic() - self.told >= self.PAUSE:
            self.told = time.monotonic()
            complain(one_line(text))


class Bar(Advance):
    """A bar on a terminal."""

    def __init__(self, update: Callable[..., None]) -> None:
        self.update = update

    def __call__(self, note: str, state: str = "") -> None:
        """One photo is done."""
        self.update(advance=1, description=f"{state}; {note}" if state else note, refresh=True)

    def tell(self, text: str) -> None:
        """How far the one that is being done is."""
        self.update(advance=0, description=one_line(text), refresh=True)


@contextmanager
def progress(total: int | None, quiet: bool) -> Iterator[Advance]:
    """A bar with the time left on a terminal, a plain line a photo where there is none.

    `total` None: nobody knows how many come.
    """
    if quiet:
        yield Advance()
        return
    if not sys.stderr.isatty():
        yield Lines(total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True), words)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield Bar(functools.partial(bar.update, bar.add_task("starting", total=total)))
