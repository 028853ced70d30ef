"""Face regions in metadata: kept while they hold, gone when the faces are, or lie elsewhere."""

import dataclasses

import numpy as np
import pytest
from images_support import exif_block
from test_images_metadata import XMP

from faceedit import images
from faceedit.photo import Photo, Source
from faceedit.runner.named import faces_stay
from faceedit.testing import painted_photo


def photo(xmp: bytes = XMP, exif: bytes = b"") -> Photo:
    painted = painted_photo(200, 200)
    grain = np.random.default_rng(1).integers(-12, 13, painted.pixels.shape)
    pixels = np.clip(painted.pixels.astype(int) + grain, 0, 255).astype(np.uint8)
    return painted.replaced(pixels=pixels, source=Source(format="jpeg", xmp=xmp, exif=exif))


def changed(before: Photo, how: str) -> Photo:
    pixels, box = before.pixels.copy(), before.faces[0].box
    inside = pixels[box.slices]
    if how == "filled":
        inside[:] = 0
    elif how == "coarse":
        side = max(1, box.width // 8)
        rows, columns = np.arange(box.height) // side * side, np.arange(box.width) // side * side
        inside[:] = inside[rows][:, columns]
    elif how == "tinted":
        inside[..., 0] = inside[..., 0] // 2 + 60
    elif how == "cropped":
        pixels = np.ascontiguousarray(pixels[20:])
    return before.replaced(pixels=pixels)


@pytest.mark.parametrize(
    ("how", "stay"), [("not", True), ("tinted", True), ("filled", False), ("coarse", False), ("cropped", False)]
)
def test_regions_hold_as_long_as_the_faces_are_to_be_known(how: str, stay: bool) -> None:
    assert faces_stay(photo(), changed(photo(), how)) == stay


def test_regions_of_a_photo_that_was_turned_do_not_hold() -> None:
    assert not faces_stay(photo(exif=exif_block()), photo(exif=exif_block()))


def test_nothing_is_measured_where_metadata_names_nobody() -> None:
    before = photo(XMP.replace(b"http://www.metadataworkinggroup.com/schemas/regions/", b"http://example.org/"))
    assert faces_stay(before, changed(before, "filled"))


@pytest.mark.parametrize("people", [True, False])
def test_the_file_and_the_report_say_so(people: bool) -> None:
    options = images.WriteOptions("jpeg", people=people)
    bare = dataclasses.replace(photo(), faces=())
    assert (b"Jane Doe" in images.encode(bare, options)) == people
    assert any("face regions were left out" in note for note in images.notes(bare, options)) != people
