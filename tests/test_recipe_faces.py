"""Which faces of a photo a step means."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceedit.errors import RecipeError
from faceedit.geometry import Box, Crop
from faceedit.photo import Face, FaceMap
from faceedit.recipe import Faces

MAP = FaceMap(np.zeros((19, 2, 2), np.float16), Crop(0, 0, 1))


def face(index, left, width):
    return Face(index, Box(left, 0, left + width, width), 1.0, MAP, (100, 1000))


# From left to right: 2, 0, 3, 1. Widths 100, 60, 50, 40 in a photo of 1000.
TEAM = (face(0, 300, 100), face(1, 800, 60), face(2, 0, 50), face(3, 500, 40))


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("all", [0, 1, 2, 3]),
        ("largest", [0]),
        (0, [0]),
        (2, [2]),
        ([0, 2], [0, 2]),
        ([2, 0, 2], [0, 2]),
        ("1", [1]),
        ("[0, 2]", [0, 2]),
        ("0, 2", [0, 2]),
        ("left", [2]),
        ("right", [1]),
        ("min 5%", [0, 1, 2]),
        ("min 5.5 %", [0, 1]),
        ("min 100%", []),
        ("all except largest", [1, 2, 3]),
        ("all  except  [0, 2]", [1, 3]),
        ("all except min 5%", [3]),
        ("min 5% except left", [0, 1]),
        ("left except largest", [2]),
        (9, []),
    ],
)
def test_a_selection_means_these_faces(text, indexes):
    assert [each.index for each in Faces.parse(text).select(TEAM, 1000)] == indexes


@pytest.mark.parametrize("text", ["all", "largest", "left", "right", "min 0%", "all except 0"])
def test_in_a_photo_without_faces_nobody_is_meant(text):
    assert Faces.parse(text).select((), 1000) == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("largst", 'did you mean "largest"'),
        ("everyone", "write all, largest"),
        ("", "no faces are called"),
        ("all except", "no faces are called"),
        ("all except all", "can never match"),
        ("left except left", "can never match"),
        ("0 except largest", "can never match"),
        ("min 5% except min 3%", "can never match"),
        ("largest except all", "can never match"),
        ("largest except min 0%", "can never match"),
        ("left except min 0%", "can never match"),
        ([], "can never match"),
        (-1, "no numbers of faces"),
        (10_000, "no numbers of faces"),
        (True, "no numbers of faces"),
        (1.0, "no numbers of faces"),
        ([0, "1"], "no numbers of faces"),
        ({}, "no numbers of faces"),
        ("min 101%", "no face is wider than the photo"),
        ("[0, 2", "no faces are called"),
    ],
)
def test_what_means_nobody_is_refused(value, said):
    with pytest.raises(RecipeError, match=said):
        Faces.parse(value)


WORDS = st.sampled_from(["all", "largest", "left", "right", "min 5%", "min 0.5%", "0", "[1, 2]"])


@given(WORDS, st.none() | WORDS)
def test_a_selection_reads_back_from_its_text(base, excluded):
    try:
        faces = Faces.parse(f"{base} except {excluded}" if excluded else base)
    except RecipeError:
        return
    assert Faces.parse(str(faces)) == faces
    assert {each.index for each in faces.select(TEAM, 1000)} <= {0, 1, 2, 3}


@given(st.text())
def test_any_text_is_a_selection_or_refused(text):
    try:
        Faces.parse(text)
    except RecipeError as error:
        assert error.hint  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("all", 1),
        ("left", 1),
        ("min 5%", 1),
        ("largest", 1),
        (2, 3),
        ([2, 5], 3),
        ("all except largest", 2),
        ("all except [0, 1]", 3),
        ("all except 5", 1),
        ("all except left", 2),
        ("right except left", 2),
        ("[0, 3] except left", 2),
        ("3 except left", 4),
        ("[0, 3] except 0", 4),
        ("all except min 5%", 1),
    ],
)
def test_a_selection_needs_so_many_faces(text, count):
    faces = Faces.parse(text)
    assert faces.least == count
    if "min" not in str(text):
        assert [any(faces.select(each, 900) for each in orders(number)) for number in range(5)] == [
            number >= count for number in range(5)
        ]


def orders(number):
    """So many faces side by side, in every order of their sizes."""
    for places in itertools.permutations(range(number)):
        yield [face(index, 100 * place, 40) for index, place in enumerate(places)]
