"""Conditions have three answers: yes, no, and cannot be decided."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceedit.errors import RecipeError
from faceedit.geometry import Box, Crop
from faceedit.photo import Face, FaceMap, Finding, Photo, Source
from faceedit.recipe import When, is_unknown

MAP = FaceMap(np.zeros((19, 2, 2), np.float16), Crop(0, 0, 1))
FACES = tuple(Face(index, Box(0, 0, 9, 9), 1.0, MAP, (60, 80)) for index in (0, 1))
PHOTO = Photo(np.zeros((60, 80, 3), np.uint8), faces=FACES, source=Source(Path("shoot/IMG_1.PNG")))
UNKNOWN = {"unknown": True}
FINDINGS = (
    Finding("glasses", 0),
    Finding("hat", 1),
    Finding("crowd"),
    Finding("earring_left", 0, details=UNKNOWN),
)


def holds(text, face=FACES[0], photo=PHOTO, **more):
    return When.parse(text).holds(photo, FINDINGS, face, **more)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("glasses", True),
        ("hat", False),
        ("crowd", True),
        ("earring_left", None),
        ("not earring_left", None),
        ("not hat", True),
        ("not not hat", False),
        ("glasses and hat", False),
        ("glasses or hat", True),
        ("glasses and not (hat or crowd)", False),
        ("hat or glasses and crowd", True),
        ("(hat or glasses) and hat", False),
        ("earring_left and hat", False),
        ("earring_left or glasses", True),
        ("earring_left and glasses", None),
        ("earring_left or hat", None),
        ("faces > 1", True),
        ("faces == 1", False),
        ("width >= 80 and height < 60.5", True),
        ("height != 60", False),
        ("landscape", True),
        ("portrait or square", False),
        ('name == "*.png"', True),
        ("name != 'img_*'", False),
        ('name == "*.jpg"', False),
    ],
)
def test_a_condition_looks_at_one_face_and_its_photo(text, answer):
    assert holds(text) is answer


def test_each_face_has_its_own_findings():
    assert holds("hat", FACES[1]) is True
    assert holds("glasses", FACES[1]) is False


def test_without_a_face_the_findings_of_all_count():
    assert holds("glasses and hat", None) is True


def test_a_kind_that_could_not_be_looked_for_is_undecided():
    assert holds("hat", unsure={"hat"}) is None
    assert holds("not hat", unsure={"hat"}) is None
    assert holds("glasses", unsure={"glasses"}) is True


def test_one_sure_finding_beside_an_unknown_one_is_a_yes():
    findings = (Finding("hat", 0, details=UNKNOWN), Finding("hat", 0))
    assert When.parse("hat").holds(PHOTO, findings, FACES[0]) is True


@pytest.mark.parametrize(
    ("details", "hat", "glasses"),
    [({"kind": "hat"}, None, True), ({"kind": "necklace"}, False, True), ({}, None, True)],
)
def test_an_unknown_finding_leaves_the_kinds_that_it_means_undecided(details, hat, glasses):
    findings = (Finding("unknown", 0, details=details), Finding("glasses", 0), Finding("unknown", 1))
    assert When.parse("hat").holds(PHOTO, findings, FACES[0]) is hat
    assert When.parse("glasses").holds(PHOTO, findings, FACES[0]) is glasses
    assert When.parse("unknown").holds(PHOTO, findings, FACES[0]) is True
    assert [is_unknown(finding) for finding in findings] == [True, False, True]


def test_the_name_of_a_photo_without_a_file_is_undecided():
    assert holds('name == "*.png"', photo=Photo(PHOTO.pixels)) is None


@pytest.mark.parametrize(("size", "shape"), [((60, 80), "landscape"), ((80, 60), "portrait"), ((60, 60), "square")])
def test_a_photo_has_one_shape(size, shape):
    photo = Photo(np.zeros((*size, 3), np.uint8))
    assert [word for word in ("landscape", "portrait", "square") if holds(word, None, photo)] == [shape]


def test_the_kinds_of_findings_are_known():
    assert When.parse('glasses and (hat or not hat) or faces > 1 and name == "x"').kinds == {"glasses", "hat"}


def test_equal_texts_are_equal_conditions():
    assert When.parse("hat") == When.parse("hat") != When.parse("not hat")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a word is missing at the end"),
        ("glasses and", "a word is missing at the end"),
        ("and glasses", 'a word is missing before "and"'),
        ("glasses or or hat", 'a word is missing before "or"'),
        ("glasses hat", '"hat" comes unexpected'),
        ("(glasses", 'a "\\)" is missing'),
        ("glasses)", '"\\)" comes unexpected'),
        ("glasses & hat", '"&" has no meaning'),
        ("faces", '"faces" stands alone.*write faces >= 2'),
        ("faces > many", '"many" is no number'),
        ("faces = 1", '"=" has no meaning'),
        ("1 < faces", 'a word is missing before "1"'),
        ("name > 'a'", '"name" stands alone'),
        ("name == 3", "is no text in quotes"),
        ("(" * 51 + "hat" + ")" * 51, "more than 50 levels"),
        ("not " * 51 + "hat", "more than 50 levels"),
        ("hat or " * 1000 + "hat", "at most 1000"),
        (True, "a condition is text"),
    ],
)
def test_a_condition_that_cannot_be_read_says_why(text, said):
    with pytest.raises(RecipeError, match=said):
        When.parse(text)


LEAVES = {"glasses": True, "hat": False, "earring_left": None}
TREES = st.recursive(
    st.sampled_from([*LEAVES]),
    lambda inner: st.tuples(st.just("not"), inner) | st.tuples(inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=8,
)


def written(tree):
    return tree if isinstance(tree, str) else "(" + " ".join(written(part) for part in tree) + ")"


def answers(tree, unknown):
    """The answer by ordinary logic, once the unknown is put as true or false."""
    if isinstance(tree, str):
        return unknown if LEAVES[tree] is None else LEAVES[tree]
    if tree[0] == "not":
        return not answers(tree[1], unknown)
    both = [answers(tree[0], unknown), answers(tree[2], unknown)]
    return all(both) if tree[1] == "and" else any(both)


@given(TREES)
def test_a_decided_answer_is_the_same_whatever_the_unknown_turns_out_to_be(tree):
    answer = holds(written(tree))
    if answer is not None:
        assert [answers(tree, unknown) for unknown in (False, True)] == [answer, answer]


@given(
    st.lists(
        st.sampled_from(["glasses", "and", "or", "not", "(", ")", "faces", ">", "==", "2", "name", '"x"']), max_size=12
    )
)
def test_any_words_are_a_condition_or_refused(words):
    try:
        assert holds(" ".join(words)) in (True, False, None)
    except RecipeError as error:
        assert error.hint  # noqa: PT017 - either is right


def test_and_or_not_are_those_of_three_valued_logic():
    words = {True: "glasses", False: "hat", None: "earring_left"}
    for one, two in itertools.product(words, repeat=2):
        both = False if False in (one, two) else None if None in (one, two) else True
        assert holds(f"{words[one]} and {words[two]}") is both
        assert holds(f"not (not {words[one]} or not {words[two]})") is both


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        ("faces > 3 and faces < 2", False),
        ("faces > 3 and faces < 5", True),
        ("faces < 2 or faces > 3", True),
        ("faces > 3 and not faces > 2", False),
        ("faces == 1.5", False),
        ("width < 1", False),
        ("width > 999999999", True),
        ("portrait and landscape", False),
        ("portrait and width > 2000 and height < 2000", False),
        ("portrait and width > 2000 and height < 2003", True),
        ("square and width > 10 and height < 11", False),
        ("not portrait and not landscape and not square", False),
        ("glasses and not glasses", False),
        ("(glasses or hat) and not glasses and not hat", False),
        ("(glasses or hat) and not glasses", True),
        ('name == "a.jpg" and name == "b.jpg"', False),
        ('name == "A.jpg" and name != "a.JPG"', False),
        ('name == "a.jpg" and name == "*.png"', False),
        ('name == "a*" and name == "*.jpg"', True),
        (" and ".join(f"k{number}" for number in range(90)), True),
        (
            "k90 and not k90 and " + " and ".join(f"k{number}" for number in range(90)),
            True,
        ),  # too many to tell
    ],
)
def test_a_condition_that_contradicts_itself_is_known(text, possible):
    assert When.parse(text).possible() is possible


@pytest.mark.parametrize(("faces", "possible"), [(0, True), (2, True), (3, False)])
def test_a_condition_may_not_hold_for_photos_with_many_faces(faces, possible):
    assert When.parse("faces < 3 and hat").possible(faces) is possible


ATOMS = st.sampled_from(["glasses", "hat", "portrait", "landscape", "square", 'name == "img_1.png"', 'name == "*.png"'])
SIZES = st.tuples(
    st.sampled_from(["faces", "width", "height"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.sampled_from(["0", "1", "2", "59", "60", "60.5", "80", "81"]),
).map(" ".join)
CONDITIONS = st.recursive(
    ATOMS | SIZES,
    lambda inner: (
        st.tuples(st.just("not"), inner).map(" ".join).map("({})".format)
        | st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(" ".join).map("({})".format)
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_what_holds_for_a_photo_is_possible(text):
    if holds(text):
        assert When.parse(text).possible(len(FACES))
