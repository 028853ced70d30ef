"""What another machine needs to do photos as this one would: the task, the small files that it reads, the people that
it keeps, and what must be the same there.

Models, plugins that are installed, and photos in folders are not sent: these have to be there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceedit import __version__, models
from faceedit.errors import SetupError
from faceedit.identity import People
from faceedit.registry import PluginFile
from faceedit.runner import Task
from faceedit.runner.locked import versions

# What `People` holds but for what tells people apart, which each machine makes anew.
Named = tuple[tuple[str, ...], NDArray[np.float32], tuple[int, ...]]


@dataclass(frozen=True)
class Kit:
    """A task for other machines: `files` by their path here, `people` step by step, `same` what must be as it is."""

    task: Task
    files: Mapping[str, bytes]
    people: tuple[Named, ...]
    same: Mapping[str, str]

    @classmethod
    def of(cls, task: Task, threads: int, device: str) -> "Kit":
        """The kit for a task, to be done with so many threads on such a device.

        Raises:
            FaceEditError: something that the task needs is not on this machine.
        """
        recipe = task.loaded
        paths = [*recipe.sources, *(str(file.path) for file in task.plugins.files)]
        files = {os.path.abspath(path): Path(path).read_bytes() for path in paths}  # noqa: PTH100 - without links
        kept = [task.people[step.keep] for step in recipe.steps if step.keep]
        people = [(each.names, each.vectors, each.owners) for each in kept]
        name = task.engine.model or recipe.model or models.default()
        engine = replace(task.engine, model=name, threads=threads, device=device)
        return cls(replace(task, engine=engine), files, tuple(people), _same(task))

    def unpacked(self, home: Path) -> Task:
        """The task on this machine, its files laid below `home` as they lay where they came from.

        Raises:
            SetupError: what would make other files of photos than there is named.
            FaceEditError: something that the task needs is not on this machine.
        """
        for path, content in self.files.items():
            place = _below(home, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        plugins = [PluginFile(_below(home, str(each.path)), each.sha256) for each in self.task.plugins.files]
        selection = replace(self.task.plugins, files=tuple(plugins))
        task = replace(self.task, recipe=_below(home, str(self.task.recipe)), plugins=selection)
        self._bring_people(task)
        self._refuse_differences(task)
        return task

    def _bring_people(self, task: Task) -> None:
        # In place of reading the folders of people, which stay where they are.
        kept = [step.keep for step in task.loaded.steps if step.keep]
        embedder = models.embedder(task.showing.embedder, task.registry) if kept else None
        vars(task)["people"] = {
            folder: People(embedder, *people) for folder, people in zip(kept, self.people, strict=True) if embedder
        }

    def _refuse_differences(self, task: Task) -> None:
        here = _same(task)
        told = [
            f"{key} {here.get(key, 'missing')} instead of {self.same.get(key, 'none')}"
            for key in dict.fromkeys([*self.same, *here])
            if here.get(key) != self.same.get(key)
        ]
        if told:
            raise SetupError("; ".join(told), "install the same on all machines")


def _below(home: Path, path: str) -> Path:
    return home.joinpath(*Path(os.path.abspath(path)).parts[1:])  # noqa: PTH100 - without links


def _same(task: Task) -> dict[str, str]:
    """What decides about the bytes of a photo's outputs, but for the kind of processor."""
    plugins = {f"plugin {each.distribution}": each.version for each in task.registry.plugins if not each.error}
    people = {f"people {index}": each.digest for index, each in enumerate(task.people.values(), 1)}
    basis = {"faceedit": __version__, "model": task.model.sha256, "recipe": task.loaded.digest}
    return {key: value[:20] for key, value in (basis | plugins | people | dict(versions())).items()}
