"""Does makeup flicker? A still face with a camera's noise, made up as a video and frame after frame.

    python -m tests.benchmarks.flicker ../shared/data [RECIPE] [PORTRAITS]

Prints the mean change from frame to frame inside the face, 0..255, of the clip as it was, edited frame after frame as
photos, and edited as a video; and how many times the clip's own change that is.
"""

import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit import models
from faceedit.engine import edit
from faceedit.photo import Photo
from faceedit.recipe import Output, load_recipe
from faceedit.registry import Registry
from faceedit.video.container import Reader
from faceedit.video.frames import rgb
from faceedit.video.work import VideoEditor
from tests.clips_support import write_clip

FRAMES, SIDE, NOISE = 10, 256, 2.5


def pictures(path: Path) -> list[NDArray[np.uint8]]:
    """The frames of a video."""
    reader = Reader(path)
    return [rgb(frame.planes, reader.info.layout) for frame in reader]


def change(frames: list[NDArray[np.uint8]], inside: NDArray[np.bool_]) -> float:
    """The mean difference from each frame to the next, of the samples `inside`."""
    pairs = itertools.pairwise(frames)
    return float(np.mean([np.abs(one[inside].astype(int) - other[inside]).mean() for one, other in pairs]))


def main() -> None:
    """Print the table."""
    data = Path(sys.argv[1])
    registry = Registry.installed()
    recipe = load_recipe(Path(sys.argv[2] if len(sys.argv) > 2 else "samples/recipes/evening.yaml"), registry)
    find = models.face_finder("lite", registry, device="cpu")
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    portraits = sorted((data / "labelled" / "celebamask_mini").glob("*.webp"))[:: 850 // count]
    print("| portrait | its own | frame after frame | as a video |\n|---|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as place:
        for path in portraits:
            still = np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE)), float)
            chance = np.random.default_rng(3)
            noisy = [
                np.clip(still + chance.normal(0, NOISE, still.shape), 0, 255).astype(np.uint8) for _ in range(FRAMES)
            ]
            source, target = write_clip(Path(place, "a.mkv"), noisy, "ffv1"), Path(place, "b.mkv")
            frames = pictures(source)
            seen = find(Photo(frames[0]))
            if not seen.faces:
                continue
            inside = seen.faces[0].mask("head") > 0.5
            VideoEditor(recipe, registry, find)(source, [(target, Output())])
            alone = [edit(find(Photo(frame)), recipe, registry).photo.pixels for frame in frames]
            own, *rest = (change(each, inside) for each in (frames, alone, pictures(target)))
            shown = " | ".join(f"{each:.2f} ({each / own:.2f} x)" for each in rest)
            print(f"| {path.stem} | {own:.2f} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
