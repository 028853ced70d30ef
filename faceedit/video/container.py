"""A video as its frames, one after the other: decoded in another process, a few frames at a time."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from faceedit.images import Limits
from faceedit.images.files import shown
from faceedit.images.isolated import Isolated, shared
from faceedit.video import decoding
from faceedit.video.decoding import Info
from faceedit.video.frames import Frame

T = TypeVar("T")

# Bytes of frames that are fetched with one call.
AT_ONCE = 24_000_000
_numbers = itertools.count()


@dataclass
class Reader:
    """One video file. `info` is what its header says; iterating gives its frames from the first on, each time anew.

    Of all readers that share a `process` one can be in the middle of its frames.

    Raises:
        UnreadablePhoto: it is no video that can be decoded whole.
    """

    path: Path
    limits: Limits = field(default_factory=Limits)
    process: Isolated = shared

    @cached_property
    def info(self) -> Info:
        """What the header says."""
        return self._begun(next(_numbers))

    def __iter__(self) -> Iterator[Frame]:
        number = next(_numbers)
        self.info = info = self._begun(number)
        bytes_each = sum(height * width for height, width in info.layout.shapes) * (2 if info.layout.deep else 1)
        most = max(1, AT_ONCE // max(1, bytes_each))
        try:
            while frames := self._call(partial(decoding.more, number, shown(self.path), most)):
                yield from frames
        finally:
            self._call(partial(decoding.end, number))

    def _begun(self, number: int) -> Info:
        path, name = str(self.path.absolute()), shown(self.path)
        return self._call(partial(decoding.begin, number, path, name, self.limits.megapixels))

    def _call(self, function: Callable[[], T]) -> T:
        return self.process.call(shown(self.path), self.limits, function)
