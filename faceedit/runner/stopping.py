"""Ctrl-C as a wish: what is begun is finished, nothing new is begun. A second one stops at once."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

NOTICE = "\nfaceedit: stopping when the photos that are begun are done; Ctrl-C again stops at once\n"


class Stopping:
    """Whether a run was asked to stop, and the listening for it."""

    def __init__(self) -> None:
        self.asked = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take Ctrl-C as the wish to stop, in the main thread; elsewhere nobody listens."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, self._heard)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        with contextlib.suppress(OSError):
            os.write(2, NOTICE.encode())  # a signal may come in the middle of a print, which must not be begun twice

    def until(self, items: Iterable[T]) -> Iterator[T]:
        """The items, as long as nobody asks to stop."""
        for item in items:
            if self.asked:
                return
            yield item
