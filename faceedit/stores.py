"""Folders and photos in object stores, by fsspec: `s3://bucket/folder`, `gs://...`, `az://...`, used as paths are.

A store puts an object whole or not at all. Credentials are looked for by the store's own library, in the environment,
its configuration files and the machine's role; addresses and messages hold none.
"""

import contextlib
import datetime
import errno
import functools
import importlib
import io
import mimetypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from faceedit.errors import SetupError, UsageError

# What brings a store to fsspec, how it is installed, and how it calls the type of what an object holds.
LIBRARIES = {
    "s3": ("s3fs", "faceedit[s3]", "ContentType"),
    "gs": ("gcsfs", "faceedit[gs]", "content_type"),
    "az": ("adlfs", "faceedit[az]", ""),
}
_HINT = "check the address, and what this machine may do there"
# Seconds; a store that does not answer is no reason to wait for minutes.
_PATIENCE = {"connect_timeout": 10, "read_timeout": 60, "retries": {"max_attempts": 3}}

# The class of paths on this system, of which Python before 3.12 lets nobody inherit by its plain name.
if TYPE_CHECKING:
    _Path = Path
else:
    _Path = type(Path())


class StorePath(_Path):
    """A folder or object in a store. It has as much of a path as faceedit uses; the operating system refuses it."""

    __slots__ = ()

    def __str__(self) -> str:
        scheme, *rest = self.parts or ("",)
        return "/".join([f"{scheme}/", *rest])

    def __fspath__(self) -> NoReturn:
        raise OSError(errno.ENOTSUP, "it lies in a store", str(self))

    @property
    def key(self) -> str:
        """Bucket and name, as fsspec wants them."""
        return "/".join(self.parts[1:])

    @property
    def filesystem(self) -> Any:
        """The store.

        Raises:
            SetupError: its library is not installed.
        """
        return _filesystem(self.parts[0].removesuffix(":"))

    @property
    def parents(self) -> tuple[Self, ...]:
        """The folders above, up to the bucket."""
        return tuple(each for each in super().parents if len(each.parts) > 1)

    def relative_to(self, *other: Any, **more: Any) -> Path:  # type: ignore[override]  # a plain path, no address
        """The way from a folder to this: a plain path."""
        return Path(*super().relative_to(*other, **more).parts)

    def resolve(self, strict: bool = False) -> Self:  # noqa: ARG002 - as every path has it
        """Itself: stores have no links."""
        return self

    def absolute(self) -> Self:
        """Itself."""
        return self

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002 - as every path has it
        """Kind, size and time of the last change, as far as the store tells."""
        about = self._about()
        seconds = _seconds(about)
        kind = stat.S_IFDIR if about["type"] == "directory" else stat.S_IFREG
        return os.stat_result((kind, 0, 0, 1, 0, 0, about.get("size") or 0, seconds, seconds, seconds))

    def exists(self, **_more: Any) -> bool:
        """Whether an object has this name, or names that begin with it as with a folder's."""
        try:
            self._about()
        except FileNotFoundError:
            return False
        return True

    def is_file(self, **_more: Any) -> bool:
        """Whether an object has this name."""
        return self._is("file")

    def is_dir(self, **_more: Any) -> bool:
        """Whether it is a bucket, or names of objects begin with it as with a folder's."""
        return self._is("directory")

    def is_symlink(self) -> bool:
        """Stores have no links."""
        return False

    def open(self, mode: str = "r", *_arguments: Any, **_more: Any) -> IO[Any]:  # type: ignore[override]  # reads only
        """The whole object, for reading."""
        if set(mode) - set("rb"):
            raise OSError(errno.ENOTSUP, "an object in a store is written as a whole", str(self))
        return io.BytesIO(self.read_bytes()) if "b" in mode else io.StringIO(self.read_text("utf-8"))

    def read_bytes(self) -> bytes:
        """The bytes of an object."""
        with _told(self):
            content: bytes = self.filesystem.cat_file(self.key)
            return content

    def read_text(self, encoding: str | None = None, errors: str | None = None, **_more: Any) -> str:
        """The text of an object."""
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def write_bytes(self, data: Any) -> int:
        """Put an object: its name leads to the old one or the whole new one at any moment."""
        kind, naming = mimetypes.guess_type(self.name)[0], LIBRARIES[self.parts[0].removesuffix(":")][2]
        with _told(self):
            self.filesystem.pipe_file(self.key, bytes(data), **({naming: kind} if kind and naming else {}))
        return len(data)

    def touch(self, *_arguments: Any, **_more: Any) -> None:
        """Put an empty object."""
        self.write_bytes(b"")

    def unlink(self, missing_ok: bool = False) -> None:
        """Delete an object."""
        with contextlib.suppress(FileNotFoundError) if missing_ok else contextlib.nullcontext(), _told(self):
            self.filesystem.rm_file(self.key)

    def mkdir(self, *_arguments: Any, **_more: Any) -> None:
        """Nothing: a folder is there as soon as an object is in it."""

    def below(self) -> Iterator[str]:
        """The names of all objects in a folder and its subfolders, sorted, relative to it."""
        yield from sorted(name for name, _ in self.changes())

    def changes(self) -> Iterator[tuple[str, float]]:
        """The names of all objects in a folder and its subfolders, and when each was last changed."""
        with _told(self):
            found: dict[str, dict[str, Any]] = self.filesystem.find(self.key, detail=True)
        root = f"{self.key}/"
        yield from (
            (name.removeprefix(root), _seconds(about)) for name, about in found.items() if name.startswith(root)
        )

    def fingerprint(self) -> str:
        """What changes whenever the object does: the store's own tag, or its size and time."""
        about = self._about()
        return str(about.get("ETag") or about.get("etag") or (about.get("size"), self.stat().st_mtime))

    def _about(self) -> dict[str, Any]:
        with _told(self):
            about: dict[str, Any] = self.filesystem.info(self.key)
            return about

    def _is(self, kind: str) -> bool:
        try:
            return bool(self._about()["type"] == kind)
        except OSError:  # also where the store does not tell
            return False


def _seconds(about: dict[str, Any]) -> float:
    """When an object was last changed, in seconds since 1970; each store calls that otherwise."""
    changed = next((about[key] for key in ("LastModified", "updated", "last_modified") if key in about), None)
    if isinstance(changed, str):
        changed = datetime.datetime.fromisoformat(changed)
    return float(changed.timestamp()) if changed else 0.0


def is_address(text: str) -> bool:
    """Whether a text is the address of a store."""
    return text.partition("://")[0] in LIBRARIES and "://" in text


def located(text: str) -> Path:
    """A path on this machine, or an address in a store.

    Raises:
        UsageError: the address holds what is not part of one.
    """
    if not is_address(text):
        return Path(text)
    place = text.partition("://")[2]
    if not place.partition("/")[0] or "@" in place.partition("/")[0] or {".", ".."} & set(place.split("/")):
        scheme = text.partition("://")[0]
        raise UsageError(f"this is no address in a store: {scheme}://...", f"write {scheme}://bucket/folder")
    return StorePath(text)


def lies(path: Path) -> bool:
    """Whether anything lies at a path, be it a link that leads nowhere."""
    return path.exists() if isinstance(path, StorePath) else os.path.lexists(path)


def reached(text: str) -> StorePath:
    """The address of an object or folder that is there.

    Raises:
        UsageError: it is not, or this machine may not look at it.
        SetupError: the store's library is not installed.
    """
    path = located(text)
    if not isinstance(path, StorePath):
        raise UsageError(f'"{text}" is no address in a store', "write s3://bucket/folder")
    try:
        there = path.exists()
    except OSError as error:
        raise UsageError(f'"{path}" cannot be looked at: {error.strerror}', _HINT) from error
    if not there:
        raise UsageError(f'there is nothing at "{path}"', "check the bucket's name and the folder's")
    return path


@functools.cache
def _filesystem(scheme: str) -> Any:
    library, package, _ = LIBRARIES[scheme]
    try:
        fsspec = importlib.import_module("fsspec")
        importlib.import_module(library)
    except ImportError as error:
        raise SetupError(f"{scheme}:// needs {library}", f"pip install {package}") from error
    # In one piece: photos are small, and asking for their size first would be one more request.
    more = {"config_kwargs": _PATIENCE, "max_concurrency": 1} if scheme == "s3" else {}
    # What another machine has just put must be seen, so nothing is answered from memory.
    return fsspec.filesystem(scheme, use_listings_cache=False, **more)


@contextlib.contextmanager
def _told(path: StorePath) -> Iterator[None]:
    """Whatever the store's library raises, as an OSError that says what it was and nothing that may be secret."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "there is no such bucket, folder or object", str(path)) from None
    except PermissionError:
        raise PermissionError(errno.EACCES, "the store does not allow it", str(path)) from None
    except SetupError:
        raise
    except Exception as error:  # the boundary: each library has errors of its own, and texts that may hold an address
        kind = type(error).__name__
        if "Credential" in kind or "Token" in kind:
            raise PermissionError(errno.EACCES, f"no credentials that the store takes ({kind})", str(path)) from None
        if "Connect" in kind or "Timeout" in kind:
            raise OSError(errno.EHOSTUNREACH, f"the store cannot be reached ({kind})", str(path)) from None
        raise OSError(errno.EIO, f"the store does not answer as it should ({kind})", str(path)) from None
