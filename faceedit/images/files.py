"""Bytes onto the disk, whole or not at all, and the temporary files that a killed run leaves behind."""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from faceedit.errors import PhotoError
from faceedit.stores import StorePath

_TEMPORARY = re.compile(r"\..*\.[0-9a-f]{16}\.faceedit-tmp", re.DOTALL)
_LONGEST_NAME = 255  # bytes, on every file system in common use


def shown(name: Path | str) -> str:
    """A file name fit for one line of a message: what cannot be printed becomes "?"."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(name))


def open_regular(path: Path | str) -> io.BufferedReader:
    """A file opened for reading. A pipe or a device is refused at once: opening one may wait, reading it never end.

    Raises:
        OSError: it cannot be opened, or is no file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    file = open(os.open(path, flags), "rb")  # noqa: PTH123, SIM115  a descriptor, closed by whoever asked
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is no file", str(path))
    return file


def write_atomic(path: Path | str, data: bytes, *, flush: bool = True) -> None:
    """Write `data` to `path` so that at any moment there is the old file or the whole new one.

    The bytes go to a temporary file in the same folder (`.NAME.<random>.faceedit-tmp`), are flushed to the disk, then
    renamed. The folder must exist. Without `flush` a power failure may leave an empty file: for what can be made anew.
    In a store the object is put as a whole.

    Raises:
        PhotoError: the disk is full, the folder is missing or may not be written; the temporary file is gone again.
    """
    try:
        if isinstance(path, StorePath):
            path.write_bytes(data)
            return
        path = Path(path)
        temporary = _temporary(path)
        try:
            _write_new(temporary, data, flush=flush)
            temporary.replace(path)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
    except OSError as error:
        raise PhotoError(f"{shown(path)}: cannot be written: {error.strerror or error}", _advice(error)) from error
    if flush:
        with contextlib.suppress(OSError):  # some network file systems flush no folders; the file itself is safe
            _flush_folder(path.parent)


@contextlib.contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """Where a large file can be written piece by piece, in the folder of `path`; afterwards nothing lies there.

    `settle` gives it its name. What a killed run leaves is deleted by `remove_leftovers`.
    """
    place = _temporary(path)
    try:
        yield place
    finally:
        with contextlib.suppress(OSError):
            place.unlink()


def settle(place: Path, path: Path) -> None:
    """Flush a finished file onto the disk and give it its name: at any moment there is the old file or the whole new.

    Raises:
        PhotoError: it cannot be done.
    """
    try:
        with place.open("rb+") as file:
            os.fsync(file.fileno())
        place.replace(path)
    except OSError as error:
        raise PhotoError(f"{shown(path)}: cannot be written: {error.strerror or error}", _advice(error)) from error
    with contextlib.suppress(OSError):  # some network file systems flush no folders; the file itself is safe
        _flush_folder(path.parent)


def remove_leftovers(folder: Path | str) -> list[Path]:
    """Delete the temporary files of runs that were killed, in `folder` and below; links are not followed.

    Returns the deleted paths. Not for a folder that another run writes to at this moment. Stores keep no such files.
    """
    removed: list[Path] = []
    if isinstance(folder, StorePath):
        return removed
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root, name)
            with contextlib.suppress(OSError):
                if _TEMPORARY.fullmatch(name) and stat.S_ISREG(path.lstat().st_mode):
                    path.unlink()
                    removed.append(path)
    return removed


def _temporary(path: Path) -> Path:
    ending = f".{secrets.token_hex(8)}.faceedit-tmp"
    room = _LONGEST_NAME - 1 - len(ending)
    stem = path.name
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return path.with_name(f".{stem}{ending}")


def _write_new(path: Path, data: bytes, *, flush: bool) -> None:
    # O_EXCL: nothing that lies there already is opened, no link is followed; the umask decides who may read.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o666), "wb") as file:  # noqa: PTH123  a descriptor, not a path
        file.write(data)
        if flush:
            file.flush()
            os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows keeps no separate folder to flush
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _advice(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "make the folder first"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "make room on the disk or choose another folder"
    if error.errno == errno.ENAMETOOLONG:
        return "give the photo a shorter name"
    return "choose another folder"
