"""The slow part of looking at live frames, in a thread of its own: thorough looks, and maps of faces.

It always takes the newest frame there is; what lies between is dropped.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faceedit.detection import Detection, Search, find_faces
from faceedit.faces import DOUBTFUL, FaceFinder, first_crop, plausible, tilt
from faceedit.photo import FaceMap
from faceedit.segmentation import maps
from faceedit.video.masks import crop_of
from faceedit.video.tracks import Pose


@dataclass(frozen=True)
class Question:
    """A frame to look at: all of it by `search`, if there is one, and closely at the faces of these tracks."""

    frame: int
    pixels: NDArray[np.uint8]
    search: Search | None
    faces: Sequence[tuple[int, Pose]] = ()


@dataclass(frozen=True)
class Answer:
    """What was seen: faces with their turns, None where nobody looked for them, and maps by the tracks' numbers."""

    frame: int
    found: list[tuple[Detection, float]] | None
    maps: dict[int, FaceMap]


@dataclass
class Deep:
    """Answers one question after the other. A new question replaces one that still waits."""

    find: FaceFinder
    error: Exception | None = None
    _asked: Question | None = None
    _answers: list[Answer] = field(default_factory=list)
    _busy: bool = False
    _closed: bool = False

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="faceedit-stream", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether a question would be taken up at once."""
        with self._changed:
            return not self._busy and self._asked is None

    def ask(self, question: Question) -> None:
        """Let a frame be looked at."""
        with self._changed:
            self._asked = question
            self._changed.notify_all()

    def answers(self) -> list[Answer]:
        """What was answered since the last call.

        Raises:
            Exception: what went wrong in the thread.
        """
        with self._changed:
            if self.error:
                raise self.error
            given, self._answers = self._answers, []
            return given

    def wait(self, seconds: float) -> None:
        """Wait until nothing is being looked at, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy and self._asked is None, seconds)

    def close(self) -> None:
        """Stop; a look that is begun is finished."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._asked is not None)
                question, self._asked, self._busy = self._asked, None, True
                if self._closed or question is None:
                    self._busy = False
                    return
            try:
                answer: Answer | Exception = self._answered(question)
            except Exception as error:  # raised where the frames come from, instead of ending a thread unheard
                answer = error
            with self._changed:
                self._busy = False
                if isinstance(answer, Answer):
                    self._answers.append(answer)
                else:
                    self.error = answer
                self._changed.notify_all()

    def _answered(self, question: Question) -> Answer:
        pixels, segmenter = question.pixels, self.find.segmenter
        found: list[tuple[Detection, float]] | None = None
        if question.search is not None:
            faces = find_faces(pixels, self.find.detector, question.search)
            seen = maps(pixels, [first_crop(face) for face in faces], segmenter)
            found = [(_judged(face, one), one.crop.angle + tilt(one)) for face, one in zip(faces, seen, strict=True)]
        closely = maps(pixels, [crop_of(pose) for _, pose in question.faces], segmenter)
        numbers = [number for number, _ in question.faces]
        return Answer(question.frame, found, dict(zip(numbers, closely, strict=True)))


def _judged(face: Detection, one: FaceMap) -> Detection:
    return face if plausible(face, one) else Detection(face.box, min(face.score, DOUBTFUL), face.angle)
