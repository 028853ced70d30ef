"""`keep_space`: a photo edited in sRGB and written in its file's own color space."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run
from images_support import exif_block, rgb_profile, saved, table_profile
from PIL import Image

from faceedit import images
from faceedit.images import WriteOptions, in_own_space, png16
from faceedit.photo import Photo

# Every strong color there is: most lie beyond sRGB in the wide spaces.
CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 17, dtype=np.uint8)] * 3), -1).reshape(64, 64, 3)
LIMITS = images.Limits()


def edited(content: bytes) -> tuple[Photo, Photo]:
    """A photo, and the same with a darker corner of 20 x 30 pixels."""
    before = images.read(content)
    pixels = before.pixels.copy()
    pixels[:20, :30] = pixels[:20, :30] // 2
    return before, before.replaced(pixels=pixels)


@pytest.mark.parametrize("name", ["display-p3", "a98-rgb", "prophoto-rgb"])
@pytest.mark.parametrize("depth", [8, 16])
def test_what_was_not_touched_has_the_files_own_samples(name: str, depth: int) -> None:
    samples = CUBE if depth == 8 else CUBE.astype(np.uint16) * 257 + np.uint16(3)
    content = images.encode(Photo(samples), WriteOptions("png"))
    content = _with_profile(content, rgb_profile(name))
    before, after = edited(content)
    own = in_own_space(before, after, content, LIMITS)
    assert own is not None
    assert own.pixels.dtype == samples.dtype
    assert (own.pixels[20:] == samples[20:]).all()
    assert (own.pixels[:, 30:] == samples[:, 30:]).all()
    again = images.read(images.encode(own, WriteOptions("png", own_space=True)))
    assert again.source.icc == rgb_profile(name)
    off = np.abs(again.pixels.astype(int) - after.pixels)[:20, :30] // (257 if depth == 16 else 1)
    assert np.percentile(off, 99) <= 6  # 8-bit samples of a wide space lie further apart than those of sRGB
    assert np.median(off) <= 1


def test_a_faint_edit_leaves_colors_beyond_srgb_as_vivid_as_they_were() -> None:
    red = np.full((8, 8, 3), (255, 20, 20), np.uint8)
    content = saved(red, "PNG", icc_profile=rgb_profile("display-p3"))
    before = images.read(content)
    faint = before.pixels.copy()
    faint[0] -= np.array([1, 0, 0], np.uint8)
    own = in_own_space(before, before.replaced(pixels=faint), content, LIMITS)
    assert own is not None
    assert np.abs(own.pixels.astype(int) - red).max() <= 2


@pytest.mark.parametrize(
    "content",
    [
        saved(CUBE, "PNG"),
        saved(CUBE[..., 0], "PNG"),
        saved(Image.fromarray(CUBE).convert("CMYK"), "JPEG"),
        saved(CUBE, "PNG", icc_profile=b"no profile"),
        saved(CUBE, "PNG", icc_profile=table_profile("RGB ", dict.fromkeys(np.ndindex(2, 2, 2), (50, 0, 0)))),
    ],
    ids=["none", "grey", "inks", "damaged", "table"],
)
def test_where_there_is_no_way_back_there_is_none(content: bytes) -> None:
    assert in_own_space(*edited(content), content, LIMITS) is None


def test_exif_says_what_it_said_of_the_color_space() -> None:
    block = b"Exif\0\0" + exif_block(owner=b"Jane\0")
    content = saved(CUBE, "JPEG", icc_profile=rgb_profile("a98-rgb"), exif=block, quality=95)
    before, after = edited(content)
    own = in_own_space(before, after, content, LIMITS)
    assert own is not None
    spaces = [
        Image.open(io.BytesIO(images.encode(photo, options))).getexif().get_ifd(0x8769)[0xA001]
        for photo, options in ((own, WriteOptions(own_space=True)), (after, WriteOptions()))
    ]
    assert spaces == [2, 1]


def test_a_recipe_keeps_the_space(run: Run, photos: Path, tmp_path: Path) -> None:
    pixels = images.read(photos / "face.png").pixels
    (photos / "face.png").write_bytes(saved(pixels, "PNG", icc_profile=rgb_profile("display-p3")))
    (photos / "inks.jpg").write_bytes(saved(Image.fromarray(pixels).convert("CMYK"), "JPEG"))
    (tmp_path / "r.yaml").write_text("faceedit: 1\nsteps: [{effect: blur}]\noutput: {keep_space: true}\n")
    assert run("apply", tmp_path / "r.yaml", photos, "-o", tmp_path / "out", "-q")[0] == 0
    with Image.open(tmp_path / "out" / "face.png") as picture:
        assert picture.info["icc_profile"] == rgb_profile("display-p3")
        same = (np.array(picture) == pixels).all(-1)
    assert 0.2 < same.mean() < 1
    assert same[0].all()


def _with_profile(png: bytes, profile: bytes) -> bytes:
    return png16.with_chunks(png, [(b"iCCP", b"p\0\0" + zlib.compress(profile))])


def test_a_recipe_that_redacts_cannot_keep_the_space(run: Run, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("faceedit: 1\nsteps: [{effect: redact}]\noutput: {keep_space: true}\n")
    code, _, said = run("apply", tmp_path / "r.yaml", photos, "-o", tmp_path / "out", "-q")
    assert code == 2
    assert "a recipe that redacts writes sRGB" in said
