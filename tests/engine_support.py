"""A recipe of given steps run on one photo, with a registry of its own; and the smallest effects to do it with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.engine import Edited, edit
from faceedit.photo import Photo
from faceedit.recipe import Output, Recipe, Step
from faceedit.region import Float, Inspector, Region, effect
from faceedit.registry import Registry


@effect(on="face")
def paint(region: Region, *, level: float = 1.0) -> Float:
    """Paint."""
    return np.full((*region.shape, 3), level, np.float32)


@effect(on="head", blind=True)
def cover(region: Region, *, level: float = 0.0) -> Float:
    """Cover."""
    return np.full((*region.shape, 3), level, np.float32)


@effect(on="head", blind=True)
def peek(region: Region) -> Float:
    """Give back what was seen."""
    return region.pixels


@effect(on="person | background", scope="photo")
def whiten_all(region: Region) -> Float:
    """Paint the whole photo white."""
    return np.ones((*region.shape, 3), np.float32)


def step(used: Any, *, name: str = "", **more: Any) -> Step:
    return Step(used, name=name or used.name, **more)


def edited(photo: Photo, *steps: Step, no_faces: Any = "review", inspectors: tuple[Inspector, ...] = ()) -> Edited:
    effects = {each.effect.name: each.effect for each in steps}
    recipe = Recipe("test", None, steps, Output(no_faces=no_faces))
    return edit(photo, recipe, Registry.of(*effects.values(), *inspectors))


def changed(before: Photo, after: Edited) -> NDArray[np.bool_]:
    return (before.pixels != after.photo.pixels).any(-1)
