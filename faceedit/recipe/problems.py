"""What is wrong with a recipe, where, and what to do about it: every problem has a line, a column and a caret."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from faceedit.errors import RecipeError

WINDOW = 100  # characters of the source line that are shown around the caret


@dataclass(frozen=True)
class Source:
    """A recipe's text by lines, and by which `include` (innermost first) it came in."""

    path: str
    lines: tuple[str, ...]
    chain: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A position in a recipe; line and column count from 1."""

    source: Source
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.source.path}:{self.line}:{self.column}"

    @property
    def text(self) -> str:
        """The line of the recipe, empty beyond its end."""
        return self.source.lines[self.line - 1] if self.line <= len(self.source.lines) else ""

    def problem(self, message: str, hint: str = "") -> "Problem":
        """Something wrong here."""
        chain = self.source.chain
        return Problem(self.source.path, self.line, self.column, message, hint, self.text, chain)


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a recipe. As text: the place, the message and hint, the source line, a caret below it."""

    path: str
    line: int
    column: int
    message: str
    hint: str = ""
    source_line: str = ""
    chain: tuple[str, ...] = ()

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        first = f"{self.path}:{self.line}:{self.column}: {_printable(self.message)}{_printable(hint)}"
        return "\n".join([first, *self._pointer(), *(f"  included from {place}" for place in self.chain)])

    def _pointer(self) -> list[str]:
        """The source line and below it the caret, cut to a window where the line is long."""
        start = max(0, self.column - 1 - WINDOW // 2) if len(self.source_line) > WINDOW else 0
        shown = self.source_line[start : start + WINDOW].rstrip()
        if not shown:
            return []
        before = self.source_line[start : self.column - 1]
        return ["  " + _printable(shown), "  " + " " * sum(map(_cells, before)) + "^"]


def _printable(text: str) -> str:
    """The text on one line and without characters that would move a terminal's cursor or turn its direction."""
    return "".join(
        char if char.isprintable() else " " if char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def _cells(char: str) -> int:
    """How many cells of a terminal a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class InvalidRecipe(RecipeError):
    """A recipe with problems: all of them, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type, tuple[tuple[Problem, ...]]]:  # type: ignore[override]
        return type(self), (self.problems,)
