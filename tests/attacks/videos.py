"""How many frames of videos are left with an uncovered face? Clips made from photos, against frame after frame alone.

    python -m tests.attacks.videos ../shared/data [--frames 40] [CLIP ...]

Prints for each clip how many of its faces (one on one frame) were left uncovered: when each frame is redacted as a
photo of its own, and as `faceedit apply` redacts the video; and what both cost, in processor seconds a frame.
"""

import argparse
import tempfile
import time
from pathlib import Path

import faceedit_redact
import numpy as np
from numpy.typing import NDArray

from faceedit import models
from faceedit.detection import THOROUGH
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


class Bench:
    """The two ways, with one model."""

    def __init__(self) -> None:
        self.registry = Registry.of(faceedit_redact)
        self.recipe: Recipe = parse_recipe('faceedit: 1\nsteps: [{effect: redact, color: "#ff00ff"}]\n', self.registry)
        self.find: FaceFinder = models.face_finder("lite", self.registry, device="cpu", search=THOROUGH)
        self.editor = VideoEditor(
            self.recipe, self.registry, self.find, look=SecondLook(self.find.detector, self.find.segmenter)
        )

    def singly(self, path: Path, truths: list[Truth]) -> tuple[int, int]:
        """Faces on frames, and those left uncovered where each frame is a photo."""
        recipe = self.recipe.with_no_faces("copy")
        reader = Reader(path)
        masks = []
        for frame in reader:
            covered = edit(self.find(Photo(rgb(frame.planes, reader.info.layout))), recipe, self.registry).covered
            masks.append(
                np.zeros((reader.info.layout.height, reader.info.layout.width), bool)
                if covered is None
                else covered.mask
            )
        return _uncovered(masks, truths)

    def whole(self, path: Path, truths: list[Truth]) -> tuple[int, int]:
        """Likewise in the finished video.

        Raises:
            Withheld: it is not written.
        """
        target = path.with_name(f"done-{path.name}")
        self.editor(path, [(target, Output(metadata="none"))])
        reader = Reader(target)
        pictures = (rgb(frame.planes, reader.info.layout).astype(int) for frame in reader)
        return _uncovered([np.abs(pixels - FILL).max(-1) < NEAR for pixels in pictures], truths)


def _uncovered(masks: list[NDArray[np.bool_]], truths: list[Truth]) -> tuple[int, int]:
    faces = left = 0
    for mask, truth in zip(masks, truths, strict=True):
        for face, size in zip(truth.faces, truth.sizes, strict=True):
            if face.sum() >= SEEN * size:
                faces += 1
                left += bool(mask[face].mean() < HIDDEN)
    return faces, left


def main() -> None:
    """Print the table, a line as soon as it is known."""
    options = argparse.ArgumentParser()
    options.add_argument("data", type=Path)
    options.add_argument("clips", nargs="*")
    options.add_argument("--frames", type=int, default=40)
    given = options.parse_intermixed_args()
    bench = Bench()
    print(
        "| clip | faces | left by single frames | left | s a frame, single | s a frame |\n|---|--:|--:|--:|--:|--:|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as place:
        for number, (name, scenes) in enumerate(clips(Photos(given.data), given.frames).items()):
            if given.clips and name not in given.clips:
                continue
            drawn = list(frames(scenes))
            path = write_clip(Path(place, f"{number}.mp4"), [pixels for pixels, _ in drawn])
            truths = [truth for _, truth in drawn]
            begin = time.process_time()
            faces, alone = bench.singly(path, truths)
            between = time.process_time()
            try:
                left = str(bench.whole(path, truths)[1])
            except Withheld as error:
                left = f"withheld ({error.message.partition(': ')[2]})"
            costs = ((at - since) / len(drawn) for at, since in ((between, begin), (time.process_time(), between)))
            print(
                f"| {name} | {faces} | {alone} | {left} | " + " | ".join(f"{cost:.2f}" for cost in costs) + " |",
                flush=True,
            )


if __name__ == "__main__":
    main()
