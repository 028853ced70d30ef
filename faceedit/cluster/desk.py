"""What all machines of a run share: one actor on the machine that began it.

It alone appends to the journal of an output folder: lines that several machines append to one file over a network may
overwrite each other. And it counts how often a photo was begun, for one that kills whoever works on it.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from faceedit.errors import FaceEditError
from faceedit.runner.records import FileRecords, Line, Records
from faceedit.stores import StorePath

# How often a photo is begun before it is given up: machines and workers die, but seldom three on one photo.
ATTEMPTS = 3


class Desk:
    """The actor."""

    def __init__(self, out: Path) -> None:
        self._records = None if isinstance(out, StorePath) else FileRecords(out)
        self._begun: Counter[int] = Counter()

    def attempt(self, at: int) -> int:
        """The number of times that a job was begun, this time with them."""
        self._begun[at] += 1
        return self._begun[at]

    def record(self, method: str, *arguments: Any) -> tuple[Any, FaceEditError | None]:
        """What a method of the journal's records answers, or raises."""
        try:
            answer = getattr(self._records, method)(*arguments)
        except FaceEditError as error:
            return None, error
        return list(answer) if method in ("told", "bare", "redacted") else answer, None


class DeskRecords:
    """The records of an output folder, as the desk keeps them; `desk` is a handle of the actor, `get` waits for it."""

    def __init__(self, desk: Any, get: Any) -> None:
        self._desk = desk
        self._get = get

    def owns(self, name: str) -> bool:
        """Whether a line says that this output was begun."""
        return bool(self._asked("owns", name))

    def of(self, target: str) -> Line | None:
        """The last line that says what became of a photo."""
        line: Line | None = self._asked("of", target)
        return line

    def add(self, line: Line) -> None:
        """Add a line; it is on the disk when this returns."""
        self._asked("add", line)

    def told(self) -> Iterator[Line]:
        """Lines that say what became of photos."""
        yield from self._asked("told")

    def bare(self) -> Iterator[str]:
        """The outputs that a run which did not redact was the last to begin."""
        yield from self._asked("bare")

    def redacted(self) -> Iterator[str]:
        """The outputs that a run which redacted was the last to begin."""
        yield from self._asked("redacted")

    def _asked(self, method: str, *arguments: Any) -> Any:
        answer, error = self._get(self._desk.record.remote(method, *arguments))
        if error:
            raise error
        return answer


def records_at(desk: Any, get: Any, out: Path) -> Records | None:
    """The records that a machine of the cluster uses; a store keeps its own, which all machines see."""
    return None if isinstance(out, StorePath) else DeskRecords(desk, get)
