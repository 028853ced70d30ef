"""Where a journal's lines lie: in one file of the output folder, or in a store, where nothing can be appended to an
object, in one small object for each output.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

from faceedit.errors import FaceEditError, PhotoError, UsageError
from faceedit.stores import StorePath

JOURNAL = ".faceedit-journal.jsonl"
OBJECTS = ".faceedit-journal"
BARE = "not-redacted"  # in a store, lies there as soon as a run wrote photos without redacting them

Line = dict[str, Any]


class Records(Protocol):
    """The lines of a journal: what was begun (`begin`, names of outputs) and what became of it (`target` and more).

    A line that begins outputs of a run that redacts says so: `redacts`.
    """

    def owns(self, name: str) -> bool:
        """Whether a line says that this output was begun."""
        ...

    def of(self, target: str) -> Line | None:
        """The last line that says what became of a photo."""
        ...

    def add(self, line: Line) -> None:
        """Add a line; it is safe when this returns.

        Raises:
            UsageError: the output folder is gone.
            PhotoError: the line cannot be written.
        """
        ...

    def told(self) -> Iterator[Line]:
        """Lines that say what became of photos; of a store's many only some, as each costs a request."""
        ...

    def bare(self) -> Iterable[str]:
        """The outputs that a run which did not redact was the last to begin; of a store one name for all."""
        ...

    def redacted(self) -> Iterable[str]:
        """The outputs that a run which redacted was the last to begin; of a store none is known."""
        ...


def readable(path: Path) -> bool:
    """Whether a small object is there: one request, where asking for its name alone takes two if it is not."""
    try:
        path.read_bytes()
    except FileNotFoundError:
        return False
    return True


def records_of(out: Path, has: Callable[[Path], bool] = readable) -> Records:
    """The records of an output folder; `has` says whether an object is in it, for those who have a listing of it."""
    return StoreRecords(out, has) if isinstance(out, StorePath) else FileRecords(out)


class FileRecords:
    """Lines of a file. Several processes may append; each knows what stood there at its start, and its own.

    Of each photo it keeps where in the file its last line stands, and reads that when it is wanted.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._path = out / JOURNAL
        self._own: set[str] = set()
        self._bare: set[str] = set()
        self._done: dict[str, int] = {}  # where the last line about a target stands
        for start, line in self._lines():
            self._note(start, line)

    def owns(self, name: str) -> bool:
        """Whether a line says that this output was begun."""
        return name in self._own

    def of(self, target: str) -> Line | None:
        """The last line that says what became of a photo."""
        start = self._done.get(target)
        if start is None:
            return None
        with self._path.open("rb") as file:
            file.seek(start)
            return _parsed(file.readline())

    def add(self, line: Line) -> None:
        """Add a line, on the disk when this returns.

        Raises:
            UsageError: the output folder is gone.
            PhotoError: the line cannot be written.
        """
        content = _spelt(line) + b"\n"
        try:
            with self._path.open("ab+") as file:  # one write call a line: lines of several processes do not mix
                torn = file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
                file.write(b"\n" * torn + content)
                file.flush()
                os.fsync(file.fileno())
                self._note(file.tell() - len(content), line)
        except OSError as error:
            raise _unwritten(self.out, self._path, error) from error

    def told(self) -> Iterator[Line]:
        """The lines that say what became of photos."""
        return (line for _, line in self._lines() if "target" in line)

    def bare(self) -> Iterable[str]:
        """The outputs that a run which did not redact was the last to begin."""
        return sorted(self._bare)

    def redacted(self) -> Iterable[str]:
        """The outputs that a run which redacted was the last to begin."""
        return sorted(self._own - self._bare)

    def _note(self, start: int, line: Line) -> None:
        begun = line.get("begin", ())
        self._own.update(begun)
        (self._bare.difference_update if line.get("redacts") else self._bare.update)(begun)
        if "target" in line:
            self._done[line["target"]] = start

    def _lines(self) -> Iterator[tuple[int, Line]]:
        if not self._path.is_file():
            return
        start = 0
        with self._path.open("rb") as file:
            for content in file:
                if line := _parsed(content):
                    yield start, line
                start += len(content)


class StoreRecords:
    """Objects in a store, each named by the output that it is about; what any machine has put, all others see."""

    SAMPLE = 50

    def __init__(self, out: StorePath, has: Callable[[Path], bool] = readable) -> None:
        self.out = out
        self._folder = out / OBJECTS
        self._has = has
        self._marked = False

    def owns(self, name: str) -> bool:
        """Whether this output was begun."""
        return self._has(self._object(name))

    def of(self, target: str) -> Line | None:
        """What became of a photo."""
        try:
            line = _parsed(self._object(target).read_bytes())
        except FileNotFoundError:
            return None
        return line if line and "target" in line else None

    def add(self, line: Line) -> None:
        """Put a line; what is known of an output that is begun again stays until it is done.

        Raises:
            UsageError: the store is gone, or does not let this machine write any more.
            PhotoError: the line cannot be written.
        """
        try:
            if "target" in line:
                self._object(line["target"]).write_bytes(_spelt(line))
            for name in line.get("begin", ()):
                if not self.owns(name):
                    self._object(name).write_bytes(_spelt({"begin": [name]}))
            if "begin" in line and not line.get("redacts") and not self._marked:
                (self._folder / BARE).write_bytes(b"")
                self._marked = True
        except OSError as error:
            raise _unwritten(self.out, self._folder, error) from error

    def told(self) -> Iterator[Line]:
        """Some of the lines that say what became of photos."""
        names = [name for name in self._folder.below() if name.endswith(".json")]
        for name in names[:: len(names) // self.SAMPLE + 1]:
            line = _parsed((self._folder / name).read_bytes())
            if line and "target" in line:
                yield line

    def bare(self) -> Iterable[str]:
        """The name of an object that is there as soon as a run did not redact."""
        return [f"{OBJECTS}/{BARE}"]

    def redacted(self) -> Iterable[str]:
        """Nothing: it would cost a request for each photo."""
        return ()

    def _object(self, name: str) -> StorePath:
        return self._folder / f"{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"


def _spelt(line: Line) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogateescape")


def _parsed(content: bytes) -> Line | None:
    """A line as it was meant; None where a kill has torn it: what it began was not written yet."""
    try:
        line = json.loads(content.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def _unwritten(out: Path, path: Path, error: OSError) -> FaceEditError:
    if error.errno == errno.ENOENT:
        return UsageError(f'the output folder "{out}" is gone', "bring it back; the same command then goes on")
    if isinstance(out, StorePath) and error.errno == errno.EACCES:
        return UsageError(f'"{out}" cannot be written to: {error.strerror}', "the same command goes on where it may")
    return PhotoError(f"{path}: cannot be written: {error.strerror}", "make room on the disk; the same command goes on")
