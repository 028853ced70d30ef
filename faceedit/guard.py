"""Calling a plugin's code: whatever it does, the caller gets its answer or one error that says what it did.

This contains faults, not malice: a plugin runs in this process, with the user's rights.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import ParamSpec, TypeVar

from faceedit.errors import FaceEditError, reason

P = ParamSpec("P")
T = TypeVar("T")

# Wall time that one call may take, and what a megapixel that it works on adds: far more than any honest effect needs.
SECONDS = 60.0
SECONDS_PER_MEGAPIXEL = 10.0
# A plugin that swallows the stop is told again after this long.
AGAIN = 0.2


class Fault(Exception):
    """What a plugin's code did instead of answering, in words."""


class _TooLong(BaseException):
    """Not an Exception, so that a plugin's own `except Exception` lets it pass."""


def call(megapixels: float, function: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
    """What a plugin's function returns; what it prints goes to standard error.

    Raises:
        Fault: it raised, exited or took too long; faceedit's own errors pass as they are. The limit needs a system with
            SIGALRM, and holds in the main thread.
    """
    seconds = SECONDS + SECONDS_PER_MEGAPIXEL * megapixels
    try:
        with contextlib.redirect_stdout(sys.stderr), _limited(seconds):
            return function(*arguments, **options)
    except (KeyboardInterrupt, FaceEditError):
        raise
    except _TooLong as error:
        raise Fault(f"no answer within {seconds:.0f} seconds") from error
    except BaseException as error:  # a plugin may raise anything, SystemExit too; one photo pays, not the run
        raise Fault(reason(error)) from error


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _TooLong
