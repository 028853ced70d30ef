"""Colour: against coloraide as the oracle, and the words people get for a colour that cannot be read."""

import numpy as np
import pytest
from coloraide import Color as Oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from faceedit import color

channel = st.integers(0, 255)
colors = st.tuples(channel, channel, channel)


def srgb(rgb: tuple[int, int, int]) -> color.Float:
    return np.array(rgb, np.float32) / np.float32(255)


@given(colors)
def test_oklab_agrees_with_coloraide(rgb: tuple[int, int, int]) -> None:
    expected = Oracle("srgb", [value / 255 for value in rgb]).convert("oklab").coords(nans=False)
    np.testing.assert_allclose(color.to_oklab(srgb(rgb)), expected, atol=1e-4)


@given(colors)
def test_one_colour_is_turned_as_a_row_of_them_is(rgb: tuple[int, int, int]) -> None:
    for turn in (color.to_oklab, color.from_oklab, color.to_srgb, color.fit_gamut, color.to_linear):
        one = turn(srgb(rgb))
        assert np.array_equal(one, turn(srgb(rgb)[None])[0]), turn


@given(colors)
def test_linear_light_agrees_with_coloraide(rgb: tuple[int, int, int]) -> None:
    expected = Oracle("srgb", [value / 255 for value in rgb]).convert("srgb-linear").coords(nans=False)
    np.testing.assert_allclose(color.to_linear(srgb(rgb)), expected, atol=1e-6)


@given(colors, colors, st.floats(0, 1, width=32))
@settings(deadline=None)  # coloraide takes its time
def test_two_colors_mix_as_coloraide_mixes_light(
    one: tuple[int, int, int], two: tuple[int, int, int], share: float
) -> None:
    below, above = (Oracle("srgb", [value / 255 for value in rgb]) for rgb in (one, two))
    expected = below.mix(above, share, space="srgb-linear").convert("srgb").coords(nans=False)
    np.testing.assert_allclose(color.mixed(srgb(one), srgb(two), np.float32(share)[...]), expected, atol=1e-4)


def test_every_sixteen_bit_value_survives_the_way_through_linear_light() -> None:
    values = np.arange(65536, dtype=np.float32) / np.float32(65535)
    back = color.from_linear(color.to_linear(values))
    assert np.array_equal(np.rint(back * 65535), np.arange(65536))


@given(colors)
def test_oklab_and_back_is_the_same_eight_bit_color(rgb: tuple[int, int, int]) -> None:
    back = color.from_oklab(color.to_oklab(srgb(rgb)))
    assert tuple(np.rint(back * 255).astype(int)) == rgb


@given(st.floats(0.25, 1), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_fitting_keeps_lightness_and_hue(lightness: float, a: float, b: float) -> None:
    lab = np.array([[lightness, a, b]], np.float32)
    fitted = color.fit_gamut(lab)
    assert fitted[0, 0] == lab[0, 0]
    assert abs(float(fitted[0, 1] * b - fitted[0, 2] * a)) < 1e-6
    assert np.abs(color.to_oklab(color.from_oklab(fitted)) - fitted).max() < 0.02


@given(colors)
def test_a_color_that_srgb_can_show_is_left_as_it_is(rgb: tuple[int, int, int]) -> None:
    lab = color.to_oklab(srgb(rgb))
    assert np.array_equal(color.fit_gamut(lab[None]), lab[None])


def test_images_and_lists_of_colors_are_treated_alike() -> None:
    picture = np.random.default_rng(0).random((4, 5, 3), dtype=np.float32)
    flat = color.to_oklab(picture.reshape(-1, 3))
    np.testing.assert_allclose(color.to_oklab(picture).reshape(-1, 3), flat, atol=1e-6)
    assert color.to_oklab(picture).dtype == np.float32


def test_distance_of_black_and_white_is_one() -> None:
    black, white = color.to_oklab(srgb((0, 0, 0))), color.to_oklab(srgb((255, 255, 255)))
    assert float(color.distance(black, white)) == pytest.approx(1, abs=1e-4)


def test_parse_reads_long_and_short_forms() -> None:
    assert color.parse("#ff8000").tolist() == pytest.approx([1, 128 / 255, 0])
    assert color.parse("#F80").tolist() == color.parse("#ff8800").tolist()


@pytest.mark.parametrize("bad", ["red", "a3123b", "#a3123", "#a3123b00", "#gggggg", "", 0, 123456, ["#fff"], "#fff\n"])
def test_another_spelling_is_refused_with_what_to_write(bad: object) -> None:
    with pytest.raises(ValueError, match='write it as "#rrggbb", with quotes'):
        color.checked(bad)


def test_an_empty_color_explains_the_missing_quotes() -> None:
    with pytest.raises(ValidationError, match="a bare # begins a comment"):
        TypeAdapter(color.Color).validate_python(None)


def test_an_option_is_normalised_and_its_schema_names_the_pattern() -> None:
    option = TypeAdapter(color.Color)
    assert option.validate_python("#ABC") == "#aabbcc"
    assert option.json_schema() == {"type": "string", "format": "color", "pattern": "^#([0-9a-fA-F]{3}){1,2}$"}
