"""What `inspect` prints: text, JSON, a table, or the paths of photos in which a condition holds."""

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from faceedit.cli.console import complain, say

if TYPE_CHECKING:
    from faceedit.identity import People
    from faceedit.photo import Finding, Photo
    from faceedit.registry import Registry

Form = Literal["text", "json", "csv", "paths", "null"]
HEAD = ("photo", "width", "height", "face", "left", "top", "right", "bottom", "score")


class Listing:
    """Prints photos as they are looked at. With a condition, only those in which it holds for some face.

    A condition that cannot be decided, such as `not hat` where the photo ends at the forehead, does not hold; how many
    photos these are is said at the end. In a photo without faces there is no hat and no glasses.

    Raises:
        RecipeError: the condition cannot be read, or nothing reports one of its words.
    """

    def __init__(self, registry: "Registry", form: Form, where: str = "", people: "People | None" = None) -> None:
        from faceedit.recipe import condition

        self.registry = registry
        self.people = people
        self.kinds = [*registry.kinds, *(["person"] if people else [])]
        self.form = form
        self.when = condition(where, registry) if where else None
        self.undecided = 0

    def begin(self) -> None:
        """Print what stands above the photos."""
        if self.form == "csv":
            say(_row([*HEAD, *self.kinds]))

    def add(self, path: Path, photo: "Photo") -> None:
        """Print one photo, its faces found already."""
        from faceedit.calls import inspect

        findings = inspect(photo, self.registry)
        findings += self.people.findings(photo) if self.people else []
        holds = self.holds(photo, findings)
        self.undecided += holds is None
        if not holds:
            return
        if self.form in ("paths", "null"):
            _path(path, "\0" if self.form == "null" else "\n")
            return
        lines = {"json": _json, "csv": self.rows, "text": _text}[self.form]
        for line in lines(path, photo, findings):
            say(line)

    def end(self) -> None:
        """Say on standard error how many photos were left out because the condition could not be decided."""
        if self.undecided:
            complain(f"undecided: {self.undecided} photo(s), where something that the condition names cannot be seen")

    def holds(self, photo: "Photo", findings: "list[Finding]") -> bool | None:
        """Whether the condition holds for some face; None where that cannot be decided."""
        if self.when is None:
            return True
        answers = [self.when.holds(photo, findings, face) for face in photo.faces or (None,)]
        return True if True in answers else None if None in answers else False

    def rows(self, path: Path, photo: "Photo", findings: "list[Finding]") -> Iterator[str]:
        """One line a face, and one for a photo without any: confidences, `unknown`, or nothing for what is absent."""
        about = [path, photo.width, photo.height]
        for face in photo.faces:
            worn = {each.kind: _sure(each) for each in findings if each.face == face.index}
            told = [worn.get(kind, "") for kind in self.kinds]
            yield _row([*about, face.index, *face.box.as_list(), f"{face.score:.3f}", *told])
        if not photo.faces:
            yield _row([*about, *[""] * (len(HEAD) - len(about) + len(self.kinds))])


def _sure(finding: "Finding") -> str:
    from faceedit.recipe import is_unknown

    if is_unknown(finding):
        return "unknown"
    name = f"{finding.details['name']} " if finding.kind == "person" and "name" in finding.details else ""
    return f"{name}{finding.confidence:.2f}"


def _row(values: list[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def _path(path: Path, end: str) -> None:
    """The path on standard output byte for byte, so that other programs find the file."""
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(f"{path}{end}"))
    sys.stdout.buffer.flush()


def _json(path: Path, photo: "Photo", findings: "list[Finding]") -> Iterator[str]:
    from faceedit.report import faces_json, findings_json, model_json

    line = {
        "photo": str(path),
        "width": photo.width,
        "height": photo.height,
        "faces": faces_json(photo.faces),
        "findings": findings_json(findings),
        "model": model_json(photo.model),
    }
    yield json.dumps(line, ensure_ascii=False)


def _text(path: Path, photo: "Photo", findings: "list[Finding]") -> Iterator[str]:
    yield f"{path}: {photo.width} x {photo.height}, {len(photo.faces)} face(s)"
    for face in photo.faces:
        worn = [f"{each.kind} {_sure(each)}" for each in findings if each.face == face.index]
        yield f"  face {face.index}: {', '.join([f'box {face.box.as_list()}, score {face.score:.2f}', *worn])}"
