"""Calling a plugin's code: whatever it does, the caller gets its answer or one error that says what it did.

This contains faults, not malice: a plugin runs in this process, with the user's rights.
"""

import contextlib
import contextvars
import locale
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from faceedit.errors import FaceEditError, reason

P = ParamSpec("P")
T = TypeVar("T")

# Wall time that one call may take, and what a megapixel that it works on adds: far more than any honest effect needs.
SECONDS = 60.0
SECONDS_PER_MEGAPIXEL = 10.0
# A plugin that swallows the stop is told again after this long.
AGAIN = 0.2
# Whose handlers are put back after each call.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Fault(Exception):
    """What a plugin's code did instead of answering, in words."""


class _TooLong(BaseException):
    """Not an Exception, so that a plugin's own `except Exception` lets it pass."""


def call(megapixels: float, function: Callable[P, T], /, *arguments: P.args, **options: P.kwargs) -> T:
    """What a plugin's function returns; what it prints goes to standard error, what it sets of the process is undone.

    In other threads than the main one only what Python prints goes there, nothing is undone, and no limit holds.

    Raises:
        Fault: it raised, exited or took too long; faceedit's own errors pass as they are. The limit needs a system with
            SIGALRM.
    """
    seconds = SECONDS + SECONDS_PER_MEGAPIXEL * megapixels
    try:
        with (
            contextlib.redirect_stdout(sys.stderr and _Errors()),
            _in_main_thread(_kept),
            _in_main_thread(_limited, seconds),
        ):
            # numpy's error state and decimal's precision are the context's, and end with it.
            return contextvars.copy_context().run(function, *arguments, **options)
    except (KeyboardInterrupt, FaceEditError):
        raise
    except _TooLong as error:
        raise Fault(f"no answer within {seconds:.0f} seconds") from error
    except BaseException as error:  # a plugin may raise anything, SystemExit too; one photo pays, not the run
        raise Fault(reason(error)) from error


class _Errors:
    """Standard error in standard output's place: closing it closes nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)

    def close(self) -> None:
        """Nothing."""


def _in_main_thread(
    context: Callable[..., contextlib.AbstractContextManager[None]], *arguments: Any
) -> contextlib.AbstractContextManager[None]:
    main = threading.current_thread() is threading.main_thread()
    return context(*arguments) if main else contextlib.nullcontext()


@contextlib.contextmanager
def _kept() -> Iterator[None]:
    """Afterwards the process is as before, and what was written past Python is on standard error too."""
    with contextlib.ExitStack() as undo:  # all of it is undone, even where something of it cannot be
        _lead_output_to_errors(undo)
        undo.callback(_go_back, _folder())
        undo.callback(os.umask, _umask())
        for number in _SIGNALS:
            undo.callback(_handle, number, signal.getsignal(number))
        undo.callback(_speak, locale.setlocale(locale.LC_ALL))
        undo.callback(setattr, warnings, "filters", warnings.filters[:])
        undo.callback(sys.setrecursionlimit, sys.getrecursionlimit())
        yield


def _lead_output_to_errors(undo: contextlib.ExitStack) -> None:
    """Lead standard output to standard error; nothing where one of them is closed, as in a service."""
    _flush()
    with contextlib.suppress(OSError):
        out = os.dup(1)
        undo.callback(os.close, out)
        os.dup2(2, 1)
        undo.callback(os.dup2, out, 1)
        undo.callback(_flush)


def _flush() -> None:
    if sys.__stdout__ and not sys.__stdout__.closed:
        sys.__stdout__.flush()


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - as text, for chdir
    except OSError:  # it was removed
        return ""


def _go_back(folder: str) -> None:
    if folder and folder != _folder():
        os.chdir(folder)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _speak(words: str) -> None:
    if words != locale.setlocale(locale.LC_ALL):
        locale.setlocale(locale.LC_ALL, words)


def _handle(number: int, handler: Any) -> None:
    if handler is not None and signal.getsignal(number) is not handler:  # None: not Python's
        signal.signal(number, handler)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
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
