"""What an output folder holds by faceedit's own hand: no other file is ever overwritten, nothing is done twice.

One JSON line is appended before files are written (`begin`) and one when they are (`done`), so that a run that was
killed at any moment goes on where it stopped.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from faceedit.errors import PhotoError, UsageError
from faceedit.report import Entry
from faceedit.runner.records import JOURNAL, Records, records_of
from faceedit.stores import StorePath, lies, located

__all__ = ["JOURNAL", "LOCK", "Journal", "digest"]

LOCK = ".faceedit.lock"


class Journal:
    """The journal of one output folder, whose lines lie in `records`; `has` says whether something lies at a path."""

    def __init__(self, out: Path, records: Records | None = None, has: Callable[[Path], bool] = lies) -> None:
        self.out = out
        self.records = records or records_of(out)
        self._has = has

    def strangers(self, paths: Iterable[Path]) -> list[Path]:
        """Those of the paths where a file lies that faceedit did not make."""
        return [path for path in paths if self._has(path) and not self.records.owns(self._relative(path))]

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

    def refuse_bare(self, replaced: Iterable[Path]) -> None:
        """Refuse to redact into a folder that would go on to hold what earlier runs wrote without redacting it.

        Raises:
            UsageError: such a file lies there, and is none of those that are `replaced`; the first one is named.
        """
        self._refuse(self.records.bare(), replaced, "was written by a run that did not redact, and would stay here")

    def refuse_redacted(self, reports: Iterable[Path]) -> None:
        """Refuse to write photos that are not redacted into a folder that holds redacted ones.

        Raises:
            UsageError: an output of a run that redacted lies there, other than its `reports`; the first one is named.
        """
        self._refuse(self.records.redacted(), reports, "was redacted, and this recipe would lay bare photos beside it")

    def _refuse(self, names: Iterable[str], replaced: Iterable[Path], what: str) -> None:
        replaced_names = {self._relative(path) for path in replaced}
        for name in names:
            if name not in replaced_names and self._has(self.out / name):
                hint = "choose another output folder, or delete what lies in this one"
                raise UsageError(f'"{self.out / name}" {what}', hint)

    def begin(self, paths: Iterable[Path], *, redacts: bool = False) -> None:
        """Say that these files are about to be written, by a run that redacts or not.

        Raises:
            PhotoError: one of them is there and was not made by faceedit.
        """
        paths = list(paths)
        if strange := self.strangers(paths):
            raise PhotoError(f'"{strange[0]}" is there already and was not made by faceedit', "move it away")
        mark = {"redacts": True} if redacts else {}
        self.records.add({"begin": [self._relative(path) for path in paths]} | mark)

    def end(self, target: Path, key: str, entry: Entry) -> None:
        """Remember what became of one photo. `key` stands for all that its result depends on."""
        outputs = {self._relative(located(path)): digest(located(path)) for path in entry.outputs}
        line = {"target": self._relative(target), "key": key, "outputs": outputs, "entry": asdict(entry)}
        self.records.add(line)

    def finished(self, target: Path, key: str) -> Entry | None:
        """The entry of a photo that was done before in the same way and whose files still lie there unchanged.

        Its outputs are where the folder is now: it may have been moved, or be called otherwise.
        """
        line = self.records.of(self._relative(target))
        if line is None or line["key"] != key:
            return None
        for name, expected in line["outputs"].items():
            path = self.out / name
            if not path.is_file() or digest(path) != expected:
                return None
        return Entry(**line["entry"] | {"outputs": [str(self.out / name) for name in line["outputs"]]})

    def entries(self) -> list[Entry]:
        """What is remembered of photos, as it stood when each was done; of many in a store, of some."""
        done = {line["target"]: line["entry"] for line in self.records.told()}
        return [Entry(**entry) for entry in done.values()]

    def retract(self, target: Path, targets: Iterable[Path]) -> None:
        """Delete what earlier runs made of a photo that may no longer be shown, also those that were killed over it."""
        line = self.records.of(self._relative(target))
        begun = [name for name in map(self._relative, targets) if self.records.owns(name)]
        for name in {*begun, *(line["outputs"] if line else ())}:
            (self.out / name).unlink(missing_ok=True)

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.out).as_posix()


def digest(path: Path) -> str:
    """What tells a file from any other: the sha256 of one on this machine, a store's own tag of an object."""
    if isinstance(path, StorePath):
        return path.fingerprint()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
