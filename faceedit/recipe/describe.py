"""What an option may be, in words, from its JSON Schema: "a number from 0 to 1", "matte, satin or gloss"."""

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_PLURALS = (
    ("a number", "numbers"),
    ("a whole number", "whole numbers"),
    ("text", "texts"),
    ("a color", "colors"),
    ("names with values", "groups of keys"),
)


def expected(prop: Schema, root: Schema) -> str:
    """What a property must be. `root` holds the definitions that it may refer to."""
    prop = resolved(prop, root)
    if "anyOf" in prop:
        return _alternatives([expected(each, root) for each in prop["anyOf"] if each.get("type") != "null"])
    if "const" in prop or "enum" in prop:
        return _alternatives(choices(prop, root))
    kind = prop.get("type")
    if kind in ("number", "integer"):
        unit = f" ({prop['unit']})" if "unit" in prop else ""
        return ("a number" if kind == "number" else "a whole number") + _range(prop) + unit
    if kind == "array":
        return _list(prop, root)
    if kind == "string":
        return _text(prop)
    return {"boolean": "true or false", "object": "names with values"}.get(str(kind), "anything")


def choices(prop: Schema, root: Schema) -> list[str]:
    """The words that a property may be, if it is a choice."""
    prop = resolved(prop, root)
    words = [str(word) for word in ([prop["const"]] if "const" in prop else prop.get("enum", []))]
    for member in prop.get("anyOf", ()):
        words += choices(member, root)
    return words


def resolved(prop: Schema, root: Schema) -> Schema:
    """The property, with the definition that it refers to put in."""
    while "$ref" in prop:
        own = {key: value for key, value in prop.items() if key != "$ref"}
        prop = root["$defs"][prop["$ref"].removeprefix("#/$defs/")] | own
    return prop


def _alternatives(words: Sequence[str]) -> str:
    *first, last = dict.fromkeys(words)
    return f"{', '.join(first)} or {last}" if first else last


def _range(prop: Schema) -> str:
    if "minimum" in prop and "maximum" in prop:
        return f" from {prop['minimum']:g} to {prop['maximum']:g}"
    limits = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "up to",
        "exclusiveMaximum": "below",
    }
    words = [f"{word} {prop[key]:g}" for key, word in limits.items() if key in prop]
    return " " + " and ".join(words) if words else ""


def _text(prop: Schema) -> str:
    if prop.get("format") == "color":
        return 'a color such as "#a3123b"'
    if prop.get("examples"):
        return f'text such as "{prop["examples"][0]}"'
    if "pattern" in prop:
        return f"text of the form {prop['pattern']}"
    low, high = prop.get("minLength", 0), prop.get("maxLength")
    if high is None:
        return f"text of at least {low} letters" if low > 1 else "text"
    return f"text of {low} to {high} letters" if low else f"text of at most {high} letters"


def _list(prop: Schema, root: Schema) -> str:
    low, high = prop.get("minItems", 0), prop.get("maxItems")
    items = prop.get("prefixItems") or [prop.get("items") or {}]
    each = list(dict.fromkeys(expected(item, root) for item in items))
    of = each[0] if len(each) == 1 else f"values ({', '.join(each)})"
    for one, many in _PLURALS:
        if of.startswith(one):
            of = many + of.removeprefix(one)
    count = f"{low} " if low and low == high else f"{low} or more " if low else ""
    return f"a list of {count}{of}"
