"""Finished files opened again: a second look for faces, what is covered, and the container against an allow-list.

`container` takes files apart, `look` and `anatomy` look for faces, `output` judges what a redacting run has made.
`verify_file` judges any file, whoever made it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceedit import images
from faceedit.detection import Detection, merged
from faceedit.geometry import Box
from faceedit.verify.container import Contents, check
from faceedit.verify.frames import FramesVerdict, verified_frames
from faceedit.verify.look import SecondLook
from faceedit.verify.output import Promise, Verdict, bare, holds_more_than_shown, unexplained, verified
from faceedit.verify.patches import patches
from faceedit.verify.seen import Look, faces_in, views

__all__ = [
    "Contents",
    "FramesVerdict",
    "Look",
    "Promise",
    "SecondLook",
    "Verdict",
    "bare",
    "check",
    "faces_in",
    "unexplained",
    "verified",
    "verified_frames",
    "verify_file",
]


def verify_file(
    file: Path | str | bytes, look: Look, *, left: Sequence[Box] = (), limits: images.Limits | None = None
) -> Verdict:
    """The verdict on a finished file, or on its bytes, made by whatever program.

    What is covered is not known here, so flat patches of one color count as such. `left` are the boxes of faces that
    were left on purpose.

    Raises:
        UnreadablePhoto: the file is no picture that can be read whole.
    """
    limits = limits or images.Limits()
    first = images.read_isolated(file, limits=limits)
    several = first.source.frames > 1 and bool(images.FORMATS[first.source.format].several)
    photos = images.frames_isolated(file, limits=limits).photos if several else (first,)
    content = file if isinstance(file, bytes) else Path(file).read_bytes()
    contents = check(content, several=several)
    problems = list(contents.problems)
    if any(map(holds_more_than_shown, photos)):
        problems.append("transparent parts hide a picture")
    if len(photos) < first.source.frames:
        problems.append(f"has {first.source.frames} frames or pages, and only the first was looked at")
    faces = [face for photo in photos for view in views(photo) for face in _bare_faces(view, look, left)]
    return Verdict(tuple(merged(faces)), tuple(problems), contents.notes)


def _bare_faces(pixels: NDArray[np.uint8], look: Look, left: Sequence[Box]) -> tuple[Detection, ...]:
    found = look(pixels)
    return unexplained(found, patches(pixels, [face.box for face in found]), left)
