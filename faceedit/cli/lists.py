"""Commands that tell what is there: effects, recipe, plugins, models."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import training
from faceedit.cli.console import complain, say
from faceedit.cli.options import plugins_here

if TYPE_CHECKING:
    from faceedit.region import Effect
    from faceedit.registry import Registry

recipes = typer.Typer(help="Check recipes, and help to write them.", no_args_is_help=True)
plugins = typer.Typer(help="See the installed plugins.", no_args_is_help=True)
models = typer.Typer(help="List, fetch and choose models; train and evaluate your own.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(effects)
    app.add_typer(recipes, name="recipe")
    app.add_typer(plugins, name="plugins")
    app.add_typer(models, name="models")
    training.register(models)


def effects(name: Annotated[str, typer.Argument(help="One effect, with its options.")] = "") -> None:
    """List the effects that recipes can use, or explain one."""
    registry = plugins_here()
    if name:
        _explain(registry.effect(name), registry)
        return
    width = max(map(len, registry.effects), default=0)
    for each, effect in sorted(registry.effects.items()):
        say(f"{each:{width}}  {effect.doc.splitlines()[0]}")


def _explain(effect: "Effect", registry: "Registry") -> None:
    """All that a person who writes a recipe wants to know of one effect."""
    from faceedit.recipe import effect_options, example_step

    say(f"{effect.name} (on {effect.on}; from {registry.owner(effect.name)})\n\n{effect.doc}\n\nOptions:")
    for option in effect_options(effect, registry):
        default = "required" if option.required else f"default {json.dumps(option.default, ensure_ascii=False)}"
        say(f"  {option.name}: {option.description}{'; ' * bool(option.description)}{option.expected}; {default}")
    say(f"\nIn a recipe:\n\n{example_step(effect, registry)}")


@recipes.command("schema")
def recipe_schema() -> None:
    """Print the JSON Schema of recipes, for editors that complete and check YAML."""
    from faceedit.recipe import recipe_schema as schema

    say(json.dumps(schema(plugins_here()), indent=2, ensure_ascii=False))


@recipes.command("show")
def recipe_show(recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe file (YAML).")]) -> None:
    """Print a recipe as it will be applied, with variables and defaults filled in, as JSON."""
    from faceedit.recipe import load_recipe

    say(json.dumps(load_recipe(recipe, plugins_here()).resolved, indent=2, ensure_ascii=False))


@recipes.command("check")
def recipe_check(
    recipe: Annotated[list[Path], typer.Argument(metavar="RECIPE...", help="Recipe files (YAML).")],
) -> None:
    """Find every mistake in recipes, with line and column."""
    from faceedit.errors import RecipeError
    from faceedit.recipe import load_recipe

    registry = plugins_here()
    good = True
    for path in recipe:
        try:
            loaded = load_recipe(path, registry)
        except RecipeError as error:
            good = False
            complain(f"faceedit: {error}")
            continue
        say(f"{path}: fine, {len(loaded.steps)} step(s){', redacts' if loaded.redacts else ''}")
    raise typer.Exit(0 if good else RecipeError.exit_code)


@plugins.command("list")
def plugins_list(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List the installed plugins, what each offers, and why one is broken."""
    from faceedit.registry import Registry

    rows = [
        {
            "name": plugin.name,
            "distribution": plugin.distribution,
            "version": plugin.version,
            "hooks": list(plugin.hooks),
            "effects": [effect.name for effect in plugin.effects],
            "inspectors": [inspector.name for inspector in plugin.inspectors],
            "error": plugin.error,
        }
        for plugin in Registry.installed().plugins
    ]
    if as_json:
        say(json.dumps(rows, indent=2))
        return
    for row in rows:
        offers = ", ".join([*row["effects"], *row["inspectors"]]) or "nothing"
        state = f"BROKEN: {row['error']}" if row["error"] else offers
        say(f"{row['name']} ({row['distribution']} {row['version']}): {state}")


@models.command("list")
def models_list() -> None:
    """List the models known by name, and whether each can be used now."""
    from faceedit import models as store

    chosen = store.default()
    for model in store.known(plugins_here().segmenters):
        mark = "*" if model.name == chosen else " "
        say(f"{mark} {model.name}: {model.about}{'; ' + model.problem if model.problem else ''}")
    say("* is the default; change it with: faceedit models use NAME")


@models.command("use")
def models_use(name: Annotated[str, typer.Argument(help="lite, segformer-b5, owner/name, or a folder.")]) -> None:
    """Make a model the default."""
    from faceedit import models as store

    say(f"{name} is the default now (in {store.use(name, plugins_here().segmenters)})")


@models.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(help="segformer-b5 or owner/name on the hub.")],
    revision: Annotated[str, typer.Option(help="A commit or tag of the hub's repository.")] = "",
) -> None:
    """Fetch a model from the hub, once; the only command that uses the network."""
    from faceedit import models as store

    say(f"{name} is in {store.pull(name, revision or None)}")
