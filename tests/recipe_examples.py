# ruff: noqa: ARG001 - the effects here have options for their signatures' sake
"""Effects, inspectors and helpers that the tests of recipes share."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

import faceedit
from faceedit.color import Color
from faceedit.recipe import InvalidRecipe, parse_recipe
from faceedit.registry import Registry

Amount = Annotated[float, Field(ge=0, le=1, description="How much.")]


@faceedit.effect(on="lips", feather=0.02)
def lipstick(region, *, color: Color, finish: Literal["matte", "satin", "gloss"] = "satin", amount: Amount = 0.5):
    """Color the lips."""
    return region.pixels


@faceedit.effect(on="skin")
def shape(
    region,
    *,
    points: tuple[int, int] = (1, 2),
    label: str = "",
    mirrored: bool = False,
    size: Annotated[float, Field(gt=0, json_schema_extra={"unit": "degrees"})] | Literal["auto"] = "auto",
    count: Annotated[int, Field(le=9)] = 3,
    tone: Color | None = None,
):
    """Use every kind of option."""
    return region.pixels


@faceedit.effect(on="{scope}", blind=True)
def redact(region, *, scope: Literal["face", "head", "person"] = "head"):
    """Cover a face for good."""
    return region.pixels


@faceedit.effect(on="{parts}")
def cover(region, *, parts: str = "skin"):
    """Cover any parts."""
    return region.pixels


@faceedit.inspector("glasses", "sunglasses", "hat")
def accessories(photo):
    return []


def registry():
    return Registry.of(lipstick, shape, redact, cover, accessories)


def recipe(steps, head="", variables=None):
    """The recipe with these steps; `head` stands between the first line and `steps:`."""
    return parse_recipe(f"faceedit: 1\n{head}steps:\n{steps}", registry(), "look.yaml", variables)


def step(text, **settings):
    """The only step of a recipe, its keys one a line."""
    lines = text.replace("\n", "\n    ")
    return recipe(f"  - {lines}\n", **settings).steps[0]


def problems(text, variables=None):
    """What is wrong with a whole recipe."""
    with pytest.raises(InvalidRecipe) as error:
        parse_recipe(text, registry(), "look.yaml", variables)
    return error.value.problems


def only_problem(text, variables=None):
    """The one thing that is wrong with a whole recipe, its first line as printed."""
    found = problems(text, variables)
    assert len(found) == 1, [str(each) for each in found]
    return str(found[0]).splitlines()[0]


def wrong_step(text):
    """The one thing that is wrong with a recipe of one step, which begins in line 3, column 5."""
    lines = text.replace("\n", "\n    ")
    return only_problem(f"faceedit: 1\nsteps:\n  - {lines}\n")
