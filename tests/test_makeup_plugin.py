"""The plugin `makeup`: colours arrive, light and detail stay, nothing happens where there is nothing to paint."""

import dataclasses

import faceedit_makeup as plugin
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from faceedit.color import distance, parse, to_oklab
from faceedit.labels import ID
from faceedit.photo import Photo
from faceedit.region import Effect, Result, as_float
from faceedit.testing import Tone, applied, assert_only_inside_mask, painted_photo, region_of

TONES: tuple[Tone, ...] = ("light", "medium", "dark")
MAKEUP = [effect for effect in plugin.faceedit_effects() if isinstance(effect, Effect)]


def lab(pixels: np.ndarray) -> np.ndarray:
    return to_oklab(as_float(pixels))


def core(photo: Photo, parts: str) -> np.ndarray:
    return photo.faces[0].mask(parts) > 0.99


@pytest.mark.parametrize("effect", MAKEUP, ids=lambda effect: effect.name)
@pytest.mark.parametrize("tilt", [0, 35])
def test_each_effect_stays_inside_its_mask(effect: Effect, tilt: float) -> None:
    assert_only_inside_mask(effect, painted_photo(tilt=tilt))


@pytest.mark.parametrize("effect", MAKEUP, ids=lambda effect: effect.name)
def test_each_effect_does_something(effect: Effect) -> None:
    photo = painted_photo(300, 300, accessories=())
    assert not np.array_equal(applied(effect, photo), photo.pixels)


@pytest.mark.parametrize("effect", MAKEUP, ids=lambda effect: effect.name)
def test_a_face_without_the_part_is_left_alone_with_a_finding(effect: Effect) -> None:
    photo = painted_photo(accessories=())
    region = region_of(photo, effect)
    bare = type(region)(region.pixels, region.window, region.box, region.faces, on="hat")
    answer = effect(bare)
    assert isinstance(answer, Result)
    assert answer.pixels is None
    assert [finding.kind for finding in answer.findings] == ["nothing_to_do"]


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("color", ["#a3123b", "#c86478", "#5a1030"])
def test_opaque_lipstick_reaches_its_color_on_all_skins(tone: Tone, color: str) -> None:
    photo = painted_photo(400, 400, tone=tone)
    after = lab(applied(plugin.lipstick, photo, color=color, amount=1.0))
    assert distance(after[core(photo, "lips")].mean(0), to_oklab(parse(color))) < 0.03


def test_lipstick_keeps_the_lips_own_light() -> None:
    photo = painted_photo(400, 400, colors={"u_lip": (180, 100, 100), "l_lip": (180, 100, 100)})
    inside = core(photo, "lips")
    before, after = lab(photo.pixels)[inside], lab(applied(plugin.lipstick, photo, amount=1.0))[inside]
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.98


def test_lipstick_leaves_teeth_white() -> None:
    photo = painted_photo(400, 400)
    teeth = core(photo, "mouth")
    after = applied(plugin.lipstick, photo, amount=1.0)
    assert np.abs(after[teeth].astype(int) - photo.pixels[teeth]).max() <= 1


def test_lipstick_in_the_shade_of_a_fold_is_less_colourful_and_not_black() -> None:
    photo = painted_photo(400, 400)
    lips, row = core(photo, "l_lip"), photo.faces[0].map.crop.to_photo(np.array([[0.5, 0.683]]))[0, 1]
    fold = lips & (np.abs(np.arange(400) - round(row)) < 2)[:, None]
    creased = photo.replaced(pixels=np.where(fold[..., None], photo.pixels // 2, photo.pixels))
    after = lab(applied(plugin.lipstick, creased, amount=1.0))
    dark, plain = after[fold].mean(0), after[lips & ~fold].mean(0)
    assert np.hypot(*dark[1:]) < 0.85 * np.hypot(*plain[1:])
    assert plain[0] - dark[0] < 0.9 * (lab(creased.pixels)[lips & ~fold].mean(0) - lab(creased.pixels)[fold].mean(0))[0]


@pytest.mark.parametrize("tone", TONES)
def test_lipstick_leaves_skin_and_moustache_that_the_mask_holds(tone: Tone) -> None:
    photo = painted_photo(500, 500, tone=tone)
    mean = photo.pixels[core(photo, "skin")].mean(0)
    for color in (mean, 0.4 * mean):
        covered = _painted(photo, "u_lip", color, (0.5, 0.623, 0.06, 0.01))
        above, lip = _ellipse(covered, (0.5, 0.62, 0.03, 0.003)), core(covered, "l_lip")
        after = lab(applied(plugin.lipstick, covered, amount=1.0)) - lab(covered.pixels)
        assert np.hypot(*after[above].mean(0)[1:]) < 0.5 * np.hypot(*after[lip].mean(0)[1:])


def test_lipstick_leaves_the_gums_of_a_wide_open_mouth() -> None:
    photo = painted_photo(500, 500)
    for part, color, place in (
        ("u_lip", (110, 66, 72), (0.5, 0.65, 0.13, 0.12)),
        ("l_lip", (110, 66, 72), (0.5, 0.72, 0.11, 0.06)),
        ("u_lip", (190, 100, 104), (0.5, 0.635, 0.08, 0.05)),
        ("mouth", (40, 16, 18), (0.5, 0.68, 0.1, 0.07)),
        ("mouth", (226, 218, 204), (0.5, 0.65, 0.08, 0.03)),
    ):
        photo = _painted(photo, part, np.array(color, float), place)
    after = lab(applied(plugin.lipstick, photo, amount=1.0)) - lab(photo.pixels)
    gum, lip = (_ellipse(photo, (0.5, v, 0.03, 0.006)) for v in (0.601, 0.548))
    assert np.hypot(*after[lip].mean(0)[1:]) > 0.1
    assert np.hypot(*after[gum].mean(0)[1:]) < 0.04


def _painted(photo: Photo, part: str, color: np.ndarray, place: tuple[float, float, float, float]) -> Photo:
    """The photo with an ellipse (middle and half axes as shares of the crop) that is a part, in a colour."""
    face, pixels = photo.faces[0], photo.pixels.copy()
    pixels[_ellipse(photo, place)] = np.rint(color)
    logits = face.map.logits.copy()
    rows, columns = (np.mgrid[: logits.shape[1], : logits.shape[2]] + 0.5) / logits.shape[1]
    inside = ((columns - place[0]) / place[2]) ** 2 + ((rows - place[1]) / place[3]) ** 2 < 1
    logits[:, inside] = -9
    logits[ID[part], inside] = 9
    relabelled = dataclasses.replace(face, map=dataclasses.replace(face.map, logits=logits))
    return photo.replaced(pixels=pixels, faces=(relabelled,))


def _ellipse(photo: Photo, place: tuple[float, float, float, float]) -> np.ndarray:
    """Which pixels lie in an ellipse of the face's crop."""
    height, width = photo.pixels.shape[:2]
    y, x = np.mgrid[:height, :width] + 0.5
    at = photo.faces[0].map.crop.to_crop(np.column_stack([x.ravel(), y.ravel()]))
    return (np.square((at - place[:2]) / place[2:]).sum(1) < 1).reshape(height, width)


@given(amount=st.floats(0, 1))
@settings(max_examples=10, deadline=None)
def test_lipstick_moves_as_far_as_its_amount(amount: float) -> None:
    photo = painted_photo(200, 200)
    lips = core(photo, "lips")
    steps = [lab(applied(plugin.lipstick, photo, amount=share))[lips].mean(0) for share in (0, amount, 1)]
    whole = distance(steps[0], steps[2])
    assert distance(steps[0], steps[1]) == pytest.approx(amount * whole, abs=0.02)


def test_matte_is_quieter_than_gloss() -> None:
    photo = painted_photo(400, 400)
    lips = core(photo, "l_lip")
    spread = {
        finish: lab(applied(plugin.lipstick, photo, finish=finish, amount=1.0))[lips][:, 0].std()
        for finish in ("matte", "gloss")
    }
    assert spread["matte"] < spread["gloss"]


def darker(photo: Photo, after: np.ndarray) -> np.ndarray:
    """By how much each pixel has lost lightness."""
    return lab(photo.pixels)[..., 0] - lab(after)[..., 0]


@pytest.mark.parametrize("tilt", [0, 35])
@pytest.mark.parametrize("tone", TONES)
def test_liner_lies_on_the_upper_lid_and_not_on_the_eye(tone: Tone, tilt: float) -> None:
    photo = painted_photo(600, 600, tone=tone, tilt=tilt, accessories=())
    lost = darker(photo, applied(plugin.eyeliner, photo, amount=1.0, lower=0.0, wing=0.0))
    crop = photo.faces[0].map.crop
    lid, below, eye = (_at(lost, crop.to_photo(np.array([[0.59, v]]))) for v in (0.439, 0.482, 0.46))
    assert lid > 0.1
    assert (abs(below) < 0.02, abs(eye) < 0.02) == (True, True)


def _at(plane: np.ndarray, point: np.ndarray) -> float:
    """What differs most from 0 around a point."""
    x, y = np.rint(point[0] - 0.5).astype(int)
    around = plane[y - 2 : y + 3, x - 2 : x + 3].ravel()
    return float(around[np.argmax(np.abs(around))])


def test_a_wing_runs_past_the_outer_corner_and_fills_the_angle_to_the_outer_lid() -> None:
    photo = painted_photo(600, 600, accessories=())
    plain, winged = (darker(photo, applied(plugin.eyeliner, photo, wing=wing)) > 0.05 for wing in (0.0, 0.6))
    more = winged & ~plain
    across = np.abs(photo.faces[0].map.crop.to_crop(np.argwhere(more)[:, ::-1].astype(float))[:, 0] - 0.5)
    assert more.sum() > 100
    assert across.min() > 0.09  # the eye's own middle
    assert across.max() > 0.16  # eyes end at 0.13 from the middle


@pytest.mark.parametrize("wing", [0.0, 0.15, 0.6])
def test_the_line_follows_the_lid_down_to_the_outer_corner(wing: float) -> None:
    photo = painted_photo(600, 600, accessories=())
    lost = darker(photo, applied(plugin.eyeliner, photo, amount=1.0, wing=wing, lower=0.0))
    corner, above = (_at(lost, photo.faces[0].map.crop.to_photo(np.array([point]))) for point in _CORNER)
    assert corner > 0.3
    assert abs(above) < 0.02


# On the lid of the painted left eye near its outer corner, and as far above that as the lid is high.
_CORNER = ([0.627, 0.4505], [0.634, 0.43])


def test_the_lower_line_keeps_off_the_eye() -> None:
    photo = painted_photo(600, 600, accessories=())
    lost = darker(photo, applied(plugin.eyeliner, photo, amount=1.0, width=0.02, lower=1.0))
    iris, lashes = (_at(lost, photo.faces[0].map.crop.to_photo(np.array([[0.59, v]]))) for v in (0.473, 0.483))
    assert abs(iris) < 0.02
    assert lashes > 0.1


def test_no_line_is_drawn_across_the_white_of_an_eye_that_the_mask_leaves_out() -> None:
    photo = painted_photo(600, 600, accessories=())
    wide = _ellipse(photo, (0.59, 0.46, 0.055, 0.035)) & ~core(photo, "l_eye")
    opened = photo.replaced(pixels=np.where(wide[..., None], np.uint8(235), photo.pixels))
    changed = np.abs(applied(plugin.eyeliner, opened, amount=1.0).astype(int) - opened.pixels).max(-1) > 8
    columns = np.flatnonzero(changed.any(0))
    assert 0 < columns.min() < columns.max() < 300  # only the other eye, left of the middle


def test_a_face_with_one_eye_gets_one_line_and_one_without_eyes_a_finding() -> None:
    photo = painted_photo(300, 300, accessories=())
    one, none = (_without(photo, *parts) for parts in (("l_eye",), ("l_eye", "r_eye")))
    changed = np.abs(applied(plugin.eyeliner, one).astype(int) - one.pixels).max(-1) > 8
    columns = np.flatnonzero(changed.any(0))
    assert 0 < columns.min() < columns.max() < 150  # the person's right eye is left of the middle
    for effect in (plugin.eyeliner, plugin.eye_shadow, plugin.blush, plugin.contour):
        answer = effect(region_of(none, effect))
        assert isinstance(answer, Result)
        assert answer.findings[0].details == {"missing": "eyes and mouth"}


def _without(photo: Photo, *parts: str) -> Photo:
    """The photo with a face on which the model sees skin instead of some parts."""
    face = photo.faces[0]
    logits = face.map.logits.copy()
    for part in parts:
        seen = logits[ID[part]] > -5
        logits[:, seen] = -9
        logits[ID["skin"], seen] = 0
    return photo.replaced(faces=(dataclasses.replace(face, map=dataclasses.replace(face.map, logits=logits)),))


@pytest.mark.parametrize("tone", TONES)
def test_eye_shadow_darkens_the_lids_and_lets_warm_skin_shine_through(tone: Tone) -> None:
    photo = painted_photo(600, 600, tone=tone, accessories=())
    after = lab(applied(plugin.eye_shadow, photo, amount=1.0))
    x, y = np.rint(photo.faces[0].map.crop.to_photo(np.array([[0.59, 0.43]]))[0]).astype(int)
    lid, bare = after[y, x], lab(photo.pixels)[y, x]
    assert lid[0] < bare[0] - 0.01
    assert lid[2] > to_oklab(parse("#6b4a5e"))[2] + 0.2 * bare[2]  # the powder alone is ashen


@pytest.mark.parametrize("color", ["#6b4a5e", "#2050a0"])
def test_opaque_eye_shadow_is_as_dark_as_its_color_on_light_skin(color: str) -> None:
    photo = painted_photo(600, 600, accessories=())
    after = lab(applied(plugin.eye_shadow, photo, amount=1.0, color=color))
    x, y = np.rint(photo.faces[0].map.crop.to_photo(np.array([[0.59, 0.44]]))[0] - 0.5).astype(int)
    assert after[y, x, 0] < to_oklab(parse(color))[0] + 0.1


def test_an_eye_squeezed_shut_gets_eye_shadow_below_its_brow() -> None:
    photo = painted_photo(600, 600, accessories=())
    shut = _without(photo, "l_eye")
    lost = darker(shut, applied(plugin.eye_shadow, shut, amount=1.0))
    lids = [_at(lost, photo.faces[0].map.crop.to_photo(np.array([[u, 0.43]]))) for u in (0.41, 0.59)]
    assert lids[1] == pytest.approx(lids[0], rel=0.2)
    hidden = _without(photo, "l_eye", "l_brow")
    lost = darker(hidden, applied(plugin.eye_shadow, hidden, amount=1.0))
    assert lost[:, 310:].max() < 0.1 * lids[0]


def test_blush_in_the_shadow_of_the_face_does_not_glow() -> None:
    photo = painted_photo(600, 600, accessories=())
    dark = np.arange(600) < 300
    shaded = photo.replaced(pixels=np.where(dark[:, None], photo.pixels // 4, photo.pixels))
    step = lab(applied(plugin.blush, shaded, amount=1.0)) - lab(shaded.pixels)
    cheeks = [_at(step[..., 1], photo.faces[0].map.crop.to_photo(np.array([[u, 0.56]]))) for u in (0.39, 0.61)]
    assert 0.02 < cheeks[0] < 0.65 * cheeks[1]


@pytest.mark.parametrize("color", [(150, 110, 90), (70, 50, 40)])
def test_brows_of_soft_hairs_stay_soft(color: tuple[int, int, int]) -> None:
    photo = painted_photo(600, 600, accessories=())
    ridge = core(photo, "brows")
    fine, skin = np.array(color), photo.pixels[core(photo, "skin")].mean(0)
    away = ndimage.distance_transform_edt(ridge)
    blend = np.clip(away / away.max(), 0, 1)[..., None]  # from skin at the brow's edge to hair along its middle
    soft = photo.replaced(
        pixels=np.where(ridge[..., None], skin + blend * (fine - skin), photo.pixels).astype(np.uint8)
    )
    lost = darker(soft, applied(plugin.brows, soft, amount=1.0, density=0.0))
    half, whole = (lost[ridge & (abs(blend[..., 0] - at) < 0.1)].mean() for at in (0.4, 0.9))
    after = lab(applied(plugin.brows, soft, amount=1.0))[ridge][:, 0]
    assert half < 0.75 * whole
    assert after.min() > 0.7 * to_oklab(parse("#3a2a22"))[0]


@pytest.mark.parametrize("hair", [(150, 110, 90), (60, 40, 30), (200, 200, 205)])
def test_grey_hairs_among_brown_ones_take_the_pencils_hue(hair: tuple[int, int, int]) -> None:
    photo = painted_photo(600, 600, accessories=(), colors={"l_brow": hair, "r_brow": hair})
    ridge, other = core(photo, "brows"), (np.arange(600) % 8 < 4)[None, :]
    grey = np.uint8(np.mean(hair))
    mixed = photo.replaced(pixels=np.where((ridge & other)[..., None], grey, photo.pixels))
    after, target = lab(applied(plugin.brows, mixed, amount=1.0, density=1.0)), to_oklab(parse("#3a2a22"))
    drawn = after[ndimage.binary_erosion(ridge, iterations=2)]
    assert drawn[:, 2].min() > 0.4 * target[2]  # none is blue
    assert np.median(distance(drawn[:, 1:] / drawn[:, :1], target[1:] / target[0])) < 0.01


@pytest.mark.parametrize(("tone", "hair"), [("light", (235, 232, 228)), ("dark", (150, 140, 130))])
def test_brows_lighter_than_the_skin_take_the_pencil_too(tone: Tone, hair: tuple[int, int, int]) -> None:
    photo = painted_photo(600, 600, accessories=(), tone=tone, colors={"l_brow": hair, "r_brow": hair})
    after = lab(applied(plugin.brows, photo, amount=1.0, density=1.0))
    drawn = after[ndimage.binary_erosion(core(photo, "brows"), iterations=4)]
    assert np.median(distance(drawn, to_oklab(parse("#3a2a22")))) < 0.12


def test_what_fills_a_brow_thins_out_towards_its_ends() -> None:
    photo = painted_photo(600, 600, accessories=())
    skin = photo.pixels[core(photo, "skin")].mean(0).astype(np.uint8)
    bare = photo.replaced(pixels=np.where((photo.faces[0].mask("brows") > 0)[..., None], skin, photo.pixels))
    lost = darker(bare, applied(plugin.brows, bare, amount=1.0, density=1.0))
    middle, end = (_at(lost, photo.faces[0].map.crop.to_photo(np.array([[u, 0.4]]))) for u in (0.59, 0.635))
    assert 0.05 < end < 0.8 * middle


@pytest.mark.parametrize("tone", TONES)
def test_the_shadow_of_contour_is_warmer_than_the_skin_and_grey_on_a_grey_photo(tone: Tone) -> None:
    photo = painted_photo(600, 600, tone=tone, accessories=())
    x, y = np.rint(photo.faces[0].map.crop.to_photo(np.array([[0.64, 0.61]]))[0]).astype(int)
    skin, shade = (lab(each)[y, x] for each in (photo.pixels, applied(plugin.contour, photo, amount=1.0)))
    assert np.hypot(*shade[1:]) / shade[0] > 1.1 * np.hypot(*skin[1:]) / skin[0]
    assert shade[1] > skin[1]
    grey = photo.replaced(pixels=np.repeat(photo.pixels.mean(-1, keepdims=True), 3, -1).astype(np.uint8))
    assert np.ptp(applied(plugin.contour, grey, amount=1.0)[y, x].astype(int)) <= 1


def test_contour_shades_the_nose_on_both_sides_of_its_ridge_when_the_face_is_turned() -> None:
    photo = painted_photo(600, 600, turn=30, accessories=())
    lost = darker(photo, applied(plugin.contour, photo, amount=1.0, nose=1.0, highlight=0.0))
    points = photo.faces[0].map.points("nose")
    x, y = (round(float(each)) for each in points.mean(0))
    sides = lost[y - 30, x - 30 : x].max(), lost[y - 30, x : x + 30].max()
    assert min(sides) > 0.5 * max(sides)


@pytest.mark.parametrize("tone", TONES)
def test_contour_darkens_below_the_cheekbone_and_lifts_its_top(tone: Tone) -> None:
    photo = painted_photo(600, 600, tone=tone, accessories=())
    lost = darker(photo, applied(plugin.contour, photo, amount=1.0, highlight=1.0))
    at = photo.faces[0].map.crop.to_photo
    hollow, bone = (_at(lost, at(np.array([point]))) for point in ([0.64, 0.61], [0.615, 0.53]))
    assert hollow > 0.04 * lab(photo.pixels)[..., 0].max()
    assert bone < -0.005


@pytest.mark.parametrize("tone", TONES)
def test_foundation_evens_redness_and_leaves_the_tone(tone: Tone) -> None:
    photo = painted_photo(500, 500, tone=tone, accessories=())
    rows, columns = np.ogrid[:500, :500]
    blotch = np.exp(-((columns - 190.0) ** 2 + (rows - 270.0) ** 2) / (2 * 9.0**2))
    redder = np.clip(photo.pixels + blotch[..., None] * np.array([18, -14, -10]), 0, 255).astype(np.uint8)
    spotted = photo.replaced(pixels=redder)
    after = lab(applied(plugin.foundation, spotted, amount=1.0, matte=0.0))
    was, now, clean = (pixels[265:275, 185:195, 1].mean() for pixels in (lab(redder), after, lab(photo.pixels)))
    assert now - clean < 0.45 * (was - clean)
    skin = core(photo, "skin")
    assert distance(after[skin].mean(0), lab(redder)[skin].mean(0)) < 0.01
