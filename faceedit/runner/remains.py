"""What earlier runs wrote into an output folder and a run does not write again: it stays, and is told.

Where the recipe redacts, a file that shows somebody whom the run hides, or a photo that it withholds, wants a look.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from faceedit.report import Entry
from faceedit.runner.journal import Journal
from faceedit.stores import StorePath, located

_SEEN = "was made by an earlier run and shows a face that is hidden now"
_GONE = "was made by an earlier run of a photo that is withheld or left out now"


def remains(out: Path, entries: Sequence[Entry]) -> dict[str, Entry]:
    """The outputs of earlier runs that are still there and none of these, and the entry of the photo each was made of.

    Of a store nobody lists them.
    """
    if isinstance(out, StorePath):
        return {}
    now = {_name(path, out) for entry in entries for path in entry.outputs}
    made: dict[str, dict[str, Any]] = {}
    for line in Journal(out).records.told():
        made |= {name: line["entry"] for name in line["outputs"] if name not in now}
    return {name: Entry(**entry) for name, entry in sorted(made.items()) if (out / name).is_file()}


def outdated(out: Path, entries: Sequence[Entry], left_over: dict[str, Entry]) -> Iterator[Entry]:
    """Those left over that a redacting run would not write as they are, as entries for review."""
    if not left_over:
        return
    wanted = {os.path.realpath(entry.photo) for entry in left_over.values()}
    journal, photos = Journal(out), ((os.path.realpath(entry.photo), entry) for entry in entries)
    now = {photo: _of_its_run(entry, out, journal) for photo, entry in photos if photo in wanted}
    for name, before in left_over.items():
        path, after = str(out / name), now.get(os.path.realpath(before.photo))
        if after is None:  # a photo that this run does not know
            continue
        reason = _GONE if after.status != "done" else "" if _hides_as_much(before, after) else _SEEN
        if reason:
            action = "look at it, and delete it"
            yield Entry(path, "review", error=f"{path}: {reason}; {action}", action=action)


def _of_its_run(entry: Entry, out: Path, journal: Journal) -> Entry:
    """An entry; of a photo that is skipped that of the run which did it."""
    skipped = entry.status == "skipped" and entry.outputs
    line = journal.records.of(_name(entry.outputs[0], out)) if skipped else None
    return Entry(**line["entry"]) if line else entry


def _hides_as_much(before: Entry, after: Entry) -> bool:
    """Whether a photo was redacted before, each face left in it is left now, and each that is hidden was hidden."""
    was, now = before.audit, after.audit
    left = all(box in now.get("left", ()) for box in was.get("left", ()))
    return bool(was) and left and all(box in was.get("covered", ()) for box in now.get("covered", ()))


def _name(path: str, out: Path) -> str:
    return located(path).relative_to(out).as_posix()
