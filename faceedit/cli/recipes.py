"""Commands on recipes: new, check, show, schema, upgrade, lock."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import options
from faceedit.cli.console import complain, say
from faceedit.cli.tasks import with_task

if TYPE_CHECKING:
    from collections.abc import Callable

    from faceedit.registry import Registry
    from faceedit.runner import Task

recipes = typer.Typer(help="Write, check and keep recipes.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(metavar="RECIPE...", help="Recipe files (YAML).")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(recipes, name="recipe")


@recipes.command("new")
def recipe_new(
    *,
    start: Annotated[str, typer.Option("--from", metavar="PRESET", help="Begin with a preset, and ask nothing.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there.")] = None,
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> None:
    """Write a new recipe: from a preset, or by a few questions."""
    from faceedit.errors import UsageError
    from faceedit.images import write_atomic
    from faceedit.recipe import parse_recipe
    from faceedit.recipe.presets import preset, presets

    if output and output.exists():
        raise UsageError(f'"{output}" is there already', "name a new file")
    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    if not start and not sys.stdin.isatty():
        raise UsageError("nobody is there to be asked", f"name a preset: --from {' or '.join(presets())}")
    text = preset(start) if start else _asked(registry)
    parse_recipe(text, registry, output or "recipe.yaml")
    if output is None:
        say(text.rstrip("\n"))
        return
    write_atomic(output, text.encode())
    say(f"{output} is written; try it: faceedit apply {output} PHOTOS -o out")


def _asked(registry: "Registry") -> str:
    """A recipe made of the answers to a few questions."""
    from faceedit.recipe import Faces
    from faceedit.recipe.drafts import draft
    from faceedit.recipe.presets import about, preset, presets

    known = presets()
    width = max(map(len, known))
    for name, path in known.items():
        complain(f"  {name:{width}}  {about(path)}")
    complain(f"  {'own':{width}}  effects that you choose")
    first = _ask("Begin with", "own", lambda answer: _one_of(answer, ["own", *known]))
    if first != "own":
        return preset(first)
    width = max(map(len, registry.effects))
    for each, effect in sorted(registry.effects.items()):
        complain(f"  {each:{width}}  {effect.doc.splitlines()[0]}")
    chosen = _ask("Effects, in their order, with commas", None, lambda answer: _effects(answer, registry))
    faces = _ask("On which faces", "all", lambda answer: str(Faces.parse(answer)) and answer)
    name = _ask("What is it called", "My look", str.strip)
    return draft(name, chosen.split(","), faces, registry)


def _ask(question: str, default: str | None, checked: "Callable[[str], str]") -> str:
    """An answer that can be used; asked again until there is one."""
    from faceedit.errors import FaceEditError, UsageError

    while True:
        sys.stderr.write(f"{question}{f' [{default}]' if default else ''}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise UsageError("nobody answers", "name a preset with --from")
        try:
            return checked(line.strip() or default or "")
        except FaceEditError as error:
            complain(f"  {error}")


def _one_of(answer: str, known: list[str]) -> str:
    from faceedit.errors import UsageError
    from faceedit.labels import suggestion

    if answer not in known:
        raise UsageError(f'there is no "{answer}"', suggestion(answer, known))
    return answer


def _effects(answer: str, registry: "Registry") -> str:
    return ",".join(registry.effect(name.strip()).name for name in answer.split(","))


@recipes.command("check")
def recipe_check(
    recipe: Files,
    *,
    var: options.Variables = [],
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> None:
    """Find every mistake in recipes, with line and column."""
    from faceedit.errors import RecipeError
    from faceedit.recipe import load_recipe

    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    variables = dict(options.variables(var))
    good = True
    for path in recipe:
        try:
            loaded = load_recipe(path, registry, variables)
        except RecipeError as error:
            good = False
            complain(f"faceedit: {error}")
            continue
        outputs = f", {len(loaded.outputs)} outputs" if loaded.outputs else ""
        say(f"{path}: fine, {len(loaded.steps)} step(s){outputs}{', redacts' if loaded.redacts else ''}")
    raise typer.Exit(0 if good else RecipeError.exit_code)


@recipes.command("show")
def recipe_show(
    recipe: options.RecipePath,
    *,
    var: options.Variables = [],
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> None:
    """Print a recipe as it will be applied, with variables and defaults filled in, as JSON."""
    from faceedit.recipe import load_recipe

    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    loaded = load_recipe(recipe, registry, dict(options.variables(var)))
    say(json.dumps(loaded.resolved, indent=2, ensure_ascii=False))


@recipes.command("schema")
def recipe_schema(
    *,
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> None:
    """Print the JSON Schema of recipes, for editors that complete and check YAML."""
    from faceedit.recipe import recipe_schema as schema

    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    say(json.dumps(schema(registry), indent=2, ensure_ascii=False))


@recipes.command("upgrade")
def recipe_upgrade(recipe: Files) -> None:
    """Bring recipes of older format versions up to date, in place; comments stay."""
    from faceedit.images import write_atomic
    from faceedit.recipe import read_recipe_text, upgraded

    results = [(path, *upgraded(read_recipe_text(path), str(path))) for path in recipe]  # all are read before any
    for path, text, changes in results:
        if changes:
            write_atomic(path, text.encode())
        say(f"{path}: {'; '.join(changes) or 'up to date'}")


@recipes.command("lock")
@with_task
def recipe_lock(
    *,
    task: "Task",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="By default RECIPE with the suffix .lock.")
    ] = None,
) -> None:
    """Write down the model, plugins and libraries that a recipe works with; `apply --locked` holds them to it."""
    from faceedit.runner.locked import lock_path, write_lock

    path = output or lock_path(task.recipe)
    write_lock(task, path)
    say(f"{path} is written; hold a run to it: faceedit apply {task.recipe} PHOTOS -o out --locked")
