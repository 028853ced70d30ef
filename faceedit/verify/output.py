"""One finished file judged: is it what covering the faces gives, does it show a face, what does it hold besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit import images
from faceedit.coverage import Bools, Covered
from faceedit.detection import Detection
from faceedit.errors import UnreadablePhoto
from faceedit.geometry import Box
from faceedit.photo import Photo, Source
from faceedit.verify.container import check
from faceedit.verify.seen import Look, faces_in

# A detector also fires on a patch with shoulders below it. What it sees there is no face if so much of it is patch.
COVERED = 0.6
# Rows that are compared at a time.
ROWS = 256


@dataclass(frozen=True)
class Verdict:
    """What was found in one file. It passes where `faces` and `problems` are empty.

    `faces` are those that are neither covered nor left on purpose, `problems` what the container holds beside the
    picture or what is not covered; `notes` say what could not be checked. `coverage` is the covered share of the
    picture, None where nobody can know.
    """

    faces: tuple[Detection, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    coverage: float | None = None

    @property
    def passed(self) -> bool:
        """Whether neither a face nor anything else was found that should not be there."""
        return not self.faces and not self.problems


@dataclass(frozen=True)
class Promise:
    """What a finished file must be: `photo` with `covered` hidden, `left` being the boxes left on purpose."""

    photo: Photo
    covered: Covered
    left: tuple[Box, ...]
    options: images.WriteOptions

    def expected(self) -> Photo:
        """The photo as it must be: the fill laid anew over the mask, and nothing known of its source."""
        photo, mask = self.photo, self.covered.mask
        pixels = photo.pixels
        if not _lies_there(self.covered, pixels):
            pixels = np.where(mask[..., None], self.covered.fill, pixels)
        alpha = None if photo.alpha is None else np.where(mask, np.iinfo(photo.alpha.dtype).max, photo.alpha)
        return bare(Photo(pixels, alpha, source=photo.source))

    def reference(self) -> bytes:
        """The file as it must be."""
        return images.encode(self.expected(), self.options)


def _lies_there(covered: Covered, pixels: NDArray[Any]) -> bool:
    """Whether pixels (H, W, 3) are the fill wherever it must be seen; looked at in strips, which takes no memory."""
    strips = [slice(top, top + ROWS) for top in range(0, len(pixels), ROWS)]
    return all(
        np.array_equal(pixels[rows][covered.mask[rows]], covered.fill[rows][covered.mask[rows]]) for rows in strips
    )


def bare(photo: Photo) -> Photo:
    """The photo's pixels with nothing of its file but the coding: no faces, no metadata, no path."""
    source = photo.source
    coding = Source(
        format=source.format,
        quantization=source.quantization,
        subsampling=source.subsampling,
        grey=source.grey,
        lossless=source.lossless,
    )
    return Photo(photo.pixels, photo.alpha, source=coding)


def verified(content: bytes, promise: Promise, look: Look, limits: images.Limits) -> Verdict:
    """The verdict on the bytes of a file that is to keep a promise.

    That covered faces are covered is proved exactly, whatever the codec blurs: a file encoded from a picture in which
    the mask holds nothing but the fill has the very same bytes.
    """
    contents = check(content)
    problems = list(contents.problems)
    covered = promise.covered
    if content != promise.reference():
        problems.append("a covered face may show through: the file is not what the fill alone would give")
    try:
        photo = images.read(content, limits=limits)
    except UnreadablePhoto as error:
        return Verdict((), (*problems, f"the finished file {error.message}"), contents.notes, covered.share)
    if photo.pixels.shape != covered.fill.shape or shows(photo, covered, exact=contents.format in ("png", "tiff")):
        problems.append("a covered face shows through")
    faces = unexplained(faces_in(photo, look), covered.mask, promise.left)
    return Verdict(faces, tuple(problems), contents.notes, covered.share)


def unexplained(found: Sequence[Detection], mask: Bools, left: Sequence[Box]) -> tuple[Detection, ...]:
    """The faces that are neither covered nor left on purpose."""
    return tuple(face for face in found if not is_covered(face.box, mask) and not is_left(face.box, left))


def is_covered(box: Box, mask: Bools) -> bool:
    """Whether so much of the box is covered that what is left is no face."""
    return bool(mask[box.slices].mean() >= COVERED) if box.area else True


def is_left(box: Box, left: Sequence[Box]) -> bool:
    """Whether the box is one of the faces that were left on purpose."""
    for other in left:
        common = box.intersection(other).area
        if box.iou(other) > 0.3 or common > 0.6 * max(1, min(box.area, other.area)):
            return True
    return False


def shows(photo: Photo, covered: Covered, *, exact: bool) -> bool:
    """Whether the decoded picture is transparent, or, where coding loses nothing, another than the fill in the mask."""
    if photo.alpha is not None and (photo.alpha[covered.mask] != np.iinfo(photo.alpha.dtype).max).any():
        return True
    same_depth = photo.pixels.dtype == covered.fill.dtype
    return exact and same_depth and bool((photo.pixels[covered.mask] != covered.fill[covered.mask]).any())


def holds_more_than_shown(photo: Photo) -> bool:
    """Whether wholly transparent pixels have more than one colour: a picture below the picture."""
    pixels, alpha = photo.pixels, photo.alpha
    return alpha is not None and len(np.unique(pixels[alpha == 0], axis=0)) > 1
