"""Commands on models."""

from typing import Annotated

import typer

from faceedit.cli import calibration, options, training
from faceedit.cli.console import say

models = typer.Typer(help="List, fetch and choose models; train and evaluate your own.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(models, name="models")
    training.register(models)
    calibration.register(models)


@models.command("list")
def models_list() -> None:
    """List the models known by name, and whether each can be used now."""
    from faceedit import models as store

    chosen = store.default()
    for model in store.known(options.plugins_here().segmenters):
        mark = "*" if model.name == chosen else " "
        say(f"{mark} {model.name}: {model.about}{'; ' + model.problem if model.problem else ''}")
    say("* is the default; change it with: faceedit models use NAME")


@models.command("use")
def models_use(name: Annotated[str, typer.Argument(help="lite, segformer-b5, owner/name, or a folder.")]) -> None:
    """Make a model the default."""
    from faceedit import models as store

    say(f"{name} is the default now (in {store.use(name, options.plugins_here().segmenters)})")


@models.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument(help="segformer-b5 or owner/name on the hub.")],
    revision: Annotated[str, typer.Option(help="A commit or tag of the hub's repository.")] = "",
) -> None:
    """Fetch a model from the hub, once; the only command that uses the network."""
    from faceedit import models as store

    say(f"{name} is in {store.pull(name, revision or None)}")
