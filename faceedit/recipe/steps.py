"""One step of a recipe: from its node to a checked `Step`, or to problems with places."""

import string
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from faceedit.backdrop import BesideRecipe
from faceedit.errors import RecipeError
from faceedit.labels import GROUPS, parse_parts, suggestion
from faceedit.recipe.document import Node
from faceedit.recipe.faces import ALL, Faces
from faceedit.recipe.messages import validated
from faceedit.recipe.models import StepModel, step_model
from faceedit.recipe.problems import Problem
from faceedit.recipe.types import Step
from faceedit.recipe.when import When
from faceedit.region import Effect
from faceedit.registry import RESERVED, Registry

T = TypeVar("T")


def read_step(node: Node, path: Path, registry: Registry, problems: list[Problem]) -> Step | None:
    """The step of a node, None if something is wrong with it, which goes to `problems`."""
    named = node.fields.get("effect")
    if named is None:
        problems.append(node.place.problem('a step without an "effect"', 'write "effect:" and a name, or "include:"'))
        return None
    try:
        effect = registry.effect(named.text)
    except RecipeError as error:
        problems.append(named.place.problem(error.message, error.hint))
        return None
    before = len(problems)
    # First the small languages, whose messages are better than those about the same values by type.
    faces = parsed(node, "faces", Faces.parse, problems)
    parsed(node, "on", _parts, problems)
    when = parsed(node, "when", lambda text: condition(text, registry), problems)
    model = validated(step_model(effect, registry), node, f'effect "{effect.name}"', problems)
    if model is None or len(problems) > before:
        return None
    options = {key: getattr(model, key) for key in registry.options(effect).model_fields}
    files = {}
    for key in _files(effect, registry) & options.keys():
        place, beside = node.fields.get(key, node).place, BesideRecipe()
        try:
            options[key] = beside.placed(options[key], Path(place.source.path).parent)
            if digest := beside.digest(options[key]):
                files[key] = digest
        except RecipeError as error:
            problems.append(place.problem(error.message, error.hint))
    step = _step(effect, model, node, options, faces=faces or ALL, when=when, path=str(path), files=files)
    problems += _wrong_parts(step, node)
    return step


def _files(effect: Effect, registry: Registry) -> set[str]:
    """The effect's options that may name a file beside the recipe."""
    fields = registry.options(effect).model_fields.items()
    return {key for key, field in fields if any(isinstance(each, BesideRecipe) for each in field.metadata)}


def parsed(node: Node, key: str, parse: Callable[[Any], T], problems: list[Problem]) -> T | None:
    """The value of a key read by `parse`; None where it is absent or wrong."""
    value = node.fields.get(key)
    if value is None or value.value is None:
        return None
    try:
        return parse(value.plain())
    except RecipeError as error:
        problems.append(value.place.problem(error.message, error.hint))
        return None


def _parts(expression: object) -> frozenset[str]:
    return parse_parts(expression) if isinstance(expression, str) else frozenset()


def condition(text: object, registry: Registry) -> When:
    """The condition that a text means, all of its kinds reported by some inspector.

    Raises:
        RecipeError: it cannot be read, or nothing reports one of its kinds.
    """
    when = When.parse(text)
    for kind in sorted(when.kinds - {*registry.kinds}):
        hint = suggestion(kind, registry.kinds) if registry.kinds else "no plugin looks for anything"
        raise RecipeError(f'nothing reports "{kind}"', hint)
    return when


def _step(effect: Effect, model: StepModel, node: Node, options: dict[str, Any], **checked: Any) -> Step:
    said = {key: value for key, value in model.model_dump(mode="json").items() if _tells(key, node)}
    given = {key: getattr(model, key) for key in ("on", "grow", "feather", "strength") if key in node.fields}
    return Step(
        effect,
        options,
        name=model.name or effect.name,
        line=node.place.line,
        keep=_folder(getattr(model, "keep", ""), node),
        resolved={"effect": effect.name, **said},
        **checked,
        **given,
    )


def _folder(name: str, node: Node) -> str:
    """The folder of people, meant relative to the recipe that names it."""
    return str(Path(node.place.source.path).parent / name) if name else ""


def _tells(key: str, node: Node) -> bool:
    """Whether a resolved step repeats a key: all options, and what the recipe says beside them."""
    return key not in RESERVED or key in node.fields


def _wrong_parts(step: Step, node: Node) -> list[Problem]:
    # The key that says which parts: `on`, else an option that the effect's own `on` names, else the effect.
    said = ["on", *(name for _, name, _, _ in string.Formatter().parse(step.effect.on) if name), "effect"]
    place = next(node.fields[key].place for key in said if key in node.fields)
    try:
        parts = parse_parts(step.expression)
    except RecipeError as error:
        return [place.problem(error.message, error.hint)]
    if not parts:
        return [place.problem(f'"{step.expression}" selects no part at all', "no pixel belongs to two parts")]
    if step.effect.blind and not parts >= {*GROUPS["face"]}:
        return [place.problem("a step that redacts must cover the whole face", 'write "face", "head" or "person"')]
    return []
