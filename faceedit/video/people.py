"""Whose tracks are one person's: `faces: 0` is the same one all along.

For makeup, tracks that follow each other are joined generously. Where a recipe redacts, every doubt makes a new person:
who is to stay visible does so only as long as nobody could be taken for somebody else.
"""

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from faceedit.detection import Search
from faceedit.video.tracks import COLUMNS, Track

# Two tracks of one shot may be one person's if no more seconds lie between them, and no more widths of the face.
GAP, NEAR = 1.5, 1.5
# A person who was not seen for so many seconds may be another one, where that matters.
UNSEEN = 0.5
_SEEN = COLUMNS.index("seen_x")


@dataclass(frozen=True)
class Person:
    """One person: `index` is what recipes call it; its pieces are (track, first frame, frame after the last)."""

    index: int
    pieces: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Numbers:
    """The numbers of people by track and frame; whoever is nobody's gets the number after all others."""

    people: Sequence[Person]

    @cached_property
    def _pieces(self) -> dict[int, list[tuple[int, int, int]]]:
        found: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for person in self.people:
            for track, first, last in person.pieces:
                found[track].append((first, last, person.index))
        return found

    def of(self, track: int, frame: int) -> int:
        """Whose face a track is on a frame."""
        pieces = self._pieces.get(track, ())
        return next((index for first, last, index in pieces if first <= frame < last), len(self.people))


def _area(track: Track, first: int, last: int) -> float:
    rows = track.table[first - track.start : last - track.start]
    return float((rows[:, 2] * rows[:, 3]).sum())


def _numbered(groups: Sequence[list[tuple[Track, int, int]]]) -> list[Person]:
    """Largest first: the one who takes up most of the picture, over all frames. Doubtful ones come last."""

    def rank(group: list[tuple[Track, int, int]]) -> tuple[bool, float]:
        sure = any(track.score >= Search.threshold for track, _, _ in group)
        return not sure, -sum(_area(*piece) for piece in group)

    return [
        Person(index, tuple((track.number, first, last) for track, first, last in group))
        for index, group in enumerate(sorted(groups, key=rank))
    ]


def strict(tracks: Sequence[Track], rate: float) -> list[Person]:
    """A person for each stretch of a track on which it is beyond doubt that it is one and the same.

    A stretch ends where faces cross, and where one was only followed, not seen, for a while.
    """
    groups = []
    for track in tracks:
        seen = np.flatnonzero(~np.isnan(track.table[:, _SEEN])) + track.start
        ends = [int(at) for at, gap in zip(seen[1:], np.diff(seen), strict=True) if gap > UNSEEN * rate]
        borders = sorted(
            {track.start, *ends, *(at for at in track.crossings if track.start < at < track.end), track.end}
        )
        groups += [[(track, one, other)] for one, other in itertools.pairwise(borders)]
    return _numbered(groups)


def generous(tracks: Sequence[Track], rate: float) -> list[Person]:
    """People in the same shot joined over gaps; over cuts, the largest of one shot is the largest of the next."""
    shots: dict[int, list[list[Track]]] = defaultdict(list)
    for track in sorted((each for each in tracks if each.score >= Search.threshold), key=lambda each: each.start):
        chains = shots[track.shot]
        fits = [chain for chain in chains if _follows(chain[-1], track, rate)]
        if fits:
            min(fits, key=lambda chain: _away(chain[-1], track)).append(track)
        else:
            chains.append([track])
    people: list[list[tuple[Track, int, int]]] = []
    for chains in shots.values():
        ranked = sorted(chains, key=lambda chain: -sum(_area(each, each.start, each.end) for each in chain))
        for rank, chain in enumerate(ranked):
            if rank == len(people):
                people.append([])
            people[rank] += [(track, track.start, track.end) for track in chain]
    return _numbered(people)


def _away(before: Track, after: Track) -> float:
    """How many widths lie between the end of one track and the beginning of another."""
    one, other = before.table[-1], after.table[0]
    return float(np.hypot(one[0] - other[0], one[1] - other[1]) / max(one[2], other[2], 1))


def _follows(before: Track, after: Track, rate: float) -> bool:
    gap = after.start - before.end
    one, other = before.table[-1, 2], after.table[0, 2]
    alike = 0.6 < one / max(other, 1) < 1.7
    return 0 <= gap <= GAP * rate and alike and _away(before, after) <= NEAR * (1 + gap / rate)
