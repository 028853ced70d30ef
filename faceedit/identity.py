"""Who is in a photo: faces compared with those of named people, for keep-lists and guest lists.

Doubt means nobody: a face counts as a person's only where all speaks for it. Nothing is stored.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from faceedit import images
from faceedit.detection import Pixels8, Search
from faceedit.errors import UnreadablePhoto, UsageError
from faceedit.geometry import Box
from faceedit.photo import Face, Finding, Photo, eight_bit

HINT = "make a subfolder for each person, with photos that show nobody else"


class Embedder(Protocol):
    """Makes numbers of a face that are alike for photos of one person.

    `threshold` is the cosine from which two faces count as one person's; `sha256` is that of the weights.
    """

    name: str
    sha256: str
    threshold: float

    def embed(self, pixels: Pixels8, box: Box) -> NDArray[np.float32] | None:
        """The face in a box of a picture, (H, W, 3) uint8 RGB, as (d,) float; None where it cannot be told."""
        ...


@dataclass(frozen=True)
class Known:
    """One face recognised: its index, the person's number from 1 on and name, and the cosine of the likeness."""

    face: int
    person: int
    name: str
    score: float


@dataclass(frozen=True)
class People:
    """Named people. `vectors` (n, d) are of unit length; `owners` says whose each is, as an index into `names`.

    `passed_over` are the photos that do not show exactly one face.
    """

    embedder: Embedder
    names: tuple[str, ...]
    vectors: NDArray[np.float32]
    owners: tuple[int, ...]
    passed_over: tuple[Path, ...] = ()

    @classmethod
    def read(
        cls, folder: Path, embedder: Embedder, find: Callable[[Photo], Photo], limits: images.Limits | None = None
    ) -> "People":
        """The people of a folder that has a subfolder with photos for each; `find` finds faces.

        Raises:
            UsageError: there is no such folder, or no photo of somebody shows exactly one face.
        """
        homes = _subfolders(folder)
        if not homes:
            raise UsageError(f'"{folder}" has no subfolders of people', HINT)
        vectors, owners, passed_over = [], [], []
        for owner, home in enumerate(homes):
            for path in _pictures(home):
                vector = _alone(path, embedder, find, limits or images.Limits())
                if vector is None:
                    passed_over.append(path)
                    continue
                vectors.append(vector)
                owners.append(owner)
            if owner not in owners:
                raise UsageError(f'no photo in "{home}" shows exactly one face that can be told', HINT)
        return cls(embedder, tuple(home.name for home in homes), np.stack(vectors), tuple(owners), tuple(passed_over))

    @property
    def digest(self) -> str:
        """The sha256 of all that decides who is recognised."""
        said = f"{self.embedder.name} {self.embedder.sha256} {self.embedder.threshold} {self.names} {self.owners}"
        return hashlib.sha256(said.encode("utf-8", "surrogateescape") + self.vectors.tobytes()).hexdigest()

    def recognized(self, photo: Photo) -> tuple[Known, ...]:
        """The faces of a photo that are one of these people's, each person at most once.

        Where two faces look like one person, neither is: one of them must be somebody else.
        """
        pixels = eight_bit(photo.pixels)
        sure = [face for face in photo.faces if face.score >= Search.threshold]
        found = [known for face in sure if (known := self._best(pixels, face))]
        often = Counter(known.person for known in found)
        return tuple(known for known in found if often[known.person] == 1)

    def findings(self, photo: Photo) -> list[Finding]:
        """The people recognised in a photo, as findings."""
        boxes = {face.index: face.box for face in photo.faces}
        return [
            Finding("person", one.face, one.score, boxes[one.face], {"name": one.name})
            for one in self.recognized(photo)
        ]

    def _best(self, pixels: Pixels8, face: Face) -> Known | None:
        vector = embedded(self.embedder, pixels, face.box)
        if vector is None:
            return None
        likeness = self.vectors @ vector
        best = int(likeness.argmax())
        if not likeness[best] >= self.embedder.threshold:
            return None
        owner = self.owners[best]
        return Known(face.index, owner + 1, self.names[owner], round(float(likeness[best]), 3))


def embedded(embedder: Embedder, pixels: Pixels8, box: Box) -> NDArray[np.float32] | None:
    """What an embedder says of a face, as a unit vector; None where it says nothing that can be compared."""
    said = embedder.embed(pixels, box)
    if said is None:
        return None
    vector = np.asarray(said, np.float32).ravel()
    length = float(np.linalg.norm(vector))
    return vector / length if np.isfinite(length) and length > 0 else None


def _alone(
    path: Path, embedder: Embedder, find: Callable[[Photo], Photo], limits: images.Limits
) -> NDArray[np.float32] | None:
    """The one face of a photo as a unit vector; None where there is not exactly one, or it cannot be told."""
    try:
        photo = find(images.read(path, limits=limits))
    except UnreadablePhoto:
        return None
    if len(photo.faces) != 1:
        return None
    return embedded(embedder, eight_bit(photo.pixels), photo.faces[0].box)


def _subfolders(folder: Path) -> Sequence[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f'the people in "{folder}" cannot be read: {error.strerror}', HINT) from error


def _pictures(home: Path) -> Sequence[Path]:
    return sorted(path for path in home.rglob("*") if path.suffix.lower() in images.PICTURE_SUFFIXES and path.is_file())
