"""How many frames of videos are left with an uncovered face? Clips made from photos, against frame after frame alone.

    python -m tests.attacks.videos ../shared/data [--frames 40] [CLIP ...]

Prints for each clip how many of its faces (one on one frame) were left uncovered, how many frames were withheld, and
which share of the picture was covered: where each frame is redacted as a photo of its own / as `faceedit apply` redacts
the video. Then what the video costs in processor time, second look and encoding included, as a share of what finding
and covering frame by frame costs alone. With `--frames 12`, where everything moves fastest, and `lite`:

    | clip | faces | left | frames withheld | covered | CPU time |
    |---|--:|--:|--:|--:|--:|
    | pan | 24 | 0 / 0 | 0 / 0 | 48% / 67% | 0.54 x |
    | zoom | 12 | 0 / 0 | 0 / 0 | 17% / 20% | 0.67 x |
    | rotation | 12 | 0 / 0 | 0 / 0 | 14% / 18% | 0.62 x |
    | occlusion | 8 | 0 / 0 | 4 / 0 | 9% / 18% | 0.70 x |
    | cuts | 12 | 0 / 0 | 0 / 0 | 16% / 16% | 1.30 x |
    | entering, leaving | 10 | 0 / 0 | 0 / 0 | 47% / 76% | 0.69 x |
    | motion blur | 12 | 0 / 0 | 5 / 0 | 33% / 55% | 0.59 x |
    | small faces | 36 | 0 / 0 | 0 / 0 | 51% / 50% | 0.40 x |
    | crossing | 22 | 0 / 0 | 0 / 0 | 26% / 45% | 0.56 x |
    | shaken, dark, noisy | 12 | 0 / 0 | 0 / 0 | 31% / 41% | 0.61 x |
"""

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import faceedit_redact
import numpy as np
from numpy.typing import NDArray

from faceedit import models
from faceedit.detection import THOROUGH, Search
from faceedit.engine import edit
from faceedit.errors import Withheld
from faceedit.faces import FaceFinder
from faceedit.photo import Photo
from faceedit.recipe import Output, Recipe, parse_recipe
from faceedit.registry import Registry
from faceedit.verify import SecondLook
from faceedit.video.container import Reader
from faceedit.video.frames import rgb
from faceedit.video.work import VideoEditor
from tests.clips_support import Photos, Truth, clips, frames, write_clip

# A face counts where this share of it is seen, from eyes to mouth; it is uncovered if less than this share is hidden.
SEEN, HIDDEN = 0.5, 0.98
FILL = (255, 0, 255)
# How far decoded pixels of the fill may be from it.
NEAR = 90


@dataclass(frozen=True)
class Tally:
    """What one way made of a clip: faces `left` uncovered, frames `withheld`, the mean `share` covered, and why not."""

    left: int
    withheld: int
    share: float
    why: str = ""


class Bench:
    """The two ways, with one model."""

    def __init__(self) -> None:
        self.registry = Registry.of(faceedit_redact)
        self.recipe: Recipe = parse_recipe('faceedit: 1\nsteps: [{effect: redact, color: "#ff00ff"}]\n', self.registry)
        self.find: FaceFinder = models.face_finder("lite", self.registry, device="cpu", search=THOROUGH)
        self.editor = VideoEditor(
            self.recipe, self.registry, self.find, look=SecondLook(self.find.detector, self.find.segmenter)
        )

    def singly(self, path: Path, truths: list[Truth]) -> Tally:
        """What becomes of a clip whose frames are photos; one in which no face is sure is withheld."""
        recipe = self.recipe.with_no_faces("copy")
        reader, masks, withheld = Reader(path), [], 0
        shape = reader.info.layout.height, reader.info.layout.width
        for frame in reader:
            photo = self.find(Photo(rgb(frame.planes, reader.info.layout)))
            withheld += not any(face.score >= Search.threshold for face in photo.faces)
            covered = edit(photo, recipe, self.registry).covered
            masks.append(np.zeros(shape, bool) if covered is None else covered.mask)
        return _tally(masks, truths, withheld)

    def whole(self, path: Path, truths: list[Truth]) -> Tally:
        """What becomes of it as a video."""
        target = path.with_name(f"done-{path.name}")
        try:
            self.editor(path, [(target, Output(metadata="none"))])
        except Withheld as error:
            return Tally(0, len(truths), 0.0, error.message.partition(": ")[2])
        reader = Reader(target)
        pictures = (rgb(frame.planes, reader.info.layout).astype(int) for frame in reader)
        return _tally([np.abs(pixels - FILL).max(-1) < NEAR for pixels in pictures], truths, 0)


def _faces(truth: Truth) -> list[NDArray[np.bool_]]:
    """The faces of a frame that count."""
    return [face for face, size in zip(truth.faces, truth.sizes, strict=True) if face.sum() >= SEEN * size]


def _tally(masks: list[NDArray[np.bool_]], truths: list[Truth], withheld: int) -> Tally:
    left = sum(
        bool(mask[face].mean() < HIDDEN) for mask, truth in zip(masks, truths, strict=True) for face in _faces(truth)
    )
    return Tally(left, withheld, float(np.mean([mask.mean() for mask in masks])))


def main() -> None:
    """Print the table, a line as soon as it is known."""
    options = argparse.ArgumentParser()
    options.add_argument("data", type=Path)
    options.add_argument("clips", nargs="*")
    options.add_argument("--frames", type=int, default=40)
    given = options.parse_intermixed_args()
    bench = Bench()
    print("| clip | faces | left | frames withheld | covered | CPU time |\n|---|--:|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        for number, (name, scenes) in enumerate(clips(Photos(given.data), given.frames).items()):
            if given.clips and name not in given.clips:
                continue
            drawn = list(frames(scenes))
            path = write_clip(Path(place, f"{number}.mp4"), [pixels for pixels, _ in drawn])
            truths = [truth for _, truth in drawn]
            begin = time.process_time()
            alone = bench.singly(path, truths)
            between = time.process_time()
            ours = bench.whole(path, truths)
            cost = (time.process_time() - between) / (between - begin)
            faces = sum(len(_faces(truth)) for truth in truths)
            shown = [
                f"{alone.left} / {ours.left}",
                f"{alone.withheld} / {ours.withheld}",
                f"{alone.share:.0%} / {ours.share:.0%}",
                f"{cost:.2f} x",
            ]
            print(f"| {name} | {faces} | {' | '.join(shown)} |{f' {ours.why}' if ours.why else ''}", flush=True)


if __name__ == "__main__":
    main()
