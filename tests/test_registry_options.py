# ruff: noqa: ARG001 - the effects here have options for their signatures' sake
"""An effect's signature becomes a strict model; one that breaks the contract is refused with the reason."""

from collections.abc import Callable
from typing import Annotated

import pytest
from pydantic import Field, ValidationError

import faceedit
from faceedit.errors import PluginLoadError
from faceedit.registry import RESERVED, Registry


@faceedit.effect(on="{parts}")
def tint(
    region, *, color: str, parts: str = "lips", amount: Annotated[float, Field(ge=0, le=1)] = 0.5, twice: bool = False
):
    """Tint parts."""
    return region.pixels


def effect_from(function, **settings):
    return faceedit.effect(**settings)(function)


def reason(*things):
    with pytest.raises(PluginLoadError) as error:
        Registry.of(*things)
    return str(error.value)


def test_options_come_from_the_signature_with_defaults_and_limits():
    options = Registry.of(tint).options(tint)
    assert options(color="red").model_dump() == {"color": "red", "parts": "lips", "amount": 0.5, "twice": False}
    assert options.model_json_schema()["properties"]["amount"]["maximum"] == 1
    assert options.__doc__ == "Tint parts."


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": 3},
        {"amount": "yes"},
        {"amount": "0.5"},
        {"amount": 2},
        {"amount": float("nan")},
        {"size": 1},
        {"twice": 1},
    ],
)
def test_options_are_checked_strictly(wrong):
    with pytest.raises(ValidationError):
        Registry.of(tint).options(tint)(**{"color": "red"} | wrong)


def test_options_may_be_written_as_text_annotations():
    def dim(region, *, amount: "float" = 0.5):
        """Dim."""

    effect = effect_from(dim)
    assert Registry.of(effect).options(effect)().model_dump() == {"amount": 0.5}


def no_docstring(region, *, amount: float = 0.5):
    return region.pixels


def no_region():
    """Do it."""


def positional(region, amount: float = 0.5):
    """Do it."""


def any_keyword(region, **options: float):
    """Do it."""


def untyped(region, *, amount=0.5):
    """Do it."""


def wrong_default(region, *, amount: float = "much"):
    """Do it."""


def unknown_type(region, *, amount: "Flot" = 0.5):  # noqa: F821 - the point of the test
    """Do it."""


def no_schema(region, *, amount: type(lambda: 0) = len):
    """Do it."""


def no_description(region, *, amount: Callable[[], int] = len):
    """Do it."""


def pydantic_name(region, *, copy: int = 1):
    """Do it."""


def upper_case(region, *, Amount: float = 0.5):  # noqa: N803 - the point of the test
    """Do it."""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (no_docstring, "has no docstring"),
        (no_region, "takes no region"),
        (positional, "is not keyword-only"),
        (any_keyword, "is not keyword-only"),
        (untyped, 'option "amount" of effect "untyped" has no type; write for example amount: float = 0.5'),
        (wrong_default, 'default of option "amount" of effect "wrong_default" does not fit'),
        (unknown_type, "Flot"),
        (no_schema, 'options of effect "no_schema"'),
        (no_description, 'options of effect "no_description"'),
        (pydantic_name, "copy"),
        (upper_case, "lower-case"),
    ],
)
def test_an_effect_that_breaks_the_contract_says_where(function, said):
    assert said in reason(effect_from(function))


@pytest.mark.parametrize("name", RESERVED)
def test_an_option_may_not_have_the_name_of_a_key_of_every_step(name):
    source = f'def odd(region, *, {name}: str = ""):\n    """Do it."""'
    scope = {"__name__": __name__}
    exec(source, scope)  # noqa: S102 - a parameter's name cannot be given otherwise
    assert "has a name that every step of a recipe uses" in reason(effect_from(scope["odd"]))


@pytest.mark.parametrize("name", ["Tint", "my tint", "2d", "a-b", "t\N{CYRILLIC SMALL LETTER I}nt"])
def test_an_effect_needs_a_plain_name(name):
    assert "names are lower-case letters" in reason(effect_from(no_schema, name=name))


@pytest.mark.parametrize(
    ("on", "said"),
    [
        ("lipps", 'unknown part "lipps"'),
        ("{part}", "in braces only an option may stand"),
        ("{parts.real}", "in braces only an option may stand"),
        ("{parts!r}", "in braces only an option may stand"),
        ("{amount}", '"0" in part expression'),
        ("{parts", "expected '}'"),
    ],
)
def test_what_an_effect_works_on_is_checked(on, said):
    assert said in reason(effect_from(tint.function, on=on, name="tint"))
