"""The plugin `retouch`: hair, skin, teeth and eyes on all tones, with their detail."""

import faceedit_retouch as plugin
import numpy as np
import pytest
from scipy import ndimage

from faceedit.color import distance, parse, to_oklab
from faceedit.photo import Photo
from faceedit.region import Effect, Result, as_float
from faceedit.testing import Tone, applied, assert_only_inside_mask, painted_photo, region_of

TONES: tuple[Tone, ...] = ("light", "medium", "dark")
HAIR = {"black": (22, 18, 18), "brown": (84, 56, 40), "blond": (214, 180, 120), "grey": (150, 150, 152)}
STRONG = {"skin_tone": {"warmth": 1.0, "lightness": 0.5, "evenness": 1.0}}
RETOUCH = [effect for effect in plugin.faceedit_effects() if isinstance(effect, Effect)]


def lab(pixels: np.ndarray) -> np.ndarray:
    return to_oklab(as_float(pixels))


def core(photo: Photo, parts: str) -> np.ndarray:
    return photo.faces[0].mask(parts) > 0.99


@pytest.mark.parametrize("effect", RETOUCH, ids=lambda effect: effect.name)
@pytest.mark.parametrize("tilt", [0, 35])
def test_each_effect_stays_inside_its_mask(effect: Effect, tilt: float) -> None:
    assert_only_inside_mask(effect, painted_photo(tilt=tilt))


@pytest.mark.parametrize("effect", RETOUCH, ids=lambda effect: effect.name)
def test_each_effect_does_something(effect: Effect) -> None:
    photo = painted_photo(300, 300, accessories=())
    assert not np.array_equal(applied(effect, photo, **STRONG.get(effect.name, {})), photo.pixels)


@pytest.mark.parametrize("effect", RETOUCH, ids=lambda effect: effect.name)
def test_a_face_without_the_part_is_left_alone_with_a_finding(effect: Effect) -> None:
    region = region_of(painted_photo(accessories=()), effect)
    answer = effect(type(region)(region.pixels, region.window, region.box, region.faces, on="hat"))
    assert isinstance(answer, Result)
    assert answer.pixels is None
    assert [finding.kind for finding in answer.findings] == ["nothing_to_do"]


@pytest.mark.parametrize("hair", HAIR)
@pytest.mark.parametrize("color", ["#7a3b22", "#b04878", "#3060a0", "#d0a868"])
def test_hair_reaches_its_color_from_every_color(hair: str, color: str) -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": HAIR[hair]})
    after = lab(applied(plugin.hair_color, photo, color=color, lift=1.0))
    assert distance(after[core(photo, "hair")].mean(0), to_oklab(parse(color))) < 0.03


@pytest.mark.parametrize("hair", HAIR)
def test_hair_keeps_its_strands(hair: str) -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": HAIR[hair]})
    inside = ndimage.binary_erosion(core(photo, "hair"), iterations=8)
    before, after = lab(photo.pixels)[inside], lab(applied(plugin.hair_color, photo))[inside]
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.98


def test_lift_holds_black_hair_back() -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": HAIR["black"]})
    inside = core(photo, "hair")
    before, after = (
        lab(p)[inside][:, 0].mean() for p in (photo.pixels, applied(plugin.hair_color, photo, color="#ffffff"))
    )
    assert after - before < 0.43


def test_fading_keeps_the_roots() -> None:
    photo = painted_photo(400, 400, accessories=())
    changed = np.abs(applied(plugin.hair_color, photo, fade=0.5).astype(int) - photo.pixels).sum(-1)
    rows = np.nonzero(core(photo, "hair").any(1))[0]
    hair = core(photo, "hair")
    assert changed[rows[0]][hair[rows[0]]].max() == 0
    assert changed[rows[-1]][hair[rows[-1]]].min() > 20


def test_dyeing_leaves_the_wall_beside_the_hair_alone() -> None:
    photo = painted_photo(400, 400, accessories=())
    changed = np.abs(applied(plugin.hair_color, photo).astype(int) - photo.pixels).max(-1)
    wall = ndimage.binary_erosion(core(photo, "background"), iterations=4)
    assert changed[wall].max() <= 5


@pytest.mark.parametrize("tone", TONES)
def test_warmth_and_lightness_move_all_skin_alike(tone: Tone) -> None:
    photo = painted_photo(400, 400, tone=tone, accessories=())
    difference = lab(applied(plugin.skin_tone, photo, warmth=1.0, lightness=0.5)) - lab(photo.pixels)
    moved = np.stack([difference[core(photo, part)].mean(0) for part in ("skin", "neck", "nose")])
    assert (moved[:, 0] > 0.02).all()
    assert (moved[:, 2] > 0.01).all()
    assert np.ptp(moved, axis=0).max() < 0.02


@pytest.mark.parametrize("tone", TONES)
def test_lighter_skin_keeps_its_hue_and_is_no_greyer(tone: Tone) -> None:
    photo = painted_photo(400, 400, tone=tone, accessories=())
    inside = core(photo, "skin")
    before, after = (lab(p)[inside].mean(0) for p in (photo.pixels, applied(plugin.skin_tone, photo, lightness=0.5)))
    assert np.arctan2(after[2], after[1]) == pytest.approx(np.arctan2(before[2], before[1]), abs=0.03)
    assert np.hypot(*after[1:]) / after[0] > 0.95 * np.hypot(*before[1:]) / before[0]


def test_nothing_asked_of_the_skin_changes_nothing() -> None:
    photo = painted_photo()
    assert np.abs(applied(plugin.skin_tone, photo).astype(int) - photo.pixels).max() <= 1


def blotchy(photo: Photo) -> Photo:
    """The photo with soft blotches and fine pores on it, the same ones every time."""
    random = np.random.default_rng(0)
    noise = random.normal(size=(photo.height, photo.width))
    pores = noise - ndimage.gaussian_filter(noise, 1)
    blotches = ndimage.gaussian_filter(random.normal(size=noise.shape), 4)
    change = 4 * pores / pores.std() + 5 * blotches / blotches.std()
    return photo.replaced(pixels=np.clip(photo.pixels + change[..., None], 0, 255).astype(np.uint8))


def bands(photo: Photo, pixels: np.ndarray) -> tuple[float, float]:
    """Deviation of the finest detail, and of blotches, on the skin."""
    light = lab(pixels)[..., 0]
    fine = light - ndimage.gaussian_filter(light, 1)
    middle = ndimage.gaussian_filter(light, 2) - ndimage.gaussian_filter(light, 12)
    inside = ndimage.binary_erosion(core(photo, "skin"), iterations=14)
    return float(fine[inside].std()), float(middle[inside].std())


@pytest.mark.parametrize("tone", TONES)
def test_full_smoothing_takes_blotches_and_keeps_pores(tone: Tone) -> None:
    photo = blotchy(painted_photo(600, 600, tone=tone, accessories=()))
    fine, middle = bands(photo, photo.pixels)
    after_fine, after_middle = bands(photo, applied(plugin.smooth, photo, amount=1.0))
    assert after_fine > 0.7 * fine
    assert after_middle < 0.7 * middle


def test_smoothing_keeps_contours() -> None:
    photo = painted_photo(400, 400, accessories=())
    changed = np.abs(applied(plugin.smooth, photo, amount=1.0).astype(int) - photo.pixels)[core(photo, "face | hair")]
    assert np.percentile(changed, 99.5) < 12  # the edges between painted parts are steps of 50 and more
