"""One photo through a recipe that redacts: found, covered, encoded, opened again and judged, before a byte is written.

Whatever cannot be promised is withheld. The file's own bytes are never copied.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit import extras, images
from faceedit.coverage import Covered
from faceedit.detection import Detection, merged
from faceedit.engine import Edited, edit
from faceedit.engine import Known as KnownFaces
from faceedit.errors import Withheld
from faceedit.identity import Known, People
from faceedit.photo import Photo
from faceedit.recipe import Recipe
from faceedit.registry import Registry
from faceedit.report import Entry, faces_json, findings_json
from faceedit.runner.decisions import Decision, Decisions
from faceedit.runner.discovery import Input
from faceedit.runner.sizes import resized, shrunk
from faceedit.runner.targets import Job, Place
from faceedit.verify import Promise, SecondLook, Verdict, bare, check, faces_in, unexplained, verified

# How often a photo is edited: once, and again for each time that the second look finds a face.
ROUNDS = 3
# Codecs that let every block depend on all before it.
_SPREADING = ("webp", "avif", "heif")

_LEAVE_OUT = "leave out the step that makes it"

Outputs = dict[Path, bytes]


@dataclass(frozen=True)
class Redacted:
    """What becomes of one photo: the files to write, its entry without them, the photo as it became and as it was."""

    outputs: Outputs
    entry: Entry
    picture: Photo | None = None
    before: Photo | None = None


@dataclass(frozen=True)
class Wishes:
    """What people want seen: `people` are those whose faces steps keep, by their folders; the report numbers them, or
    gives their `names`. `decisions` were taken about photos that were withheld. `originals` may show the originals.
    """

    people: Mapping[str, People] = field(default_factory=dict)
    decisions: Decisions = field(default_factory=Decisions)
    names: bool = False
    originals: bool = False


@dataclass(frozen=True)
class Redactor:
    """Makes the outputs of photos under a recipe that redacts; writes nothing.

    `find` is the segmentation service at its most thorough, `look` the second look, `limits` what is refused unread.
    """

    recipe: Recipe
    registry: Registry
    find: Callable[[Photo], Photo]
    look: SecondLook
    limits: images.Limits = field(default_factory=images.Limits)
    wishes: Wishes = field(default_factory=Wishes)

    def __call__(self, job: Job, photo: Photo) -> Redacted:
        """What is to be written for the photo of a job.

        Raises:
            Withheld: redaction cannot be promised.
            PhotoError: the photo cannot be edited or encoded.
        """
        path = job.input.path
        decision = self.wishes.decisions.of(job.input)
        photo = self.found(photo, decision)
        recipe = self.recipe.with_no_faces("copy") if decision and decision.faceless else self.recipe
        if not photo.faces and recipe.no_faces == "skip":
            return Redacted({}, Entry(str(path), "skipped", notes=["no face was found"]))
        known = {folder: people.recognized(photo) for folder, people in self.wishes.people.items()}
        for rounds in range(1, ROUNDS + 1):
            edited = edit(photo, recipe, self.registry, {key: {one.face for one in known[key]} for key in known})
            photo.forget()
            edited.photo.forget()
            check_marks(edited, decision)
            copies = [_Copy(edited, place) for place in job.places if place.output.photo]
            # Where only extras are written, the photo that they come from is judged all the same.
            judged = copies or [_Copy(edited, Place(Path("photo.png"), "photo"))]
            verdicts = [copy.verdict(self.look, self.limits) for copy in judged]
            if problems := [problem for verdict in verdicts for problem in verdict.problems]:
                raise Withheld(f"the finished file was refused: {problems[0]}", "please report this")
            if all(verdict.passed for verdict in verdicts):
                outputs = {copy.target: copy.content for copy in copies} | self.extras(edited, job)
                entry = _entry(job.input, edited, judged, verdicts, rounds=rounds, outputs=outputs)
                audit = entry.audit | self.kept(edited, known) | ({"decision": decision.as_dict()} if decision else {})
                return Redacted(outputs, replace(entry, audit=audit), bare(edited.photo), photo)
            faces = merged(
                [face for copy, verdict in zip(judged, verdicts, strict=True) for face in copy.seen(verdict)]
            )
            photo = self.look.with_faces(photo, faces)
        raise seen_still(faces)

    def found(self, photo: Photo, decision: Decision | None) -> Photo:
        """The photo with its faces, also those that somebody marked; where there is none, with the second look's."""
        photo = self.find(photo)
        if decision:
            boxes = [box.clipped(photo.height, photo.width) for box in decision.boxes]
            photo = self.look.with_faces(photo, [Detection(box, 1.0) for box in boxes])
        return photo if photo.faces else self.look.with_faces(photo, faces_in(photo, self.look))

    def kept(self, edited: Edited, known: Mapping[str, Sequence[Known]]) -> dict[str, Any]:
        """What the audit says of the faces left that were recognised: whose they are and how sure that is."""
        if not self.wishes.people:
            return {}
        left = {face.index: face.box.as_list() for face in edited.left}
        kept = [
            {"box": left[one.face], "person": one.name if self.wishes.names else one.person, "score": one.score}
            for found in known.values()
            for one in found
            if one.face in left
        ]
        return {"kept": kept}

    def extras(self, edited: Edited, job: Job) -> Outputs:
        """The pictures beside the photo.

        Raises:
            Withheld: one shows more faces than the recipe leaves, or holds more than its picture.
        """
        outputs: Outputs = {}
        takers = [place for place in job.places if place.output.extras]
        for name, extra in edited.extras.items() if takers else ():
            if isinstance(extra, extras.File):
                raise Withheld(f'the extra output "{name}" is no picture, so a second look cannot judge it', _LEAVE_OUT)
            content = extras.encoded(extra, bare=True)
            if len(faces_in(extras.as_photo(extra), self.look)) > len(edited.left) or check(content).problems:
                raise Withheld(f'the extra output "{name}" shows a face', _LEAVE_OUT)
            outputs |= {place.beside(name, extras.suffix(extra)): content for place in takers}
        return outputs


def covered(photo: Photo, recipe: Recipe, registry: Registry, look: SecondLook, known: KnownFaces) -> Edited:
    """A photo, its faces found already, edited until a second look at its pixels finds no further face.

    For photos that become no file here; the file itself is not judged.

    Raises:
        Withheld: the second look finds one again and again.
        EffectError: an effect failed.
    """
    for _ in range(ROUNDS):
        edited = edit(photo, recipe, registry, known)
        mask = edited.covered.mask if edited.covered else np.zeros((photo.height, photo.width), bool)
        faces = unexplained(faces_in(edited.photo, look), mask, [face.box for face in edited.left])
        if not faces:
            return edited
        photo = look.with_faces(photo, list(faces))
    raise seen_still(faces)


def seen_still(faces: Sequence[Detection]) -> Withheld:
    """The error for a photo in which a second look sees faces whatever is covered."""
    where = ", ".join(str(face.box.as_list()) for face in faces)
    return Withheld(f"a second look still sees a face at {where}", "look at the photo yourself")


class _Copy:
    """One output of an edited photo: at its size, encoded, with what its verdict needs."""

    def __init__(self, edited: Edited, place: Place) -> None:
        self.target = place.target
        self.across, self.down = edited.photo.width, edited.photo.height
        small = shrunk(edited, place.output.max_side)
        if small.covered is None:
            raise Withheld("nothing says what was covered", "please report this")
        kind = images.suffix_format(place.target) or "png"
        options = images.WriteOptions(kind, place.output.quality, "none")
        self.promise = Promise(small.photo, small.covered, tuple(face.box for face in small.left), options)
        self.content = images.encode(bare(small.photo), options)

    def verdict(self, look: Callable[[NDArray[np.uint8]], list[Detection]], limits: images.Limits) -> Verdict:
        return verified(self.content, self.promise, look, limits)

    def seen(self, verdict: Verdict) -> list[Detection]:
        """The faces of the verdict where they lie in the photo at its own size."""
        across, down = self.across / self.promise.photo.width, self.down / self.promise.photo.height
        return [replace(face, box=resized(face.box, across, down)) for face in verdict.faces]


def check_marks(edited: Edited, decision: Decision | None) -> None:
    """Whether all that somebody marked by hand is covered.

    Raises:
        Withheld: it is not.
    """
    for box in decision.boxes if decision else ():
        inside = box.clipped(edited.photo.height, edited.photo.width)
        if edited.covered is None or not inside.area or not edited.covered.mask[inside.slices].all():
            message = f"the recipe leaves the face that was marked at {box.as_list()}, or it lies beyond the photo"
            raise Withheld(message, "change `faces` or `keep` in the recipe, or the boxes")


def _entry(
    source: Input, edited: Edited, copies: list[_Copy], verdicts: list[Verdict], *, rounds: int, outputs: Outputs
) -> Entry:
    lost = [note for copy in copies for note in images.notes(copy.promise.photo, copy.promise.options)]
    seen = [note for verdict in verdicts for note in verdict.notes]
    return Entry(
        str(source.path),
        "done",
        faces=faces_json(edited.photo.faces),
        findings=findings_json(edited.findings),
        notes=list(dict.fromkeys([*lost, *seen, *remarks(edited.photo)])),
        audit=_audit(source, edited, list(dict.fromkeys(seen)), rounds, outputs),
    )


def _audit(source: Input, edited: Edited, notes: list[str], rounds: int, outputs: Outputs) -> dict[str, Any]:
    """What the report says about the redaction, see `report`."""
    covered = edited.covered or Covered(np.zeros((0, 0), bool), np.zeros((0, 0, 3), np.uint8), ())
    results = {
        "container": "; ".join(notes) or "nothing beside the picture",
        "coverage": "the file is byte for byte what the fill alone gives",
        "second look": seen_last(len(edited.left)),
    }
    return {
        "input_sha256": source.sha256,
        "outputs": [
            {"path": str(each), "sha256": hashlib.sha256(content).hexdigest()} for each, content in outputs.items()
        ],
        "covered": [box.as_list() for box in covered.boxes],
        "left": [face.box.as_list() for face in edited.left],
        "coverage": round(covered.share, 4),
        "rounds": rounds,
        "checks": [{"check": name, "passed": True, "result": result} for name, result in results.items()],
    }


def seen_last(left: int) -> str:
    """What the second look saw in a finished photo, in words."""
    return f"no face but {left} that the recipe leaves" if left else "no face"


def remarks(photo: Photo) -> list[str]:
    """Plain sentences about what the promise does not hold for this photo."""
    found = []
    if not photo.faces:
        found.append("no face was found; the recipe says no_faces: copy, so the photo was let through")
    if photo.source.format in _SPREADING and not photo.source.lossless:
        found.append(
            f"the input is {photo.source.format}, whose coding spreads faint traces of a face beyond any cover; "
            "JPEG and PNG inputs do not"
        )
    return found
