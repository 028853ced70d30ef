"""One photo through a recipe that redacts: found, covered, encoded, opened again and judged, before a byte is written.

Whatever cannot be promised is withheld. The file's own bytes are never copied.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit import images
from faceedit.detection import Detection
from faceedit.engine import Edited, edit
from faceedit.errors import Withheld
from faceedit.photo import Photo, eight_bit
from faceedit.recipe import Recipe
from faceedit.registry import Registry
from faceedit.report import Entry, faces_json, findings_json
from faceedit.verify import Promise, SecondLook, Verdict, bare, check, verified

# How often a photo is edited: once, and again for each time that the second look finds a face.
ROUNDS = 3
# Codecs that let every block depend on all before it.
_SPREADING = ("webp", "avif", "heif")

Outputs = Mapping[Path, bytes]


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

    def __call__(self, path: Path, photo: Photo, target: Path, beside: Callable[[str], Path]) -> tuple[Outputs, Entry]:
        """The files to write for a photo read from `path`, and its entry without them; extras go `beside` the target.

        Raises:
            Withheld: redaction cannot be promised.
            PhotoError: the photo cannot be edited or encoded.
        """
        photo = self._found(photo)
        if not photo.faces and self.recipe.output.no_faces == "skip":
            return {}, Entry(str(path), "skipped", notes=["no face was found"])
        for rounds in range(1, ROUNDS + 1):
            done = _Done(path, edit(photo, self.recipe, self.registry), self._options(target), rounds)
            verdict = done.verdict(self.look, self.limits)
            if verdict.problems:
                raise Withheld(f"the finished file was refused: {verdict.problems[0]}", "please report this")
            if verdict.passed:
                outputs = {target: done.content, **self._extras(done.edited, beside)}
                return outputs, done.entry(verdict, outputs)
            photo = self.look.with_faces(photo, list(verdict.faces))
        where = ", ".join(str(face.box.as_list()) for face in verdict.faces)
        raise Withheld(f"a second look still sees a face at {where}", "look at the photo yourself")

    def _found(self, photo: Photo) -> Photo:
        """The photo with its faces; where the first look finds none, with those of the second."""
        photo = self.find(photo)
        return photo if photo.faces else self.look.with_faces(photo, self.look(eight_bit(photo.pixels)))

    def _options(self, target: Path) -> images.WriteOptions:
        return images.WriteOptions(images.suffix_format(target) or "png", self.recipe.output.quality, "none")

    def _extras(self, edited: Edited, beside: Callable[[str], Path]) -> Outputs:
        """The pictures beside the photo.

        Raises:
            Withheld: one shows more faces than the recipe leaves, or holds more than its picture.
        """
        outputs = {}
        for name, picture in edited.extras.items():
            photo = extra_photo(picture)
            content = images.encode(photo, images.WriteOptions("png", metadata="none"))
            if len(self.look(_on_grey(photo))) > len(edited.left) or check(content).problems:
                raise Withheld(f'the extra output "{name}" shows a face', "leave out the step that makes it")
            outputs[beside(name)] = content
        return outputs


class _Done:
    """One photo edited and encoded, with all that its verdict and its entry need."""

    def __init__(self, path: Path, edited: Edited, options: images.WriteOptions, rounds: int) -> None:
        if edited.covered is None:
            raise Withheld("nothing says what was covered", "please report this")
        self.path = path
        self.edited = edited
        self.rounds = rounds
        self.covered = edited.covered
        left = tuple(face.box for face in edited.left)
        self.promise = Promise(edited.photo, edited.covered, left, options)
        self.content = images.encode(bare(edited.photo), options)

    def verdict(self, look: Callable[[NDArray[np.uint8]], list[Detection]], limits: images.Limits) -> Verdict:
        return verified(self.content, self.promise, look, limits)

    def entry(self, verdict: Verdict, outputs: Outputs) -> Entry:
        photo = self.edited.photo
        return Entry(
            str(self.path),
            "done",
            faces=faces_json(photo.faces),
            findings=findings_json(self.edited.findings),
            notes=[*images.notes(photo, self.promise.options), *verdict.notes, *_remarks(photo)],
            audit=self.audit(verdict, outputs),
        )

    def audit(self, verdict: Verdict, outputs: Outputs) -> dict[str, Any]:
        """What the report says about the redaction, see `report`."""
        digests = {str(path): hashlib.sha256(content).hexdigest() for path, content in outputs.items()}
        results = {
            "container": "; ".join(verdict.notes) or "nothing beside the picture",
            "coverage": "the file is byte for byte what the fill alone gives",
            "second look": f"no face but {len(self.edited.left)} that the recipe leaves",
        }
        with self.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {
            "input_sha256": digest,
            "outputs": [{"path": path, "sha256": each} for path, each in digests.items()],
            "covered": [box.as_list() for box in self.covered.boxes],
            "left": [face.box.as_list() for face in self.edited.left],
            "coverage": round(self.covered.share, 4),
            "rounds": self.rounds,
            "checks": [{"check": name, "passed": True, "result": result} for name, result in results.items()],
        }


def _remarks(photo: Photo) -> list[str]:
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


def extra_photo(array: NDArray[np.uint8]) -> Photo:
    """An extra's (h, w, 3 or 4) uint8 array as a photo."""
    alpha = np.ascontiguousarray(array[..., 3]) if array.shape[2] == 4 else None
    return Photo(np.ascontiguousarray(array[..., :3]), alpha)


def _on_grey(photo: Photo) -> NDArray[np.uint8]:
    """8-bit pixels with grey where nothing is to be seen."""
    if photo.alpha is None:
        return eight_bit(photo.pixels)
    return np.where(photo.alpha[..., None] > 0, photo.pixels, 128).astype(np.uint8)
