"""Stand-ins for the redacting path: faces that are where a test says, a look that sees what a test says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import faceedit_redact
import numpy as np
from PIL import Image
from pydantic import Field

import faceedit
from faceedit import images
from faceedit.detection import Detection
from faceedit.geometry import Box
from faceedit.photo import Finding, Photo
from faceedit.recipe import Recipe, parse_recipe
from faceedit.region import Region, Result
from faceedit.registry import Registry
from faceedit.runner import Processor
from faceedit.runner.discovery import Input
from faceedit.runner.targets import Job
from faceedit.testing import painted_photo
from faceedit.verify import SecondLook

HEIGHT, WIDTH = 160, 208


class NoDetector:
    """A detector that sees nothing."""

    name = "none"

    def detect(self, pixels: Any) -> list[Detection]:  # noqa: ARG002 - the protocol's
        return []


@dataclass(frozen=True)
class Told(SecondLook):
    """A second look that reports, one call after the other, what it is told to; then nothing."""

    answers: list[list[Detection]] = field(default_factory=list)

    def __call__(self, pixels: Any) -> list[Detection]:  # noqa: ARG002 - it does not look
        return self.answers.pop(0) if self.answers else []


def told(*answers: list[Detection]) -> Told:
    return Told(NoDetector(), None, list(answers))


@lru_cache
def finder(height: int = HEIGHT, width: int = WIDTH, faces: int = 1) -> Callable[[Photo], Photo]:
    """A service that finds the painted faces in whatever photo it is shown."""
    known = painted_photo(height, width, faces=faces).faces

    def find(photo: Photo) -> Photo:
        assert (photo.height, photo.width) == (height, width)
        return photo.replaced(faces=known)

    return find


@faceedit.effect(on="face", scope="photo")
def ghost(region: Region, *, amount: Annotated[float, Field(ge=0, le=1)] = 0.5):  # noqa: ARG001
    """Give an extra and findings that show all that the effect was shown."""
    picture = np.rint(region.pixels * 255).astype(np.uint8)
    masks = [np.rint(region.mask(part) * 255).astype(np.uint8) for part in ("l_eye | r_eye", "lips", "nose")]
    return Result(region.pixels, extras={"seen": picture, "masks": np.dstack(masks)})


@faceedit.effect(on="person | background", scope="photo")
def vanish(region: Region):
    """Make the whole photo transparent."""
    return Result(None, alpha=np.zeros(region.shape, np.float32))


@faceedit.inspector("blabbing")
def blabber(photo: Photo) -> Sequence[Finding]:
    """Reports pixels of each face."""
    return [
        Finding("blabbing", face.index, details={"pixels": photo.pixels[face.box.slices].ravel().tolist()})
        for face in photo.faces
    ]


def registry() -> Registry:
    return Registry.of(faceedit_redact, ghost, vanish, blabber)


def recipe(steps: str = "{effect: redact}", output: str = "") -> Recipe:
    text = f"faceedit: 1\nsteps: [{steps}]\n" + (f"output: {{{output}}}\n" if output else "")
    return parse_recipe(text, registry())


def processor(told_look: SecondLook, find: Callable[[Photo], Photo] | None = None, **settings: str) -> Processor:
    return Processor(recipe(**settings), registry(), find or finder(), look=told_look)


def job(source: Path, target: Path) -> Job:
    return Job.single(Input(source), target, target.stem)


def scene(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A made-up photo: smooth colours with a little noise, the same for the same seed."""
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (7, 9, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    return np.clip(smooth + chance.integers(-9, 10, smooth.shape), 0, 255).astype(np.uint8)


def face_box(photo: Photo) -> Box:
    return photo.faces[0].box


def write_photo(path: Path, pixels: np.ndarray | None = None, **settings: Any) -> Path:
    picture = Image.fromarray(painted_photo(HEIGHT, WIDTH).pixels if pixels is None else pixels)
    picture.save(path, **settings)
    return path


def read(path: Path) -> Photo:
    return images.read(path)
