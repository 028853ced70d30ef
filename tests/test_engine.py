"""One photo through one recipe: what is laid where, what blind effects see, and what stays hidden whatever follows."""

import dataclasses

import numpy as np
import pytest
from engine_support import changed, cover, edited, paint, peek, step, whiten_all
from numpy.typing import NDArray

from faceedit.labels import ID
from faceedit.photo import FaceMap, Finding, Photo
from faceedit.recipe import Faces, When
from faceedit.region import Float, Region, Result, effect, inspector
from faceedit.testing import painted_photo


def with_noise(photo: Photo, mask: NDArray[np.bool_], seed: int = 1) -> Photo:
    """The same photo with other pixels under the mask."""
    pixels = photo.pixels.copy()
    noise = np.random.default_rng(seed).integers(0, 256, pixels.shape)
    pixels[mask] = noise[mask]
    return photo.replaced(pixels=pixels)


@pytest.fixture
def pair() -> Photo:
    return painted_photo(220, 440, faces=2)


def test_a_step_works_on_every_face_and_leaves_the_rest(pair: Photo) -> None:
    mask = changed(pair, edited(pair, step(paint)))
    assert mask[100, 110]
    assert mask[100, 330]
    assert not mask[:20].any()
    assert not mask[:, 215:225].any()


def test_a_step_works_on_the_selected_faces_only(pair: Photo) -> None:
    mask = changed(pair, edited(pair, step(paint, faces=Faces.parse("all except largest"))))
    assert not mask[:, :220].any()
    assert mask[:, 220:].any()


def test_steps_follow_each_other_in_the_order_of_the_recipe(pair: Photo) -> None:
    after = edited(pair, step(paint, options={"level": 1.0}), step(paint, options={"level": 0.5})).photo
    assert after.pixels[100, 110].tolist() == [128, 128, 128]


def test_a_half_strong_step_gives_half_the_light() -> None:
    photo = Photo(np.zeros((100, 100, 3), np.uint16), faces=painted_photo(100, 100).faces)
    assert edited(photo, step(paint, strength=0.5)).photo.pixels[50, 40].tolist() == [48192] * 3


def test_the_recipes_parts_growth_and_feather_reach_mask_and_effect(pair: Photo) -> None:
    seen = []

    @effect(on="face", grow=0.3, feather=0.3)
    def look(region: Region) -> Float:
        """Look."""
        seen.append((region.on, region.grow, region.feather, region.selected))
        return 1 - region.pixels

    after = edited(pair, step(look, on="hair", grow=0.0, feather=0.01, faces=Faces.parse(0)))
    assert [entry[:3] for entry in seen] == [("hair", 0.0, 0.01)]
    outside = np.ones(pair.pixels.shape[:2], bool)
    outside[pair.faces[0].window.slices] = seen[0][3] == 0
    assert not changed(pair, after)[outside].any()


def test_an_effect_that_widens_its_own_mask_reaches_no_further(pair: Photo) -> None:
    @effect(on="lips")
    def greedy(region: Region) -> Float:
        """Take more than was given."""
        region.selected.flags.writeable = True
        region.selected[:] = 1
        return 1 - region.pixels

    @effect(on="lips")
    def modest(region: Region) -> Float:
        """Take what was given."""
        return 1 - region.pixels

    taken, given = (changed(pair, edited(pair, step(each))) for each in (greedy, modest))
    assert given.any()
    assert np.array_equal(taken, given)


def test_a_photo_effect_runs_once_and_sees_the_whole_photo(pair: Photo) -> None:
    regions = []

    @effect(on="background", scope="photo")
    def note(region: Region) -> Float:
        """Note."""
        regions.append((region.shape, len(region.faces)))
        return 1 - region.pixels

    mask = changed(pair, edited(pair, step(note)))
    assert regions == [((220, 440), 2)]
    assert (mask[5, 5], mask[110, 110], mask[110, 330]) == (True, False, False)


def test_later_steps_and_the_report_see_what_inspectors_and_steps_found(pair: Photo) -> None:
    @inspector("crowd")
    def crowd(photo: Photo) -> list[Finding]:
        return [Finding("crowd", details={"faces": len(photo.faces)})]

    @effect()
    def tell(region: Region) -> Result:
        """Tell."""
        return Result(findings=[Finding(f"after_{len(region.findings)}", region.faces[0].index)])

    after = edited(pair, step(tell), inspectors=(crowd,))
    assert [finding.kind for finding in after.findings] == ["crowd", "after_1", "after_2"]
    assert not changed(pair, after).any()


def test_a_step_without_a_face_to_work_on_says_so() -> None:
    photo = Photo(np.zeros((20, 20, 3), np.uint8))
    after = edited(photo, step(paint, name="blush"))
    assert [finding.as_dict()["details"] for finding in after.findings] == [{"step": "blush"}]


def test_extras_are_named_by_face(pair: Photo) -> None:
    @effect()
    def cut(_region: Region) -> Result:
        """Cut."""
        return Result(extras={"cut": np.zeros((2, 3, 4), np.uint8)})

    assert list(edited(pair, step(cut)).extras) == ["cut-0", "cut-1"]


def test_an_effect_may_make_parts_transparent(pair: Photo) -> None:
    @effect(on="background", scope="photo")
    def clear(region: Region) -> Result:
        """Clear."""
        return Result(alpha=np.zeros(region.shape, np.float32))

    alpha = edited(pair, step(clear)).photo.alpha
    assert alpha is not None
    assert (alpha[5, 5], alpha[110, 110], alpha.dtype) == (0, 255, np.uint8)


def test_neither_photo_nor_maps_are_modified(pair: Photo) -> None:
    pixels, logits = pair.pixels.copy(), pair.faces[0].map.logits.copy()
    edited(pair, step(paint), step(cover))
    assert np.array_equal(pair.pixels, pixels)
    assert np.array_equal(pair.faces[0].map.logits, logits)


def test_a_when_that_cannot_be_decided_leaves_an_ordinary_step_out_and_redacts(pair: Photo) -> None:
    @inspector("glasses")
    def glasses(photo: Photo) -> list[Finding]:
        return [Finding("glasses", face.index, details={"unknown": True}) for face in photo.faces]

    for condition in ("glasses", "not glasses"):
        when = When.parse(condition)
        assert not changed(pair, edited(pair, step(paint, when=when), inspectors=(glasses,))).any()
        assert changed(pair, edited(pair, step(cover, when=when), inspectors=(glasses,)))[110, 110]


def test_a_when_is_asked_for_each_face(pair: Photo) -> None:
    @inspector("hat")
    def hat(photo: Photo) -> list[Finding]:
        return [Finding("hat", photo.faces[1].index)]

    after = edited(pair, step(paint, when=When.parse("hat")), inspectors=(hat,))
    assert not changed(pair, after)[:, :220].any()
    assert changed(pair, after)[:, 220:].any()


# Redaction


def test_a_blind_effect_that_returns_what_it_sees_reveals_nothing(pair: Photo) -> None:
    after = edited(pair, step(peek))
    assert after.covered is not None
    assert after.photo.pixels[after.covered.mask].max() == 0
    assert np.array_equal(after.photo.pixels[~after.covered.mask], pair.pixels[~after.covered.mask])


def test_a_blind_effect_knows_the_box_and_nothing_else(pair: Photo) -> None:
    regions = []

    @effect(on="head", blind=True)
    def note(region: Region) -> Float:
        """Note."""
        regions.append(region)
        return region.pixels

    edited(pair, step(note, faces=Faces.parse("largest")))
    assert regions
    for region in regions:
        known = (region.pixels.max(), region.selected.max(), region.faces, region.findings, region.box)
        assert known == (0, 0, (), (), pair.faces[0].box)


def test_photos_that_differ_only_under_the_cover_become_the_same() -> None:
    @effect(on="person", scope="photo")
    def copy_out(region: Region) -> Result:
        """Copy everything out that is to be had."""
        masks = np.dstack([region.mask(part) for part in ("hair", "l_eye", "hat")])
        shown = [np.rint(array * 255).astype(np.uint8) for array in (region.pixels, masks)]
        return Result(region.pixels[::-1], extras={"pixels": shown[0], "masks": shown[1]})

    photo = painted_photo(220, 220, face_px=60)
    steps = (step(cover), step(copy_out))
    one = edited(photo, *steps)
    assert one.covered is not None
    other = edited(with_noise(_other_map(photo), one.covered.mask), *steps)
    assert np.array_equal(one.photo.pixels, other.photo.pixels)
    assert all(np.array_equal(one.extras[name], other.extras[name]) for name in ("pixels", "masks"))


def _other_map(photo: Photo) -> Photo:
    """The same photo with another model's opinion about the middle of the face: all of it glasses."""
    face = photo.faces[0]
    logits = face.map.logits.copy()
    logits[:, 50:70, 50:78] = -20
    logits[ID["eye_g"], 50:70, 50:78] = 20
    return photo.replaced(faces=(dataclasses.replace(face, map=FaceMap(logits, face.map.crop)),))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_no_other_effect_undoes_a_redaction_before_or_after_it(pair: Photo, order: tuple[int, int]) -> None:
    steps = (step(cover, options={"level": 0.2}), step(whiten_all))
    after = edited(pair, *(steps[index] for index in order))
    assert after.covered is not None
    assert (after.photo.pixels[after.covered.mask] == 51).all()
    assert (after.photo.pixels[~after.covered.mask] == 255).all()


def test_no_other_effect_sees_what_is_redacted_later_in_the_recipe(pair: Photo) -> None:
    seen = []

    @effect(on="face", scope="photo")
    def note(region: Region) -> Float:
        """Note."""
        seen.append(region.pixels)
        return region.pixels

    after = edited(pair, step(note), step(cover))
    assert after.covered is not None
    assert seen[0][after.covered.mask].max() == 0


def test_what_is_covered_is_opaque() -> None:
    photo = painted_photo(220, 220).replaced(alpha=np.zeros((220, 220), np.uint8))
    after = edited(photo, step(cover))
    assert after.photo.alpha is not None
    assert after.covered is not None
    assert np.array_equal(after.photo.alpha == 255, after.covered.mask)


def test_redaction_says_what_it_covered_with_what_and_whom_it_left(pair: Photo) -> None:
    after = edited(pair, step(cover, options={"level": 1.0}, faces=Faces.parse("all except largest")))
    assert after.covered is not None
    assert after.covered.boxes == (pair.faces[1].box,)
    assert after.left == (pair.faces[0],)
    assert np.array_equal(after.covered.fill[after.covered.mask], after.photo.pixels[after.covered.mask])
    assert after.covered.fill[~after.covered.mask].max() == 0
