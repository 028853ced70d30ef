"""Whether a condition can hold at all: it is asked about photos that might be, enough to tell its answers apart.

What one cannot know of them (whether a name fits two patterns) is taken as possible: no right condition is refused.
"""

import fnmatch
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

# After so many photos a condition is taken as one that can hold.
MOST = 20_000
_WILD = frozenset("*?[")


class Facts(Protocol):
    """What a condition asks about a photo or a face in it; None is what cannot be decided."""

    def found(self, kind: str) -> bool | None:
        """Whether something of a kind was found."""
        ...

    def size(self, word: str) -> int:
        """How many faces there are, or the width or height in pixels."""
        ...

    def named(self, pattern: str) -> bool | None:
        """Whether the photo's file is named so."""
        ...


Test = Callable[[Facts], bool | None]


@dataclass(frozen=True)
class Words:
    """What a condition names: kinds of findings, patterns of names, and the numbers that sizes are compared with."""

    kinds: set[str] = field(default_factory=set)
    patterns: set[str] = field(default_factory=set)
    numbers: set[float] = field(default_factory=set)


@dataclass(frozen=True)
class _Case:
    """A photo that might be: what of kinds and patterns is true of it, its sizes, and its name where that is chosen."""

    true: frozenset[str]
    sizes: dict[str, int]
    name: str | None = None

    def found(self, kind: str) -> bool:
        return kind in self.true

    def size(self, word: str) -> int:
        return self.sizes[word]

    def named(self, pattern: str) -> bool:
        return f'"{pattern}"' in self.true if self.name is None else fnmatch.fnmatchcase(self.name, pattern)


def can_hold(test: Test, words: Words, faces: int = 0) -> bool:
    """Whether a condition that names these words holds for some photo with at least so many `faces`."""
    return any(count == MOST or test(case) for count, case in enumerate(_cases(words, faces)))


def _cases(words: Words, faces: int) -> Iterator[_Case]:
    """Photos with every number of faces and size at which a comparison turns, and every choice of what is true."""
    near = {math.floor(number) + step for number in words.numbers if number < 1e15 for step in (-1, 0, 1)}
    counts = sorted(each for each in {faces} | near if each >= faces)
    sides = sorted(each for each in {1, 2} | near if each >= 1)
    names = [None, *(pattern for pattern in words.patterns if not _WILD & set(pattern))]
    facts = [*words.kinds, *(f'"{pattern}"' for pattern in words.patterns if _WILD & set(pattern))]
    for bits in range(1 << len(facts)):
        true = frozenset(fact for place, fact in enumerate(facts) if bits >> place & 1)
        for name, count, width, height in itertools.product(names, counts, sides, sides):
            yield _Case(true, {"faces": count, "width": width, "height": height}, name)
