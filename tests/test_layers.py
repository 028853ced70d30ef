"""Layered documents: read again by others, laid over each other they give the finished photo."""

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from cli_support import Run
from engine_support import edited, paint, step
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from psd_tools import PSDImage

from faceedit import layers
from faceedit.engine import Edited, edit
from faceedit.errors import PhotoError
from faceedit.geometry import Box
from faceedit.layers import Layer
from faceedit.photo import Photo, eight_bit
from faceedit.recipe import Output, Recipe, parse_recipe
from faceedit.region import Float, Region, effect, lay_back
from faceedit.registry import Registry
from faceedit.testing import painted_photo


@effect(on="hair | lips", feather=0.03)
def redden(region: Region) -> Float:
    """Redden."""
    return region.pixels * (1.0, 0.4, 0.4)


@effect(on="person | background", scope="photo")
def darken(region: Region) -> Float:
    """Darken."""
    return region.pixels * 0.7


def done(photo: Photo, kind: str = "psd") -> Edited:
    steps = (step(paint, options={"level": 0.8}, strength=0.4), step(redden, name="My red"), step(darken, strength=0.5))
    return edit(photo, Recipe("test", None, steps, Output(format=kind)), Registry.of(paint, redden, darken))  # type: ignore[arg-type]


def over(below: np.ndarray, box: Box, pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    result = below.copy()
    share = alpha.astype(float)[..., None] / 255
    result[box.slices] = result[box.slices] * (1 - share) + pixels * share
    return result


def flattened_psd(content: bytes) -> tuple[np.ndarray, list[str]]:
    document = PSDImage.open(io.BytesIO(content))
    names, seen = [], np.zeros((document.height, document.width, 3))
    for layer in document.descendants():
        names.append(layer.name)
        if layer.is_group():
            continue
        pixels = np.asarray(layer.topil().convert("RGB"))
        mask = np.asarray(layer.mask.topil()) if layer.has_mask() else np.full(pixels.shape[:2], 255)
        seen = over(seen, Box(*layer.bbox), pixels, mask)
    return seen, names


def flattened_ora(content: bytes) -> tuple[np.ndarray, list[str]]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    root = ElementTree.fromstring(archive.read("stack.xml"))  # noqa: S314 - our own file
    names, seen = [], np.zeros((int(root.get("h", "")), int(root.get("w", "")), 3))
    for each in reversed(list(root.iter())):
        if each.tag == "layer":
            rgba = np.asarray(Image.open(archive.open(each.get("src", ""))).convert("RGBA"))
            left, top = int(each.get("x", "")), int(each.get("y", ""))
            box = Box(left, top, left + rgba.shape[1], top + rgba.shape[0])
            seen = over(seen, box, rgba[..., :3], rgba[..., 3])
        names.append(each.get("name", ""))
    return seen, names


READERS = {"psd": flattened_psd, "ora": flattened_ora}


@pytest.mark.parametrize("kind", ["psd", "ora"])
@pytest.mark.parametrize("depth", [8, 16])
def test_the_layers_laid_over_each_other_are_the_finished_photo(kind: str, depth: int) -> None:
    photo = painted_photo(160, 330, faces=2, depth=depth)  # type: ignore[arg-type]
    after = done(photo, kind)
    seen, _ = READERS[kind](layers.encode(kind, photo, after.photo, after.layers))
    wanted = eight_bit(after.photo.pixels)
    assert np.abs(seen - wanted).max() <= 1
    assert np.abs(seen - eight_bit(photo.pixels)).max() > 50


@pytest.mark.parametrize("kind", ["psd", "ora"])
def test_each_face_has_a_group_with_a_layer_a_step(kind: str) -> None:
    photo = painted_photo(160, 330, faces=2)
    after = done(photo, kind)
    _, names = READERS[kind](layers.encode(kind, photo, after.photo, after.layers))
    assert sorted(names) == sorted(
        ["Photo", "paint", "My red", "paint", "My red", "darken", "Face 0", "Face 1", *[""] * 2 * (kind == "ora")]
    )


def test_pillow_reads_the_finished_picture_and_the_groups_of_a_psd() -> None:
    photo = painted_photo(160, 330, faces=2)
    after = done(photo)
    with Image.open(io.BytesIO(layers.encode("psd", photo, after.photo, after.layers))) as file:
        merged = np.asarray(file.convert("RGB")).astype(int)
        assert np.abs(merged - after.photo.pixels).max() <= 1  # psd-tools lays the layers over each other anew
        # Pillow passes over layers with a mask.
        assert {"Photo", "Face 0", "Face 1"} <= {each[0] for each in file.layers}  # type: ignore[attr-defined]


def test_an_openraster_file_begins_as_its_standard_says() -> None:
    photo = painted_photo(300, 300)
    after = done(photo, "ora")
    content = layers.encode("ora", photo, after.photo, after.layers)
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.namelist()[0] == "mimetype"
    assert content[30:54] == b"mimetypeimage/openraster"
    with (
        Image.open(archive.open("mergedimage.png")) as merged,
        Image.open(archive.open("Thumbnails/thumbnail.png")) as s,
    ):
        assert np.array_equal(np.asarray(merged), after.photo.pixels)
        assert max(s.size) <= 256


@given(arrays(np.uint8, (4, 5, 3)), arrays(np.float32, (4, 5, 3), elements=st.floats(0, 1, width=32)), st.data())
@settings(deadline=None)
def test_one_layer_gives_its_step_to_one_of_255(before: np.ndarray, result: np.ndarray, data: st.DataObject) -> None:
    mask = data.draw(arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)))
    after = lay_back(before, result, mask)
    one = layers.layer("x", None, Box(0, 0, 5, 4), (before, after, result), mask)
    assert np.abs(over(before.astype(float), one.box, one.pixels, one.mask) - after).max() <= 1.01


def _layer(face: int | None, left: int) -> Layer:
    return Layer("x", face, Box(left, 0, left + 4, 4), np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 9, np.uint8))


@pytest.mark.parametrize(
    ("order", "groups"),
    [
        ([(0, 0), (1, 8), (0, 0), (1, 8)], [(0, 2), (1, 2)]),
        ([(0, 0), (1, 2), (0, 0)], [(0, 1), (1, 1), (0, 1)]),  # they overlap: the order counts
        ([(0, 0), (None, 0), (0, 0)], [(0, 1), (None, 1), (0, 1)]),
        ([(None, 0), (None, 0)], [(None, 1), (None, 1)]),
        ([], []),
    ],
)
def test_layers_of_a_face_come_together_where_the_order_does_not_count(order: list, groups: list) -> None:
    found = layers.grouped([_layer(face, left) for face, left in order])
    assert [(face, len(members)) for face, members in found] == groups


def test_nothing_is_kept_for_layers_that_nobody_wants() -> None:
    assert edited(painted_photo(), step(paint)).layers == ()


@pytest.mark.parametrize(
    ("photo", "kind", "message"),
    [
        (Photo(np.zeros((1, 30001, 3), np.uint8)), "psd", "psd holds at most 30000 pixels a side; use ora"),
        (Photo(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.uint8)), "ora", "cannot hold a transparent photo"),
    ],
    ids=["too large", "transparent"],
)
def test_what_a_document_cannot_hold_is_said(photo: Photo, kind: str, message: str) -> None:
    with pytest.raises(PhotoError, match=message):
        layers.encode(kind, photo, photo, [])


@pytest.mark.parametrize("kind", ["psd", "ora"])
def test_a_recipe_writes_a_document(run: Run, photos: Path, tmp_path: Path, kind: str) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"faceedit: 1\nsteps:\n  - effect: lipstick\noutput: {{format: {kind}}}\n")
    code, _, err = run("apply", recipe, photos, "-o", "out")
    assert code == 0, err
    seen, names = READERS[kind]((tmp_path / "out" / f"face.{kind}").read_bytes())
    assert {"Photo", "lipstick", "Face 0"} <= set(names)
    assert seen.shape == (160, 160, 3)


def test_a_recipe_that_redacts_writes_no_layers(tmp_path: Path) -> None:
    text = "faceedit: 1\nsteps:\n  - effect: redact\noutput:\n  format: psd\n"
    with pytest.raises(Exception, match=r"r.yaml:5:11: a layered document would hold the photo as it was"):
        parse_recipe(text, Registry.installed(), tmp_path / "r.yaml")
