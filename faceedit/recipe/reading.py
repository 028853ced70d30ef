"""Recipes read with all that they include, checked as a whole, every problem reported at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faceedit.errors import RecipeError
from faceedit.recipe.document import Node, read_document
from faceedit.recipe.messages import validated
from faceedit.recipe.models import IncludeModel, RecipeModel
from faceedit.recipe.outputs import read_output, read_outputs
from faceedit.recipe.problems import InvalidRecipe, Problem
from faceedit.recipe.steps import read_step
from faceedit.recipe.types import Output, Recipe, Step
from faceedit.recipe.variables import filled
from faceedit.registry import Registry

MAX_BYTES = 1_000_000
MAX_INCLUDES = 100
MAX_STEPS = 1000
SUFFIXES = (".yaml", ".yml")


def load_recipe(path: str | Path, registry: Registry, variables: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe in a file. `variables` override those in `vars`.

    Raises:
        RecipeError: the file cannot be read, or the recipe has problems (InvalidRecipe: all of them, with places).
    """
    return parse_recipe(read_recipe_text(Path(path)), registry, path, variables)


def parse_recipe(
    text: str, registry: Registry, path: str | Path = "recipe.yaml", variables: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe in a text; `path` is what errors call it, and what the paths in it are relative to.

    Raises:
        InvalidRecipe: the recipe has problems: all of them, with places.
    """
    reader = _Reader(registry)
    recipe = reader.recipe(text, Path(path), variables or {})
    if recipe is None or reader.problems:
        raise InvalidRecipe(
            sorted(reader.problems, key=lambda each: (each.path != str(path), each.chain, each.line, each.column))
        )
    return recipe


def read_recipe_text(path: Path) -> str:
    """The text of a recipe's file.

    Raises:
        RecipeError: it cannot be read, or is no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecipeError(f'recipe "{path}" cannot be read: {reason}', "check the path") from error
    if len(content) > MAX_BYTES:
        raise RecipeError(f'recipe "{path}" is larger than {MAX_BYTES} bytes', "a recipe is a page of text")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        message, hint = "the file is no UTF-8 text", "save it as UTF-8 in your editor"
        if b"\0" in content:
            message, hint = "the file is no text", "the recipe comes first, then the photos"
        raise InvalidRecipe([Problem(str(path), line, column, message, hint)]) from error


class _Reader:
    """One reading of a recipe with everything it includes; gathers the problems."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.problems: list[Problem] = []
        self.includes = 0
        self.open: list[Path] = []
        self.read: list[Path] = []
        self.redacts = False

    def recipe(self, text: str, path: Path, variables: Mapping[str, Any]) -> Recipe | None:
        root = filled(read_document(text, str(path)), variables, self.problems)
        header = validated(RecipeModel, root, "the recipe", self.problems)
        steps = self.steps(root, path)
        output = read_output(root, self.problems, redacts=self.redacts)
        outputs = read_outputs(root, output or Output(), self.problems, redacts=self.redacts)
        if header is None or output is None:
            return None
        name, model = header.name or path.stem, _model(header.model, path)
        sources = (*map(str, self.read), *(str(step.options[key]) for step in steps for key in step.files))
        return Recipe(name, model, tuple(steps), output, str(path), outputs, sources)

    def steps(self, root: Node, path: Path) -> list[Step]:
        """All steps of a recipe, those of included ones in their place."""
        self.open.append(_real(path))
        self.read.append(path)
        found: list[Step] = []
        for node in root.fields["steps"].items if "steps" in root.fields else []:
            if "include" in node.fields and "effect" not in node.fields:
                found += self.included(node, path)
            elif isinstance(node.value, dict):  # else the recipe's model has said so
                self.redacts |= self.redacting(node)
                step = read_step(node, path, self.registry, self.problems)
                found += [step] if step else []
            if len(found) > MAX_STEPS:
                raise InvalidRecipe([node.place.problem(f"more than {MAX_STEPS} steps")])
        self.open.pop()
        return found

    def included(self, node: Node, path: Path) -> list[Step]:
        """The steps of another recipe; the rest of it does not count."""
        include = validated(IncludeModel, node, "this include", self.problems)
        if include is None:
            return []
        place = node.fields["include"].place
        try:
            other = self.other(include.include, path)
            chain = (str(place), *place.source.chain)
            document = read_document(read_recipe_text(other), str(other), chain)
        except InvalidRecipe as error:
            self.problems += error.problems
            return []
        except RecipeError as error:
            self.problems.append(place.problem(error.message, error.hint))
            return []
        giver = node.fields.get("vars")
        given = {name: value.text for name, value in giver.fields.items()} if giver else {}
        root = filled(document, given, self.problems, giver)
        validated(RecipeModel, root, "the recipe", self.problems)
        return self.steps(root, other)

    def other(self, name: str, path: Path) -> Path:
        """The path of an included recipe.

        Raises:
            RecipeError: it is no recipe's, or is being read already.
        """
        other = path.parent / name
        self.includes += 1
        if self.includes > MAX_INCLUDES:
            raise RecipeError(f"more than {MAX_INCLUDES} includes")
        if other.suffix not in SUFFIXES or Path(name).is_absolute():
            raise RecipeError(f'"{name}" is no recipe', "write a path relative to this file that ends in .yaml")
        if _real(other) in self.open:
            raise RecipeError(f'"{name}" includes itself', "take one of the includes out")
        return other

    def redacting(self, node: Node) -> bool:
        """Whether a step redacts, be it otherwise right or wrong."""
        effect = self.registry.effects.get(node.fields["effect"].text) if "effect" in node.fields else None
        return effect is not None and effect.blind


def _real(path: Path) -> Path:
    """The path without links, or as it is where these run in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def _model(name: str, path: Path) -> str | None:
    """The model's name; a folder is meant relative to the recipe."""
    return str((path.parent / name).resolve()) if name.startswith(("./", "../")) else name or None
