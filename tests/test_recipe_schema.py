"""The JSON Schema and the examples come from the models that check recipes, and agree with them."""

import json
import re
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from recipe_examples import lipstick, recipe, redact, registry, shape, step

import faceedit
from faceedit.color import Color
from faceedit.errors import RecipeError
from faceedit.recipe import effect_options, example_step, parse_recipe, recipe_schema
from faceedit.registry import Registry

TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "array": list, "object": dict, "null": type(None),
}  # fmt: skip


def fits(value, schema, root):
    """Whether a value is valid by a JSON Schema: the keywords that ours use, each as the specification says."""
    schema = {**root["$defs"][schema["$ref"].rpartition("/")[2]], **schema} if "$ref" in schema else schema
    checks = {
        "type": lambda name: isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool)),
        "anyOf": lambda members: any(fits(value, member, root) for member in members),
        "const": lambda only: value == only,
        "enum": lambda words: value in words,
        "pattern": lambda pattern: not isinstance(value, str) or re.search(pattern, value),
        "minimum": lambda low: not isinstance(value, int | float) or value >= low,
        "maximum": lambda high: not isinstance(value, int | float) or value <= high,
        "exclusiveMinimum": lambda low: not isinstance(value, int | float) or value > low,
        "minLength": lambda low: not isinstance(value, str) or len(value) >= low,
        "maxLength": lambda high: not isinstance(value, str) or len(value) <= high,
        "minItems": lambda low: not isinstance(value, list) or len(value) >= low,
        "maxItems": lambda high: not isinstance(value, list) or len(value) <= high,
        "items": lambda inner: not isinstance(value, list) or all(fits(each, inner, root) for each in value),
        "prefixItems": lambda inner: not isinstance(value, list) or all(map(fits, value, inner, [root] * len(value))),
        "required": lambda names: not isinstance(value, dict) or set(names) <= set(value),
        "properties": lambda inner: (
            not isinstance(value, dict) or all(fits(value[name], inner[name], root) for name in set(value) & set(inner))
        ),
        "additionalProperties": lambda inner: (
            not isinstance(value, dict)
            or all(inner and fits(value[name], inner, root) for name in set(value) - set(schema.get("properties", ())))
        ),
    }
    prose = {"$ref", "$schema", "$defs", "title", "description", "default", "format", "unit"}
    assert set(schema) <= set(checks) | prose
    return all(check(schema[keyword]) for keyword, check in checks.items() if keyword in schema)


def accepted(text):
    try:
        parse_recipe(text, registry(), "look.yaml")
    except RecipeError:
        return False
    return True


def steps(*lines):
    return {"faceedit": 1, "steps": [json.loads(line) for line in lines]}


GOOD = [
    steps('{"effect": "lipstick", "color": "#a3123b"}'),
    steps('{"effect": "lipstick", "color": "#abc", "finish": "gloss", "amount": 1, "on": "lips", "when": "hat"}'),
    steps('{"effect": "shape", "points": [3, 4], "size": 2.5, "faces": [0, 2], "tone": null, "grow": -0.5}'),
    steps('{"effect": "shape", "size": "auto", "faces": "all except largest", "strength": 0.5, "feather": 0}'),
    steps('{"effect": "redact", "scope": "face", "faces": 0, "name": "hide", "grow": 0.5}'),
    {**steps('{"effect": "lipstick", "color": "${lip}", "amount": "${much}"}'), "vars": {"lip": "#abc", "much": 0.5}},
    {**steps('{"effect": "shape"}'), "name": "x", "model": "lite", "output": {"format": "png", "quality": 80}},
    {**steps('{"effect": "shape"}'), "output": {"name": "{stem}", "metadata": "safe", "no_faces": "skip"}},
]
GOOD += [
    {**steps('{"effect": "shape"}'), "outputs": {"web": {"max_side": 2048, "format": "jpeg"}, "for print": {}}},
    {**steps('{"effect": "shape"}'), "outputs": {"cut": {"what": "extras", "folder": "a/b"}, "x": {"folder": "."}}},
    {**steps('{"effect": "shape"}'), "output": {"max_side": 640, "what": "photo"}, "outputs": {}},
]
BAD = [
    {**steps('{"effect": "shape"}'), "outputs": []},
    {**steps('{"effect": "shape"}'), "outputs": {"web": {"max_side": 0}}},
    {**steps('{"effect": "shape"}'), "outputs": {"web": {"no_faces": "skip"}}},
    {**steps('{"effect": "shape"}'), "outputs": {"web": "jpeg"}},
    {**steps('{"effect": "shape"}'), "output": {"folder": "web"}},
    {"steps": []},
    steps(),
    {**steps('{"effect": "shape"}'), "x": 1},
    {**steps('{"effect": "shape"}'), "faceedit": 2},
    {**steps('{"effect": "shape"}'), "output": {"quality": 0}},
    {**steps('{"effect": "shape"}'), "output": {"format": "jpg"}},
    {**steps('{"effect": "shape"}'), "vars": {"a": [1]}},
    *[steps(json.dumps({"effect": "lipstick", "color": color})) for color in ("red", "#12", 3, None, [])],
    *[steps(json.dumps({"effect": "lipstick", "color": "#abc", "amount": much})) for much in (2, -1, "x", True, None)],
    *[steps(json.dumps({"effect": "shape", "points": points})) for points in ([1], [1, 2, 3], ["a", 1], 3)],
    *[steps(json.dumps({"effect": "shape", "size": size})) for size in (0, "small", [])],
    *[steps(json.dumps({"effect": "shape", "faces": faces})) for faces in (-1, 1.5, [-1], None, {})],
    *[steps(json.dumps({"effect": "redact", key: 0.5})) for key in ("strength", "feather", "color")],
    steps('{"effect": "redact", "grow": -0.1}'),
    steps('{"effect": "nothing"}'),
    steps("{}"),
    steps('"shape"'),
]


@pytest.mark.parametrize("content", GOOD, ids=str)
def test_what_the_schema_allows_is_a_recipe(content):
    assert fits(content, recipe_schema(registry()), recipe_schema(registry()))
    assert accepted(json.dumps(content))


@pytest.mark.parametrize("content", BAD, ids=str)
def test_what_the_schema_forbids_is_no_recipe(content):
    assert not fits(content, recipe_schema(registry()), recipe_schema(registry()))
    assert not accepted(json.dumps(content))


def test_the_schema_is_json_and_names_its_dialect():
    schema = json.loads(json.dumps(recipe_schema(registry())))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_schema_tells_what_effects_and_options_do():
    found = recipe_schema(registry())["$defs"]["lipstick_step"]
    assert found["description"] == "Color the lips."
    assert found["properties"]["amount"]["description"] == "How much."
    assert found["properties"]["feather"]["default"] == 0.02
    assert found["properties"]["on"]["default"] == "lips"


def test_the_schema_lists_every_effect():
    names = {name.removesuffix("_step") for name in recipe_schema(registry())["$defs"] if name.endswith("_step")}
    assert names == set(registry().effects)


def test_options_are_told_in_words():
    told = {option.name: option.expected for option in effect_options(shape, registry())}
    assert told == {
        "points": "a list of 2 whole numbers",
        "label": "text",
        "mirrored": "true or false",
        "size": "a number above 0 (degrees) or auto",
        "count": "a whole number up to 9",
        "tone": 'a color such as "#a3123b"',
    }


def test_an_option_without_a_default_is_required():
    color, finish, _ = effect_options(lipstick, registry())
    assert (color.required, color.default) == (True, None)
    assert (finish.required, finish.default) == (False, "satin")


@pytest.mark.parametrize("effect", [lipstick, shape, redact])
def test_the_example_of_an_effect_is_a_step_that_works(effect):
    found = recipe(example_step(effect, registry())).steps[0]
    assert found.effect is effect
    assert set(found.options) == {option.name for option in effect_options(effect, registry())}


class Side(Enum):
    LEFT = "left"
    RIGHT = "right"


class Light(BaseModel, extra="forbid"):
    warm: bool = False


def everything(
    region,
    *,
    code: Annotated[str, Field(pattern="^[a-z]+$", examples=["abc"])],
    word: Annotated[str, Field(min_length=2)],
    form: Annotated[str, Field(pattern="^[a-z]*$")] = "",
    words: Annotated[list[str], Field(min_length=2)],
    much: Annotated[float, Field(gt=0, lt=2)],
    few: Annotated[int, Field(ge=4)],
    sure: bool,
    table: dict[str, int],
    pair: tuple[int, float],
    only: Literal["x"],
    kind: Literal["a", "b"],
    color: Color,
    either: Annotated[int, Field(ge=2)] | str,
    side: Side = Side.LEFT,
    light: Light = Light(),  # noqa: B008 - pydantic copies it
    anything: Any = None,
):
    """Require options of every kind."""


def test_options_of_every_kind_have_words_and_an_example():
    effect = faceedit.effect()(everything)
    many = Registry.of(effect)
    assert parse_recipe(f"faceedit: 1\nsteps:\n{example_step(effect, many)}", many).steps[0].options["few"] == 4
    assert {option.name: option.expected for option in effect_options(effect, many)} == {
        "code": 'text such as "abc"',
        "word": "text of at least 2 letters",
        "form": "text of the form ^[a-z]*$",
        "words": "a list of 2 or more texts",
        "much": "a number above 0 and below 2",
        "few": "a whole number of at least 4",
        "sure": "true or false",
        "table": "names with values",
        "pair": "a list of 2 values (a whole number, a number)",
        "only": "x",
        "kind": "a or b",
        "color": 'a color such as "#a3123b"',
        "either": "a whole number of at least 2 or text",
        "side": "left or right",
        "light": "names with values",
        "anything": "anything",
    }


def test_an_option_may_be_a_group_of_keys_or_an_enumeration():
    many = Registry.of(faceedit.effect()(everything))
    example = example_step(many.effect("everything"), many)
    with pytest.raises(RecipeError) as error:
        parse_recipe("faceedit: 1\nsteps:\n" + example.replace('{"warm": false}', "{worm: true}"), many)
    assert 'no key "worm" in "light"' in str(error.value)
    with pytest.raises(RecipeError, match=r'"side" must be left or right, not "lift"; did you mean "left"'):
        parse_recipe("faceedit: 1\nsteps:\n" + example.replace('side: "left"', "side: lift"), many)
    assert recipe_schema(many)["$defs"]["Side"]["enum"] == ["left", "right"]


def test_the_example_says_what_each_option_may_be():
    assert example_step(redact, registry()) == (
        '- effect: redact\n  scope: "head"             # face, head or person\n'
    )


def test_descriptions_do_not_change_what_a_step_means():
    assert step("effect: shape").options["size"] == "auto"
