"""What a run says about itself: one entry a photo, report.json around them, and review.json for what wants a look.

report.json, version 1: `version`, `recipe` (name, path, sha256), `model` (name, sha256), `plugins` (distribution,
version; sha256 of one given as a file), `left_over` (paths of what earlier runs wrote into the folder, and this one did
not write again) and `photos`, one object a photo with the fields of `Entry`. A photo that was redacted has an `audit`:
`input_sha256`; `outputs`, a list of `path` and `sha256`; `covered` and `left`, boxes of the
faces that were hidden and of those that the recipe leaves; `coverage`, the hidden share of the photo; `rounds`, how
often it was edited until the second look found nothing; `checks`, a list of `check`, `passed` and `result`;
`kept`, where there is a keep-list: `box`, `person` (a number, or a name if names were asked for) and `score`, how like
the two faces are; and `decision`, where somebody reviewed the photo: `boxes` or `faceless`, `time` and `user`.
A video has a `video`: `width`, `height`, `frames`, `seconds`, `fps`, `shots`; `tracks`, a list of `face`, `from` and
`to` as timecodes; and `rounds` where it was redacted. Its `faces` are people, with the box where each is first seen.
review.json, version 1: `version` and `photos`, one object with `photo`, `reason` and `action` for each that was
withheld, and `preview`, the path of a small picture of it in the output folder, where originals were asked for.
Neither holds a pixel.
"""

import itertools
import json
import math
import os
import tempfile
import weakref
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, overload

import numpy as np

from faceedit.errors import FaceEditError, Withheld
from faceedit.images import write_atomic
from faceedit.photo import Face, Finding, Model
from faceedit.registry import Registry

VERSION = 1
REPORT = "report.json"
REVIEW = "review.json"
Status = Literal["done", "skipped", "review", "failed"]


@dataclass(frozen=True)
class Entry:
    """What happened to one photo. Paths are as the user may open them; `seconds` is wall time.

    `action` is what the user may do where the photo was not done.
    """

    photo: str
    status: Status
    outputs: list[str] = field(default_factory=list)
    error: str = ""
    faces: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    action: str = ""
    audit: dict[str, Any] = field(default_factory=dict)
    video: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_error(cls, photo: Path, error: FaceEditError, *, redacts: bool = False) -> Self:
        """An entry for a photo that failed; under a redacting recipe every failure wants a look."""
        status: Status = "review" if redacts or isinstance(error, Withheld) else "failed"
        return cls(str(photo), status, error=str(error), action=error.hint)

    def timed(self, seconds: float) -> Self:
        """The same entry with its wall time."""
        return replace(self, seconds=round(seconds, 3))


class Entries(Sequence[Entry]):
    """Entries in the order in which they were added. They lie in a temporary file: a run may have many."""

    left_over: Sequence[str] = ()  # paths of what earlier runs wrote, and this one neither wrote nor replaced

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when nobody holds the entries any more
        weakref.finalize(self, self._file.close)
        self._starts = array("q")
        for entry in entries:
            self.append(entry)

    def append(self, entry: Entry) -> None:
        """Add one."""
        self._starts.append(self._file.seek(0, os.SEEK_END))
        self._file.write(json.dumps(asdict(entry)).encode() + b"\n")

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        self._file.seek(self._starts[index])
        return Entry(**json.loads(self._file.readline()))


def faces_json(faces: Iterable[Face]) -> list[dict[str, Any]]:
    """Faces as they stand in reports."""
    return [{"index": face.index, "box": face.box.as_list(), "score": round(face.score, 3)} for face in faces]


def findings_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as they stand in reports: whatever a plugin put into them, as JSON can hold it."""
    return [_plain(finding.as_dict()) for finding in findings]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def model_json(model: Model) -> dict[str, str]:
    """A model as it stands in reports."""
    return {"name": model.name, "sha256": model.sha256}


def write_report(
    path: Path,
    entries: Iterable[Entry],
    *,
    recipe: Mapping[str, Any],
    model: Model,
    registry: Registry,
    left_over: Sequence[str] = (),
) -> None:
    """Write report.json, version 1 of its schema (see README).

    Raises:
        PhotoError: it cannot be written.
    """
    plugins = {
        str(plugin): {"distribution": plugin.distribution, "version": plugin.version}
        | ({"sha256": plugin.sha256} if plugin.file else {})
        for plugin in registry.plugins
    }
    content = {
        "version": VERSION,
        "recipe": dict(recipe),
        "model": model_json(model),
        "plugins": list(plugins.values()),
        "left_over": list(left_over),
        "photos": [asdict(entry) for entry in entries],
    }
    _write(path, content)


def write_review(path: Path, entries: Iterable[Entry], previews: Iterable[str | None] = ()) -> None:
    """Write review.json: the photos that were withheld, why, and what to do about each. No pixels.

    `previews` are the paths of the entries' small pictures, where there are any.

    Raises:
        PhotoError: it cannot be written.
    """
    waiting = [
        {
            "photo": entry.photo,
            "reason": entry.error.removesuffix(f"; {entry.action}"),
            "action": entry.action or "look at the photo yourself",
            **({"preview": preview} if preview else {}),
        }
        for entry, preview in itertools.zip_longest(entries, previews)
        if entry.status == "review"
    ]
    _write(path, {"version": VERSION, "photos": waiting})


def _write(path: Path, content: Mapping[str, Any]) -> None:
    # A file name that is no UTF-8 holds surrogates; "backslashreplace" spells them as JSON does.
    write_atomic(path, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace"))


def exit_code(entries: Iterable[Entry]) -> int:
    """0 all done, 4 some photo needs review, else 1 some photo failed."""
    statuses = {entry.status for entry in entries}
    if "review" in statuses:
        return 4
    return 1 if "failed" in statuses else 0
