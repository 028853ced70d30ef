"""YAML is read as version 1.2, without tags, within limits; what is no YAML is said in plain words."""

import time

import pytest
from recipe_examples import only_problem

from faceedit.recipe import InvalidRecipe
from faceedit.recipe.document import plain_scalar, read_document


def said(text):
    with pytest.raises(InvalidRecipe) as error:
        read_document(text, "r.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"), ("yes", "yes"), ("no", "no"), ("off", "off"), ("y", "y"),
        ("true", True), ("False", False), ("", None), ("~", None), ("null", None),
        ("12", 12), ("-3", -3), ("+3", 3), ("000000", 0), ("0o17", 15), ("0x1F", 31),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), ("-.inf", float("-inf")), (".INF", float("inf")),
        ("1_000", "1_000"), ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("0b1", "0b1"), ("1.2.3", "1.2.3"),
        ("9" * 400, float("inf")),
    ],
)  # fmt: skip
def test_unquoted_values_mean_what_yaml_1_2_says(text, value):
    found = plain_scalar(text)
    assert found == value
    assert type(found) is type(value)


def test_positions_are_those_of_keys_and_values():
    root = read_document("a: 1\nb:\n  - c:   x\n    d:\n", "r.yaml")
    inner = root.fields["b"].items[0].fields
    assert (str(inner["c"].key), str(inner["c"].place)) == ("r.yaml:3:5", "r.yaml:3:10")
    assert str(inner["d"].place) == "r.yaml:4:5"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_count_the_same_whatever_ends_them(end):
    assert str(read_document(f"a: 1{end}b: 2{end}", "r.yaml").fields["b"].place) == "r.yaml:2:4"


def test_a_byte_order_mark_is_passed_over():
    assert read_document("\ufeffa: 1\n", "r.yaml").plain() == {"a": 1}


def test_anchors_may_repeat_a_value():
    assert read_document("a: &x [1, 2]\nb: *x\n", "r.yaml").plain() == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a: 'b\n", "r.yaml:1:4: this quote or bracket is never closed"),
        ("a: [1, 2\nb: 3\n", "r.yaml:1:4: this bracket is not closed"),
        ("a: b: c\n", 'r.yaml:1:5: a ":" does not fit here'),
        ("a:\n  - b\n c: d\n", "r.yaml:3:2: this line does not fit those above"),
        ("a: @x\n", 'r.yaml:1:4: a value cannot begin with "@"; put it in quotes'),
        ("a: %x\n", 'r.yaml:1:4: a value cannot begin with "%"; put it in quotes'),
        ("a:\n\tb: c\n", "r.yaml:2:1: a tab in the indentation; use spaces"),
        ("a: 1\na: 2\n", 'r.yaml:2:1: "a" stands twice; it is already in line 1'),
        ("a: *x\n", 'r.yaml:1:4: nothing above is marked "&x"'),
        ("a: &x [*x]\n", 'nothing above is marked "&x"'),
        ("a: !!python/object:os.system x\n", 'tags such as "!!python/object:os.system" are not allowed'),
        ("a: !!str 1\n", "tags such as"),
        ("? [a]\n: b\n", "r.yaml:1:3: a key must be a word"),
        ("%YAML 1.1\n---\na: on\n", "recipes are YAML 1.2"),
        ("a: 1\n---\nb: 2\n", "r.yaml:2:1: a second document begins here"),
        ("", "r.yaml:1:1: the recipe is empty"),
        ("# nothing\n", "r.yaml:1:1: the recipe is empty"),
        ("a: b\x00c\n", "r.yaml:1:5: character U+0000"),
        ("a: \x1b[2J\n", "r.yaml:1:4: character U+001B"),
        ("a: b\u2028c\n", "character U+2028 (line separator) is not allowed"),
        ("a: b\ud800c\n", "character U+D800"),
        ('a: "\\0"\n', "r.yaml:1:4: the text holds the character U+0000"),
        ('a: "\\ud800"\n', "the text holds the character U+D800"),
        ('a: "\\UFFFFFFFF"\n', "not readable as YAML"),
        ("vars: {lip: #a3123b}\nsteps:\n", "a bare # begins a comment, so put colors in quotes"),
    ],
)
def test_what_is_no_yaml_is_said_in_plain_words(text, first):
    assert first in said(text).splitlines()[0]


def test_unicode_that_looks_like_a_key_is_named():
    assert "U+0435 (cyrillic small letter ie)" in only_problem(
        "faceedit: 1\nst\N{CYRILLIC SMALL LETTER IE}ps: []\nsteps: [{effect: shape}]\n"
    )


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("[" * 100_000, "more than 20 levels"),
        ("a: " + "{a: " * 100_000, "more than 20 levels"),
        ("".join(" " * i + "a:\n" for i in range(1400)), "more than 20 levels"),
        ("- " * 100_000, "more than 20 levels"),
        (LAUGHS, "more than 10000 values"),
        ("- 1\n" * 200_000, "more than 10000 values"),
        ("a: " + "x" * 10_000_000, "longer than 1000000 characters"),
        ("&a " * 1000 + "b", "r.yaml:1:"),
        ("9" * 999_999, ""),
    ],
    ids=["brackets", "braces", "indentation", "dashes", "laughs", "items", "megabytes", "anchors", "digits"],
)
def test_hostile_recipes_end_at_a_limit_within_seconds(text, limit):
    start = time.monotonic()
    try:
        root = read_document(text, "r.yaml")
    except InvalidRecipe as error:
        assert limit in str(error)  # noqa: PT017 - the last case is good YAML
    else:
        assert root.plain() == float("inf")
    assert time.monotonic() - start < 20
