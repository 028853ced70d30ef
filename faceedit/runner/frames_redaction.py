"""Animations and documents through a recipe that redacts: every frame or page is covered, then the file is judged.

One frame that cannot be promised withholds them all. What is covered in one frame of an animation is covered in the
frames beside it, too: a face that is missed for a moment stays hidden.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from faceedit import images
from faceedit.detection import Detection, merged, same
from faceedit.engine import Edited, edit
from faceedit.errors import PhotoError, Withheld
from faceedit.identity import Known
from faceedit.photo import Photo
from faceedit.recipe import Recipe
from faceedit.report import Entry
from faceedit.runner.decisions import Decision
from faceedit.runner.frames import all_faces, all_findings, numbered
from faceedit.runner.redaction import ROUNDS, Outputs, Redacted, Redactor, check_marks, remarks, seen_last, seen_still
from faceedit.runner.sizes import resized, shrunk
from faceedit.runner.targets import Job, Place
from faceedit.verify import FramesVerdict, Promise, SecondLook, bare, verified_frames

People = Mapping[str, Sequence[Known]]


def redacted_frames(redactor: Redactor, job: Job, frames: images.Frames) -> Redacted:
    """What is to be written for an animation or a document.

    Raises:
        Withheld: redaction cannot be promised for one of its frames or pages.
        PhotoError: one cannot be edited, or the file not be encoded.
    """
    decision = redactor.wishes.decisions.of(job.input)
    photos = [redactor.found(photo, decision) for photo in frames.photos]
    if frames.timing:
        photos = _carried(photos, redactor.look)
    recipe = redactor.recipe.with_no_faces("copy") if decision and decision.faceless else redactor.recipe
    if recipe.no_faces == "skip" and not any(photo.faces for photo in photos):
        return Redacted({}, Entry(str(job.input.path), "skipped", notes=["no face was found"]))
    known: list[People] = [
        {folder: people.recognized(photo) for folder, people in redactor.wishes.people.items()} for photo in photos
    ]
    for rounds in range(1, ROUNDS + 1):
        edits = _edited(redactor, recipe, photos, known, decision)
        copies = [_Copy(edits, place, frames.timing) for place in job.places if place.output.photo]
        # Where only extras are written, the frames that they come from are judged all the same.
        spare = Place(Path("photo.png" if frames.timing else "photo.tif"), "photo")
        judged = copies or [_Copy(edits, spare, frames.timing)]
        verdicts = [copy.verdict(redactor.look, redactor.limits) for copy in judged]
        if problems := [problem for verdict in verdicts for problem in verdict.problems]:
            raise Withheld(f"the finished file was refused: {problems[0]}", "please report this")
        if all(verdict.passed for verdict in verdicts):
            outputs = {copy.target: copy.content for copy in copies} | _extras(redactor, edits, job)
            seen = list(dict.fromkeys(note for verdict in verdicts for note in verdict.notes))
            audit = _audit(job, edits, outputs, seen) | {"rounds": rounds} | _kept(redactor, edits, known)
            audit |= {"decision": decision.as_dict()} if decision else {}
            entry = _entry(job, edits, audit, [*(note for copy in copies for note in copy.lost), *seen])
            return Redacted(outputs, entry, bare(edits[0].photo), photos[0])
        left = [copy.seen(verdict) for copy, verdict in zip(judged, verdicts, strict=True)]
        for index in sorted(set().union(*left)):
            faces = merged([face for each in left for face in each.get(index, [])])
            photos[index] = redactor.look.with_faces(photos[index], faces)
    raise seen_still(faces)


def _kept(redactor: Redactor, edits: Sequence[Edited], known: Sequence[People]) -> dict[str, Any]:
    if not redactor.wishes.people:
        return {}
    return {"kept": [each for one, who in zip(edits, known, strict=True) for each in redactor.kept(one, who)["kept"]]}


def _carried(photos: Sequence[Photo], look: SecondLook) -> list[Photo]:
    """The frames with further faces where the frame before or after has one and they have none."""
    done = []
    for index, photo in enumerate(photos):
        beside = [
            face for each in (*photos[max(index - 1, 0) : index], *photos[index + 1 : index + 2]) for face in each.faces
        ]
        own = [face.box for face in photo.faces]
        missed = [Detection(face.box, face.score) for face in beside if not any(same(face.box, box) for box in own)]
        done.append(look.with_faces(photo, merged(missed)) if missed else photo)
    return done


def _edited(
    redactor: Redactor, recipe: Recipe, photos: Sequence[Photo], known: Sequence[People], decision: Decision | None
) -> list[Edited]:
    edits = []
    for number, (photo, people) in enumerate(zip(photos, known, strict=True), 1):
        theirs = {folder: {one.face for one in found} for folder, found in people.items()}
        with numbered(number, len(photos)):
            edits.append(edit(photo, recipe, redactor.registry, theirs))
            check_marks(edits[-1], decision)
    return edits


def _extras(redactor: Redactor, edits: Sequence[Edited], job: Job) -> Outputs:
    found: Outputs = {}
    for number, edited in enumerate(edits, 1):
        extras = {f"{name}-{number:04}": extra for name, extra in edited.extras.items()}
        found |= redactor.extras(replace(edited, extras=extras), job)
    return found


class _Copy:
    """One output of edited frames: at its size, encoded, with what its verdict needs."""

    def __init__(self, edits: Sequence[Edited], place: Place, timing: images.Timing | None) -> None:
        self.target, self.timing = place.target, timing
        self.sizes = [(edited.photo.width, edited.photo.height) for edited in edits]
        if place.output.layered:
            raise PhotoError(f"{place.output.format} holds no frames or pages", "use format: same")
        options = images.WriteOptions(images.suffix_format(place.target) or "png", place.output.quality, "none")
        small = [shrunk(edited, place.output.max_side) for edited in edits]
        self.promises = [
            Promise(each.photo, each.covered, tuple(face.box for face in each.left), options)
            for each in small
            if each.covered is not None
        ]
        if len(self.promises) != len(edits):
            raise Withheld("nothing says what was covered", "please report this")
        self.lost = [note for each in small for note in images.notes(each.photo, options)]
        self.content = images.encode_frames(images.Frames(tuple(bare(each.photo) for each in small), timing), options)

    def verdict(self, look: SecondLook, limits: images.Limits) -> FramesVerdict:
        return verified_frames(self.content, self.promises, self.timing, look, limits)

    def seen(self, verdict: FramesVerdict) -> dict[int, list[Detection]]:
        """The faces of the verdict where they lie in the frames at their own size."""
        found = {}
        for index, faces in verdict.faces.items():
            small, (width, height) = self.promises[index].photo, self.sizes[index]
            across, down = width / small.width, height / small.height
            found[index] = [replace(face, box=resized(face.box, across, down)) for face in faces]
        return found


def _entry(job: Job, edits: Sequence[Edited], audit: dict[str, Any], notes: Sequence[str]) -> Entry:
    return Entry(
        str(job.input.path),
        "done",
        faces=all_faces(each.photo for each in edits),
        findings=all_findings(edits),
        notes=list(dict.fromkeys([*notes, *(remark for each in edits for remark in remarks(each.photo))])),
        audit=audit,
    )


def _audit(job: Job, edits: Sequence[Edited], outputs: Outputs, seen: Sequence[str]) -> dict[str, Any]:
    """What the report says about the redaction, for all frames or pages together."""
    covers = [each.covered for each in edits if each.covered is not None]
    left = [face.box.as_list() for each in edits for face in each.left]
    results = {
        "container": "; ".join(seen) or "nothing beside the pictures",
        "coverage": f"{len(edits)} frames or pages: the file is byte for byte what the fill alone gives",
        "second look": seen_last(len(left)),
    }
    return {
        "input_sha256": job.input.sha256,
        "outputs": [{"path": str(path), "sha256": hashlib.sha256(file).hexdigest()} for path, file in outputs.items()],
        "covered": [box.as_list() for cover in covers for box in cover.boxes],
        "left": left,
        "coverage": round(sum(cover.share for cover in covers) / len(covers), 4),
        "checks": [{"check": name, "passed": True, "result": result} for name, result in results.items()],
    }
