"""Finished files opened again: a second look for faces, what is covered, and the container against an allow-list.

`container` takes files apart, `look` and `anatomy` look for faces, `output` judges what a redacting run has made.
`verify_file` judges any file, whoever made it.
"""

from collections.abc import Sequence
from pathlib import Path

from faceedit import images
from faceedit.geometry import Box
from faceedit.photo import eight_bit
from faceedit.verify.container import Contents, check
from faceedit.verify.look import SecondLook
from faceedit.verify.output import Look, Promise, Verdict, bare, holds_more_than_shown, unexplained, verified
from faceedit.verify.patches import patches

__all__ = [
    "Contents",
    "Look",
    "Promise",
    "SecondLook",
    "Verdict",
    "bare",
    "check",
    "unexplained",
    "verified",
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
    photo = images.read_isolated(file, limits=limits or images.Limits())
    content = file if isinstance(file, bytes) else Path(file).read_bytes()
    contents = check(content)
    problems = list(contents.problems)
    if holds_more_than_shown(photo):
        problems.append("transparent parts hide a picture")
    if photo.source.frames > 1:
        problems.append(f"has {photo.source.frames} frames or pages, and only the first was looked at")
    pixels = eight_bit(photo.pixels)
    found = look(pixels)
    faces = unexplained(found, patches(pixels, [face.box for face in found]), left)
    return Verdict(faces, tuple(problems), contents.notes)
