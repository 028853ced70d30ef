"""The effect `masks`: what other programs read again is what effects work with."""

import io
import json
from typing import Any

import faceedit_cutout as plugin
import numpy as np
import pytest
import tifffile
from engine_support import cover, edited, step
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from pycocotools import mask as coco

from faceedit.errors import EffectError, RecipeError
from faceedit.extras import File, encoded, suffix
from faceedit.photo import Photo
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from faceedit.testing import painted_photo, region_of


def written(photo: Photo, **options: Any) -> dict[str, Any]:
    return dict(edited(photo, step(plugin.masks, options=options)).extras)


def wanted(photo: Photo, expression: str) -> np.ndarray:
    return region_of(photo, plugin.masks).mask(expression)


@pytest.mark.parametrize(("kind", "top"), [("png", 255), ("png16", 65535)])
def test_a_picture_a_mask(kind: str, top: int) -> None:
    photo = painted_photo(200, 200)
    files = written(photo, parts=["hair | hat", "lips"], format=kind)
    assert list(files) == ["mask-0-hair-or-hat", "mask-0-lips"]
    with Image.open(io.BytesIO(encoded(files["mask-0-lips"]))) as file:
        read = np.asarray(file)
    assert read.shape == (200, 200)
    assert np.array_equal(read, np.rint(wanted(photo, "lips") * top))


def test_without_names_all_parts_that_are_seen_are_written() -> None:
    names = list(written(painted_photo(200, 200, accessories=())))
    assert "mask-0-nose" in names
    assert not {"mask-0-hat", "mask-0-background"} & {*names}


def test_one_npz_holds_all_masks_of_all_faces() -> None:
    photo = painted_photo(200, 420, faces=2)
    file = written(photo, parts=["skin", "hair"], format="npz")["masks"]
    assert suffix(file) == ".npz"
    with np.load(io.BytesIO(file.content)) as masks:
        assert set(masks) == {"0-skin", "0-hair", "1-skin", "1-hair"}
        assert masks["1-skin"].shape == (200, 420)
        assert masks["1-skin"][75, 315] > 0.9
        assert masks["0-skin"][75, 315] == 0


def test_a_tiff_has_a_named_page_a_mask() -> None:
    photo = painted_photo(200, 200)
    file = written(photo, parts=["skin", "lips"], format="tiff")["masks"]
    with tifffile.TiffFile(io.BytesIO(file.content)) as pages:
        assert [page.description for page in pages.pages] == ["0-skin", "0-lips"]
        assert np.array_equal(pages.pages[1].asarray(), np.rint(wanted(photo, "lips") * 65535))


def test_a_pfm_holds_floats_from_below() -> None:
    photo = painted_photo(200, 260)
    content = written(photo, parts=["lips"], format="pfm")["mask-0-lips"].content
    head, body = content[:16], content[16:]
    assert head == b"Pf\n260 200\n-1.0\n"
    assert np.array_equal(np.frombuffer(body, "<f4").reshape(200, 260)[::-1], wanted(photo, "lips"))


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # pycocotools and numpy 2
def test_coco_reads_its_masks_as_they_were() -> None:
    photo = painted_photo(200, 260)
    file = written(photo, parts=["hair", "lips"], format="coco")["masks"]
    hair, lips = json.loads(file.content)["annotations"]
    assert (hair["face"], hair["part"], lips["part"]) == (0, "hair", "lips")
    for one, expression in ((hair, "hair"), (lips, "lips")):
        assert np.array_equal(coco.decode(one["segmentation"]), wanted(photo, expression) > 0.5)
        assert one["area"] == coco.area(one["segmentation"])
        assert one["bbox"] == coco.toBbox(one["segmentation"]).tolist()


@given(arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
@settings(deadline=None)
def test_run_lengths_are_cocos_own(inside: np.ndarray) -> None:
    from faceedit_cutout.masks import _rle  # noqa: PLC0415 - the text alone, for any mask

    assert _rle(inside).encode() == coco.encode(np.asfortranarray(inside.astype(np.uint8)))["counts"]


def test_a_part_that_is_not_seen_is_an_error_unless_skipped() -> None:
    photo = painted_photo(accessories=())
    with pytest.raises(EffectError, match='no "hat" is seen'):
        written(photo, parts=["skin", "hat"])
    assert list(written(photo, parts=["skin", "hat"], missing="skip")) == ["mask-0-skin"]


def test_an_unknown_part_is_an_error() -> None:
    with pytest.raises(EffectError, match='unknown part "lip"'):
        written(painted_photo(), parts=["lip"])


def test_hidden_faces_have_no_masks() -> None:
    photo = painted_photo(200, 420, faces=2)
    after = edited(photo, step(cover, faces=_one(1)), step(plugin.masks, options={"parts": ["hair", "lips"]}))
    assert sorted(after.extras) == ["mask-0-hair", "mask-0-lips"]
    assert not any(isinstance(each, File) for each in after.extras.values())


def _one(index: int) -> Any:
    from faceedit.recipe import Faces  # noqa: PLC0415 - for this one test

    return Faces.parse(index)


@pytest.mark.parametrize(("parts", "message"), [("wings", 'unknown part "wings"'), ("skin & hair", "selects no part")])
def test_a_wrong_expression_is_the_recipes_mistake(parts: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_recipe(f"faceedit: 1\nsteps:\n  - {{effect: masks, parts: [{parts}]}}\n", Registry.of(plugin.masks))


def test_two_expressions_never_share_a_file() -> None:
    photo = painted_photo(300, 300)
    parts = ["skin - (nose | eyes)", "skin - nose | eyes", "skin"]
    names = set(written(photo, parts=parts))
    assert names == {"mask-0-skin-without-nose-or-eyes", "mask-0-skin-without-nose-or-eyes-2", "mask-0-skin"}


def test_what_is_nowhere_seen_is_said_where_it_is_skipped() -> None:
    photo = painted_photo(300, 300, accessories=())
    answer = edited(photo, step(plugin.masks, options={"parts": ["hat"], "missing": "skip"}))
    (finding,) = (each for each in answer.findings if each.kind == "nothing_to_do")
    assert (finding.details["missing"], dict(answer.extras)) == ("hat", {})
