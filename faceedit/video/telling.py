"""How far a video is: frames a second, and how long it will take."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

Tell = Callable[[str], None]

# Seconds between two words about it.
PAUSE = 1.0


def say_nothing(_text: str) -> None:
    """A `tell` for those who do not want to know."""


@dataclass
class Telling:
    """Tells about one video of about so many `frames`, 0 where nobody knows, that takes so many `passes`."""

    name: str
    frames: int
    passes: int
    tell: Tell = say_nothing
    _begun: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _pass: int = 0
    _what: str = ""
    _done: int = 0
    _since: float = 0.0

    def begin(self, what: str) -> None:
        """Another pass begins: "looking", "editing", "checking"."""
        self._pass, self._what, self._done, self._since = self._pass + 1, what, 0, time.monotonic()
        self.passes = max(self.passes, self._pass)

    def step(self) -> None:
        """One frame is done."""
        self._done += 1
        now = time.monotonic()
        if now - self._told >= PAUSE and now > self._since:
            self._told = now
            self.tell(self._words(now))

    def _words(self, now: float) -> str:
        rate = self._done / (now - self._since)
        whole = f"/{self.frames}" if self.frames else ""
        words = f"{self.name}: {self._what} ({self._pass} of {self.passes}), frame {self._done}{whole}, {rate:.1f} fps"
        share = (self._pass - 1 + self._done / max(self.frames, self._done)) / self.passes
        return words if not self.frames else f"{words}, about {_clock((now - self._begun) * (1 / share - 1))} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
