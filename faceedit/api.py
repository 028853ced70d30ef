"""faceedit from Python: `open` a photo, look at its faces, `apply` a recipe."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from faceedit import images, models
from faceedit.detection import THOROUGH, Search
from faceedit.engine import edit
from faceedit.faces import FaceFinder
from faceedit.photo import Photo
from faceedit.recipe import load_recipe
from faceedit.registry import Registry
from faceedit.runner.redaction import covered
from faceedit.verify import SecondLook


@lru_cache(maxsize=2)
def _finder(model: str, device: str, search: Search) -> FaceFinder:
    return models.face_finder(model, Registry.installed(), device=device, search=search)


def open(path: str | Path, *, model: str | None = None, device: str = "auto") -> Photo:
    """A photo from a file, with its faces found and labelled.

    Raises:
        UnreadablePhoto: the file is no picture that can be read whole.
        ModelError: the model is not on this machine or unfit.
    """
    return replace(_finder(model or models.default(), device, Search()), bodies=True)(images.read(path))


def apply(recipe: str | Path, photo: Photo, *, device: str = "auto", verify: bool = True) -> Photo:
    """The photo after all steps of a recipe file; nothing is written.

    Where the recipe redacts, what comes out is looked at a second time, as on the command line, and what is found then
    is covered, too; `verify=False` leaves that out. The command line also proves the finished file, and reports.

    Raises:
        RecipeError: the recipe cannot be used.
        PhotoError: an effect failed, or a redacting recipe found no face.
        Withheld: redaction cannot be promised.
    """
    registry = Registry.installed()
    loaded = load_recipe(Path(recipe), registry)
    name = loaded.model or photo.model.name or models.default()
    search = THOROUGH if loaded.redacts else Search()
    looked_at = bool(photo.model.name)
    if not photo.faces or (looked_at and loaded.redacts):  # redaction looks harder than `open` did
        photo = replace(_finder(name, device, search), bodies=loaded.bodies)(photo)
    if not loaded.redacts:
        return edit(photo, loaded, registry).photo
    keepers = [step.keep for step in loaded.steps if step.keep]
    people = models.people(keepers, registry, _finder(name, device, search)) if keepers else {}
    known = {folder: {one.face for one in each.recognized(photo)} for folder, each in people.items()}
    if not verify:
        return edit(photo, loaded, registry, known).photo
    return covered(photo, loaded, registry, _second_look(name, device), known).photo


def _second_look(name: str, device: str) -> SecondLook:
    find = _finder(name, device, THOROUGH)
    return SecondLook(find.detector, find.segmenter)
