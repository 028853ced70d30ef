"""A pytest plugin, loaded wherever faceedit is installed: fixtures for plugin authors. Imports nothing heavy."""

from collections.abc import Callable

import pytest


@pytest.fixture
def check_plugin() -> Callable[[object], None]:
    """A function that holds a plugin's module to faceedit's contract: each broken rule is told, with what to change."""

    def check(module: object) -> None:
        from faceedit.registry import offers_of  # noqa: PLC0415 - late: pytest starts without numpy
        from faceedit.testing.contract import problems  # noqa: PLC0415 - likewise

        __tracebackhide__ = True
        found = problems(lambda: offers_of(module))
        if found:
            pytest.fail("\n".join(map(str, found)), pytrace=False)

    return check
