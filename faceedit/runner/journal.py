"""Which files of an output folder were made by faceedit, so that no other is ever overwritten."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from faceedit.errors import UsageError

NAME = ".faceedit-journal.jsonl"


class Journal:
    """The journal of an output folder: one JSON line for each file written, appended as it is written."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self._path = out / NAME
        self._known = self._read()

    def _read(self) -> set[str]:
        if not self._path.is_file():
            return set()
        known = set()
        for line in self._path.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
            try:
                known.add(str(json.loads(line)["output"]))
            except (ValueError, KeyError, TypeError):
                continue  # a line torn by a kill: its file counts as unknown
        return known

    def refuse_strangers(self, targets: Iterable[Path]) -> None:
        """Refuse to start where an output would replace a file that faceedit did not make.

        Raises:
            UsageError: it would; the first such files are named.
        """
        strange = [path for path in targets if os.path.lexists(path) and self._relative(path) not in self._known]
        if strange:
            more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
            raise UsageError(
                f'"{strange[0]}"{more} is there already and was not made by faceedit', "choose another output folder"
            )

    def add(self, paths: Sequence[str]) -> None:
        """Remember files that were just written."""
        with self._path.open("a", encoding="utf-8", errors="surrogateescape") as file:
            for path in map(Path, paths):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                file.write(json.dumps({"output": self._relative(path), "sha256": digest}, ensure_ascii=False) + "\n")
                self._known.add(self._relative(path))

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.out).as_posix()
