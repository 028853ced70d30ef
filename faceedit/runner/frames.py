"""The outputs of animations and documents: every frame or page is edited by itself, then they are one file again."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from faceedit import extras, images
from faceedit.engine import Edited
from faceedit.errors import PhotoError, Withheld
from faceedit.photo import Photo
from faceedit.report import faces_json, findings_json
from faceedit.runner.named import faces_stay
from faceedit.runner.targets import Job, Place

_SRGB = "it was written in sRGB: frames and pages keep no color space of their own"


def outputs(
    job: Job, before: images.Frames, edits: Sequence[Edited], content: bytes
) -> tuple[dict[Path, bytes], list[str]]:
    """The files of an edited animation or document, and notes on what they do not hold. `content` is the input's.

    Raises:
        PhotoError: an output's format does not hold it.
    """
    found: dict[Path, bytes] = {}
    notes: list[str] = []
    for place in job.places:
        if place.output.photo:
            found[place.target], lost = _file(place, before, edits, content)
            notes += lost
        if place.output.extras:
            found |= _extras(place, edits)
    return found, list(dict.fromkeys(notes))


def _file(place: Place, before: images.Frames, edits: Sequence[Edited], content: bytes) -> tuple[bytes, list[str]]:
    output, source = place.output, before.photos[0].source
    if output.layered:
        raise PhotoError(f"{source.path}: {output.format} holds no frames or pages", "use format: same")
    people = all(faces_stay(photo, each.photo) for photo, each in zip(before.photos, edits, strict=True))
    options = images.WriteOptions(images.suffix_format(place.target) or "png", output.quality, output.metadata, people)
    photos = tuple(images.fitted(each.photo, output.max_side) for each in edits)
    notes = [note for photo in photos for note in images.notes(photo, options)]
    same = options.metadata == "keep" and options.format == source.format and options.quality == "same"
    if same and all(map(images.unchanged, before.photos, photos)):
        return content, notes
    if output.keep_space and source.icc:
        notes.append(_SRGB)
    return images.encode_frames(images.Frames(photos, before.timing), options), notes


def _extras(place: Place, edits: Sequence[Edited]) -> dict[Path, bytes]:
    """What effects made beside each frame, numbered as the frames are."""
    return {
        place.beside(f"{name}-{number:04}", extras.suffix(extra)): extras.encoded(extra)
        for number, edited in enumerate(edits, 1)
        for name, extra in edited.extras.items()
    }


@contextlib.contextmanager
def numbered(number: int, count: int) -> Iterator[None]:
    """Within, errors say which of the frames or pages they are about."""
    try:
        yield
    except Withheld as error:
        raise Withheld(f"frame or page {number} of {count}: {error.message}", error.hint) from error


def all_faces(photos: Iterable[Photo]) -> list[dict[str, Any]]:
    """Faces as they stand in reports, each with the number of its frame or page, from 1 on."""
    return [{"frame": number, **face} for number, photo in enumerate(photos, 1) for face in faces_json(photo.faces)]


def all_findings(edits: Iterable[Edited]) -> list[dict[str, Any]]:
    """Likewise for findings."""
    return [
        {"frame": number, **finding}
        for number, edited in enumerate(edits, 1)
        for finding in findings_json(edited.findings)
    ]
