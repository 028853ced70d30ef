"""JPEG blocks that no effect touched: their coefficients are the input's."""

import io
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run
from images_support import exif_block, rgb_profile, saved
from PIL import Image

from faceedit import images
from faceedit.images import WriteOptions, in_own_space, with_old_blocks
from faceedit.photo import Photo

jpeglib = pytest.importorskip("jpeglib", reason="faceedit[lossless] is not installed")
NOISE = np.random.default_rng(0).integers(0, 256, (75, 101, 3), np.uint8)
PHOTO = np.asarray(Image.fromarray(NOISE).resize((404, 300), Image.Resampling.BICUBIC))


def edited(content: bytes) -> tuple[Photo, Photo]:
    """A photo, and the same with 60 x 90 darker pixels from (100, 150) on."""
    before = images.read(content)
    pixels = before.pixels.copy()
    pixels[100:160, 150:240] //= 2
    return before, before.replaced(pixels=pixels)


def pixels_of(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def rewritten(content: bytes, *, own_space: bool = False) -> tuple[bytes, bytes]:
    """The edited photo encoded, and the same with the input's blocks."""
    before, after = edited(content)
    if own_space:
        after = in_own_space(before, after, content, images.Limits()) or after
    encoded = images.encode(after, WriteOptions(own_space=own_space))
    return encoded, with_old_blocks(encoded, content, *edited(content), own_space=own_space)


@pytest.mark.parametrize("subsampling", [0, 1, 2], ids=["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_pixels_away_from_the_edit_stay_and_the_edit_shows(subsampling: int, progressive: bool) -> None:
    content = saved(PHOTO, "JPEG", quality=80, subsampling=subsampling, progressive=progressive)
    encoded, merged = rewritten(content)
    old, plain, new = map(pixels_of, (content, encoded, merged))
    away = np.ones(old.shape[:2], bool)
    away[96 - 2 : 160 + 2, 144 - 2 : 240 + 2] = False  # the blocks of 16 pixels, and colors smoothed over their edge
    assert (new[away] == old[away]).all()
    assert (plain[away] != old[away]).any()
    assert np.abs(new[100:160, 150:240] - edited(content)[1].pixels[100:160, 150:240]).mean() < 6


def test_the_coefficients_of_untouched_blocks_are_the_inputs(tmp_path) -> None:
    content = saved(PHOTO, "JPEG", quality=80)
    _, merged = rewritten(content)
    for name, each in (("old", content), ("new", merged)):
        (tmp_path / name).write_bytes(each)
    old, new = (jpeglib.read_dct(str(tmp_path / name)) for name in ("old", "new"))
    changed = (old.Y != new.Y).any((2, 3))
    assert changed.any()
    changed[96 // 8 : 160 // 8, 144 // 8 : 240 // 8] = False
    assert not changed.any()


def test_grey_photos_and_photos_in_their_own_space_keep_their_blocks_too() -> None:
    grey = saved(PHOTO[..., 0], "JPEG", quality=80)
    wide = saved(PHOTO, "JPEG", quality=80, icc_profile=rgb_profile("display-p3"))
    for content, own_space in ((grey, False), (wide, True)):
        encoded, merged = rewritten(content, own_space=own_space)
        assert merged != encoded
        assert (pixels_of(merged)[:80] == pixels_of(content)[:80]).all()


def test_metadata_is_that_of_the_new_file() -> None:
    content = saved(PHOTO, "JPEG", quality=80, comment=b"old", dpi=(90, 90))
    before, after = edited(content)
    encoded = images.encode(after)
    merged = with_old_blocks(encoded, content, before, after, own_space=False)
    old, new = (Image.open(io.BytesIO(each)) for each in (encoded, merged))
    assert new.info == old.info
    assert new.getexif() == old.getexif()
    assert merged.count(b"JFIF\0") == 1


@pytest.mark.parametrize(
    "content",
    [
        saved(PHOTO, "PNG"),
        saved(PHOTO, "JPEG", exif=b"Exif\0\0" + exif_block()),
        saved(PHOTO, "JPEG", icc_profile=rgb_profile("display-p3")),
        saved(Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    ],
    ids=["PNG", "turned", "converted", "inks"],
)
def test_where_blocks_cannot_be_kept_the_new_file_stays(content: bytes) -> None:
    encoded, merged = rewritten(content)
    assert merged == encoded


@pytest.mark.parametrize("turn", range(2, 9))
@pytest.mark.parametrize("subsampling", [0, 2], ids=["4:4:4", "4:2:0"])
def test_blocks_turn_with_the_photo(turn: int, subsampling: int) -> None:
    pixels = PHOTO[:288, :400]
    block = exif_block().replace(b"\x12\x01\x03\0\x01\0\0\0\x06", b"\x12\x01\x03\0\x01\0\0\0" + bytes([turn]))
    content = saved(pixels, "JPEG", quality=80, subsampling=subsampling, exif=b"Exif\0\0" + block)
    encoded, merged = rewritten(content)
    old, plain, new = edited(content)[0].pixels.astype(int), pixels_of(encoded), pixels_of(merged)
    away = np.ones(old.shape[:2], bool)
    away[96 - 2 : 160 + 2, 144 - 2 : 240 + 2] = False
    assert np.abs(new - old)[away].max() <= 3  # decoders round mirrored waves another way
    assert np.abs(plain - old)[away].max() > 3


def test_where_a_turned_photo_ends_within_a_block_it_is_said() -> None:
    content = saved(PHOTO, "JPEG", quality=80, exif=b"Exif\0\0" + exif_block())
    before, after = edited(content)
    options = {"keep_space": False, "old_blocks": True}
    _, notes = images.encode_edited(after, images.Original(before, content), WriteOptions(), images.Limits(), **options)
    assert notes == ["all its JPEG blocks were encoded anew: they could not be turned with it"]


def test_another_quality_takes_no_old_blocks() -> None:
    content = saved(PHOTO, "JPEG", quality=80)
    before, after = edited(content)
    encoded = images.encode(after, WriteOptions(quality=60))
    assert with_old_blocks(encoded, content, before, after, own_space=False) == encoded


def test_a_file_that_jpeglib_cannot_read_costs_nothing() -> None:
    content = saved(PHOTO, "JPEG", quality=80)
    before, after = edited(content)
    encoded = images.encode(after)
    for broken in (b"", content[:100], content[: len(content) // 2]):
        assert with_old_blocks(encoded, broken, before, after, own_space=False)
    assert images.read_isolated(content).width == before.width


def test_very_large_photos_take_no_old_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved(PHOTO, "JPEG", quality=80)
    before, after = edited(content)
    encoded = images.encode(after)
    assert with_old_blocks(encoded, content, before, after, own_space=False) != encoded
    monkeypatch.setattr("faceedit.images.blocks._MOST_PX", before.width * before.height - 1)
    assert with_old_blocks(encoded, content, before, after, own_space=False) == encoded


@pytest.mark.parametrize(("lossless", "kept"), [("auto", True), ("'off'", False)])
def test_a_recipe_keeps_untouched_blocks(run: Run, photos: Path, tmp_path: Path, lossless: str, kept: bool) -> None:
    path = photos / "face.jpg"
    pixels = images.read(photos / "face.png").pixels.copy()
    pixels[:16] = PHOTO[:16, : pixels.shape[1]]
    path.write_bytes(saved(pixels, "JPEG", quality=95, subsampling=0))
    (tmp_path / "r.yaml").write_text(f"faceedit: 1\nsteps: [{{effect: blur}}]\noutput: {{lossless: {lossless}}}\n")
    assert run("apply", tmp_path / "r.yaml", path, "-o", tmp_path / "out", "-q")[0] == 0
    old, new = pixels_of(path.read_bytes()), pixels_of((tmp_path / "out" / "face.jpg").read_bytes())
    assert (old != new).any()
    assert (old[:8] == new[:8]).all() == kept
