"""The second pass over a video: each frame as a photo with its faces, edited, and back into its planes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.detection import Detection, Search
from faceedit.engine import Edited, edit
from faceedit.faces import DOUBTFUL, FaceFinder, first_crop
from faceedit.geometry import Box
from faceedit.labels import ID, PARTS
from faceedit.photo import Face, FaceMap, Finding, Photo, eight_bit
from faceedit.recipe import Recipe
from faceedit.registry import Registry
from faceedit.video.choosing import resolved
from faceedit.video.covers import Covers
from faceedit.video.frames import Frame, Layout, Plane, laid, rgb, rgb_planes
from faceedit.video.looking import Seen
from faceedit.video.masks import Maps
from faceedit.video.people import Numbers, generous, strict
from faceedit.video.tracks import Pose, Track, smoothed

# Under a cover the model looks at each head every so many frames: the box around the face is there on all of them.
HEAD_EVERY = 5
# Ordinary effects keep this far from a cover, in pixels: chroma is read so far across its edge.
APART = 6


@dataclass
class Renderer:
    """Edits the frames of one video, in their order, from what the first pass has `seen`."""

    recipe: Recipe
    registry: Registry
    find: FaceFinder
    layout: Layout
    rate: float
    seen: Seen
    _poses: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.maps = Maps(self.find, self.rate, HEAD_EVERY if self.recipe.redacts else 1)
        # A photo without a face may be refused; a frame may not have one.
        self._each_frame = self.recipe.with_no_faces("copy")

    @cached_property
    def people(self) -> Numbers:
        """Who is who."""
        choose = strict if self.recipe.redacts else generous
        return Numbers(choose(self.seen.tracks, self.rate))

    @cached_property
    def _joined(self) -> Numbers:
        return Numbers(generous(self.seen.tracks, self.rate))

    @cached_property
    def _covers(self) -> Covers:
        shots, frames = self.seen.shots, self.seen.frames
        return Covers(self.seen.tracks, shots, frames, self.rate, self.layout.height, self.layout.width)

    @cached_property
    def _by_shot(self) -> dict[int, list[Track]]:
        found: dict[int, list[Track]] = {}
        for track in self.seen.tracks:
            found.setdefault(track.shot, []).append(track)
        return found

    def __call__(self, index: int, frame: Frame) -> tuple[tuple[Plane, ...], Edited, Photo]:
        """The planes of the next frame after all steps, all else that came of it, and the photo that it was."""
        pixels = rgb(frame.planes, self.layout)
        if self.recipe.redacts:
            photo, recipe = self._hidden(pixels, index)
            findings: list[Finding] | None = None if any(step.when for step in recipe.steps) else []
        else:
            photo, recipe = self._shown(pixels, index), self._each_frame
            findings = [each for face in photo.faces for each in self._found(face.index)]
        edited = edit(photo, recipe, self.registry, findings=findings)
        return self._planes(frame, photo, edited), edited, photo

    def _planes(self, frame: Frame, photo: Photo, edited: Edited) -> tuple[Plane, ...]:
        planes, after = frame.planes, edited.photo.pixels
        changed = (photo.pixels != after).any(-1)
        if edited.covered is not None and edited.covered.mask.any():
            mask = edited.covered.mask
            # The fill alone, on nothing: not even a sample of chroma on the edge depends on what is hidden.
            planes = laid(planes, rgb_planes(edited.covered.fill, self.layout), mask, self.layout)
            changed &= ~ndimage.binary_dilation(mask, iterations=APART)
        if changed.any():
            planes = laid(planes, rgb_planes(after, self.layout), changed, self.layout)
        return tuple(planes)

    def _shown(self, pixels: NDArray[Any], index: int) -> Photo:
        """A frame with the people on it, for ordinary effects."""
        tracks = [each for each in self._tracks(index) if self.people.of(each.number, index) < len(self.people.people)]
        persons = [self.people.of(each.number, index) for each in tracks]
        order = sorted(range(len(tracks)), key=persons.__getitem__)
        poses = [self._pose(tracks[at], index) for at in order]
        maps = self.maps(eight_bit(pixels), [(persons[at], pose) for at, pose in zip(order, poses, strict=True)], index)
        shape = self.layout.height, self.layout.width
        faces = [
            Face(persons[at], pose.box.clipped(*shape), tracks[at].score, own, shape)
            for at, pose, own in zip(order, poses, maps, strict=True)
        ]
        return Photo(pixels, faces=tuple(faces), model=self.find.segmenter.model)

    def _hidden(self, pixels: NDArray[Any], index: int) -> tuple[Photo, Recipe]:
        """A frame with a face for each cover, and the recipe with the steps' selectors resolved."""
        covers = self._covers.on(index)
        known = [at for at, each in enumerate(covers) if each.followed and each.score > DOUBTFUL]
        poses = [(covers[at].track.number, self._pose(covers[at].track, index)) for at in known]
        maps = dict(zip(known, self.maps(eight_bit(pixels), poses, index), strict=True))
        shape = self.layout.height, self.layout.width
        faces = [
            Face(at, each.box, each.score if at in maps else DOUBTFUL, maps.get(at) or nothing(each.box), shape)
            for at, each in enumerate(covers)
        ]
        doubting, joined = (
            [numbers.of(each.track.number, each.at) for each in covers] for numbers in (self.people, self._joined)
        )
        recipe = resolved(self._each_frame, faces, doubting, joined, self.layout.width)
        return Photo(pixels, faces=tuple(faces), model=self.find.segmenter.model), recipe

    def _found(self, person: int) -> list[Finding]:
        """What inspectors saw on most key frames of a person."""
        tracks = {track for track, _, _ in self.people.people[person].pieces}
        looked = sum(self.seen.looked[track] for track in tracks)
        kinds = {(kind, unknown) for track, kind, unknown in self.seen.votes if track in tracks}
        said = {key: sum(self.seen.votes[track, *key] for track in tracks) for key in kinds}
        return [
            Finding(kind, person, count / looked, details={"unknown": True} if unknown else {})
            for (kind, unknown), count in sorted(said.items())
            if 2 * count > looked
        ]

    def _tracks(self, index: int) -> Sequence[Track]:
        shot = int(np.searchsorted(self.seen.shots, index, "right")) - 1
        return [each for each in self._by_shot.get(shot, ()) if each.start <= index < each.end]

    def _pose(self, track: Track, index: int) -> Pose:
        if track.number not in self._poses:
            self._poses[track.number] = smoothed(track, self.rate)
        return Pose(*(float(value) for value in self._poses[track.number][index - track.start]))


def nothing(box: Box) -> FaceMap:
    """The map of a face that nobody has looked at: all of it background, so that its box alone is hidden."""
    logits = np.zeros((len(PARTS), 8, 8), np.float16)
    logits[ID["background"]] = 30
    return FaceMap(logits, first_crop(Detection(box, DOUBTFUL)))


def sure(seen: Seen) -> bool:
    """Whether some face of the video is one beyond doubt."""
    return any(track.score >= Search.threshold for track in seen.tracks)
