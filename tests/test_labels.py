"""Part expressions: what they mean, and the plain words for those that mean nothing."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from faceedit.errors import UnknownPart
from faceedit.labels import COLORS, GROUPS, ID, MAX_DEPTH, MAX_LENGTH, PARTS, TITLES, homes, parse_parts, suggestion

names = st.sampled_from([*PARTS, *GROUPS])


def parts(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_the_order_of_the_parts_is_that_of_the_reference_model() -> None:
    expected = (
        "background skin nose eye_g l_eye r_eye l_brow r_brow l_ear r_ear mouth u_lip l_lip hair hat ear_r neck_l neck"
    )
    assert list(PARTS) == [*expected.split(), "cloth"]
    assert (ID["background"], ID["skin"], ID["hair"], ID["cloth"]) == (0, 1, 13, 18)


def test_every_part_has_a_color_of_its_own_and_every_title_a_part() -> None:
    assert len(set(COLORS)) == 19
    assert set(TITLES) <= set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_is_itself(part: str) -> None:
    assert parse_parts(part) == {part}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("eyes", parts("l_eye", "r_eye")),
        ("brows", parts("l_brow", "r_brow")),
        ("ears", parts("l_ear", "r_ear")),
        ("lips", parts("u_lip", "l_lip")),
        ("accessories", parts("eye_g", "hat", "ear_r", "neck_l")),
        ("person", frozenset(PARTS) - {"background"}),
        ("head - face", parts("l_ear", "r_ear", "hair", "hat", "ear_r")),
        ("face - eyes - brows - lips", parts("skin", "nose", "mouth", "eye_g")),
    ],
)
def test_a_group_is_the_set_of_its_parts(group: str, expected: frozenset[str]) -> None:
    assert parse_parts(group) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("skin | nose", parts("skin", "nose")),
        ("skin-eyes|lips", parts("skin", "u_lip", "l_lip")),
        ("lips - u_lip | u_lip", parts("u_lip", "l_lip")),
        ("lips - (u_lip | l_lip)", parts()),
        ("skin | face & eyes", parts("skin", "l_eye", "r_eye")),
        ("(skin | face) & eyes", parts("l_eye", "r_eye")),
        ("face - eyes & l_eye - skin", parse_parts("face") - {"l_eye", "skin"}),
        ("eyes & l_eye & r_eye", parts()),
        (" \t(( hair ))\n", parts("hair")),
    ],
)
def test_and_binds_tightest_then_union_and_difference_from_left_to_right(
    expression: str, expected: frozenset[str]
) -> None:
    assert parse_parts(expression) == expected


@given(names, names, names)
def test_expressions_follow_set_algebra(a: str, b: str, c: str) -> None:
    first, second, third = (parse_parts(name) for name in (a, b, c))
    assert parse_parts(f"{a} | {b} - {c}") == (first | second) - third
    assert parse_parts(f"{a} - {b} & {c}") == first - (second & third)
    assert parse_parts(f"{a} - ({b} | {c})") == first - (second | third)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("eye", 'unknown part "eye"; did you mean "eyes"?'),
        ("skin - lipps", 'unknown part "lipps"; did you mean "lips"?'),
        ("Hair", 'unknown part "Hair"; did you mean "hair"?'),
        ("", "a part is missing at the end"),
        ("skin -", "a part is missing at the end"),
        ("| skin", 'a part is missing before "|"'),
        ("skin hair", 'unexpected "hair"'),
        ("skin)", 'unexpected ")"'),
        ("(skin", 'a ")" is missing'),
        ("()", 'a part is missing before ")"'),
        ("skin + hair", '"+" in part expression "skin + hair"; allowed are part names, | & - and ( )'),
        ("skin 5", '"5" in part expression'),
    ],
)
def test_what_cannot_be_read_is_said_with_the_nearest_name(expression: str, message: str) -> None:
    with pytest.raises(UnknownPart) as caught:
        parse_parts(expression)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_name_like_no_other_lists_all_that_is_known() -> None:
    with pytest.raises(UnknownPart, match=r'unknown part "zzz"; known: background, skin, .*, person$'):
        parse_parts("zzz")


def test_fifty_parentheses_within_each_other_are_read_and_one_more_is_not() -> None:
    assert parse_parts("(" * MAX_DEPTH + "skin" + ")" * MAX_DEPTH) == {"skin"}
    with pytest.raises(UnknownPart, match="more than 50 parentheses"):
        parse_parts("(" * (MAX_DEPTH + 1) + "skin" + ")" * (MAX_DEPTH + 1))


def test_parentheses_beside_each_other_do_not_count_as_nesting() -> None:
    assert parse_parts(" | ".join(["(skin)"] * 90)) == {"skin"}


def test_an_expression_beyond_the_cap_is_refused_by_its_length_alone() -> None:
    assert parse_parts("skin".ljust(MAX_LENGTH)) == {"skin"}
    with pytest.raises(UnknownPart, match="part expression of 1001 characters; at most 1000 are read"):
        parse_parts("skin".ljust(MAX_LENGTH + 1))


words = st.sampled_from([*PARTS, *GROUPS, "|", "&", "-", "(", ")", " ", "eye", "\N{NO-BREAK SPACE}", "\x1c", "é"])


@example("sclera")  # a piece: its part has a name
@given(st.one_of(st.text(max_size=60), st.lists(words, max_size=40).map("".join), st.lists(words).map(" ".join)))
def test_any_text_is_a_set_of_parts_or_an_unknown_part(text: str) -> None:
    with contextlib.suppress(UnknownPart):
        assert homes(parse_parts(text)) <= set(PARTS)


def test_a_suggestion_is_the_nearest_name_or_all_names() -> None:
    assert suggestion("colour", ["color", "amount"]) == 'did you mean "color"?'
    assert suggestion("x", iter(["color", "amount"])) == "known: color, amount"
