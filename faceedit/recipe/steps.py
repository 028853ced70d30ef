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
from faceedit.recipe.messages import shown, validated
from faceedit.recipe.models import StepModel, step_model
from faceedit.recipe.problems import Problem
from faceedit.recipe.types import Step
from faceedit.recipe.when import When
from faceedit.region import Effect
from faceedit.registry import Registry

T = TypeVar("T")


def read_step(node: Node, path: Path, registry: Registry, problems: list[Problem]) -> Step | None:
    """The step of a node, None if something is wrong with it, which goes to `problems`."""
    effect = _effect(node, registry, problems)
    if effect is None:
        return None
    before = len(problems)
    # First the small languages, whose messages are better than those about the same values by type.
    faces = parsed(node, "faces", Faces.parse, problems) or ALL
    parsed(node, "on", lambda text: _check_parts(effect, text), problems)
    when = parsed(node, "when", lambda text: _step_condition(text, registry, faces), problems)
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
    if "on" not in node.fields:
        try:
            _check_parts(effect, effect.parts(options))
        except RecipeError as error:
            problems.append(_says_parts(effect, node).place.problem(error.message, error.hint))
    return _step(effect, model, node, options, faces=faces, when=when, path=str(path), files=files)


def _effect(node: Node, registry: Registry, problems: list[Problem]) -> Effect | None:
    named = node.fields.get("effect")
    if named is None:
        key, hint = next(((name, each) for name in node.fields if (each := _meant(name))), ("", ""))
        place = (node.fields[key].key if key else None) or node.place
        usual = 'write "effect:" and a name, or "include:"'
        problems.append(place.problem('a step without an "effect"', hint or usual))
        return None
    if named.value is None or isinstance(named.value, list | dict):
        wrong = "is empty" if named.value is None else f"must be a name, not {shown(named)}"
        problems.append(named.place.problem(f'"effect" {wrong}', "faceedit effects lists what there is"))
        return None
    try:
        return registry.effect(named.text)
    except RecipeError as error:
        problems.append(named.place.problem(error.message, error.hint))
        return None


def _meant(name: str) -> str:
    """What the key of a step was probably meant to be, if that makes it a step."""
    hint = suggestion(name, ("effect", "include"))
    return hint if hint.startswith("did") else ""


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


def _check_parts(effect: Effect, expression: object) -> None:
    """Whether a part expression selects something that the effect may work on; what is no text is said by the model.

    Raises:
        RecipeError: it does not.
    """
    if not isinstance(expression, str):
        return
    parts = parse_parts(expression)
    if not parts:
        raise RecipeError(f'"{expression}" selects no part at all', "no pixel belongs to two parts")
    if effect.blind and not parts >= {*GROUPS["face"]}:
        raise RecipeError("a step that redacts must cover the whole face", 'write "face", "head" or "person"')


def _says_parts(effect: Effect, node: Node) -> Node:
    """What says the parts where `on` does not: an option that the effect's own `on` names, else the effect."""
    names = [name for _, name, _, _ in string.Formatter().parse(effect.on) if name in node.fields]
    return node.fields[names[0] if names else "effect"]


def condition(text: object, registry: Registry) -> When:
    """The condition that a text means, all of its kinds reported by some inspector.

    Raises:
        RecipeError: it cannot be read, or nothing reports one of its kinds.
    """
    when = When.parse(text)
    for kind in sorted(when.kinds - {*registry.kinds}):
        hint = suggestion(kind, registry.kinds) if registry.kinds else "no plugin looks for anything"
        raise RecipeError(f'nothing reports "{kind}"', hint)
    if not when.possible():
        raise RecipeError(f'no photo is such that "{when}"', 'is "or" meant in place of "and"?')
    return when


def _step_condition(text: object, registry: Registry, faces: Faces) -> When:
    """The condition of a step on these faces.

    Raises:
        RecipeError: as for `condition`, or no photo with such faces fulfils it.
    """
    when = condition(text, registry)
    if not when.possible(faces.least):
        many = "a face" if faces.least == 1 else f"{faces.least} faces or more"
        message = f'the step needs a photo with {many}, and no such photo fulfils "{when}"'
        raise RecipeError(message, 'change "faces" or "when"; the largest face has the number 0')
    return when


def _step(effect: Effect, model: StepModel, node: Node, options: dict[str, Any], **checked: Any) -> Step:
    given = {key: getattr(model, key) for key in ("on", "grow", "feather", "strength") if key in node.fields}
    head = {"effect": effect.name, "on": effect.parts(options, given.get("on"))}
    said = {key: value for key, value in model.model_dump(mode="json").items() if value != "" or key in options}
    return Step(
        effect,
        options,
        name=model.name or effect.name,
        line=node.place.line,
        keep=_folder(getattr(model, "keep", ""), node),
        resolved=head | said | head,
        **checked,
        **given,
    )


def _folder(name: str, node: Node) -> str:
    """The folder of people, meant relative to the recipe that names it."""
    return str(Path(node.place.source.path).parent / name) if name else ""
