"""Live frames, as of a webcam or a meeting: each comes back at once, edited as well as is known by then.

Work is dropped, never frames: every frame is followed, looked at quickly if there is time, and thoroughly in a thread
beside. Where the recipe redacts, what nobody has had time to look at is hidden.
"""

import time as clock
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit import models
from faceedit.calls import answer as answered
from faceedit.detection import THOROUGH, Search, find_faces
from faceedit.engine import edit, hide
from faceedit.errors import UsageError
from faceedit.faces import DOUBTFUL
from faceedit.geometry import Box
from faceedit.photo import Finding, Photo
from faceedit.recipe import Recipe, load_recipe
from faceedit.region import Region
from faceedit.registry import Registry
from faceedit.video.deep import Answer, Deep, Question
from faceedit.video.live import Live, changed
from faceedit.video.motion import Small, is_cut

# The longer side of the picture that is followed and looked at quickly.
SIDE = 640
QUICK = (240, 480)
# Seconds between two thorough looks at the whole frame.
DEEP = 0.7
# A pause of so many seconds is a cut.
PAUSE = 1.0
# A quick look is left out on at most so many frames one after the other.
MOST_DROPPED = 6
# What was seen on a frame that has passed is a face known by then if their boxes overlap so much.
SAME_FACE = 0.2


class Stream:
    """Edits live frames by a recipe: `edited = stream.process(frame, time)`, each as soon as it is given.

    `seconds` is how long one frame may take: where the quick look does not fit into that, it is left out on some, and
    what changed there is hidden if the recipe redacts. So is the whole frame at the beginning and after a cut, until it
    was looked at thoroughly. Very small and turned faces are seen by the thorough looks only, so up to a second after
    they appear; `when` is decided anew on each frame. Use it in a `with` block, or call `close`.

    Raises:
        RecipeError: the recipe cannot be used.
        ModelError: the model is not on this machine, or unfit.
    """

    def __init__(
        self,
        recipe: str | Path,
        *,
        model: str | None = None,
        device: str = "auto",
        detector: str = "auto",
        seconds: float = 1 / 15,
    ) -> None:
        self.registry = Registry.installed()
        self.recipe: Recipe = load_recipe(Path(recipe), self.registry).with_no_faces("copy")
        self.search = THOROUGH if self.recipe.redacts else Search()
        name = model or self.recipe.model or models.default()
        models.refuse_remote(name, redacts=self.recipe.redacts, allowed=False)
        self.find = models.face_finder(name, self.registry, device=device, detector=detector, search=self.search)
        self.seconds = seconds
        self._deep = Deep(self.find)
        self._live: Live | None = None
        self._cost = 0.0  # of a quick look, in seconds
        self._fill = np.zeros((0, 0, 3), np.uint8)  # what hides a whole frame
        asked = any(step.when for step in self.recipe.steps)
        self._findings: tuple[Finding, ...] | None = None if asked else ()
        self._blind = not asked and all(step.effect.blind for step in self.recipe.steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the thread beside; the stream cannot be used any more."""
        self._deep.close()

    def wait(self, seconds: float = 10.0) -> None:
        """Wait until the thorough look that is under way is done, at most so long."""
        self._deep.wait(seconds)

    def process(self, frame: NDArray[np.uint8], time: float) -> NDArray[np.uint8]:
        """A frame, (H, W, 3) uint8 RGB, after all steps; `time` is when it was taken, in seconds.

        Raises:
            UsageError: it is no such picture.
            EffectError: an effect failed.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or not frame.size:
            raise UsageError(f"a frame of {frame.dtype} {frame.shape}", "it must be uint8 (height, width, 3), RGB")
        begin = clock.perf_counter()
        pixels, small = _reduced(frame)
        live = self._advanced(frame, small, time)
        for answer in self._deep.answers():
            self._heard(live, answer)
        unseen = self._look(live, pixels, begin)
        live.settle()
        self._ask(live, frame)
        if not self.recipe.redacts:
            faces = live.shown()
            photo = Photo(frame, faces=faces, model=self.find.segmenter.model)
            return np.asarray(edit(photo, self.recipe, self.registry, findings=self._findings).photo.pixels)
        faces, recipe = live.hidden(self.recipe)
        photo = Photo(frame, faces=faces, model=self.find.segmenter.model)
        if self._blind:
            result = hide(photo, recipe, self.registry)
        else:
            result = np.asarray(edit(photo, recipe, self.registry, findings=self._findings).photo.pixels)
        return result if unseen is None else self._blanked(result, unseen)

    def _advanced(self, frame: NDArray[np.uint8], small: Small, time: float) -> Live:
        """What is known, carried on into the new frame."""
        live, size = self._live, (frame.shape[0], frame.shape[1])
        if live is None or live.size != size:
            live = self._live = Live(size, self.recipe.redacts)
        elif not 0 < time - live.time < PAUSE or (live.thumb is not None and is_cut(live.thumb, small.thumb)):
            live = self._live = live.after_cut()
        live.advance(small, time)
        return live

    def _heard(self, live: Live, answer: Answer) -> None:
        """Take over what the thorough look saw on a frame that has passed meanwhile."""
        if answer.frame < live.begins:
            return
        live.learn(answer.frame, answer.maps)
        if answer.found is not None:
            least = 0.0 if self.recipe.redacts else Search.threshold
            live.catch_up(answer.frame, [each for each in answer.found if each[0].score >= least], SAME_FACE)

    def _look(self, live: Live, pixels: NDArray[np.uint8], begin: float) -> NDArray[np.bool_] | None:
        """Look quickly at the newest frame; where nobody has looked at it, in its small picture, None if nowhere."""
        if clock.perf_counter() - begin + self._cost <= self.seconds or live.dropped >= MOST_DROPPED:
            since = clock.perf_counter()
            search = Search(threshold=self.search.threshold, scales=QUICK, turns="never")
            found = find_faces(pixels, self.find.detector, search)
            live.see([replace(face, box=_enlarged(face.box, live.small.factor)) for face in found])
            self._cost = 0.7 * self._cost + 0.3 * (clock.perf_counter() - since)
        else:
            live.see(None)
        if not self.recipe.redacts:
            return None
        if not live.looked or live.base is None:
            return np.ones(live.small.grey.shape, bool)
        return changed(live.base, live.small.grey) if live.dropped else None

    def _ask(self, live: Live, frame: NDArray[np.uint8]) -> None:
        """Have the newest frame looked at thoroughly, if that is due and nothing else is looked at."""
        due = not live.looked or live.time - live.deep_at >= DEEP
        faces = [(each.number, each.now) for each in live.tracker.live if each.score > DOUBTFUL]
        if not self._deep.idle or not (due or (faces and not self.recipe.redacts)):
            return
        live.deep_at = live.time if due else live.deep_at
        self._deep.ask(Question(live.tracker.frame, frame.copy(), self.search if due else None, faces))

    def _blanked(self, pixels: NDArray[np.uint8], unseen: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """The picture with the first blind step's fill over all that was not looked at."""
        height, width = pixels.shape[:2]
        rows, columns = (
            np.arange(side) * cells // side for side, cells in zip((height, width), unseen.shape, strict=True)
        )
        mask = unseen[rows[:, None], columns]
        if self._fill.shape != pixels.shape:
            step = next(step for step in self.recipe.steps if step.effect.blind)
            box = Box(0, 0, width, height)
            zeros = np.zeros((height, width, 3), np.float32)
            fill = answered(step, Region(zeros, box, box), self.registry).pixels
            self._fill = np.rint(np.clip(zeros if fill is None else fill, 0, 1) * 255).astype(np.uint8)
        return np.where(mask[..., None], self._fill, pixels)


def _reduced(frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Small]:
    """A frame made smaller, in color and in grey."""
    height, width = frame.shape[:2]
    factor = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    pixels = np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0))
    return pixels, Small.of(pixels, size[0] / width)


def _enlarged(box: Box, factor: float) -> Box:
    return Box(*(round(edge / factor) for edge in (box.left, box.top, box.right, box.bottom)))
