"""How many faces does redaction miss? Portraits pasted on faceless photos: all EXIF turns, rotations, many sizes.

    python tests/attacks/missed_faces.py ../shared/data [PHOTOS A TURN]

Prints, for each size of face in pixels, how many were covered, how many photos were withheld, and the gate's figure.
"""

import io
import sys
from collections import Counter
from pathlib import Path

import faceedit_redact
import numpy as np
from PIL import Image, ImageDraw

from faceedit import images, models
from faceedit.coverage import Bools
from faceedit.detection import THOROUGH
from faceedit.engine import edit
from faceedit.errors import Withheld
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from faceedit.runner import Input
from faceedit.runner.redaction import Redactor
from faceedit.runner.targets import Job
from faceedit.verify import SecondLook

SIZES = ((16, 24, 32, 48, 64, 96), (24, 40, 80, 128, 160, 200), (300, 400), (1000,))
ROTATIONS = (0, -15, 15, -30, 30, 90, 180, 270)
# In a portrait of CelebAMask-HQ the face is half as wide as the picture; eyes to mouth lie in this circle.
FACE_SHARE, MIDDLE, RADIUS = 0.5, (0.5, 0.55), 0.17
COVERED = 0.98


class Composite:
    """One photo with pasted portraits: pixels, and for each face its size and the circle from eyes to mouth."""

    def __init__(self, background: Image.Image, sizes: tuple[int, ...]) -> None:
        shape = (1200, 900) if len(sizes) > 2 else (1700, 1300) if len(sizes) > 1 else (2 * sizes[0] + 400,) * 2
        self.picture = background.convert("RGB").resize(shape)
        self.faces: list[tuple[int, float, float, float]] = []

    def paste(self, portrait: Image.Image, size: int, rotation: int, x: int, y: int) -> None:
        """Paste a portrait, its face `size` px wide, turned, its middle at (x, y)."""
        edge = round(size / FACE_SHARE)
        small = portrait.convert("RGB").resize((edge, edge), Image.Resampling.LANCZOS)
        round_mask = Image.new("L", (edge, edge))
        ImageDraw.Draw(round_mask).ellipse((0, 0, edge - 1, edge - 1), fill=255)
        turned, mask = (each.rotate(rotation, Image.Resampling.BICUBIC) for each in (small, round_mask))
        self.picture.paste(turned, (x - edge // 2, y - edge // 2), mask)
        turn = np.deg2rad(rotation)
        across, down = (share - 0.5 for share in MIDDLE)
        shift = (
            edge * (across * np.cos(turn) + down * np.sin(turn)),
            edge * (down * np.cos(turn) - across * np.sin(turn)),
        )
        self.faces.append((size, x + shift[0], y + shift[1], RADIUS * edge))

    def file(self, turn: int) -> bytes:
        """The photo as a camera held another way would write it."""
        exif = Image.Exif()
        exif[0x0112] = turn
        stored = images.upright.turned(np.asarray(self.picture), {6: 8, 8: 6}.get(turn, turn))
        file = io.BytesIO()
        Image.fromarray(stored).save(file, "JPEG", exif=exif, quality=90)
        return file.getvalue()


def composites(data: Path, each: int) -> list[tuple[Composite, int]]:
    """`each` photos for every EXIF turn and row of sizes."""
    chance = np.random.default_rng(11)
    portraits = sorted((data / "labelled" / "celebamask_mini").glob("*.webp"))
    grounds = sorted((data / "noface").glob("imagenet*.jpg"))
    made = []
    for turn in range(1, 9):
        for sizes in SIZES * each:
            photo = Composite(Image.open(grounds[chance.integers(len(grounds))]), sizes)
            width, height = photo.picture.size
            columns = min(3, len(sizes))
            for index, size in enumerate(sizes):
                x = round((index % columns + 0.5) * width / columns)
                y = round((index // columns + 0.5) * height / -(-len(sizes) // columns))
                portrait = Image.open(portraits[chance.integers(len(portraits))])
                photo.paste(portrait, size, int(chance.choice(ROTATIONS)), x, y)
            made.append((photo, turn))
    return made


def share(mask: Bools, x: float, y: float, radius: float) -> float:
    """How much of a circle is covered."""
    rows, columns = np.ogrid[: mask.shape[0], : mask.shape[1]]
    inside = (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= radius**2
    return float(mask[inside].mean()) if inside.any() else 1.0


class Tally:
    """What became of the faces, by size."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.seen, self.covered, self.at_first = Counter[int](), Counter[int](), Counter[int]()
        self.photos = self.withheld = 0

    def add(self, photo: Composite, turn: int) -> None:
        """Redact one photo and count its faces; a withheld photo shows none."""
        self.photos += 1
        upright = images.read(photo.file(turn))
        first = edit(self.redactor.find(upright), self.redactor.recipe, self.redactor.registry).covered
        try:
            job = Job.single(Input(Path("photo.png"), content=b""), Path("a.png"), "a")
            outputs = self.redactor(job, upright).outputs
        except Withheld:
            self.withheld += 1
            return
        final = (images.read(outputs[Path("a.png")]).pixels == 0).all(-1)
        for size, *circle in photo.faces:
            self.seen[size] += 1
            self.covered[size] += share(final, *circle) >= COVERED
            self.at_first[size] += first is not None and share(first.mask, *circle) >= COVERED

    def show(self) -> None:
        """Print the figures so far."""
        for size in sorted(self.seen):
            found = f"{self.covered[size]} of {self.seen[size]} covered ({self.at_first[size]} by the first look)"
            print(f"{size:5} px: {found}")
        most = [sum(count for size, count in each.items() if size >= 24) for each in (self.covered, self.seen)]
        share_covered = most[0] / max(1, most[1])
        print(
            f"24 px and more: {most[0]} of {most[1]} = {share_covered:.1%}; {self.withheld} photos withheld", flush=True
        )


def main() -> None:
    """Print the figures after each EXIF turn."""
    data, each = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    registry = Registry.of(faceedit_redact)
    rules = parse_recipe("faceedit: 1\nsteps: [{effect: redact}]\n", registry)
    find = models.face_finder("lite", registry, search=THOROUGH)
    tally = Tally(Redactor(rules, registry, find, SecondLook(find.detector, find.segmenter)))
    for index, (photo, turn) in enumerate(composites(data, each), 1):
        tally.add(photo, turn)
        if index % (len(SIZES) * each) == 0:
            tally.show()


if __name__ == "__main__":
    main()
