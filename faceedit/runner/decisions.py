"""What somebody decided about photos that were withheld: faces marked by hand, or that there is none.

One JSON line a decision in the output folder, with time and user. It holds for the very bytes that were looked at,
and so survives runs, moves and renames, but no change of the photo.
"""

import contextlib
import datetime
import getpass
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faceedit.errors import UsageError
from faceedit.geometry import Box
from faceedit.runner.discovery import Input

DECISIONS = ".faceedit-decisions.jsonl"
MARKS = ".boxes.json"
_FORMAT = "write [[left, top, right, bottom], ...] in pixels of the upright photo"


@dataclass(frozen=True)
class Decision:
    """About one photo: further faces in `boxes`, or that it is `faceless`."""

    sha256: str
    boxes: tuple[Box, ...] = ()
    faceless: bool = False
    time: str = ""
    user: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The decision as it stands in reports."""
        what = {"faceless": True} if self.faceless else {"boxes": [box.as_list() for box in self.boxes]}
        return {**what, "time": self.time, "user": self.user}


@dataclass(frozen=True)
class Decisions:
    """All decisions of an output folder, by the sha256 of the photo; the last one about a photo counts."""

    known: Mapping[str, Decision] = field(default_factory=dict)

    @classmethod
    def read(cls, out: Path) -> "Decisions":
        """The decisions taken in an output folder; a torn line is none."""
        try:
            lines = (out / DECISIONS).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return cls()
        found = {}
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError, OverflowError, AttributeError, UsageError):
                decision = _decision(json.loads(line))
                found[decision.sha256] = decision
        return cls(found)

    def of(self, photo: Input) -> Decision | None:
        """What was decided about a photo as it is now."""
        return self.known.get(photo.sha256) if self.known else None


def decide(out: Path, photo: Input, boxes: Sequence[Box] = ()) -> Decision:
    """Write down that a photo has faces in these boxes too; without boxes, that it has no face at all.

    Raises:
        UsageError: it cannot be written down.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    try:
        decision = Decision(photo.sha256, tuple(boxes), not boxes, now, _user())
        line = json.dumps({"sha256": decision.sha256, **decision.as_dict()}, ensure_ascii=True) + "\n"
        with (out / DECISIONS).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UsageError(
            f'the decision about "{photo.path}" cannot be kept: {error.strerror}', "check the folder"
        ) from error
    return decision


def marks_of(photo: Path) -> Path:
    """Where the boxes that somebody marked in a photo are looked for: NAME.boxes.json beside it."""
    return photo.with_name(photo.stem + MARKS)


def read_boxes(path: Path) -> tuple[Box, ...]:
    """The boxes in a file, one or more.

    Raises:
        UsageError: they cannot be read.
    """
    try:
        return _boxes(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f'"{path}" cannot be read: {error.strerror}', _FORMAT) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise UsageError(f'"{path}" holds no boxes', _FORMAT) from error


def _boxes(values: object) -> tuple[Box, ...]:
    if not isinstance(values, list) or not values:
        raise UsageError("no boxes", _FORMAT)
    boxes = tuple(Box(*(int(edge) for edge in each)) for each in values)
    if any(box.left >= box.right or box.top >= box.bottom for box in boxes):
        raise UsageError("a box has no area", _FORMAT)
    return boxes


def _decision(line: Mapping[str, Any]) -> Decision:
    faceless = line.get("faceless") is True
    boxes = () if faceless else _boxes(line["boxes"])
    return Decision(str(line["sha256"]), boxes, faceless, str(line["time"]), str(line["user"]))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no name for this process
        return "unknown"
