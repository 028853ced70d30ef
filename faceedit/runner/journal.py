"""What an output folder holds by faceedit's own hand: no other file is ever overwritten, nothing is done twice.

One JSON line is appended before files are written (`begin`) and one when they are (`done`), so that a run that was
killed at any moment goes on where it stopped.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from faceedit.errors import PhotoError, UsageError
from faceedit.report import Entry

JOURNAL = ".faceedit-journal.jsonl"
LOCK = ".faceedit.lock"


class Journal:
    """The journal of one output folder. Several processes may append; each knows what stood there at its start.

    Of each file it keeps where in the journal its last line stands, and reads that when it is wanted.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._path = out / JOURNAL
        self._own: set[str] = set()
        self._done: dict[str, int] = {}  # where the last line about a target stands
        for start, line in self._lines():
            self._own.update(line.get("begin", ()))
            if "target" in line:
                self._done[line["target"]] = start

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        if not self._path.is_file():
            return
        start = 0
        with self._path.open("rb") as file:
            for content in file:
                if line := _parsed(content):
                    yield start, line
                start += len(content)

    def _line(self, target: Path) -> dict[str, Any] | None:
        """The last line that says what became of a photo."""
        start = self._done.get(self._relative(target))
        if start is None:
            return None
        with self._path.open("rb") as file:
            file.seek(start)
            return _parsed(file.readline())

    def strangers(self, paths: Iterable[Path]) -> list[Path]:
        """Those of the paths where a file lies that faceedit did not make."""
        return [path for path in paths if os.path.lexists(path) and self._relative(path) not in self._own]

    def refuse_strangers(self, targets: Iterable[Path]) -> None:
        """Refuse to start where an output would replace a file that faceedit did not make.

        Raises:
            UsageError: it would; the first such file is named.
        """
        if strange := self.strangers(targets):
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            raise UsageError(
                f'"{strange[0]}"{more} is there already and was not made by faceedit',
                "choose another output folder, or --exists skip or unique",
            )

    def begin(self, paths: Iterable[Path]) -> None:
        """Say that these files are about to be written.

        Raises:
            PhotoError: one of them is there and was not made by faceedit.
        """
        paths = list(paths)
        if strange := self.strangers(paths):
            raise PhotoError(f'"{strange[0]}" is there already and was not made by faceedit', "move it away")
        names = [self._relative(path) for path in paths]
        self._append({"begin": names})
        self._own.update(names)

    def end(self, target: Path, key: str, entry: Entry) -> None:
        """Remember what became of one photo. `key` stands for all that its result depends on."""
        outputs = {self._relative(Path(path)): digest(Path(path)) for path in entry.outputs}
        line = {"target": self._relative(target), "key": key, "outputs": outputs, "entry": asdict(entry)}
        self._done[self._relative(target)] = self._append(line)

    def finished(self, target: Path, key: str) -> Entry | None:
        """The entry of a photo that was done before in the same way and whose files still lie there unchanged."""
        line = self._line(target)
        if line is None or line["key"] != key:
            return None
        for name, expected in line["outputs"].items():
            path = self.out / name
            if not path.is_file() or digest(path) != expected:
                return None
        return Entry(**line["entry"])

    def entries(self) -> list[Entry]:
        """What is remembered of photos, as it stood when each was done."""
        done = {line["target"]: line["entry"] for _, line in self._lines() if "target" in line}
        return [Entry(**entry) for entry in done.values()]

    def retract(self, target: Path) -> None:
        """Delete what an earlier run made of a photo that may no longer be shown."""
        line = self._line(target)
        self._done.pop(self._relative(target), None)
        for name in line["outputs"] if line else ():
            (self.out / name).unlink(missing_ok=True)

    def _append(self, line: dict[str, Any]) -> int:
        """Add a line, on the disk when this returns, and say where it stands.

        Raises:
            UsageError: the output folder is gone.
            PhotoError: the line cannot be written.
        """
        text = json.dumps(line, ensure_ascii=False) + "\n"
        try:
            with self._path.open("ab+") as file:  # one write call a line: lines of several processes do not mix
                torn = file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
                content = text.encode("utf-8", "surrogateescape")
                file.write(b"\n" * torn + content)
                file.flush()
                os.fsync(file.fileno())
                return file.tell() - len(content)
        except FileNotFoundError as error:
            raise UsageError(
                f'the output folder "{self.out}" is gone', "bring it back; the same command then goes on"
            ) from error
        except OSError as error:
            raise PhotoError(
                f"{self._path}: cannot be written: {error.strerror}", "make room on the disk; the same command goes on"
            ) from error

    def _relative(self, path: Path) -> str:
        return Path(path).relative_to(self.out).as_posix()


def _parsed(content: bytes) -> dict[str, Any] | None:
    """A line as it was meant; None where a kill has torn it: what it began was not written yet."""
    try:
        line = json.loads(content.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None
    return line if isinstance(line, dict) else None


def digest(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
