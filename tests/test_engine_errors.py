"""Effects that misbehave, and photos for which redaction cannot be promised."""

import dataclasses
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engine_support import changed, cover, edited, paint, step

from faceedit.calls import inspect
from faceedit.coverage import Covered
from faceedit.engine import edit
from faceedit.errors import EffectError, Withheld
from faceedit.geometry import Box, Crop
from faceedit.images import WriteOptions, encode
from faceedit.photo import Finding, Photo, Source
from faceedit.recipe import Faces, Output, Recipe
from faceedit.region import Region, Result, effect, inspector
from faceedit.registry import Registry
from faceedit.testing import painted_photo

WHERE = 'step "odd": effect "odd" of given'


def odd(answer: Callable[[Region], Any], *, blind: bool = False) -> Any:
    """An effect that gives what `answer` gives."""

    @effect(on="head", blind=blind, name="odd")
    def function(region: Region) -> Any:
        """Misbehave."""
        return answer(region)

    return function


def raising(error: BaseException) -> Callable[[Region], Any]:
    def answer(_region: Region) -> Any:
        raise error

    return answer


def nan(region: Region) -> Any:
    pixels = region.pixels.copy()
    pixels[0, 0, 0] = np.nan
    return pixels


ODD = {
    "another size": (lambda region: region.pixels[:-1], "gave pixels of float32 (99, 100, 3); it must be float32 (100"),
    "grey": (lambda region: region.pixels[..., 0], "gave pixels of float32 (100, 100); it must be float32"),
    "bytes": (lambda region: np.zeros((*region.shape, 3), np.uint8), "gave pixels of uint8 (100, 100, 3)"),
    "a list": (lambda region: region.pixels.tolist(), "gave pixels of list"),
    "nothing": (lambda _region: None, "gave nothing"),
    "no number": (nan, "gave NaN or infinity"),
    "infinity": (lambda region: region.pixels + np.float32("inf"), "gave NaN or infinity"),
    "alpha of another size": (
        lambda _region: Result(alpha=np.ones((1, 1), np.float32)),
        "gave alpha of float32 (1, 1)",
    ),
    "an extra of floats": (lambda region: Result(extras={"cut": region.pixels}), 'gave extra "cut" of float32'),
    "a flat extra": (lambda _: Result(extras={"cut": np.zeros((4, 4), np.uint8)}), 'gave extra "cut" of uint8 (4, 4)'),
    "an empty extra": (lambda _: Result(extras={"cut": np.zeros((0, 4, 3), np.uint8)}), 'gave extra "cut" of uint8 (0'),
    "a path": (lambda _: Result(extras={"../up": np.zeros((4, 4, 3), np.uint8)}), 'gave an extra named "../up"'),
    "a finding that is none": (lambda _region: Result(findings=["hat"]), "gave a finding of str"),
    "an error": (raising(KeyError("hue")), "failed: KeyError: 'hue'"),
    "an error of many lines": (raising(ValueError("a\nb" * 400)), "failed: ValueError: a ba b"),
    "an exit": (raising(SystemExit(0)), "failed: SystemExit: 0"),
    "a write into its input": (lambda region: region.pixels.fill(0), "failed: ValueError: assignment destination"),
}


@pytest.mark.parametrize("what", ODD)
def test_an_unfit_answer_is_an_error_that_names_step_effect_and_plugin(what: str) -> None:
    answer, message = ODD[what]
    with pytest.raises(EffectError) as caught:
        edited(painted_photo(100, 100), step(odd(answer)))
    assert str(caught.value).startswith(f"{WHERE} ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("what", ["another size", "bytes", "nothing", "no number", "an error", "an exit"])
def test_an_unfit_answer_of_a_redacting_effect_is_an_error_too(what: str) -> None:
    with pytest.raises(EffectError, match='effect "odd"'):
        edited(painted_photo(64, 64), step(odd(ODD[what][0], blind=True)))


def test_a_stop_by_the_user_is_no_error_of_the_effect() -> None:
    with pytest.raises(KeyboardInterrupt):
        edited(painted_photo(64, 64), step(odd(raising(KeyboardInterrupt()))))


def test_colors_out_of_range_are_clipped_and_doubles_are_taken() -> None:
    photo = painted_photo(100, 100)
    for answer, expected in ((lambda region: region.pixels + 7, 255), (lambda region: region.pixels * -1.0, 0)):
        after = edited(photo, step(odd(lambda region, answer=answer: answer(region).astype(np.float64))))
        assert after.photo.pixels[50, 40].tolist() == [expected] * 3


@pytest.mark.parametrize("answer", [lambda: 1 / 0, lambda: None, lambda: ["hat"], lambda: sys.exit(3)])
def test_an_inspector_that_fails_or_gives_no_findings_is_named(answer: Callable[[], Any]) -> None:
    @inspector("hat")
    def broken(_photo: Photo) -> Any:
        return answer()

    with pytest.raises(EffectError, match=r'inspector "broken" of given (failed: |gave a finding of str)'):
        edited(painted_photo(64, 64), step(paint), inspectors=(broken,))


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (Finding("hat", face=7), "face 7, which must be face.index of a face that is there"),
        (Finding("hat", confidence=3.0), "confidence 3.0, which must be a number 0..1"),
        (Finding("hat", box=(1, 2, 3, 4)), "box of tuple, which must be a faceedit.Box"),  # type: ignore[arg-type]
        (Finding("hat", face="0"), "face '0', which must be"),  # type: ignore[arg-type]
    ],
)
def test_a_finding_that_is_none_is_the_plugins_error(finding: Finding, said: str) -> None:
    @inspector("hat")
    def broken(_photo: Photo) -> list[Finding]:
        return [finding]

    with pytest.raises(EffectError, match=f'inspector "broken" of given gave a finding with {said}'):
        edited(painted_photo(64, 64), step(paint), inspectors=(broken,))


# Redaction that cannot be promised


def test_a_redacting_recipe_withholds_a_photo_without_faces() -> None:
    for no_faces in ("review", "skip"):
        with pytest.raises(Withheld, match="no face was found, so nothing can be promised; look at it yourself"):
            edited(Photo(np.zeros((20, 20, 3), np.uint8)), step(cover), step(paint), no_faces=no_faces)


def test_a_photo_with_doubtful_faces_alone_is_withheld_from_redaction() -> None:
    photo = painted_photo(100, 100)
    doubtful = photo.replaced(faces=(dataclasses.replace(photo.faces[0], score=0.5),))
    with pytest.raises(Withheld, match="only doubtful faces were found"):
        edited(doubtful, step(cover), no_faces="review")


def test_a_photo_without_faces_passes_where_the_recipe_says_so() -> None:
    photo = Photo(np.zeros((20, 20, 3), np.uint8))
    after = edited(photo, step(cover), no_faces="copy")
    assert not changed(photo, after).any()
    assert isinstance(after.covered, Covered)
    assert after.covered.share == 0


def test_a_recipe_built_in_python_is_as_strict_as_one_from_a_file() -> None:
    rules = Recipe("by hand", None, (step(cover), step(paint)))
    assert rules.no_faces == "review"
    with pytest.raises(Withheld, match="no face was found"):
        edit(Photo(np.zeros((20, 20, 3), np.uint8)), rules, Registry.of(cover, paint))


def test_a_step_built_in_python_cannot_weaken_what_is_covered() -> None:
    photo = painted_photo(100, 100)
    plain, weak = (
        edited(photo, step(cover, **settings))
        for settings in ({}, {"strength": 0.1, "feather": 0.5, "grow": -0.5, "on": "nose - nose"})
    )
    assert plain.covered is not None
    assert weak.covered is not None
    box = photo.faces[0].box.slices
    assert weak.covered.mask[box].all()
    assert np.array_equal(weak.photo.pixels[box], plain.photo.pixels[box])


def test_all_except_the_only_face_is_not_no_face() -> None:
    photo = painted_photo(100, 100)
    after = edited(photo, step(cover, faces=Faces.parse("all except largest")))
    assert not changed(photo, after).any()
    assert after.left == photo.faces


def test_a_face_that_has_no_area_is_not_passed_over() -> None:
    face = painted_photo(100, 100).faces[0]
    nowhere = dataclasses.replace(face.map, crop=Crop(-300, -300, 50))
    outside = dataclasses.replace(face, box=Box(-320, -320, -280, -280), map=nowhere)
    with pytest.raises(Withheld, match="face 0 has no area that could be covered"):
        edited(Photo(np.zeros((100, 100, 3), np.uint8), faces=(outside,)), step(cover))


def test_a_false_alarm_at_the_edge_does_not_save_the_face_that_is_meant() -> None:
    photo = painted_photo(200, 600, faces=3, face_px=80)
    doubtful = dataclasses.replace(photo.faces[0], score=0.6)
    photo = photo.replaced(faces=(doubtful, *photo.faces[1:]))
    mask = changed(photo, edited(photo, step(cover, faces=Faces.parse("left"))))
    assert (mask[100, 100], mask[100, 300], mask[100, 500]) == (True, True, False)


def test_two_redactions_of_one_face_cover_the_area_of_both() -> None:
    photo = painted_photo(200, 200)
    areas = [edited(photo, step(cover, on=parts)).covered for parts in ("head", "skin")]
    both = edited(photo, step(cover, on="skin", name="a"), step(cover, on="head", name="b")).covered
    assert both is not None
    assert areas[0] is not None
    assert np.array_equal(both.mask, areas[0].mask)


def test_findings_of_a_redacting_recipe_hold_no_details_of_the_hidden() -> None:
    @inspector("odd")
    def spy(photo: Photo) -> list[Finding]:
        return [Finding("odd", 0, details={"pixels": photo.pixels[50, 50].tolist()})]

    after = edited(painted_photo(100, 100), step(cover), inspectors=(spy,))
    assert [finding.details for finding in after.findings] == [{}]


def test_a_redacted_photo_carries_no_metadata_of_its_file() -> None:
    source = Source(format="jpeg", exif=b"Exif\0\0FACE", xmp=b"FACE", iptc=b"FACE", icc=b"FACE", subsampling=2)
    after = edited(painted_photo(100, 100).replaced(source=source), step(cover)).photo
    assert (after.source.exif, after.source.xmp, after.source.iptc, after.source.icc) == (b"", b"", b"", b"")
    assert (after.source.format, after.source.subsampling) == ("jpeg", 2)
    assert b"FACE" not in encode(after, WriteOptions("jpeg", metadata="keep"))


def test_a_recipe_without_steps_changes_nothing() -> None:
    photo = painted_photo(64, 64)
    after = edit(photo, Recipe("empty", None, (), Output()), Registry.of())
    assert (after.photo.pixels is not photo.pixels, np.array_equal(after.photo.pixels, photo.pixels)) == (True, True)
    assert (after.covered, after.left, after.findings) == (None, (), ())


def test_an_inspector_that_reports_a_kind_it_does_not_name_is_refused() -> None:
    @inspector("odd")
    def seeing(_photo: Photo) -> list[Finding]:
        return [Finding("even")]

    with pytest.raises(EffectError, match=r'inspector "seeing" of \w+ gave a finding of the kind "even"; it must give'):
        inspect(painted_photo(), Registry.of(seeing))
