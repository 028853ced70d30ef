"""Which faces of a photo a step works on: `all`, `largest`, `0`, `[0, 2]`, `min 5%`, `left`, `all except ...`."""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from faceedit.errors import RecipeError
from faceedit.labels import suggestion
from faceedit.photo import Face

Kind = Literal["all", "numbers", "min", "left", "right"]
MAX_INDEX = 9999
HINT = "write all, largest, left, right, a number (0 is the largest), [0, 2], min 5%, or all except one of these"

_SIDES: dict[str, Kind] = {"all": "all", "left": "left", "right": "right"}
_MIN = re.compile(r"min\s+(\d{1,3}(?:\.\d{1,6})?)\s*%")
_NUMBERS = re.compile(r"\[?\s*\d{1,9}(?:\s*,\s*\d{1,9})*\s*\]?")


@dataclass(frozen=True)
class Faces:
    """A selection of faces. Make one with `Faces.parse`; `str` gives the text of a recipe back."""

    kind: Kind = "all"
    numbers: tuple[int, ...] = ()
    percent: float = 0.0
    excluded: "Faces | None" = None

    @classmethod
    def parse(cls, value: object) -> "Faces":
        """The selection that a recipe's value of `faces` means.

        Raises:
            RecipeError: the value means none, or one that can never match.
        """
        if isinstance(value, str):
            base, found, excluded = " ".join(value.split()).partition(" except ")
            faces = dataclasses.replace(_simple(base), excluded=_simple(excluded) if found else None)
        else:
            faces = _numbered(value if isinstance(value, list) else [value])
        if faces.never:
            what = f'faces "{value}"' if value != [] else "an empty list of faces"
            raise RecipeError(f"{what} can never match", HINT)
        return faces

    @property
    def never(self) -> bool:
        """Whether no photo whatever has such faces."""
        if self.kind == "numbers" and not self.numbers:
            return True
        if self.excluded is None:
            return False
        if self.excluded.kind == "all" or (self.excluded.kind == "min" and self.excluded.percent == 0):
            return True
        if self.excluded.kind != self.kind:
            return False
        if self.kind == "min":
            return self.excluded.percent <= self.percent
        return set(self.numbers) <= set(self.excluded.numbers)

    @property
    def least(self) -> int:
        """How many faces a photo has at least in which some are meant."""
        if self.excluded is not None and self.excluded.kind in ("left", "right"):
            return 1 + max(1, min(self.numbers, default=1))
        gone = self.excluded.numbers if self.excluded else ()
        return 1 + min(number for number in self.numbers or range(len(gone) + 1) if number not in gone)

    def select(self, faces: Sequence[Face], photo_width: int) -> tuple[Face, ...]:
        """Those of the faces that are meant, in their own order. `photo_width` is in pixels."""
        chosen = self._chosen(faces, photo_width)
        if self.excluded is not None:
            chosen -= self.excluded._chosen(faces, photo_width)
        return tuple(face for face in faces if face.index in chosen)

    def _chosen(self, faces: Sequence[Face], photo_width: int) -> set[int]:
        if self.kind == "numbers":
            return set(self.numbers)
        if self.kind == "min":
            return {face.index for face in faces if 100 * face.width_px >= self.percent * photo_width}
        if self.kind == "all" or not faces:
            return {face.index for face in faces}
        side = min if self.kind == "left" else max
        return {side(faces, key=lambda face: (face.box.center[0], -face.index)).index}

    def __str__(self) -> str:
        text = {"min": f"min {self.percent:g}%", "numbers": ", ".join(map(str, self.numbers))}.get(self.kind, self.kind)
        return f"{text} except {self.excluded}" if self.excluded else text


def _simple(text: str) -> Faces:
    if text == "largest":
        return Faces("numbers", (0,))
    if text in _SIDES:
        return Faces(_SIDES[text])
    if found := _MIN.fullmatch(text):
        percent = float(found[1])
        if percent > 100:
            raise RecipeError(f'no face is wider than the photo: "{text}"', "write a share from 0% to 100%")
        return Faces("min", percent=percent)
    if _NUMBERS.fullmatch(text) and text.startswith("[") == text.endswith("]"):
        return _numbered([int(number) for number in re.findall(r"\d+", text)])
    hint = suggestion(text, ["largest", *_SIDES])
    raise RecipeError(f'no faces are called "{text}"', hint if hint.startswith("did") else HINT)


def _numbered(numbers: Sequence[object]) -> Faces:
    indexes = [number for number in numbers if type(number) is int and 0 <= number <= MAX_INDEX]
    if len(indexes) != len(numbers):
        raise RecipeError("these are no numbers of faces", HINT)
    return Faces("numbers", tuple(sorted(set(indexes))))


ALL = Faces()
