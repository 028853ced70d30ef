"""Recipes described: JSON Schema for editors, an effect's options in words, an example step to paste.

All of it is made from the models that check recipes, so that it cannot tell another story than they do.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from pydantic import Field, create_model

from faceedit.recipe.describe import choices, expected, resolved
from faceedit.recipe.models import IncludeModel, NamedOutputModel, OutputModel, RecipeModel, step_model
from faceedit.region import Effect
from faceedit.registry import Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE = {"title": "Variable", "type": "string", "pattern": r"\$\{[^{}]+\}"}


def recipe_schema(registry: Registry) -> dict[str, Any]:
    """The JSON Schema of recipes with the registry's effects: an editor completes and checks with it."""
    steps = [step_model(effect, registry) for _, effect in sorted(registry.effects.items())]
    items: Any = reduce(or_, steps, IncludeModel)
    about = RecipeModel.model_fields
    fields: dict[str, Any] = {
        "steps": (list[items], Field(min_length=1, description=about["steps"].description)),
        "output": (OutputModel, Field(default_factory=dict, description=about["output"].description)),
        "outputs": (
            dict[str, NamedOutputModel],
            Field(default_factory=dict, description=about["outputs"].description),
        ),
    }
    model = create_model("Recipe", __base__=RecipeModel, __doc__="A recipe of faceedit.", **fields)
    schema = model.model_json_schema()
    for part in schema["$defs"].values():
        if "properties" in part:
            part["properties"] = {name: _or_variable(prop, schema) for name, prop in part["properties"].items()}
    schema["$defs"]["Variable"] = _VARIABLE
    return {"$schema": DIALECT, **schema}


def _or_variable(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The property, or "${name}" where it would not allow such text."""
    kind = resolved(prop, schema)
    if "const" in kind or kind.get("type") == "object" or _takes_any_text(kind):
        return dict(prop)
    if kind.get("type") == "array":
        inside: dict[str, Any] = {}
        if isinstance(prop.get("items"), Mapping):
            inside["items"] = _or_variable(prop["items"], schema)
        if "prefixItems" in prop:
            inside["prefixItems"] = [_or_variable(item, schema) for item in prop["prefixItems"]]
        return {**prop, **inside}
    outer = {key: prop[key] for key in ("title", "description", "default", "unit") if key in prop}
    inner = {key: value for key, value in prop.items() if key not in outer}
    return {**outer, "anyOf": [*inner.get("anyOf", [inner]), {"$ref": "#/$defs/Variable"}]}


def _takes_any_text(kind: Mapping[str, Any]) -> bool:
    if "anyOf" in kind:
        return any(map(_takes_any_text, kind["anyOf"]))
    return kind.get("type") == "string" and not {"const", "enum", "pattern"} & set(kind)


@dataclass(frozen=True)
class Option:
    """One option of an effect, in words. `default` is None where there is none, and then the option is `required`."""

    name: str
    expected: str
    default: Any
    required: bool
    description: str


def effect_options(effect: Effect, registry: Registry) -> tuple[Option, ...]:
    """The effect's own options, in the order of its signature."""
    schema = registry.options(effect).model_json_schema()
    required = schema.get("required", [])
    return tuple(
        Option(name, expected(prop, schema), prop.get("default"), name in required, prop.get("description", ""))
        for name, prop in schema.get("properties", {}).items()
    )


def example_step(effect: Effect, registry: Registry) -> str:
    """A step with this effect to paste into a recipe: YAML with every option, its default, and what it may be."""
    schema = registry.options(effect).model_json_schema()
    lines = [f"- effect: {effect.name}"]
    for option in effect_options(effect, registry):
        value = _example(schema["properties"][option.name], schema) if option.required else option.default
        entry = f"  {option.name}: {json.dumps(value, ensure_ascii=False)}"
        lines.append(f"{entry:<28}# {option.expected}" if option.expected else entry)
    return "\n".join(lines) + "\n"


def _example(prop: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """A value for an option without a default."""
    kind = resolved(prop, schema)
    if "anyOf" in kind:
        return _example(kind["anyOf"][0], schema)
    if words := choices(kind, schema):
        return kind.get("const", kind.get("enum", words)[0])
    if kind.get("examples"):
        return kind["examples"][0]
    low = kind.get("minimum", kind.get("exclusiveMinimum", 0) + 1)
    simple = {"number": low, "integer": low, "boolean": True, "object": {}}
    if kind.get("type") == "array":
        items = kind.get("prefixItems") or [kind["items"]] * max(1, kind.get("minItems", 1))
        return [_example(item, schema) for item in items]
    return simple.get(str(kind.get("type")), "#a3123b" if kind.get("format") == "color" else "text")
