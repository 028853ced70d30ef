"""A step that finds nothing to work on says so: kustomize reports success for a patch that hit nothing."""

from typing import Any

import pytest
from engine_support import cover, edited, paint, step

from faceedit.engine import Edited
from faceedit.recipe import Faces
from faceedit.recipe.when import When
from faceedit.testing import painted_photo

PAIR = painted_photo(120, 240, faces=2, accessories=())


def idle(found: Edited) -> list[tuple[Any, dict[str, Any]]]:
    return [(each.face, each.details) for each in found.findings if each.kind == "nothing_to_do"]


def test_a_step_whose_faces_are_not_there_says_so() -> None:
    assert idle(edited(PAIR, step(paint, name="paint the fifth", faces=Faces.parse(4)))) == [
        (None, {"step": "paint the fifth"})
    ]


def test_a_step_that_its_condition_keeps_off_every_face_names_the_condition() -> None:
    hidden = {"when": When.parse("width > 5000")}
    found = edited(PAIR, step(paint, **hidden), step(paint, **hidden, faces=Faces.parse(4)))
    assert idle(found) == [(None, {"step": "paint", "when": "width > 5000"}), (None, {"step": "paint"})]


def test_a_step_whose_parts_a_face_does_not_have_says_so_for_each_face() -> None:
    found = edited(PAIR, step(paint, on="hat"))
    assert idle(found) == [(index, {"step": "paint", "missing": "hat"}) for index in (0, 1)]


def test_a_step_that_redacts_nobody_says_so() -> None:
    found = edited(PAIR, step(cover, faces=Faces.parse(7)), step(cover))
    assert idle(found) == [(None, {"step": "cover"})]
    assert found.covered is not None
    assert found.covered.mask.any()


@pytest.mark.parametrize("used", [step(paint), step(paint, on="hat", strength=0.0), step(cover)])
def test_a_step_that_does_what_it_is_for_says_nothing(used: Any) -> None:
    assert idle(edited(PAIR, used)) == []
