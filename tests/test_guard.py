"""A plugin's code is called with a limit, its exits and prints are caught."""

import locale
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceedit import guard
from faceedit.errors import EffectError


def looping() -> None:
    while True:
        pass


def test_an_answer_is_handed_on() -> None:
    assert guard.call(1, max, 3, 4) == 4


@pytest.mark.parametrize("function", [looping, lambda: time.sleep(60)])
def test_what_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch, function: Callable[[], Any]) -> None:
    monkeypatch.setattr(guard, "SECONDS", 0.2)
    start = time.monotonic()
    with pytest.raises(guard.Fault, match="no answer within 0 seconds"):
        guard.call(0, function)
    assert time.monotonic() - start < 5


def test_what_swallows_the_stop_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def once() -> None:
        try:
            time.sleep(60)
        except BaseException:
            time.sleep(60)

    monkeypatch.setattr(guard, "SECONDS", 0.2)
    with pytest.raises(guard.Fault, match="no answer within"):
        guard.call(0, once)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), GeneratorExit(), MemoryError(), RecursionError("x")])
def test_whatever_it_raises_is_a_fault(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(guard.Fault, match=type(error).__name__):
        guard.call(0, fail)


def test_a_stop_by_the_user_and_faceedits_own_errors_pass() -> None:
    def fail(error: BaseException) -> None:
        raise error

    for error in (KeyboardInterrupt(), EffectError("no", "yes")):
        with pytest.raises(type(error)):
            guard.call(0, fail, error)


def test_what_it_prints_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    guard.call(0, print, "hello")
    assert capsys.readouterr() == ("", "hello\n")
    print("again", file=sys.stdout)
    assert capsys.readouterr().out == "again\n"


def test_what_is_written_past_python_and_around_it_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    def write() -> None:
        os.write(1, b"low\n")
        print("high", file=sys.__stdout__)
        sys.stdout.close()

    print("before")
    guard.call(0, write)
    print("after")
    out, err = capfd.readouterr()
    assert (out, sorted(err.split())) == ("before\nafter\n", ["high", "low"])


def test_what_it_sets_of_the_process_is_undone(tmp_path: Path) -> None:
    def upset() -> None:
        os.chdir(tmp_path)
        os.umask(0o777)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        locale.setlocale(locale.LC_ALL, "C")
        warnings.simplefilter("error")
        np.seterr(all="raise")
        sys.setrecursionlimit(20_000)

    def state() -> list[Any]:
        mask = os.umask(0o022)
        os.umask(mask)
        handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)]
        process = [Path.cwd(), mask, handlers, locale.setlocale(locale.LC_ALL), [*warnings.filters]]
        return [*process, np.geterr(), sys.getrecursionlimit()]

    before = state()
    guard.call(0, upset)
    assert state() == before


def test_what_cannot_be_undone_hinders_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)

    def upset() -> None:
        os.chdir(tmp_path)
        home.rmdir()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(guard.Fault, match="FileNotFoundError"):
        guard.call(0, upset)
    os.write(1, b"after")
    assert capfd.readouterr().out == "after"
    assert signal.getsignal(signal.SIGTERM) is before


def test_where_nobody_hears_it_may_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    guard.call(0, print, "hello")


def test_in_another_thread_it_is_called_as_it_is() -> None:
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(guard.call(0, max, 3, 4)))
    thread.start()
    thread.join()
    assert answers == [4]


def test_an_error_that_cannot_say_what_it_is_has_its_name() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError("no")

    def fail() -> None:
        raise Mute

    with pytest.raises(guard.Fault, match=r"^Mute$"):
        guard.call(0, fail)
