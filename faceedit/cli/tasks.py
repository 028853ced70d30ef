"""The options that make a task of a recipe, for all commands that take one and run nothing."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from faceedit.cli import options

if TYPE_CHECKING:
    from faceedit.runner import Task


def _task(
    *,
    recipe: options.RecipePath,
    model: options.Model = "",
    device: options.Device = "auto",
    detector: options.DetectorName = "auto",
    threads: options.Threads = 0,
    backend: options.Backend = "torch",
    var: options.Variables = [],
    plugin: options.PluginFiles = [],
    no_plugins: options.NoPlugins = False,
    only_plugin: options.OnlyPlugins = [],
) -> "Task":
    from faceedit.runner import Engine, Task

    plugins = options.selection(plugin, none=no_plugins, only=only_plugin)
    engine = Engine(model, device, detector, threads, backend)
    return Task(recipe, Path(), options.variables(var), engine, plugins=plugins)


def with_task(command: Callable[..., None]) -> Callable[..., None]:
    """The command, whose parameter `task` is made of the recipe and the options that say how it is applied."""
    recipe, *shared = inspect.signature(_task).parameters.values()
    own = [each for each in inspect.signature(command).parameters.values() if each.name != "task"]

    def run(**given: Any) -> None:
        made = _task(**{each.name: given.pop(each.name) for each in (recipe, *shared)})
        command(task=made, **given)

    parameters = [recipe, *own, *shared]
    run.__doc__ = command.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run
