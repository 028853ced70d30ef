"""Whatever a recipe's text is, it is a recipe or has problems with places; nothing else ever comes out."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st
from recipe_examples import registry

from faceedit.recipe import InvalidRecipe, Recipe, parse_recipe

REGISTRY = registry()

GOOD = """faceedit: 1
name: Evening
model: ./parser
vars: {lip: "#a3123b", much: 0.4}
steps:
  - effect: lipstick
    color: ${lip}
    amount: ${much}
    finish: gloss
    faces: all except largest
    when: glasses and not (hat or faces > 2) or name == "*.png"
    on: lips | mouth - u_lip
    feather: 0.1
  - effect: shape
    points: [3, 4]
    size: auto
    faces: [0, 2]
output:
  name: "web/{stem}-{index:03}.{ext}"
  quality: 90
"""

# Pieces that recipes are made of, and pieces that YAML stumbles over; between them two spaces.
WORDS = """faceedit: 1\n  steps:\n  - effect: lipstick\n  color: "#a3123b"  ${lip}  $${  effect  faces: all except
    [0, 2]  min 5%  when:  not glasses  (
    )  and  on:  skin -  vars:  {  }  [  ]  ,  :  -  ?  |  >\n  &a  *a  !!str  !<x>
    %YAML 1.1\n  ---\n  ...\n  \n  \r  \t  #  '  "  \\  \0  \x85  \u2028  \ufeff  \N{CYRILLIC SMALL LETTER IE}
    null  true  0x1F  1e999  .nan  999999999999999999999999999999  ~  <<:  include: look.yaml  name: {stem}
    """.replace("\n    ", "  ").split("  ")
PIECES = st.sampled_from([*WORDS, "  ", " ", "\n", "\n  - ", "\n    ", "\ud800", "\n\n"])


def read(text, variables=None):
    """The recipe, or its problems, each with a place within the text."""
    try:
        return parse_recipe(text, REGISTRY, "look.yaml", variables)
    except InvalidRecipe as error:
        problems = error.problems
    assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message
        assert str(problem).startswith(f"{problem.path}:{problem.line}:{problem.column}: ")
    return None


def test_the_recipe_that_is_mutated_is_good():
    assert isinstance(read(GOOD), Recipe)


@given(st.text())
@settings(deadline=None)
def test_any_text_gives_a_recipe_or_places(text):
    read(text)


@given(st.lists(PIECES | st.text(max_size=5), max_size=40).map("".join))
@settings(deadline=None)
@example("%YAML 1.2\n%YAML 1.2\n---\na: b")
@example("? [a]\n: b")
@example('"\\UFFFFFFFF"')
def test_pieces_of_yaml_give_a_recipe_or_places(text):
    read(text)


@given(st.integers(0, len(GOOD)), st.integers(0, 12), PIECES | st.text(max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_damaged_recipe_gives_a_recipe_or_places(start, length, put):
    read(GOOD[:start] + put + GOOD[start + length :])


KEYS = [
    "effect",
    "on",
    "faces",
    "when",
    "grow",
    "feather",
    "strength",
    "name",
    "color",
    "amount",
    "points",
    "size",
    "x",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
TEXTS = st.sampled_from(["lipstick", "shape", "redact", "all", "largest", "not hat", "${lip}", "skin", "#abc", "auto"])
VALUES = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
STEPS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6), max_size=3)


@given(
    STEPS, st.dictionaries(st.sampled_from(["name", "format", "quality", "metadata", "no_faces"]), VALUES, max_size=3)
)
@settings(max_examples=100, deadline=None)
def test_steps_of_any_values_give_a_recipe_or_places(steps, output):
    text = "faceedit: 1\nvars: {lip: '#abc'}\n"
    text += f"steps: {as_flow(steps)}\noutput: {as_flow(output)}\n"
    read(text)


def as_flow(value):
    """The value in YAML's flow style, its texts in double quotes."""
    return json.dumps(value).replace("Infinity", ".inf").replace("NaN", ".nan")


@given(st.dictionaries(st.sampled_from(["lip", "much", "other"]), VALUES, max_size=3))
@settings(max_examples=50, deadline=None)
def test_variables_of_any_value_give_a_recipe_or_places(variables):
    read(GOOD, variables)
