"""Commands for effects and for those who write them: effects, plugins list, new, check, guide."""

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

    say(f"{effect.name} (on {effect.parts({})}; from {registry.owner(effect.name)})\n\n{effect.doc}\n\nOptions:")
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
    from faceedit.testing.sheet import demand_own

    demand_own(output)
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

    from faceedit.registry import Registry
    from faceedit.testing.sheet import contact_sheet, save

    registry = Registry.installed(selected)
    effect = registry.effect(name)
    sheet = contact_sheet(name, registry, photo)
    save(sheet, output)
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
    if as_json:
        say(json.dumps([_row(plugin) for plugin in registry.plugins], indent=2))
        return
    for plugin in registry.plugins:
        offers = ", ".join(plugin.listing.names) or "nothing"
        say(f"{plugin.name} ({plugin}): {f'BROKEN: {plugin.error}' if plugin.error else offers}")
    for clash in registry.clashes:
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
    tried = {
        "effect": f"effects {names.word} --try photo.jpg -o sheet.png --watch    # draws again when you save",
        "inspector": "inspect photo.jpg",
        "segmenter": f"segment photo.jpg -o labels --model {names.dashed}",
        "detector": f"inspect photo.jpg --detector {names.dashed}",
    }
    python = _python()
    say(f'\ncd {folder} && {python} -m pip install -e ".[test]" && {python} -m pytest')
    say(f"faceedit {tried[kind]}")
    say(f"faceedit plugins check {names.distribution}    # what is wrong with it, and what to change")
    say("faceedit plugins guide    # a tutorial, and all that a plugin is handed")
    say(f"{python} -m pip wheel --no-deps .    # the file to publish")


def _python() -> str:
    """How this Python is called in the user's shell."""
    import shutil
    import sys

    found = shutil.which("python")
    return "python" if found and Path(found).parent == Path(sys.executable).parent else sys.executable


@plugins.command("guide")
def plugins_guide() -> None:
    """Print how to write plugins: a tutorial, and a reference of hooks, regions and the names of parts."""
    from faceedit.scaffold import guide

    say(guide())


@plugins.command("check")
def plugins_check(
    name: Annotated[
        str, typer.Argument(metavar="PATH|NAME", help="A Python file, a distribution's folder, or an installed plugin.")
    ],
) -> None:
    """Hold a plugin to the contract; each broken rule is told with what to change. Exit status 3 if there is one."""
    from faceedit.errors import SetupError
    from faceedit.testing.contract import problems

    found, offers = [], []
    for plugin in _plugins(name):
        said = problems(plugin.load)
        found += said
        offers += [] if said else plugin.load().listing().names
    for problem in found:
        say(str(problem))
    if not found:
        say(f"{name}: fine ({', '.join(offers)})")
    raise typer.Exit(SetupError.exit_code if found else 0)


def _plugins(name: str) -> "list[Plugin]":
    """The plugins of a file, of a distribution or its folder, of an entry point, or that offer an effect.

    Raises:
        UsageError: there is none.
    """
    from faceedit.errors import UsageError
    from faceedit.labels import suggestion
    from faceedit.registry import PluginFile, Registry
    from faceedit.scaffold import distribution_of

    path = Path(name)
    if path.is_file():
        return [PluginFile.read(path).unchecked()]
    wanted = distribution_of(path) if path.is_dir() else name
    found = Registry.installed().plugins
    matching = [each for each in found if wanted in (each.name, each.distribution, *each.listing.effects)]
    if not matching and path.is_dir():
        raise UsageError(f'"{wanted}" is not installed', f"{_python()} -m pip install -e {path}")
    if not matching:
        known = sorted({word for each in found for word in (each.name, each.distribution)})
        raise UsageError(f'no file and no plugin "{name}"', suggestion(name, known))
    return matching
