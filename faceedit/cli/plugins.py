"""Commands for effects and for those who write them: effects, plugins list, new, check."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from faceedit.cli import options
from faceedit.cli.console import complain, say

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from faceedit.photo import Photo
    from faceedit.region import Effect
    from faceedit.registry import Plugin, Registry, Selection

plugins = typer.Typer(help="See the installed plugins; begin a new one and check it.", no_args_is_help=True)

KindName = Literal["effect", "inspector", "segmenter", "detector"]
# Seconds between two looks at the files that --watch watches.
POLL = 0.3
LicenseName = Literal["MIT", "Apache-2.0", "BSD-3-Clause", "none"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(effects)
    app.add_typer(plugins, name="plugins")


def effects(
    name: Annotated[str, typer.Argument(help="One effect, with its options.")] = "",
    *,
    attempt: Annotated[
        Path | None,
        typer.Option("--try", metavar="PHOTO", help="Draw the effect on a photo, over its options' values."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where --try puts its picture.")] = Path("sheet.png"),
    watch: Annotated[
        bool, typer.Option("--watch", help="With --try: draw again whenever the plugin's file changes.")
    ] = False,
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> None:
    """List the effects that recipes can use, explain one, or draw it on a photo: --try photo.jpg -o sheet.png."""
    from faceedit.errors import UsageError

    if (attempt or watch) and not (name and attempt):
        raise UsageError("--try and --watch draw one effect on a photo", "faceedit effects NAME --try photo.jpg")
    if attempt:
        selected = partial(options.selection, plugin, none=no_plugins, only=only_plugin)
        _try(name, attempt, output, selected, watch=watch)
        return
    registry = options.plugins_here(plugin, none=no_plugins, only=only_plugin)
    if name:
        _explain(registry.effect(name), registry)
        return
    width = max(map(len, registry.effects), default=0)
    docs = {each: registry.effects.owner(each).listing.effects[each] for each in sorted(registry.effects)}
    for each, doc in docs.items():
        say(f"{each:{width}}  {doc.splitlines()[0]}")


def _explain(effect: "Effect", registry: "Registry") -> None:
    """All that a person who writes a recipe wants to know of one effect."""
    from faceedit.recipe import effect_options, example_step

    say(f"{effect.name} (on {effect.on}; from {registry.owner(effect.name)})\n\n{effect.doc}\n\nOptions:")
    for option in effect_options(effect, registry):
        default = "required" if option.required else f"default {json.dumps(option.default, ensure_ascii=False)}"
        say(f"  {option.name}: {option.description}{'; ' * bool(option.description)}{option.expected}; {default}")
    say(f"\nIn a recipe:\n\n{example_step(effect, registry)}")


def _try(name: str, path: Path, output: Path, selected: "Callable[[], Selection]", *, watch: bool) -> None:
    """Draw an effect on a photo, once or each time its file changes; until then what fails is only said.

    Raises:
        FaceEditError: it cannot be drawn, and nobody watches.
    """
    from faceedit.errors import FaceEditError

    photo = _photo(path)
    place: Path | None = None
    while True:
        try:
            place = _draw(name, photo, output, selected())
            say(f"{output}: {name}, before and after")
        except FaceEditError as error:
            if not watch:
                raise
            complain(f"faceedit: {error}")
        files = [file.path for file in selected().files] + ([place] if place else [])
        if not watch or not files:
            return
        wait_for_change(files)


def _photo(path: Path) -> "Photo":
    from faceedit import images
    from faceedit.detection import Search
    from faceedit.errors import UsageError
    from faceedit.runner import Engine, finder

    photo = finder(Engine(), options.plugins_here(), Search())(images.read(path))
    if not photo.faces:
        raise UsageError(f'no face was found in "{path}"', "try it on another photo")
    return photo


def _draw(name: str, photo: "Photo", output: Path, selected: "Selection") -> Path:
    """Draw the effect as its file is now, and return that file."""
    import inspect
    import sys

    from faceedit.errors import UsageError
    from faceedit.registry import Registry
    from faceedit.testing.sheet import contact_sheet

    registry = Registry.installed(selected)
    effect = registry.effect(name)
    sheet = contact_sheet(name, registry, photo)
    try:
        sheet.save(output)
    except (OSError, ValueError) as error:
        raise UsageError(f'"{output}" cannot be written: {error}', "write -o sheet.png") from error
    if not registry.owner(name).at_hand:
        sys.modules.pop(effect.function.__module__, None)  # so that the next drawing runs the file anew
    return Path(inspect.getfile(inspect.unwrap(effect.function)))


def wait_for_change(files: "list[Path]") -> None:
    """Return once one of the files has been written."""
    import time

    def stamps() -> list[float]:
        return [path.stat().st_mtime if path.exists() else 0.0 for path in files]

    before = stamps()
    while stamps() == before:
        time.sleep(POLL)


@plugins.command("list")
def plugins_list(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> None:
    """List the installed plugins, what each offers, and why one is broken; tries the broken ones again."""
    from faceedit.registry import Registry, forget_broken

    forget_broken()
    registry = Registry.installed(options.selection([], none=no_plugins, only=only_plugin))
    clashes = [str(clash) for clash in registry.clashes]
    rows = [_row(plugin) for plugin in registry.plugins]
    if as_json:
        say(json.dumps(rows, indent=2))
        return
    for row in rows:
        kinds = ("effects", "inspectors", "segmenters", "detectors", "embedders")
        offers = ", ".join(name for kind in kinds for name in row[kind]) or "nothing"
        state = f"BROKEN: {row['error']}" if row["error"] else offers
        say(f"{row['name']} ({row['distribution']} {row['version']}): {state}")
    for clash in clashes:
        say(f"CLASH: {clash}")


def _row(plugin: "Plugin") -> "dict[str, Any]":
    listing = plugin.listing
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": "broken" if plugin.error else "works",
        "error": plugin.error,
        "api": listing.api,
        "hooks": list(listing.hooks),
        "effects": list(listing.effects),
        "inspectors": list(listing.inspectors),
        "segmenters": list(listing.segmenters),
        "detectors": list(listing.detectors),
        "embedders": list(listing.embedders),
    }


@plugins.command("new")
def plugins_new(
    name: Annotated[str, typer.Argument(help="Such as sparkle: makes the distribution faceedit-sparkle.")],
    *,
    kind: Annotated[KindName, typer.Option(help="What it offers.")] = "effect",
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where; by default ./faceedit-NAME.")] = None,
    terms: Annotated[LicenseName, typer.Option("--license", help="Its licence.")] = "MIT",
    author: Annotated[str, typer.Option(help="Who the licence names.")] = "",
) -> None:
    """Begin a plugin: a distribution ready to publish, with one module and tests that pass."""
    from faceedit.scaffold import Names, create

    names = Names.of(name, kind, options.plugins_here())
    folder = out or Path(names.distribution)
    for path in create(names, kind, folder, terms, author):
        say(str(path))
    say(f'\ncd {folder} && pip install -e ".[test]" && pytest')
    if kind == "effect":
        say("python -m pydoc faceedit.Region    # what the effect is handed")
        say(f"faceedit effects {names.word} --try photo.jpg -o sheet.png --watch    # draws again when you save")


@plugins.command("check")
def plugins_check(
    name: Annotated[str, typer.Argument(metavar="PATH|NAME", help="A Python file, or an installed plugin.")],
) -> None:
    """Hold a plugin to the contract; each broken rule is told with what to change. Exit status 3 if there is one."""
    from faceedit.errors import SetupError
    from faceedit.testing.contract import problems

    plugin = _plugin(name)
    found = problems(plugin.load)
    for problem in found:
        say(str(problem))
    if not found:
        offers = plugin.load().listing()
        say(f"{name}: fine ({', '.join([*offers.effects, *offers.inspectors, *offers.segmenters, *offers.detectors])})")
    raise typer.Exit(SetupError.exit_code if found else 0)


def _plugin(name: str) -> "Plugin":
    """The plugin of a file, of an entry point, of a distribution, or that offers an effect.

    Raises:
        UsageError: there is none.
    """
    from faceedit.errors import UsageError
    from faceedit.labels import suggestion
    from faceedit.registry import PluginFile, Registry

    if Path(name).is_file():
        return PluginFile.read(Path(name)).unchecked()
    found = Registry.installed().plugins
    matching = [each for each in found if name in (each.name, each.distribution, *each.listing.effects)]
    if not matching:
        known = [word for each in found for word in (each.name, each.distribution)]
        raise UsageError(f'no file and no plugin "{name}"', suggestion(name, known))
    return matching[0]
