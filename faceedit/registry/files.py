"""Plugins of one file, named on the command line: no packaging, no installation."""

import hashlib
import importlib.util
import sys
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Self

from faceedit import guard
from faceedit.errors import FaceEditError, PluginLoadError
from faceedit.registry.loading import offers_of
from faceedit.registry.plugin import Offers, Plugin


@dataclass(frozen=True)
class PluginFile:
    """A Python file with hooks, and the sha256 that it had when the run began."""

    path: Path
    sha256: str

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file as it is now.

        Raises:
            PluginLoadError: there is no such file.
        """
        return cls(path.resolve(), hashlib.sha256(_content(path)).hexdigest())

    def plugin(self) -> Plugin:
        """The plugin, its code run.

        Raises:
            PluginLoadError: the code fails or breaks the contract, or the file has changed since the run began.
        """
        try:
            offers = _offers(self)
        except PluginLoadError as error:
            raise PluginLoadError(f'the plugin "{self.path}" cannot be used: {error}') from error
        return replace(self.unchecked(), listing=offers.listing(), load=lambda: offers)

    def unchecked(self) -> Plugin:
        """The plugin, its code not run yet."""
        return Plugin(
            self.path.stem,
            self.path.name,
            self.sha256[:12],
            load=partial(_offers, self),
            file=str(self.path),
            sha256=self.sha256,
        )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PluginLoadError(f'the plugin "{path}" cannot be read: {error.strerror}', "name a Python file") from error


def _offers(file: PluginFile) -> Offers:
    content = _content(file.path)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise PluginLoadError("it has changed since the run began", "give the command again")
    try:
        module = guard.call(0, _module, file, content)
    except (guard.Fault, FaceEditError) as error:
        raise PluginLoadError(f"it cannot be imported: {error}") from error
    return offers_of(module)


def _module(file: PluginFile, content: bytes) -> ModuleType:
    """The module made of a file's content; as `import` does it, but never from a cache."""
    name = f"faceedit_file_{file.sha256[:12]}"
    spec = importlib.util.spec_from_file_location(name, file.path)
    if spec is None:
        raise PluginLoadError(f'"{file.path.name}" is no Python file', "its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where names in annotations are looked up
    exec(compile(content, file.path, "exec"), module.__dict__)  # noqa: S102 - running the named file is the point
    return module
