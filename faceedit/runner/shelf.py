"""What lies in an output folder before a run: looked up on this machine, listed once in a store."""

from bisect import bisect_left
from functools import cached_property
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.runner.targets import Place
from faceedit.stores import StorePath, lies


class Shelf:
    """What lies in an output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def has(self, path: Path) -> bool:
        """Whether something lies at a path."""
        if not isinstance(self.out, StorePath):
            return lies(path)
        name = path.relative_to(self.out).as_posix()
        found = bisect_left(self._names, name)
        return found < len(self._names) and self._names[found] == name

    def holds(self, place: Place) -> bool:
        """Whether a file lies where something would be written."""
        if place.output.photo:
            return self.has(place.target)
        folder, begin = place.target.parent, f"{place.base}."
        if not isinstance(self.out, StorePath):
            return folder.is_dir() and any(each.name.startswith(begin) for each in folder.iterdir())
        first = (folder / begin).relative_to(self.out).as_posix()
        found = bisect_left(self._names, first)
        return found < len(self._names) and self._names[found].startswith(first)

    @cached_property
    def _names(self) -> list[str]:
        try:
            return list(self.out.below()) if isinstance(self.out, StorePath) else []
        except FileNotFoundError as error:
            raise UsageError(f'there is no bucket for "{self.out}"', "make it, or check its name") from error
        except OSError as error:
            raise UsageError(
                f'"{self.out}" cannot be listed: {error.strerror}', "check what this machine may do"
            ) from error
