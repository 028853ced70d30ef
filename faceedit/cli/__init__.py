"""The command line. Heavy modules are imported within the commands, so that `--help` and completion stay quick."""

import sys
from typing import Annotated

import typer

from faceedit import __version__
from faceedit.cli import apply, doctor, lists, photos, planning, plugins, recipes, verify
from faceedit.cli.console import complain
from faceedit.errors import FaceEditError

# What Typer makes of a KeyboardInterrupt.
STOPPED = 130

app = typer.Typer(
    name="faceedit",
    help="Label every part of every face in your photos, and edit what the labels name.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
apply.register(app)
planning.register(app)
recipes.register(app)
photos.register(app)
verify.register(app)
plugins.register(app)
lists.register(app)
doctor.register(app)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"faceedit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Label every part of every face in your photos, and edit what the labels name."""


def main() -> None:
    """Run the command line; errors for users are one line and an exit code, everything else is a traceback."""
    try:
        app()
    except FaceEditError as error:
        complain(f"faceedit: {error}")
        sys.exit(error.exit_code)
    except SystemExit as stopped:
        if stopped.code == STOPPED:
            complain("faceedit: stopped; the same command goes on where it stopped")
        raise
