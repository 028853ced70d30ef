"""Which photos a command line means, and where in the output folder each belongs."""

import glob
import hashlib
import io
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from faceedit.errors import UnreadablePhoto, UsageError
from faceedit.images import PICTURE_SUFFIXES, Limits, open_regular
from faceedit.stores import StorePath, is_address, reached
from faceedit.video import VIDEO_SUFFIXES


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

    def at_hand(self, limits: Limits) -> "Input":
        """The same with its content, if it lies in a store; what keeps it from being fetched is its `problem`."""
        if not isinstance(self.path, StorePath) or self.content is not None or self.problem:
            return self
        if self.path.suffix.lower() in VIDEO_SUFFIXES:
            return replace(self, problem=f"{self.path}: is a video, and lies in a store", hint="copy it to a folder")
        try:
            if self.path.stat().st_size > limits.megabytes * 1e6:
                return replace(self, problem=f"{self.path}: is larger than {limits.megabytes:g} MB", hint="")
            return replace(self, content=self.path.read_bytes())
        except OSError as error:
            return replace(self, problem=f"{self.path}: cannot be fetched: {error.strerror}", hint="try again")

    def fetched(self, limits: Limits) -> Path | bytes:
        """What is to be read, brought here if it lies in a store.

        Raises:
            UnreadablePhoto: it cannot be read, or not be brought.
        """
        there = self.at_hand(limits)
        if there.problem:
            raise UnreadablePhoto(there.problem, there.hint)
        return there.file

    @property
    def sha256(self) -> str:
        """The sha256 of the photo's bytes, in hexadecimal.

        Raises:
            OSError: the file cannot be read, or is none.
        """
        with io.BytesIO(self.content) if self.content is not None else open_regular(self.path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def discover(arguments: Sequence[str], *, videos: bool = False) -> list[Input]:
    """The photos that files, folders, glob patterns and addresses in stores name, each once, in the order given.

    The tree of a single input folder is kept; with several inputs each folder keeps its name as root.
    Hidden files are passed over, and so are videos, unless they are wanted. A link that leaves an input folder is not
    followed: it has a `problem`.

    Raises:
        UsageError: an argument names nothing, or a folder holds no photo.
    """
    wanted = PICTURE_SUFFIXES | VIDEO_SUFFIXES if videos else PICTURE_SUFFIXES
    places = [place for argument in arguments for place in _places(argument, wanted)]
    if not places:
        raise UsageError("no photos named", "name files, folders or patterns such as 'photos/*.jpg'")
    several = len(places) > 1
    found: dict[Path, Input] = {}
    barred = []
    for place in places:
        name = place.resolve().name if several and place.is_dir() else ""
        for each in _in_folder(place, name, wanted) if place.is_dir() else [Input(place)]:
            if each.problem:
                barred.append(each)
            else:
                found.setdefault(identity(each.path), each)
    named = found.keys() | {identity(place) for place in places}  # what links lead to may have been named as well
    return [*found.values(), *(each for each in barred if identity(each.path) not in named or not _leads(each.path))]


def _leads(path: Path) -> bool:
    return not isinstance(path, StorePath) and path.is_symlink()


def _places(argument: str, wanted: Collection[str]) -> list[Path]:
    if is_address(argument):
        return [reached(argument)]
    path = Path(argument)
    if os.path.lexists(path):
        return [path]
    if glob.has_magic(argument):
        matches = [Path(match) for match in sorted(glob.glob(argument, recursive=True))]  # noqa: PTH207 - any root
        photos = [match for match in matches if match.is_file() and match.suffix.lower() in wanted]
        if photos:
            return photos
        raise UsageError(f'no photo matches "{argument}"', "check the pattern; ** stands for any folders")
    raise UsageError(f'there is no file or folder "{argument}"', "check the path")


def _in_folder(root: Path, name: str, wanted: Collection[str]) -> list[Input]:
    below = Path(name)
    inputs = list(_in_store(root, below, wanted) if isinstance(root, StorePath) else _walk(root, below, wanted))
    if not inputs:
        raise UsageError(f'no photos in "{root}"', f"looked for {', '.join(sorted(wanted))}")
    return inputs


def _walk(root: Path, target: Path, wanted: Collection[str]) -> Iterator[Input]:
    unreadable: list[OSError] = []
    home = root.resolve()
    for folder, subfolders, names in os.walk(root, onerror=unreadable.append):
        subfolders[:] = sorted(sub for sub in subfolders if not sub.startswith("."))
        links = [name for name in subfolders if Path(folder, name).is_symlink()]  # which nobody follows
        pictures = sorted(name for name in names if name[0] != "." and Path(name).suffix.lower() in wanted)
        for path in (Path(folder, name) for name in [*pictures, *links]):
            where = target / path.parent.relative_to(root)
            if path.is_symlink() and not identity(path).is_relative_to(home):
                yield Input(path, where, root, f"{path}: is a link out of the folder", "name what it leads to as well")
            elif path.name not in links:
                yield Input(path, where, root)
    for error in unreadable:
        place = Path(error.filename or root)
        yield Input(place, target, root, problem=f"{place}: cannot be listed: {error.strerror}")


def _in_store(root: StorePath, target: Path, wanted: Collection[str]) -> Iterator[Input]:
    try:
        for name in root.below():
            path = Path(name)
            if path.suffix.lower() not in wanted or path.as_posix().startswith(".") or "/." in name:
                continue
            if path.as_posix() != name or path.is_absolute() or path.drive:  # "a//b.jpg", which no file can be called
                odd = root / quote(name, safe="")
                yield Input(odd, target, root, f"{odd}: is no name of a file", "copy it to another name")
            else:
                yield Input(root / name, target / path.parent, root)
    except OSError as error:
        raise UsageError(f'"{root}" cannot be listed: {error.strerror}', "check what this machine may do") from error


def identity(path: Path) -> Path:
    """The file that a path leads to, the same for all paths to it; a loop of links is itself."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop
        return path.absolute()
