"""One photo from its file to its outputs on disk."""

import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image

from faceedit import extras, images, layers
from faceedit.engine import LOOK, Edited, edit
from faceedit.errors import PhotoError, SetupError, Withheld
from faceedit.overlay import overlay
from faceedit.photo import Photo
from faceedit.recipe import Recipe
from faceedit.registry import Registry
from faceedit.report import Entry, faces_json, findings_json
from faceedit.runner.discovery import Input
from faceedit.runner.frames import all_faces, all_findings
from faceedit.runner.frames import outputs as frames_outputs
from faceedit.runner.frames_redaction import redacted_frames
from faceedit.runner.named import faces_stay
from faceedit.runner.reading import read_frames, read_still
from faceedit.runner.redaction import Redactor, Wishes
from faceedit.runner.targets import Job, Place
from faceedit.runner.videos import edited_video, neutral
from faceedit.verify import SecondLook
from faceedit.video import is_video

# What `segment` writes beside a photo's name.
MAPS = ("labels", "overlay")


Begin = Callable[[Iterable[Path]], None]


def pass_over(_paths: Iterable[Path]) -> None:
    """A `begin` that lets every file be written."""


def say_nothing(_text: str) -> None:
    """A `tell` that nobody hears."""


Small = Callable[[Path, Photo | None, Photo], Mapping[Path, bytes]]


def none_small(_target: Path, _before: Photo | None, _after: Photo) -> Mapping[Path, bytes]:
    """A `small` that makes no thumbnails."""
    return {}


@dataclass(frozen=True)
class Processor:
    """Applies one recipe to photos: `find` is the segmentation service, `limits` what is refused unread.

    `small` makes the thumbnails of the report; `begin` is told which files are about to be written, and may refuse.
    A recipe that redacts needs a second `look`, and goes another way from the first byte on: see `redaction`, also for
    `wishes`. `tell` hears how far a video is.
    """

    recipe: Recipe
    registry: Registry
    find: Callable[[Photo], Photo]
    limits: images.Limits = field(default_factory=images.Limits)
    look: SecondLook | None = None
    begin: Begin = pass_over
    small: Small = none_small
    wishes: Wishes = field(default_factory=Wishes)
    tell: Callable[[str], None] = say_nothing

    def __call__(self, job: Job) -> Entry:
        """Edit one photo, write its outputs, and say what happened.

        Raises:
            PhotoError: the photo cannot be read, edited or written; nothing of it was written.
        """
        if is_video(job.input.path):
            done, pictures = edited_video(self, job)
            write_all({}, pictures)
            return done
        if self.recipe.redacts:
            return self._redacted(job)
        frames = read_frames(job, self.limits)
        if len(frames.photos) > 1:
            return self._several(job, frames)
        photo = self.find(frames.photos[0])
        if not photo.faces and (entry := self._without_faces(job)):
            return entry
        edited = edit(photo, self.recipe, self.registry)
        photo.forget()
        outputs: dict[Path, bytes] = {}
        lost: list[str] = []
        for place in job.places:
            if place.output.photo:
                content, notes = _encoded(job.input, place, photo, edited, self.limits)
                outputs[place.target] = content
                lost += notes
        outputs |= _extras(job, edited)
        small = self.small(next(iter(outputs)), photo, edited.photo) if outputs else {}
        self.begin(outputs)
        return Entry(
            str(job.input.path),
            "done",
            outputs=write_all(outputs, small),
            faces=faces_json(photo.faces),
            findings=findings_json(edited.findings),
            notes=list(dict.fromkeys(lost)),
        )

    def _several(self, job: Job, frames: images.Frames) -> Entry:
        photos = [self.find(photo) for photo in frames.photos]
        if not any(photo.faces for photo in photos) and (entry := self._without_faces(job)):
            return entry
        edits = []
        for photo in photos:
            edits.append(edit(photo, self.recipe, self.registry))
            photo.forget()
        outputs, lost = frames_outputs(job, frames, edits, _content(job.input))
        small = self.small(next(iter(outputs)), photos[0], edits[0].photo) if outputs else {}
        self.begin(outputs)
        return Entry(
            str(job.input.path),
            "done",
            outputs=write_all(outputs, small),
            faces=all_faces(photos),
            findings=all_findings(edits),
            notes=lost,
        )

    def _redacted(self, job: Job) -> Entry:
        if self.look is None:
            raise SetupError("a recipe that redacts was to run without a second look", "give the Processor a `look`")
        redactor = Redactor(self.recipe, self.registry, self.find, self.look, self.limits, self.wishes)
        frames = read_frames(job, self.limits)
        done = redactor(job, frames.photos[0]) if len(frames.photos) == 1 else redacted_frames(redactor, job, frames)
        outputs = done.outputs
        # Of the redacted picture alone, unless originals were asked for.
        before = done.before if self.wishes.originals else None
        small = self.small(next(iter(outputs)), before, done.picture) if outputs and done.picture else {}
        self.begin(outputs)
        written = write_all(outputs, small)
        neutral(written)
        return replace(done.entry, outputs=written)

    def _without_faces(self, job: Job) -> Entry | None:
        policy = self.recipe.no_faces
        if policy == "skip":
            return Entry(str(job.input.path), "skipped", notes=["no face was found"])
        if policy == "review":
            raise Withheld(f"{job.input.path}: no face was found", LOOK)
        return None


def _encoded(
    source: Input, place: Place, before: Photo, edited: Edited, limits: images.Limits
) -> tuple[bytes, list[str]]:
    """One output of a photo, and what it could not keep; the file's own bytes where nothing is to change."""
    output = place.output
    if output.layered:
        return layers.encode(output.format, before, edited.photo, edited.layers), layers.notes(before)
    people = faces_stay(before, edited.photo)
    options = images.WriteOptions(images.suffix_format(place.target) or "png", output.quality, output.metadata, people)
    photo = images.fitted(edited.photo, output.max_side)
    content = _content(source)
    same = options.metadata == "keep" and options.format == before.source.format and options.quality == "same"
    if same and photo is edited.photo and images.unchanged(before, photo):
        return content, images.notes(photo, options)
    original, old_blocks = images.Original(before, content), output.lossless == "auto"
    return images.encode_edited(photo, original, options, limits, keep_space=output.keep_space, old_blocks=old_blocks)


def _content(source: Input) -> bytes:
    return source.path.read_bytes() if source.content is None else source.content


def _extras(job: Job, edited: Edited) -> dict[Path, bytes]:
    """What effects made beside the photo, for every output that takes it."""
    return {
        place.beside(name, extras.suffix(extra)): content
        for name, extra in edited.extras.items()
        for content in [extras.encoded(extra)]
        for place in job.places
        if place.output.extras
    }


def write_all(outputs: Mapping[Path, bytes], small: Mapping[Path, bytes] | None = None) -> list[str]:
    """Write all files of one photo, each whole or not at all, and return their paths; the `small` ones go without.

    Raises:
        PhotoError: one cannot be written; those written before it are removed again.
    """
    written: list[Path] = []
    try:
        for path, content in {**outputs, **(small or {})}.items():
            _make_folder(path.parent)
            images.write_atomic(path, content, flush=path in outputs)
            written.append(path)
    except PhotoError:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    return [str(path) for path in outputs]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PhotoError(
            f"{folder}: cannot be made: {error.strerror}", "choose a folder that you may write to"
        ) from error


def segmented(job: Job, find: Callable[[Photo], Photo], limits: images.Limits, begin: Begin = pass_over) -> Entry:
    """Write one photo's labels (8-bit ids at the photo's size) and the picture of them, and say what happened.

    `begin` is told which files are about to be written, and may refuse.

    Raises:
        PhotoError: the photo cannot be read, or the files not written.
    """
    photo = find(read_still(job, limits))
    labels = photo.labels()
    pictures = (Image.fromarray(labels), overlay(photo, labels))
    outputs = {job.beside(name): _png(picture) for name, picture in zip(MAPS, pictures, strict=True)}
    begin(outputs)
    return Entry(str(job.input.path), "done", outputs=write_all(outputs), faces=faces_json(photo.faces))


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
