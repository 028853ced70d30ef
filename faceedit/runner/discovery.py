"""Which photos a command line means, and where in the output folder each belongs."""

import glob
import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.images import PICTURE_SUFFIXES


@dataclass(frozen=True)
class Input:
    """One photo: its path, the folder below the output folder that it goes to, and the input folder it was found in.

    `root` is None for a photo named by itself; `problem` says why a place cannot be read and `hint` what to do.
    A photo that came another way than from a file has its bytes as `content`, and `path` is only its name.
    """

    path: Path
    folder: Path = Path()
    root: Path | None = None
    problem: str = ""
    hint: str = "check its permissions"
    content: bytes | None = field(default=None, repr=False)

    @property
    def file(self) -> Path | bytes:
        """What is to be read."""
        return self.path if self.content is None else self.content

    @property
    def sha256(self) -> str:
        """The sha256 of the photo's bytes, in hexadecimal.

        Raises:
            OSError: the file cannot be read.
        """
        with io.BytesIO(self.content) if self.content is not None else self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def discover(arguments: Sequence[str]) -> list[Input]:
    """The photos that files, folders and glob patterns name, each once, in the order of the arguments.

    The tree of a single input folder is kept; with several inputs each folder keeps its name as root.
    Hidden files and links that leave an input folder are passed over.

    Raises:
        UsageError: an argument names nothing, or a folder holds no photo.
    """
    places = [place for argument in arguments for place in _places(argument)]
    if not places:
        raise UsageError("no photos named", "name files, folders or patterns such as 'photos/*.jpg'")
    several = len(places) > 1
    found: dict[Path, Input] = {}
    for place in places:
        for each in _in_folder(place, place.resolve().name if several else "") if place.is_dir() else [Input(place)]:
            found.setdefault(identity(each.path), each)
    return list(found.values())


def _places(argument: str) -> list[Path]:
    path = Path(argument)
    if os.path.lexists(path):
        return [path]
    if glob.has_magic(argument):
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]  # noqa: PTH207 - any root
        photos = [match for match in matches if match.is_file() and match.suffix.lower() in PICTURE_SUFFIXES]
        if photos:
            return photos
        raise UsageError(f'no photo matches "{argument}"', "check the pattern; ** stands for any folders")
    raise UsageError(f'there is no file or folder "{argument}"', "check the path")


def _in_folder(root: Path, name: str) -> list[Input]:
    inputs = list(_walk(root, Path(name)))
    if not inputs:
        raise UsageError(f'no photos in "{root}"', f"looked for {', '.join(sorted(PICTURE_SUFFIXES))}")
    return inputs


def _walk(root: Path, target: Path) -> Iterator[Input]:
    unreadable: list[OSError] = []
    home = root.resolve()
    for folder, subfolders, names in os.walk(root, onerror=unreadable.append):
        subfolders[:] = sorted(sub for sub in subfolders if not sub.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or path.suffix.lower() not in PICTURE_SUFFIXES:
                continue
            if path.is_symlink() and not identity(path).is_relative_to(home):
                continue
            yield Input(path, target / path.parent.relative_to(root), root)
    for error in unreadable:
        place = Path(error.filename or root)
        yield Input(place, target, root, problem=f"{place}: cannot be listed: {error.strerror}")


def identity(path: Path) -> Path:
    """The file that a path leads to, the same for all paths to it; a loop of links is itself."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop
        return path.absolute()
