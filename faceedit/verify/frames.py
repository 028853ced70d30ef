"""One finished animation or document judged: each frame or page as a photo is, and the container as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

import numpy as np

from faceedit import images
from faceedit.detection import Detection, merged
from faceedit.errors import UnreadablePhoto
from faceedit.verify.container import check
from faceedit.verify.output import Promise, shows, unexplained
from faceedit.verify.seen import Look, faces_in

_OTHERS = "holds other frames or pages than were made"


@dataclass(frozen=True)
class FramesVerdict:
    """What was found in one file: as `Verdict`, with the faces by the number of their frame or page, from 0 on."""

    faces: dict[int, list[Detection]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether neither a face nor anything else was found that should not be there."""
        return not self.faces and not self.problems


def verified_frames(
    content: bytes, promises: Sequence[Promise], timing: images.Timing | None, look: Look, limits: images.Limits
) -> FramesVerdict:
    """The verdict on the bytes of a file whose frames or pages are to keep a promise each.

    As with a photo, that all is covered is proved by the bytes: a file made anew of what the promises say is the same.
    """
    contents = check(content, several=True)
    problems = list(contents.problems)
    try:
        frames = images.read_frames(content, limits)
    except UnreadablePhoto as error:
        return FramesVerdict({}, (*problems, f"the finished file {error.message}"), contents.notes)
    expected = images.Frames(tuple(each.expected() for each in promises), timing)
    if content != images.encode_frames(expected, promises[0].options):
        problems.append("a covered face may show through: the file is not what the fill alone would give")
    groups = _groups(frames, timing and timing.held_by(contents.format), len(promises))
    if groups is None:
        return FramesVerdict({}, (*problems, _OTHERS), contents.notes)
    found: dict[int, list[Detection]] = {}
    for photo, group in zip(frames.photos, groups, strict=True):
        covers = [promises[index].covered for index in group]
        exact = contents.format in ("png", "tiff")
        if any(photo.pixels.shape != each.fill.shape or shows(photo, each, exact=exact) for each in covers):
            problems.append("a covered face shows through")
            continue
        mask = np.logical_and.reduce([each.mask for each in covers])
        if faces := unexplained(faces_in(photo, look), mask, promises[group[0]].left):
            found |= {index: merged([*found.get(index, []), *faces]) for index in group}
    return FramesVerdict(found, tuple(dict.fromkeys(problems)), contents.notes)


def _groups(frames: images.Frames, made: images.Timing | None, count: int) -> list[list[int]] | None:
    """Which of the frames that were made each frame of the file shows; None if that does not come out even.

    Encoders put frames together that look alike, and add up their times: so the times tell.
    """
    if made is None or frames.timing is None:
        return [[index] for index in range(count)] if len(frames.photos) == count else None
    if len(frames.photos) == 1:
        return [list(range(count))]
    starts, lead = list(accumulate(made.durations, initial=0)), int(made.lead)
    read = list(accumulate(frames.timing.durations, initial=0))
    if not set(read) <= set(starts) or read[-1] != starts[-1] or frames.timing.lead != made.lead:
        return None
    groups = [
        [index + lead for index, start in enumerate(starts[:-1]) if begin <= start < end]
        for begin, end in pairwise(read)
    ]
    return [[0], *groups] if lead else groups
