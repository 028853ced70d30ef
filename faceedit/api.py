"""faceedit from Python: `open` a photo, look at its faces, `apply` a recipe."""

from functools import lru_cache
from pathlib import Path

from faceedit import images, models
from faceedit.detection import THOROUGH, Search
from faceedit.engine import edit
from faceedit.faces import FaceFinder
from faceedit.photo import Photo
from faceedit.recipe import load_recipe
from faceedit.registry import Registry


@lru_cache(maxsize=2)
def _finder(model: str, device: str, search: Search) -> FaceFinder:
    return models.face_finder(model, Registry.installed(), device=device, search=search)


def open(path: str | Path, *, model: str | None = None, device: str = "auto") -> Photo:
    """A photo from a file, with its faces found and labelled.

    Raises:
        UnreadablePhoto: the file is no picture that can be read whole.
        ModelError: the model is not on this machine or unfit.
    """
    return _finder(model or models.default(), device, Search())(images.read(path))


def apply(recipe: str | Path, photo: Photo, *, device: str = "auto") -> Photo:
    """The photo after all steps of a recipe file; nothing is written.

    Raises:
        RecipeError: the recipe cannot be used.
        PhotoError: an effect failed, or a redacting recipe found no face.
    """
    registry = Registry.installed()
    loaded = load_recipe(Path(recipe), registry)
    looked_at = bool(photo.model.name)
    if not photo.faces or (looked_at and loaded.redacts):  # redaction looks harder than `open` did
        name = loaded.model or photo.model.name or models.default()
        photo = _finder(name, device, THOROUGH if loaded.redacts else Search())(photo)
    return edit(photo, loaded, registry).photo
