"""`${name}` in recipes: values from `vars`, from an including recipe, or from the command line."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from faceedit.labels import suggestion
from faceedit.recipe.document import Node, Scalar, plain_scalar
from faceedit.recipe.messages import bare_color
from faceedit.recipe.problems import Problem

MAX_LENGTH = 1000
_USE = re.compile(r"\$(\$?)\{([^{}]*)\}")


def filled(root: Node, given: Mapping[str, Any], problems: list[Problem], giver: Node | None = None) -> Node:
    """The recipe with its variables filled in; `given` override those in `vars`.

    `giver` is the node of an including recipe that gives them, if one does.
    """
    declared = root.fields["vars"].fields if "vars" in root.fields else {}
    for name in given:
        if name not in declared:
            node = giver.fields[name] if giver else root.fields.get("vars", root)
            hint = suggestion(name, declared) if declared else "it has none at all"
            problems.append((node.key or node.place).problem(f'the recipe has no variable "{name}"', hint))
    variables = _variables(declared, given, problems)
    if not isinstance(root.value, dict):
        return root
    fields = {key: node if key == "vars" else _filled(node, variables, problems) for key, node in root.value.items()}
    return dataclasses.replace(root, value=fields)


def _variables(declared: Mapping[str, Node], given: Mapping[str, Any], problems: list[Problem]) -> dict[str, Scalar]:
    values: dict[str, Scalar] = {}
    for name, node in declared.items():
        if name in given:
            values[name] = _typed(given[name], node)
        elif isinstance(node.value, list | dict):
            values[name] = ""  # the recipe's model says what is wrong
        else:
            values[name] = node.value
            if node.value is None:
                hint = bare_color(node) or f"give it one here, with --var {name}=..., or beside the include"
                problems.append(node.place.problem(f'the variable "{name}" has no value', hint))
    return values


def _typed(value: Any, declared: Node) -> Scalar:
    """A value given for a variable: text becomes a number unless the recipe's own value is text."""
    if isinstance(value, int | float) and not isinstance(declared.value, str):
        return value
    text = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value))
    return text if isinstance(declared.value, str) else plain_scalar(text)


def _filled(node: Node, variables: Mapping[str, Scalar], problems: list[Problem]) -> Node:
    if isinstance(node.value, list):
        return dataclasses.replace(node, value=[_filled(item, variables, problems) for item in node.value])
    if isinstance(node.value, dict):
        fields = {key: _filled(item, variables, problems) for key, item in node.value.items()}
        return dataclasses.replace(node, value=fields)
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    return _scalar(node, node.value, variables, problems)


def _scalar(node: Node, text: str, variables: Mapping[str, Scalar], problems: list[Problem]) -> Node:
    for escaped, name in _USE.findall(text):
        if not escaped and name.strip() not in variables:
            problems.append(node.place.problem(f'no variable "{name}"', suggestion(name, variables)))
            return node
    whole = _USE.fullmatch(text)
    if whole and not whole[1]:
        value = variables[whole[2].strip()]
        return dataclasses.replace(node, value=value, text=_written(value), variable=whole[2].strip())
    put = _USE.sub(lambda found: found[0][1:] if found[1] else _written(variables[found[2].strip()]), text)
    if len(put) > MAX_LENGTH:
        problems.append(node.place.problem(f"with its variables filled in this is longer than {MAX_LENGTH} letters"))
    return dataclasses.replace(node, value=put, text=put)


def _written(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
