"""Who is below the cover? A closed set of people, some photos of each; an attacker who knows the effect and options.

Each attack names the person of one photo after the other from the rest: by an embedding trained on faces alone; by the
same after deblurring; by a classifier trained on covered photos; by covering the other photos, too, and comparing
(templates); and by comparing with a copy of the very photo.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from faceedit_identity import SFace
from numpy.typing import NDArray
from PIL import Image
from skimage.restoration import wiener

from faceedit import images, models
from faceedit.engine import edit
from faceedit.geometry import Box
from faceedit.photo import Face, Photo
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry

Floats = NDArray[np.float32]

EFFECTS = {
    "nothing": "",
    "redact": "{effect: redact}",
    "blur": "{effect: blur}",
    "pixelate": "{effect: pixelate}",
    "scramble": "{effect: scramble}",
}
EDGE = 112
ROOM = 1.1
# The classifier: training crops are shifted by so many pixels; weight of the ridge.
SHIFTS = ((0, 0), (5, 3), (-5, -3))
RIDGE = 100.0
SMALL = 16


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


def covered(shot: Shot, step: str, registry: Registry) -> NDArray[np.uint8]:
    """The photo after one step."""
    if not step:
        return shot.photo.pixels
    rules = parse_recipe(f"faceedit: 1\nsteps: [{step}]\noutput: {{no_faces: copy}}\n", registry)
    return edit(shot.photo, rules, registry).photo.pixels


def crop(pixels: NDArray[np.uint8], box: Box, shift: tuple[int, int] = (0, 0)) -> NDArray[np.uint8]:
    """What is seen where the face was, (EDGE, EDGE, 3)."""
    place = box.scaled(ROOM)
    across, down = shift[0] * place.width / EDGE, shift[1] * place.height / EDGE
    edges = (place.left + across, place.top + down, place.right + across, place.bottom + down)
    return np.asarray(Image.fromarray(pixels).crop(edges).resize((EDGE, EDGE), Image.Resampling.BILINEAR))


class Attacks:
    """All attacks on one effect."""

    def __init__(self, effect: str, taken: list[Shot], registry: Registry, embedder: SFace) -> None:
        self.taken = taken
        self.people = np.array([shot.person for shot in taken])
        self.embedder = embedder
        self.step = EFFECTS[effect]
        self.registry = registry
        self.outputs = [covered(shot, self.step, registry) for shot in taken]
        self.crops = self._crops(self.outputs)
        self.originals = self._crops([shot.photo.pixels for shot in taken])

    def _crops(self, pictures: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
        return [crop(pixels, shot.face.box) for shot, pixels in zip(self.taken, pictures, strict=True)]

    def numbers(self, faces: list[NDArray[np.uint8]]) -> Floats:
        return np.stack([self.embedder._numbers(np.ascontiguousarray(face[..., ::-1])) for face in faces])

    def named(self, likeness: NDArray[np.floating], *, itself: bool = False) -> float:
        """The share of photos whose person is that of the most alike other photo; ties are guessed."""
        likeness = likeness.astype(np.float64)
        if not itself:
            np.fill_diagonal(likeness, -np.inf)
        best = likeness >= likeness.max(1, keepdims=True) - 1e-9
        right = self.people[:, None] == self.people[None, :]
        return float((best & right).sum(1) @ (1 / best.sum(1)) / len(best))

    def naive(self) -> float:
        return self.named(self.numbers(self.crops) @ self.numbers(self.originals).T)

    def deblurred(self) -> float:
        sharper = [_sharper(each, shot) for each, shot in zip(self.crops, self.taken, strict=True)]
        return self.named(self.numbers(sharper) @ self.numbers(self.originals).T)

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

    def trained(self) -> float:
        """A ridge classifier on the embedding and the pixels of the other covered photos."""
        features, owners = [], []
        for index, (shot, pixels) in enumerate(zip(self.taken, self.outputs, strict=True)):
            for shift in SHIFTS:
                features.append(self._features(crop(pixels, shot.face.box, shift)))
                owners.append(index)
        inputs, belongs = np.stack(features), np.array(owners)
        names = np.unique(self.people)
        targets = (self.people[belongs][:, None] == names[None, :]).astype(np.float32)
        right = 0.0
        for index in range(len(self.taken)):
            scores = _ridge(inputs[belongs != index], targets[belongs != index], inputs[belongs == index]).mean(0)
            best = scores >= scores.max() - 1e-5  # of equal scores one is guessed
            right += float(best[names == self.people[index]].sum() / best.sum())
        return right / len(self.taken)

    def _features(self, seen: NDArray[np.uint8]) -> Floats:
        small = np.asarray(Image.fromarray(seen).resize((SMALL, SMALL), Image.Resampling.BOX), np.float32)
        pixels = (small.ravel() - 127.5) / 127.5 / SMALL
        return np.concatenate([self.numbers([np.ascontiguousarray(seen)])[0], pixels])


def _ridge(inputs: Floats, targets: Floats, asked: Floats) -> Floats:
    mean = inputs.mean(0)
    spread = inputs.std(0) + 1e-3
    known, new = (inputs - mean) / spread, (asked - mean) / spread
    weight = RIDGE * np.eye(len(known), dtype=np.float32)
    answer: Floats = new @ known.T @ np.linalg.solve(known @ known.T + weight, targets - targets.mean(0))
    return answer


def _distances(ones: list[NDArray[np.uint8]], others: list[NDArray[np.uint8]]) -> Floats:
    one, other = (np.stack(each).reshape(len(each), -1).astype(np.float32) / 255 for each in (ones, others))
    return np.maximum((one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T, 0).round(2)


def _sharper(seen: NDArray[np.uint8], shot: Shot) -> NDArray[np.uint8]:
    """The crop after a Wiener filter against the blur of the effect's default."""
    sigma = 0.12 * shot.face.width_px * EDGE / (shot.face.box.width * ROOM)
    reach = np.arange(EDGE) - EDGE // 2
    kernel = np.exp(-(reach[:, None] ** 2 + reach[None, :] ** 2) / (2 * sigma**2))
    planes = [wiener(seen[..., each] / 255, kernel / kernel.sum(), 0.01) for each in range(3)]
    return np.rint(np.clip(np.dstack(planes), 0, 1) * 255).astype(np.uint8)


def table(data: Path) -> Iterator[dict[str, str | float]]:
    """One row an effect: the share of photos whose person is named right, by each attack."""
    registry = Registry.installed()
    taken = shots(data / "identity", models.face_finder("lite", registry))
    embedder = SFace()
    for effect in EFFECTS:
        one = Attacks(effect, taken, registry, embedder)
        yield {
            "effect": effect,
            "naive": one.naive(),
            **({"deblurred": one.deblurred()} if effect == "blur" else {}),
            "trained": one.trained(),
            "templates": one.templates(),
            "very photo": one.very_photo(),
        }


def chance(data: Path) -> float:
    """The best that somebody can do who sees nothing: always to name the person of most photos."""
    counts = [len(list(home.iterdir())) for home in (data / "identity").iterdir() if home.is_dir()]
    return max(counts) / sum(counts)
