"""The options of an effect with other values: the ends and the middle of each range, and each choice."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic import BaseModel

COLORS = ("#a3123b", "#2f6db5", "#e8c15a")
# What an option without limits is tried with, as shares of its default.
SHARES = (0.0, 0.5, 2.0)


def variations(model: "type[BaseModel]") -> Iterator[dict[str, Any]]:
    """Options as keyword arguments: first the defaults, then each with one option changed, all of them valid."""
    yield defaults(model)
    for found in changes(model).values():
        yield from (options for _, options in found)


def defaults(model: "type[BaseModel]") -> dict[str, Any]:
    """The options' defaults, with an example for each that has none."""
    return _valid(model, {})


def changes(model: "type[BaseModel]") -> dict[str, list[tuple[Any, dict[str, Any]]]]:
    """For each option the values to try, with all options as keyword arguments."""
    schema = model.model_json_schema()
    found: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
    for name, prop in _properties(schema):
        for value in values(prop, schema):
            with contextlib.suppress(ValidationError):  # a rule that no schema tells, such as one on two options
                found.setdefault(name, []).append((value, _valid(model, {name: value})))
    return found


def _valid(model: "type[BaseModel]", given: Mapping[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema()
    base = {name: _example(prop, schema) for name, prop in _properties(schema) if "default" not in prop}
    valid = model.model_validate(base | dict(given))
    return {name: getattr(valid, name) for name in model.model_fields}


def _properties(schema: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return list(schema.get("properties", {}).items())


def values(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Any]:
    """Values to try a property with; none where nothing is known of it."""
    kind = _resolved(prop, schema)
    if "anyOf" in kind:
        return [value for each in kind["anyOf"] for value in values(each, schema)]
    if "enum" in kind or "const" in kind:
        return list(kind.get("enum", [kind.get("const")]))
    if kind.get("type") == "boolean":
        return [False, True]
    if kind.get("format") == "color":
        return list(COLORS)
    if kind.get("type") in ("number", "integer"):
        return _numbers(kind, prop.get("default"), whole=kind["type"] == "integer")
    return []


def _numbers(kind: Mapping[str, Any], default: Any, *, whole: bool) -> list[Any]:
    low, high = (kind.get(name) for name in ("minimum", "maximum"))
    above, below = kind.get("exclusiveMinimum"), kind.get("exclusiveMaximum")
    start = default if isinstance(default, int | float) and default else 1.0
    bottom = low if low is not None else above + 0.02 * start if above is not None else SHARES[0] * start
    top = high if high is not None else below - 0.02 * abs(start) if below is not None else SHARES[-1] * start
    found = [bottom, (bottom + top) / 2, top]
    return list(dict.fromkeys(round(value) for value in found)) if whole else [float(value) for value in found]


def _example(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """A value for an option without a default."""
    found = values(prop, schema)
    if found:
        return found[len(found) // 2]
    kind = _resolved(prop, schema)
    examples = {"string": "text", "array": [], "object": {}}
    return kind["examples"][0] if kind.get("examples") else examples.get(str(kind.get("type")))


def _resolved(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in prop:
        prop = schema["$defs"][prop["$ref"].removeprefix("#/$defs/")] | {k: v for k, v in prop.items() if k != "$ref"}
    return prop
