"""What pydantic finds wrong, said to a photographer: where, what was expected, what was probably meant."""

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from faceedit.labels import suggestion
from faceedit.recipe.describe import choices, expected
from faceedit.recipe.document import Node
from faceedit.recipe.problems import Problem

M = TypeVar("M", bound=BaseModel)

# In YAML 1.1 these were true and false; here they are text.
_YES_NO = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_BARE_COLOR = re.compile(r"""[^#'"]*:\s+(#[0-9a-fA-F]{3,6})\b""")
_ABOUT_KEYS = ("missing", "extra_forbidden")
_SHOWN = 40  # characters of a value that a message quotes


def validated(model: type[M], node: Node, what: str, problems: list[Problem]) -> M | None:
    """The node as an instance of the model, else None; what is wrong goes to `problems`.

    `what` names the node in messages: "the recipe", 'effect "lipstick"'.
    """
    try:
        # As JSON, so that a list becomes a tuple and a word an enum although the models are strict.
        return model.model_validate_json(json.dumps(node.plain()))
    except ValidationError as error:
        schema = model.model_json_schema()
        found = error.errors(include_url=False)
        misspelt = _misspelt(found, schema)
        for each in found:
            if each["type"] == "missing" and each["loc"][-1] in misspelt:
                continue
            problem = _explained(each, node, what, schema)
            # One value may fail each member of a union, and may have been refused with a better reason before.
            key, _ = _follow(node, each["loc"][:1])
            places = {(problem.line, problem.column), (key.place.line, key.place.column)}
            known = any(other.path == problem.path and (other.line, other.column) in places for other in problems)
            if not known or each["type"] in _ABOUT_KEYS:
                problems.append(problem)
        return None


def _misspelt(errors: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> set[str]:
    """The keys that unknown ones were probably meant to be: they are not missing as well."""
    names = [str(each["loc"][-1]) for each in errors if each["type"] == "extra_forbidden"]
    return {close for name in names for close in difflib.get_close_matches(name, schema.get("properties", {}), n=1)}


def shown(node: Node) -> str:
    """A value as messages quote it."""
    if isinstance(node.value, list):
        return f"a list of {len(node.value)}" if node.value else "an empty list"
    if isinstance(node.value, dict):
        return "a group of keys"
    text = node.text if len(node.text) <= _SHOWN else node.text[:_SHOWN] + "..."
    return f'"{text}"' if isinstance(node.value, str) else text or "nothing"


def bare_color(node: Node) -> str:
    """A hint for an empty value behind which a color stands as a comment; else ""."""
    found = _BARE_COLOR.match(node.key.text, node.key.column - 1) if node.key else None
    return f'a bare # begins a comment; put the color in quotes: "{found[1]}"' if found else ""


def _explained(error: Mapping[str, Any], node: Node, what: str, schema: Mapping[str, Any]) -> Problem:
    target, path = _follow(node, error["loc"])
    properties = schema.get("properties", {})
    if error["type"] == "missing" and isinstance(error["loc"][-1], str):
        name = str(error["loc"][-1])
        must = expected(properties.get(name, {}), schema)
        hint = 'begin with "faceedit: 1"' if name == "faceedit" else f"it must be {must}"
        return target.place.problem(f'"{name}" is missing in {what}', hint)
    if error["type"] == "extra_forbidden":
        return (target.key or target.place).problem(*_unknown_key(path, what, properties))
    if not path:
        return target.place.problem(f"{what} must be a group of keys, not {shown(target)}")
    if path[0] == "steps" and len(path) == 2:
        name = target.text if isinstance(target.value, str) else "smooth"
        return target.place.problem(f"a step is a group of keys, not {shown(target)}", f'write "- effect: {name}"')
    message, hint = _wrong_value(error, target, path, schema)
    about = properties.get(path[0], {}).get("description", "") if what.startswith("effect") else ""
    return target.place.problem(message, hint or about)


def _follow(node: Node, loc: Iterable[int | str]) -> tuple[Node, list[str]]:
    """The node that an error is about, as far as the recipe has it, and the keys that lead there.

    What is no key or number of the recipe (a union's name for its member) is passed over.
    """
    path: list[str] = []
    for step in loc:
        if isinstance(step, str) and step in node.fields:
            node = node.fields[step]
        elif isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            continue
        path.append(str(step))
    return node, path


def _unknown_key(path: list[str], what: str, known: Iterable[str]) -> tuple[str, str]:
    name = path[-1]
    if len(path) > 1:
        return f'no key "{name}" in "{path[-2]}"', _look_alike(name)
    if name in ("strength", "feather"):  # only steps that redact lack them
        return f'a step that redacts takes no "{name}"', "a redaction is always full and hard-edged; delete the line"
    word = "option" if what.startswith("effect") else "key"
    return f'no {word} "{name}" in {what}', _look_alike(name) or suggestion(name, known)


def _look_alike(name: str) -> str:
    """A hint about a letter of another alphabet, or an invisible one, that looks like a plain one."""
    for char in name:
        if not char.isascii():
            title = unicodedata.name(char, "unnamed").lower()
            return f'"{char}" in it is U+{ord(char):04X} ({title}); type the word anew'
    return ""


def _wrong_value(error: Mapping[str, Any], target: Node, path: list[str], schema: Mapping[str, Any]) -> tuple[str, str]:
    option = schema["properties"].get(path[0], {})
    must = expected(option, schema)
    if target.value is None:
        return f'"{path[-1]}" is empty', bare_color(target) or f"it must be {must}"
    origin = f' (from the variable "{target.variable}")' if target.variable else ""
    if error["type"] == "value_error":
        return f'"{path[0]}"{origin}: {error["ctx"]["error"]}', _quotes(target)
    if len(path) > 1:
        return f'{shown(target)}{origin} does not fit in "{path[0]}", which must be {must}', ""
    hint = "" if target.variable else _value_hint(target, must, choices(option, schema))
    return f'"{path[0]}" must be {must}, not {shown(target)}{origin}', hint


def _value_hint(node: Node, must: str, words: list[str]) -> str:
    """What was probably meant by a value of the wrong type or spelling."""
    text = node.text
    if not isinstance(node.value, str):
        return _quotes(node) if "text" in must or "color" in must else ""
    if "true or false" in must and text.lower() in _YES_NO:
        return f"write {_YES_NO[text.lower()]}"
    if close := difflib.get_close_matches(text, words, n=1):
        return f'did you mean "{close[0]}"?'
    return _number_hint(text.strip()) if "number" in must else ""


def _quotes(node: Node) -> str:
    plain = node.text and not isinstance(node.value, str) and not node.variable
    return f'put it in quotes: "{node.text}"' if plain else ""


def _number_hint(text: str) -> str:
    if re.fullmatch(r"-?\d{1,9},\d{1,9}", text):
        return f"write {text.replace(',', '.')}"
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?\s*%", text):
        return f"write {float(text.rstrip('% ')) / 100:g}"
    if found := re.fullmatch(r"(\d{1,9})\s*(?:px|pixels?)", text):
        return f"write {found[1]}"
    return "write it without quotes" if re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", text) else ""
