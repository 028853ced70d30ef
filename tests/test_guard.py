"""A plugin's code is called with a limit, its exits and prints are caught."""

import sys
import time
from collections.abc import Callable
from typing import Any

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
