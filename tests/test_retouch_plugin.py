"""The plugin `retouch`: hair, skin, teeth and eyes on all tones, with their detail."""

import math
from dataclasses import replace

import faceedit_retouch as plugin
import numpy as np
import pytest
from scipy import ndimage

from faceedit.color import distance, parse, to_oklab
from faceedit.labels import ID
from faceedit.photo import Photo
from faceedit.region import Effect, Result, as_float
from faceedit.testing import Tone, applied, assert_only_inside_mask, painted_photo, region_of

TONES: tuple[Tone, ...] = ("light", "medium", "dark")
HAIR = {"black": (22, 18, 18), "brown": (84, 56, 40), "blond": (214, 180, 120), "grey": (150, 150, 152)}
STRONG = {"skin_tone": {"warmth": 1.0, "lightness": 0.5, "evenness": 1.0}}
# Irises, a red spot and a mole.
DETAILS = [
    (0.59, 0.46, 0.032, (70, 90, 120)),
    (0.41, 0.46, 0.032, (70, 90, 120)),
    (0.42, 0.57, 0.011, (214, 130, 118)),
    (0.6, 0.58, 0.011, (120, 84, 70)),
]
RETOUCH = [effect for effect in plugin.faceedit_effects() if isinstance(effect, Effect)]

ON_PARTS = [effect for effect in RETOUCH if effect.scope == "face"]


def lab(pixels: np.ndarray) -> np.ndarray:
    return to_oklab(as_float(pixels))


def dotted(photo: Photo, dots: list[tuple]) -> Photo:
    """The photo with round dots: middle on the crop, radius in widths of the face, colour."""
    pixels = photo.pixels.copy()
    rows, columns = np.mgrid[: photo.height, : photo.width] + 0.5
    for x, y, radius, color in dots:
        (at,) = photo.faces[0].map.crop.to_photo(np.array([[x, y]]))
        pixels[np.hypot(columns - at[0], rows - at[1]) < radius * photo.faces[0].width_px] = color
    return photo.replaced(pixels=pixels)


def at_crop(photo: Photo, values: np.ndarray, places: list[tuple[float, float]]) -> np.ndarray:
    """Values of the photo's pixels at places on the crop."""
    columns, rows = np.floor(photo.faces[0].map.crop.to_photo(np.array(places))).astype(int).T
    return values[rows, columns]


def core(photo: Photo, parts: str) -> np.ndarray:
    return photo.faces[0].mask(parts) > 0.99


@pytest.mark.parametrize("effect", RETOUCH, ids=lambda effect: effect.name)
@pytest.mark.parametrize("tilt", [0, 35])
def test_each_effect_stays_inside_its_mask(effect: Effect, tilt: float) -> None:
    assert_only_inside_mask(effect, painted_photo(tilt=tilt))


@pytest.mark.parametrize("effect", RETOUCH, ids=lambda effect: effect.name)
def test_each_effect_does_something(effect: Effect) -> None:
    photo = dotted(painted_photo(300, 300, accessories=()), DETAILS)
    assert not np.array_equal(applied(effect, photo, **STRONG.get(effect.name, {})), photo.pixels)


@pytest.mark.parametrize("effect", ON_PARTS, ids=lambda effect: effect.name)
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
    assert 0.27 < after - before < 0.33


@pytest.mark.parametrize("color", ["#c89858", "#e0c080"])
def test_black_hair_held_back_from_blond_is_copper_and_not_olive(color: str) -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": HAIR["black"]})
    _, red, yellow = lab(applied(plugin.hair_color, photo, color=color))[core(photo, "hair")].mean(0)
    assert 45 < np.degrees(np.arctan2(yellow, red)) < 70


def test_hair_of_two_colors_becomes_of_one() -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": HAIR["brown"]})
    hair = ndimage.binary_erosion(core(photo, "hair"), iterations=8)
    sides = [hair & side for side in (np.arange(400) < 200, np.arange(400) >= 200)]
    pixels = np.where(
        (photo.faces[0].mask("hair") > 0.5)[..., None] & (np.arange(400) < 200)[:, None], (170, 20, 80), photo.pixels
    )
    pink = photo.replaced(pixels=pixels.astype(np.uint8))
    apart = [
        distance(*(lab(each)[side].mean(0)[1:] for side in sides))
        for each in (pink.pixels, applied(plugin.hair_color, pink, color="#c89858"))
    ]
    assert apart[1] < 0.3 * apart[0]


def test_bleached_hair_has_no_bright_rim_on_a_bright_wall() -> None:
    photo = painted_photo(500, 500, accessories=(), colors={"hair": HAIR["black"]})
    person = ndimage.binary_erosion(photo.faces[0].mask("person") > 0.5, iterations=3)  # the mask takes in some wall
    pixels = np.where(person[..., None], photo.pixels, (215, 215, 210)).astype(float)
    blurred = ndimage.gaussian_filter(pixels, (2, 2, 0)).round().astype(np.uint8)  # as sharp as photos are
    wall = photo.replaced(pixels=blurred)
    before, after = (
        lab(each)[..., 0] for each in (blurred, applied(plugin.hair_color, wall, color="#c89858", lift=0.4))
    )
    assert (after - np.maximum(before, before[0, 0])).max() < 0.03


def test_a_shine_on_black_hair_stays_a_shine_and_becomes_no_white_streak() -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": HAIR["black"]})
    hair = ndimage.binary_erosion(core(photo, "hair"), iterations=12)
    shine = hair & (np.arange(400) % 20 < 2)
    shiny = photo.replaced(pixels=np.where(shine[..., None], np.uint8(90), photo.pixels).astype(np.uint8))
    before, after = (lab(each)[..., 0] for each in (shiny.pixels, applied(plugin.hair_color, shiny)))
    gain = after[shine].mean() - before[shine].mean()
    assert 0 < gain < 1.7 * (after[hair & ~shine].mean() - before[hair & ~shine].mean())


def test_dyed_black_hair_shows_little_more_of_the_cameras_noise() -> None:
    photo = painted_photo(400, 400, accessories=(), colors={"hair": (3, 3, 3)})
    noise = np.random.default_rng(5).normal(0, 2.5, photo.pixels.shape)
    noisy = photo.replaced(pixels=np.clip(np.rint(photo.pixels + noise), 0, 255).astype(np.uint8))
    hair = ndimage.binary_erosion(core(photo, "hair"), iterations=12)
    before, after = (
        each[hair].astype(float).std(0).mean() for each in (noisy.pixels, applied(plugin.hair_color, noisy))
    )
    assert after < 3.5 * before


def test_hair_that_looks_like_the_skin_beside_it_ends_softly() -> None:
    skin = painted_photo(400, 400, accessories=()).pixels[125, 200]
    photo = painted_photo(400, 400, accessories=(), colors={"hair": tuple(int(value) + 12 for value in skin)})
    blocks = np.random.default_rng(3).integers(-9, 10, (50, 50, 3)).repeat(8, 0).repeat(8, 1)  # as a small file has
    blocky = photo.replaced(pixels=np.clip(photo.pixels.astype(int) - 20 + blocks, 0, 255).astype(np.uint8))
    changed = lab(blocky.pixels)[..., 0] - lab(applied(plugin.hair_color, blocky, color="#14100e"))[..., 0]
    hairline = changed[85:130, 150:250]
    steps = np.abs(np.diff(hairline, axis=0))[(hairline[1:] > 0.05) & (hairline[1:] < 0.6)]
    assert np.percentile(steps, 95) < 0.08


@pytest.mark.parametrize(("logit", "dyed"), [(1.0, False), (4.0, True)])
def test_an_island_that_is_hardly_hair_is_not_dyed(logit: float, *, dyed: bool) -> None:
    photo = painted_photo(400, 400, accessories=())
    logits = photo.faces[0].map.logits.copy()
    island = (slice(96, 120), slice(4, 24))
    logits[:, *island] = 0
    logits[ID["hair"], *island] = logit + math.log(len(logits) - 1)
    face = replace(photo.faces[0], map=replace(photo.faces[0].map, logits=logits))
    changed = (applied(plugin.hair_color, photo.replaced(faces=(face,))) != photo.pixels).any(-1)
    x, y = face.map.crop.to_photo(np.array([[14 / 128, 108 / 128]]))[0].astype(int)
    assert changed[y, x] == dyed


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


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("options", [{"lightness": -1.0}, {"lightness": 1.0}, {"warmth": -1.0}])
def test_lips_go_with_the_skin(tone: Tone, options: dict[str, float]) -> None:
    photo = painted_photo(400, 400, tone=tone, accessories=())
    difference = lab(applied(plugin.skin_tone, photo, **options)) - lab(photo.pixels)
    skin, lips = (np.linalg.norm(difference[core(photo, part)].mean(0)) for part in ("skin", "lips"))
    assert 0.5 * skin < lips < 2 * skin


def test_brows_stay_darker_than_darkened_skin() -> None:
    photo = painted_photo(400, 400, tone="dark", accessories=())
    after = lab(applied(plugin.skin_tone, photo, lightness=-1.0))[..., 0]
    assert after[core(photo, "brows")].mean() < 0.9 * after[core(photo, "skin")].mean()


def test_even_skin_leaves_lips_their_color() -> None:
    photo = painted_photo(400, 400, accessories=())
    changed = applied(plugin.skin_tone, photo, evenness=1.0).astype(int) - photo.pixels
    assert np.abs(changed[core(photo, "lips")]).max() <= 1


@pytest.mark.parametrize("tilt", [0, 35])
@pytest.mark.parametrize(
    ("effect", "options", "left"),
    [(plugin.relight, {"direction": 0.0, "amount": 1.0}, 0.0), (plugin.skin_tone, {"warmth": -1.0}, 0.3)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_light_and_tone_fade_out_below_the_chin(effect: Effect, options: dict, left: float, tilt: float) -> None:
    skin = (200, 160, 140)
    photo = painted_photo(400, 400, tilt=tilt, accessories=(), colors={"cloth": skin, "neck": skin})
    changed = applied(replace(effect, on="neck | cloth"), photo, **options).astype(int) - photo.pixels
    neck, chest = np.abs(at_crop(photo, changed, [(0.5, 0.79), (0.5, 0.98)])).sum(-1)
    assert neck > 30
    assert chest <= left * neck


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


def spot_left(photo: Photo, x: float, y: float, **options: object) -> float:
    """How far the middle of a spot is from its surroundings after `blemish`, as a share of what it was."""
    after = applied(plugin.blemish, photo, amount=1.0, **options)
    (at,) = np.rint(photo.faces[0].map.crop.to_photo(np.array([[x, y]])) - 0.5).astype(int)
    ring = slice(at[1] - 14, at[1] + 15), slice(at[0] - 14, at[0] + 15)
    before, now = (distance(p[at[1], at[0]], np.median(p[ring], (0, 1))) for p in (lab(photo.pixels), lab(after)))
    return float(now / before)


@pytest.mark.parametrize("tone", TONES)
def test_a_red_spot_goes_and_a_mole_stays_unless_asked(tone: Tone) -> None:
    photo = painted_photo(600, 600, tone=tone, accessories=())
    skin = np.array(photo.pixels[int(600 * 0.57), int(600 * 0.42)], int)
    red, brown = np.clip(skin + np.array([16, -26, -22]), 0, 255), (skin * 0.55).astype(int)
    spots = {(0.42, 0.57): tuple(red), (0.6, 0.58): tuple(brown)}
    photo = dotted(photo, [(*place, 0.011, color) for place, color in spots.items()])
    assert spot_left(photo, 0.42, 0.57) < 0.4
    assert spot_left(photo, 0.6, 0.58) == pytest.approx(1, abs=0.05)
    assert spot_left(photo, 0.6, 0.58, moles=True) < 0.4


@pytest.mark.parametrize("size", [0.035, 0.06, 0.1])
def test_small_spots_go_however_large_the_largest_may_be(size: float) -> None:
    photo = painted_photo(600, 600, accessories=())
    red = np.array(photo.pixels[int(600 * 0.57), int(600 * 0.42)], int) + np.array([12, -14, -12])
    photo = dotted(photo, [(0.42, 0.57, 0.006, tuple(red))])
    assert spot_left(photo, 0.42, 0.57, size=size) < 0.4


def test_skin_without_spots_is_left_alone_with_a_finding() -> None:
    answer = plugin.blemish(region_of(painted_photo(400, 400, accessories=()), plugin.blemish))
    assert isinstance(answer, Result)
    assert answer.findings[0].details == {"missing": "spots"}


@pytest.mark.parametrize(("direction", "lit"), [(90, 0.62), (-90, 0.38)])
@pytest.mark.parametrize("tone", TONES)
def test_light_comes_from_where_it_is_said_to(direction: float, lit: float, tone: Tone) -> None:
    photo = painted_photo(400, 400, tone=tone, accessories=())
    gained = (lab(applied(plugin.relight, photo, direction=direction, amount=1.0)) - lab(photo.pixels))[..., 0]
    at = photo.faces[0].map.crop.to_photo(np.array([[lit, 0.56], [1 - lit, 0.56]]))
    (lit_x, y), (dark_x, _) = at.astype(int)
    assert gained[y, lit_x] > 0.01
    assert gained[y, dark_x] < -0.02


def relit(photo: Photo, direction: float) -> np.ndarray:
    """The gain of lightness by a strong lamp, as a share."""
    return lab(applied(plugin.relight, photo, direction=direction, amount=1.0))[..., 0] / lab(photo.pixels)[..., 0] - 1


@pytest.mark.parametrize("tone", TONES)
def test_a_strong_lamp_paints_no_blot_under_the_nose_or_between_the_brows(tone: Tone) -> None:
    photo = painted_photo(400, 400, tone=tone, accessories=())
    lip, cheek = at_crop(photo, relit(photo, 0), [(0.5, 0.615), (0.38, 0.615)])
    assert 1.6 * cheek < lip < 0
    root, forehead = at_crop(photo, relit(photo, 180), [(0.5, 0.455), (0.5, 0.37)])
    assert forehead < root < 0


def test_light_turns_to_shadow_without_a_line() -> None:
    photo = painted_photo(400, 400, accessories=())
    near, far = at_crop(photo, relit(photo, -90), [(0.51, 0.36), (0.6, 0.36)])
    assert far < 20 * near < 0


def test_shadow_on_the_head_darkens_no_wall_behind_it() -> None:
    photo = painted_photo(400, 400, accessories=())
    wall = core(photo, "background")
    white = photo.replaced(pixels=np.where(wall[..., None], 250, photo.pixels).astype(np.uint8))
    changed = np.abs(applied(plugin.relight, white, direction=-90, amount=1.0).astype(int) - white.pixels)
    assert changed[ndimage.binary_erosion(wall, iterations=2)].max() <= 1


@pytest.mark.parametrize("tone", TONES)
def test_a_tint_takes_the_hue_of_its_color_and_keeps_light_and_shadow(tone: Tone) -> None:
    photo = painted_photo(400, 400, tone=tone, accessories=())
    inside = core(photo, "skin")
    before, after = (
        lab(p)[inside] for p in (photo.pixels, applied(plugin.tint, photo, parts="skin", color="#208040", amount=1.0))
    )
    wanted = to_oklab(parse("#208040"))
    assert np.arctan2(*after[:, :0:-1].mean(0)) == pytest.approx(np.arctan2(wanted[2], wanted[1]), abs=0.1)
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.98


def test_a_full_tint_reaches_its_color() -> None:
    photo = painted_photo(400, 400, accessories=())
    after = lab(applied(plugin.tint, photo, parts="hair", color="#446688", amount=1.0, light=1.0))
    assert distance(after[core(photo, "hair")].mean(0), to_oklab(parse("#446688"))) < 0.05


def test_monochrome_is_grey_but_for_what_it_keeps() -> None:
    photo = painted_photo(300, 300, faces=1)
    after = applied(plugin.monochrome, photo, parts="lips", contrast=0.0)
    lips = ndimage.binary_erosion(core(photo, "lips"), iterations=2)
    assert np.abs(after[lips].astype(int) - photo.pixels[lips]).max() <= 2
    grey = after[core(photo, "background | hair | cloth")].astype(int)
    assert np.ptp(grey, axis=1).max() <= 1
    assert np.ptp(after[2, 2].astype(int)) <= 1  # beyond the face's window


def test_a_red_film_sees_red_lips_lighter_than_a_blue_one() -> None:
    photo = painted_photo(300, 300)
    red, blue = (
        applied(plugin.monochrome, photo, parts="hat", film=film)[core(photo, "lips")] for film in ("red", "blue")
    )
    assert red.mean() > blue.mean() + 20


def test_red_eyes_lose_their_red_and_others_keep_their_colour() -> None:
    photo = dotted(
        painted_photo(500, 500, accessories=()), [(0.59, 0.46, 0.02, (190, 40, 46)), (0.41, 0.46, 0.02, (70, 100, 130))]
    )
    after = lab(applied(plugin.eyes, photo, whites=0.0, iris=0.0, red=1.0))
    (left,), (right,) = (
        np.rint(photo.faces[0].map.crop.to_photo(np.array([[x, 0.46]]))).astype(int) for x in (0.59, 0.41)
    )
    assert np.hypot(*after[left[1], left[0], 1:]) < 0.04
    assert distance(after[right[1], right[0]], lab(photo.pixels)[right[1], right[0]]) < 0.01
