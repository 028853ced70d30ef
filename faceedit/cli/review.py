"""The review queue in the terminal: photos that were withheld, one by one, and what somebody decides about each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from faceedit.cli.console import complain

if TYPE_CHECKING:
    from faceedit.geometry import Box
    from faceedit.report import Entry
    from faceedit.runner import Input

CHOICES = "[b]oxes mark the faces, [n]o face is in it, [o]pen it, open the [p]age, [s]kip, [q]uit"


def review(out: Path, inputs: "Sequence[Input]", entries: "Sequence[Entry]") -> int:
    """Ask about each photo that was withheld, write down what was decided, and return how many decisions there were."""
    queue = [entry for entry in entries if entry.status == "review"]
    photos = {str(each.path): each for each in inputs}
    decided = 0
    for number, entry in enumerate(queue, 1):
        complain(f"\n{number} of {len(queue)}: {entry.photo}\n  {entry.error.removeprefix(f'{entry.photo}: ')}")
        photo = photos.get(entry.photo)
        if photo is None or not photo.path.is_file():
            complain("  this photo cannot be decided here")
            continue
        answer = _answer(out, photo)
        if answer is None:
            break
        decided += answer
    return decided


def _answer(out: Path, photo: "Input") -> bool | None:
    """Whether something was decided about one photo; None where the reviewer has had enough."""
    from faceedit.errors import UsageError
    from faceedit.gallery import PAGE
    from faceedit.runner import decide

    while True:
        choice = _ask(CHOICES, "s")[:1].lower()
        if choice == "q":
            return None
        if choice == "s":
            return False
        if choice in ("o", "p"):
            typer.launch(str(photo.path if choice == "o" else out / PAGE))
            continue
        try:
            if choice == "n":
                decide(out, photo)
                return True
            if choice == "b":
                decide(out, photo, _boxes(photo.path))
                return True
        except UsageError as error:
            complain(f"  {error}")


def _boxes(path: Path) -> "tuple[Box, ...]":
    from faceedit.runner import marks_of, read_boxes

    return read_boxes(Path(_ask("file with the boxes", str(marks_of(path)))))


def _ask(text: str, default: str) -> str:
    """What the reviewer types; at the end of the input, to quit."""
    try:
        return str(typer.prompt(text, default=default, err=True)).strip() or default
    except typer.Abort:
        return "q"
