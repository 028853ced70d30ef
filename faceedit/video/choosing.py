"""Which faces of a frame each step works on: selectors resolved to the faces of this very frame.

Where a recipe redacts, a face is hidden if anybody that it may be is to be hidden.
"""

from collections.abc import Sequence
from dataclasses import replace

from faceedit.photo import Face
from faceedit.recipe import Faces, Recipe


def resolved(
    recipe: Recipe, faces: Sequence[Face], strict: Sequence[int], generous: Sequence[int], width: int
) -> Recipe:
    """The recipe with the numbers of this frame's faces in place of selectors.

    `strict` and `generous` are the persons that each face is taken for, where doubt makes a new one and where it does
    not. `width` is the frame's.
    """
    steps = []
    for step in recipe.steps:
        chosen = {index for persons in (strict, generous) for index in _chosen(step.faces, faces, persons, width)}
        if not step.effect.blind:
            chosen = set(_chosen(step.faces, faces, strict, width))
        numbers = tuple(sorted(faces[index].index for index in chosen))
        steps.append(replace(step, faces=Faces("numbers", numbers)))
    return replace(recipe, steps=tuple(steps))


def _chosen(selector: Faces, faces: Sequence[Face], persons: Sequence[int], width: int) -> list[int]:
    """The positions of the faces that a selector means, if they are called by these persons' numbers."""
    called = [replace(face, index=person) for face, person in zip(faces, persons, strict=True)]
    meant = {id(face) for face in selector.select(called, width)}
    return [index for index, face in enumerate(called) if id(face) in meant]
