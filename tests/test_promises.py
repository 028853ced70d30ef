"""What holds for every effect that is installed, whoever wrote it: the bit-identical promise, with random steps."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faceedit.engine import Edited, edit
from faceedit.errors import EffectError
from faceedit.extras import encoded
from faceedit.photo import FaceMap, Photo
from faceedit.recipe import Output, Recipe, Step
from faceedit.region import Effect, Region, as_float
from faceedit.registry import Registry
from faceedit.testing import ACCESSORIES, assert_blind, painted_photo

REGISTRY = Registry.installed()
ORDINARY = sorted(name for name, effect in REGISTRY.effects.items() if not effect.blind)
BLIND = sorted(name for name, effect in REGISTRY.effects.items() if effect.blind)
PARTS = ("lips", "hair", "skin | nose", "head - eyes", "background", "eyes & lips", "person", "hat | ear_r")
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])

photos = st.builds(
    lambda size, depth, tilt, tone, worn, alpha: _photo(size, depth, tilt, tone, worn, alpha=alpha),
    st.sampled_from([(96, 96), (70, 130), (150, 64), (33, 31)]),
    st.sampled_from([8, 16]),
    st.floats(-60, 60),
    st.sampled_from(["light", "medium", "dark"]),
    st.sets(st.sampled_from(ACCESSORIES)),
    st.booleans(),
)


def _photo(size: tuple[int, int], depth: Any, tilt: float, tone: Any, worn: set[str], *, alpha: bool) -> Photo:
    photo = painted_photo(*size, tilt=tilt, tone=tone, accessories=worn, depth=depth)
    ramp = np.linspace(0, np.iinfo(photo.pixels.dtype).max, photo.width).astype(photo.pixels.dtype)
    return photo.replaced(alpha=np.tile(ramp, (photo.height, 1)) if alpha else None)


def _value(draw: Any, schema: dict[str, Any], key: str) -> Any:
    """Any value that an option's JSON Schema allows."""
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]), label=key)
    if schema.get("format") == "color":
        return draw(st.sampled_from(["#000000", "#ffffff", "#a3123b", "#20c0f0"]), label=key)
    if schema.get("type") in ("number", "integer"):
        low, high = schema.get("minimum", 0.01), schema.get("maximum", 1)
        return draw(st.floats(low, high) if schema["type"] == "number" else st.integers(int(low), int(high)), label=key)
    return draw(st.booleans(), label=key) if schema.get("type") == "boolean" else schema.get("default", "head")


def _options(draw: Any, effect: Effect) -> dict[str, Any]:
    schema = REGISTRY.options(effect).model_json_schema()
    drawn = {
        key: _value(draw, option, key)
        for key, option in schema["properties"].items()
        if key in schema.get("required", ()) or draw(st.booleans(), label=f"set {key}")
    }
    return REGISTRY.options(effect)(**drawn).model_dump()


def _step(draw: Any, name: str, **fixed: Any) -> Step:
    effect = REGISTRY.effects[name]
    drawn = {
        "on": draw(st.none() | st.sampled_from(PARTS), label="on"),
        "grow": draw(st.none() | st.floats(-0.3, 0.3), label="grow"),
        "feather": draw(st.none() | st.floats(0, 0.3), label="feather"),
        "strength": draw(st.sampled_from([1.0]) | st.floats(0, 1), label="strength"),
    }
    return Step(effect, _options(draw, effect), name=name, **drawn | fixed)


def _edited(photo: Photo, step: Step) -> Edited:
    """What comes of the photo; the photo as it was where the effect refuses, in words of its own, to work on it."""
    try:
        return edit(photo, Recipe("one step", None, (step,), Output()), REGISTRY)
    except EffectError as error:
        if " failed: " in error.message or " gave " in error.message:
            raise
        return Edited(photo)


def _selected(photo: Photo, step: Step) -> Any:
    """The step's mask on the whole photo, made apart from the engine."""
    face = photo.faces[0]
    window = photo.box if step.effect.scope == "photo" else face.window
    region = Region(as_float(photo.pixels[window.slices]), window, face.box, photo.faces)
    grow = step.effect.grow if step.grow is None else step.grow
    feather = step.effect.feather if step.feather is None else step.feather
    mask = np.zeros(photo.pixels.shape[:2], np.float32)
    mask[window.slices] = region.mask(step.expression, grow=grow, feather=feather)
    return mask


def test_the_plugins_of_this_project_are_installed_and_work() -> None:
    assert [str(plugin.error) for plugin in REGISTRY.broken] == []
    assert {"blur", "cutout", "hair_color", "lipstick", "pixelate", "skin_tone", "smooth"} <= set(ORDINARY)
    assert "redact" in BLIND


@pytest.mark.parametrize("name", ORDINARY)
@quick
@given(photo=photos, data=st.data())
def test_outside_the_steps_mask_nothing_changes(name: str, photo: Photo, data: Any) -> None:
    step = _step(data.draw, name)
    after, outside = _edited(photo, step).photo, _selected(photo, step) == 0
    assert after.pixels.dtype == photo.pixels.dtype
    assert np.array_equal(after.pixels[outside], photo.pixels[outside])
    if photo.alpha is not None or after.alpha is not None:
        alpha = np.full(outside.shape, np.iinfo(photo.pixels.dtype).max) if photo.alpha is None else photo.alpha
        assert after.alpha is not None
        assert np.array_equal(after.alpha[outside], alpha[outside])


@pytest.mark.parametrize("name", ORDINARY)
@quick
@given(photo=photos, data=st.data())
def test_strength_zero_changes_nothing(name: str, photo: Photo, data: Any) -> None:
    after = _edited(photo, _step(data.draw, name, strength=0.0)).photo
    assert np.array_equal(after.pixels, photo.pixels)
    assert np.array_equal(after.alpha, photo.alpha) if photo.alpha is not None else after.alpha is None


@pytest.mark.parametrize("name", ORDINARY + BLIND)
@quick
@given(photo=photos, data=st.data())
def test_the_photo_that_goes_in_is_never_modified(name: str, photo: Photo, data: Any) -> None:
    pixels, logits = photo.pixels.copy(), photo.faces[0].map.logits.copy()
    alpha = None if photo.alpha is None else photo.alpha.copy()
    _edited(photo, _step(data.draw, name))
    assert np.array_equal(photo.pixels, pixels)
    assert np.array_equal(photo.faces[0].map.logits, logits)
    assert alpha is None or np.array_equal(photo.alpha, alpha)


@pytest.mark.parametrize("name", ORDINARY)
@quick
@given(photo=photos, data=st.data())
def test_the_same_step_gives_the_same_bytes_twice(name: str, photo: Photo, data: Any) -> None:
    step = _step(data.draw, name)
    one, other = _edited(photo, step), _edited(photo, step)
    assert one.photo.pixels.tobytes() == other.photo.pixels.tobytes()
    assert [encoded(extra) for extra in one.extras.values()] == [encoded(extra) for extra in other.extras.values()]


@pytest.mark.parametrize("name", ORDINARY + BLIND)
def test_an_effect_works_on_a_face_of_one_pixel_and_on_one_without_any_part(name: str) -> None:
    effect = REGISTRY.effects[name]
    nothing = np.full((19, 8, 8), -20, np.float16)
    nothing[0] = 20
    for size in ((1, 1), (64, 64)):
        photo = painted_photo(*size)
        face = dataclasses.replace(photo.faces[0], map=FaceMap(nothing, photo.faces[0].map.crop))
        for faces in ((face,), photo.faces):
            _edited(photo.replaced(faces=faces), Step(effect, name=name))


@pytest.mark.parametrize("name", BLIND)
@quick
@given(photo=photos, data=st.data())
def test_a_blind_effect_hides_what_it_covers_and_changes_nothing_else(name: str, photo: Photo, data: Any) -> None:
    step = _step(data.draw, name, strength=1.0)
    after = _edited(photo, step)
    assert after.covered is not None
    mask = after.covered.mask
    assert np.array_equal(after.photo.pixels[~mask], photo.pixels[~mask])
    inverted = photo.pixels.copy()
    inverted[mask] = np.iinfo(inverted.dtype).max - inverted[mask]
    assert np.array_equal(_edited(photo.replaced(pixels=inverted), step).photo.pixels, after.photo.pixels)


@pytest.mark.parametrize("name", BLIND)
@quick
@given(photo=photos, data=st.data())
def test_a_blind_effect_gives_the_same_whatever_lies_below(name: str, photo: Photo, data: Any) -> None:
    effect = REGISTRY.effects[name]
    assert_blind(effect, photo, **_options(data.draw, effect))
