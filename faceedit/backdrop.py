"""What may lie behind a subject: a colour, a picture beside the recipe, the blurred photo itself, or nothing."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BeforeValidator

from faceedit import color, images
from faceedit.errors import EffectError, FaceEditError, RecipeError
from faceedit.photo import eight_bit

WORDS = ("transparent", "blur")


class BesideRecipe:
    """Marks an option that may name a file: the recipe's reader puts its own folder before the name."""

    def placed(self, value: str, folder: Path) -> str:
        """The value with the folder before a file's name.

        Raises:
            RecipeError: there is no such file.
        """
        if value in WORDS or value.startswith("#"):
            return value
        path = folder / value
        if not path.is_file():
            raise RecipeError(f'there is no picture "{path}"', 'write a color such as "#ffffff", or a file\'s name')
        return str(path)

    def digest(self, value: str) -> str:
        """The sha256 of the file that a placed value names, empty where it names none.

        Raises:
            RecipeError: the file cannot be read.
        """
        if value in WORDS or value.startswith("#"):
            return ""
        try:
            with Path(value).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RecipeError(f'"{value}" cannot be read: {error.strerror}', "check the file") from error


def _checked(value: Any) -> str:
    if value is None or (isinstance(value, str) and value.startswith("#")):
        return color.checked(value)
    if not isinstance(value, str) or not value:
        raise ValueError(f'{value!r} is no background: write "#ffffff", or the name of a picture')
    return value


# The type of an effect's option for what lies behind: "#rrggbb", a picture's file name, or one of WORDS.
Backdrop = Annotated[str, BeforeValidator(_checked), BesideRecipe()]


def backdrop(value: str, height: int, width: int) -> NDArray[np.float32]:
    """A colour or a picture as the background of a photo, (height, width, 3) float32 0..1.

    A picture is scaled until it covers the photo, whatever its size and orientation, and cut evenly at two sides.

    Raises:
        EffectError: the picture cannot be read.
    """
    if value.startswith("#"):
        return np.broadcast_to(color.parse(value), (height, width, 3)).astype(np.float32)
    picture = _picture(value)
    scale = max(width / picture.width, height / picture.height)
    left, top = (picture.width - width / scale) / 2, (picture.height - height / scale) / 2
    box = (left, top, left + width / scale, top + height / scale)
    covering = picture.resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(covering, np.float32) / np.float32(255)


def enlarged(value: str, height: int, width: int) -> float:
    """How many times a picture has to be enlarged to cover a photo; 1 for a colour."""
    if value.startswith("#"):
        return 1.0
    picture = _picture(value)
    return max(width / picture.width, height / picture.height, 1.0)


def _picture(path: str) -> Image.Image:
    try:
        changed = Path(path).stat().st_mtime_ns
    except OSError as error:
        raise EffectError(f'the background "{path}" cannot be read: {error.strerror}', "check the file") from error
    return _decoded(path, changed)


@lru_cache(maxsize=2)
def _decoded(path: str, _changed: int) -> Image.Image:
    """The picture of a file as it was at a time."""
    try:
        photo = images.read(Path(path))
    except FaceEditError as error:
        raise EffectError(f"the background cannot be used: {error.message}", error.hint) from error
    return Image.fromarray(eight_bit(photo.pixels))
