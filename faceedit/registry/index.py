"""What third parties' plugins offer, remembered by distribution and version, so that their code need not run to know.

A distribution that is new or has changed is listed once, in a process of its own that may hang or die. The list lies
in the user's cache folder; where that cannot be written, it is made anew each time.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from faceedit import __version__
from faceedit.registry.plugin import Listing

VERSION = 1
# Seconds that one plugin may take to be imported.
PATIENCE = 60.0
_MOST_FILES = 500
_CHILD = "import json, sys; sys.path[:] = json.loads(input()); from faceedit.registry import lister; lister.main()"


def listings(points: Sequence[metadata.EntryPoint]) -> list[Listing]:
    """What each entry point offers, from the cache or found out now."""
    if not points:
        return []
    path = cache_path()
    stored = _stored(path)
    keys = [_key(point) for point in points]
    fresh = {key: point for key, point in zip(keys, points, strict=True) if not _holds(stored.get(key))}
    if fresh:
        found = _listed(list(fresh.values()))
        here = _surroundings()
        stored |= {key: _entry(listing, here) for key, listing in zip(fresh, found, strict=True)}
        _store(path, stored)
    return [_listing(stored[key]) for key in keys]


def forget_broken() -> None:
    """Have plugins that could not be used tried again."""
    path = cache_path()
    stored = _stored(path)
    good = {key: entry for key, entry in stored.items() if not entry["listing"]["error"]}
    if len(good) < len(stored):
        _store(path, good)


def cache_path() -> Path:
    """Where the list lies."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "faceedit" / "plugins.json"


def _key(point: metadata.EntryPoint) -> str:
    """The same as long as neither the distribution nor its files change."""
    dist = point.dist
    about = [point.name, point.value, dist.name if dist else "", dist.version if dist else ""]
    return json.dumps([*about, hashlib.sha256(repr(_files(point)).encode()).hexdigest()[:16]])


def _files(point: metadata.EntryPoint) -> list[tuple[str, int, int]]:
    """The plugin's modules with their times and sizes, found without running any of them."""
    try:
        spec = importlib.util.find_spec(point.module.partition(".")[0])
    except (ImportError, ValueError, AttributeError):  # no such module, or a loaded one that says nothing of itself
        return []
    if spec is None:
        return []
    places = [Path(spec.origin)] if spec.has_location and spec.origin else []
    for folder in spec.submodule_search_locations or ():
        places += sorted(Path(folder).rglob("*.py"))[:_MOST_FILES]
    return [(str(place), *_stamp(place)) for place in places]


def _stamp(path: Path) -> tuple[int, int]:
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size


def _surroundings() -> str:
    """Changes when something is installed: what was broken for want of it is then tried again."""
    return hashlib.sha256(repr([(folder, *_stamp(Path(folder))) for folder in sys.path]).encode()).hexdigest()[:16]


def _holds(entry: Mapping[str, Any] | None) -> bool:
    return entry is not None and (not entry["listing"]["error"] or entry["surroundings"] == _surroundings())


def _entry(listing: Listing, surroundings: str) -> dict[str, Any]:
    return {"listing": asdict(listing), "surroundings": surroundings}


def _listing(entry: Mapping[str, Any]) -> Listing:
    fields = dict(entry["listing"])
    for name in ("hooks", "segmenters", "detectors", "embedders"):
        fields[name] = tuple(fields[name])
    fields["inspectors"] = {name: tuple(kinds) for name, kinds in fields["inspectors"].items()}
    return Listing(**fields)


def _stored(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] == [VERSION, __version__, sys.version]:
            return {key: _entry(_listing(entry), entry["surroundings"]) for key, entry in content["plugins"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # none, torn or strange: made anew
    return {}


def _store(path: Path, entries: Mapping[str, dict[str, Any]]) -> None:
    content = {"version": [VERSION, __version__, sys.version], "plugins": dict(list(entries.items())[-_MOST_FILES:])}
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # a folder that cannot be written costs time, nothing else
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(path)


def _listed(points: Sequence[metadata.EntryPoint]) -> list[Listing]:
    """What each offers, found out by running its code elsewhere; one that hangs or dies costs only itself."""
    found: list[Listing] = []
    while len(found) < len(points):
        rest = points[len(found) :]
        lines, end = _run(rest)
        found += [_listing({"listing": line}) for line in lines[: len(rest)]]
        if len(lines) < len(rest):
            found.append(Listing(error=f'"{rest[len(lines)].value}" cannot be imported: {end}'))
    return found


def _run(points: Sequence[metadata.EntryPoint]) -> tuple[list[Any], str]:
    """The listings that a new process made before its end, and how it ended."""
    asked = [json.dumps(sys.path), json.dumps([[point.name, point.value, point.group] for point in points])]
    command = [sys.executable, "-P", "-c", _CHILD]  # nothing in the current folder is a module
    given = "".join(f"{line}\n" for line in asked).encode()
    limit = PATIENCE * len(points)
    try:
        done = subprocess.run(  # noqa: S603 - this Python, with a constant program
            command, input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=limit, check=False
        )
        output, end = done.stdout, f"its process died (exit status {done.returncode})"
    except subprocess.TimeoutExpired as stopped:
        output, end = stopped.output or b"", f"no end within {limit:.0f} seconds"
    return list(_lines(output)), end


def _lines(output: bytes) -> Iterable[Any]:
    for line in output.splitlines(keepends=True):
        if line.endswith(b"\n"):  # else it was torn by the end
            yield json.loads(line)
