"""Maps of faces that do not flicker: each is a mixture of what the model says now and what it said before.

Both lie on crops that go along with the face, so that the mixture follows the motion. What changes plainly (a blink, a
smile) is taken over at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.faces import CROP_MIDDLE, CROP_SHARE, FaceFinder, apart
from faceedit.geometry import Crop
from faceedit.photo import FaceMap
from faceedit.segmentation import maps, widened
from faceedit.video.tracks import Pose

# Seconds over which what the model says is averaged, and the difference of probability that is taken over at once.
MEMORY, PLAIN = 0.35, 0.6


@dataclass
class _Memory:
    """What is known of one face: logits (19, h, w) on a crop, and when they were last renewed."""

    crop: Crop
    near: NDArray[np.float32]
    frame: int
    whole: FaceMap | None = None


@dataclass
class Maps:
    """The maps of a video's faces, frame by frame. The model looks at each face every so many frames."""

    find: FaceFinder
    rate: float
    every: int = 1
    _memories: dict[int, _Memory] = field(default_factory=dict)

    def __call__(self, pixels: NDArray[np.uint8], faces: Sequence[tuple[int, Pose]], frame: int) -> list[FaceMap]:
        """A map for each face, given as its person's number and its pose, on the next frame."""
        crops = [crop_of(pose) for _, pose in faces]
        due = [index for index, (person, _) in enumerate(faces) if self._is_due(person, frame)]
        fresh = maps(pixels, [crops[index] for index in due], self.find.segmenter)
        near = [self._remember(faces[index][0], one, frame) for index, one in zip(due, fresh, strict=True)]
        whole = widened(pixels, near, self.find.segmenter, bodies=self.find.bodies)
        for index, one in zip(due, whole, strict=True):
            memory = self._memories[faces[index][0]]
            memory.whole = self._calm(memory.whole, one)
        shape = pixels.shape[0], pixels.shape[1]
        seen = [self._now(person, crop, shape) for (person, _), crop in zip(faces, crops, strict=True)]
        self._memories = {person: self._memories[person] for person, _ in faces}
        return apart([(pose.x, pose.y) for _, pose in faces], [max(1, round(pose.width)) for _, pose in faces], seen)

    def _is_due(self, person: int, frame: int) -> bool:
        memory = self._memories.get(person)
        return memory is None or frame - memory.frame >= self.every

    def _remember(self, person: int, one: FaceMap, frame: int) -> FaceMap:
        """What the model says now, mixed with what it said of the same face before."""
        logits = one.logits.astype(np.float32)
        memory = self._memories.get(person)
        if memory is not None and memory.near.shape == logits.shape:
            share = 1 - math.exp(-(frame - memory.frame) / (MEMORY * self.rate))
            logits = mixed(memory.near, logits, share)
        whole = memory.whole if memory else None
        self._memories[person] = _Memory(one.crop, logits, frame, whole)
        return replace(one, logits=logits.astype(np.float16))

    def _calm(self, before: FaceMap | None, now: FaceMap) -> FaceMap:
        """A wide map mixed with the one before; a narrow one was mixed already."""
        if before is None or before.crop.side == now.crop.side or before.logits.shape != now.logits.shape:
            return now
        share = 1 - math.exp(-self.every / (MEMORY * self.rate))
        logits = mixed(before.logits.astype(np.float32), now.logits.astype(np.float32), share)
        return replace(now, logits=logits.astype(np.float16))

    def _now(self, person: int, crop: Crop, shape: tuple[int, int]) -> FaceMap:
        """The map of a face where it is now: as the model saw it last, moved along."""
        memory = self._memories[person]
        whole = memory.whole
        if whole is None:
            return FaceMap(memory.near.astype(np.float16), crop, shape)
        wide = whole.crop.side / memory.crop.side
        return FaceMap(whole.logits, replace(crop, side=crop.side * wide), shape)


def crop_of(pose: Pose) -> Crop:
    """The square that the model sees, turned with the face: a place of it is always the same place of the face."""
    side, turn = max(pose.width, pose.height), math.radians(pose.angle)
    lift = (0.5 - CROP_MIDDLE) * side
    x, y = pose.x + lift * math.sin(turn), pose.y - lift * math.cos(turn)
    return Crop(x, y, max(CROP_SHARE * side, 4.0), pose.angle)


def mixed(before: NDArray[np.float32], now: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """`share` of what is said now, more where that plainly differs."""
    changed = np.abs(_softmax(now) - _softmax(before)).max(0)
    weight = np.clip(ndimage.uniform_filter(changed, 3) / PLAIN, 0, 1)
    weight = share + (1 - share) * weight**2
    return before + weight * (now - before)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(0))
    return powers / powers.sum(0)
