"""Reading: orientation, modes, alpha, frames, limits."""

import warnings
import zlib

import numpy as np
import pytest
from images_support import NASTY, exif_block, opened, saved, scene
from PIL import Image, ImageFile, PngImagePlugin

from faceedit import images
from faceedit.errors import UnreadablePhoto
from faceedit.images import header
from faceedit.images.decode import shallow
from faceedit.photo import Photo

# How a picture must be stored so that each orientation shows it upright. Source: EXIF 2.32, 4.6.4, tag 0x0112.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, -1),
}


def tagged(pixels: np.ndarray, kind: str, how: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = how
    return saved(np.ascontiguousarray(pixels), kind, exif=exif, **({"lossless": True} if kind == "WEBP" else {}))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG", "AVIF"])
@pytest.mark.parametrize("how", STORED)
def test_every_orientation_is_applied_once(kind: str, how: int) -> None:
    pixels = scene()
    photo = images.read(tagged(STORED[how](pixels), kind, how))
    assert photo.pixels.shape == pixels.shape
    assert np.abs(photo.pixels.astype(int) - pixels).mean() < (3 if kind in ("JPEG", "AVIF") else 0.01)


@pytest.mark.parametrize("how", STORED)
@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "webp", "avif"])
def test_an_upright_photo_is_written_without_another_turn(kind: str, how: int) -> None:
    photo = images.read(tagged(STORED[how](scene()), "PNG", how))
    written = images.encode(photo, images.WriteOptions(format=kind, metadata="keep"))
    assert opened(written).getexif().get(0x0112, 1) == 1
    assert np.abs(images.read(written).pixels.astype(int) - scene()).mean() < 4


def test_exif_in_the_text_of_a_png_is_found() -> None:
    block = b"Exif\0\0" + exif_block()
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(block)}\n{block.hex()}\n", zip=True)
    photo = images.read(saved(np.ascontiguousarray(STORED[6](scene())), pnginfo=info))
    assert (photo.pixels == scene()).all()


def test_an_orientation_beyond_eight_means_upright() -> None:
    assert (images.read(tagged(scene(), "PNG", 9)).pixels == scene()).all()


GREY = scene()[..., 0]
MODES = {
    "1": (Image.fromarray(GREY).convert("1"), "PNG"),
    "L": (Image.fromarray(GREY), "PNG"),
    "LA": (Image.fromarray(np.dstack([GREY, GREY])), "PNG"),
    "P": (Image.fromarray(scene()).quantize(64), "PNG"),
    "RGBA": (Image.fromarray(np.dstack([scene(), GREY])), "PNG"),
    "CMYK": (Image.fromarray(scene()).convert("CMYK"), "TIFF"),
    "YCbCr": (Image.fromarray(scene()).convert("YCbCr"), "TIFF"),
    "P in GIF": (Image.fromarray(scene()).quantize(64), "GIF"),
    "BMP": (Image.fromarray(scene()), "BMP"),
}


@pytest.mark.parametrize("name", MODES)
def test_each_mode_becomes_rgb_as_pillow_converts_it(name: str) -> None:
    picture, kind = MODES[name]
    photo = images.read(saved(picture, kind))
    wanted = np.array(picture.convert("RGB")).astype(int)
    assert photo.pixels.dtype == np.uint8
    assert np.abs(photo.pixels - wanted).max() <= 1


@pytest.mark.parametrize("name", ["1", "L", "LA"])
def test_grey_files_are_remembered_as_grey_and_written_as_grey(name: str) -> None:
    photo = images.read(saved(*MODES[name]))
    assert photo.source.grey
    assert opened(images.encode(photo)).mode in ("L", "LA")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_a_tall_picture_is_taken_from_pillow_in_strips_as_it_would_be_whole(mode: str) -> None:
    channels = len(Image.new(mode, (1, 1)).getbands())
    samples = np.random.default_rng(0).integers(0, 256, (1027, 3, channels), np.uint8)
    found = shallow(Image.fromarray(samples.squeeze(), mode))
    whole = np.dstack([found.values, found.alpha]) if mode in ("LA", "RGBA") else found.values
    np.testing.assert_array_equal(whole, samples)


def test_grey_is_given_up_when_an_effect_adds_color() -> None:
    photo = images.read(saved(GREY))
    colored = photo.pixels.copy()
    colored[0, 0] = (255, 0, 0)
    assert opened(images.encode(photo.replaced(pixels=colored))).mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_survives(kind: str) -> None:
    pixels = np.dstack([scene(), np.maximum(GREY, 1)])
    settings = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    photo = images.read(saved(pixels, kind, **settings))
    again = images.read(images.encode(photo))
    assert (again.alpha == pixels[..., 3]).all()
    assert (again.pixels == pixels[..., :3]).all()


def test_a_transparent_palette_entry_becomes_alpha() -> None:
    picture = Image.fromarray(scene()).quantize(8)
    photo = images.read(saved(picture, "PNG", transparency=3))
    assert photo.alpha is not None
    assert ((photo.alpha == 0) == (np.array(picture) == 3)).all()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG", "AVIF"])
def test_frames_are_counted_and_the_first_is_read(kind: str) -> None:
    pictures = [Image.fromarray(np.full((16, 16, 3), shade, np.uint8)) for shade in (200, 100, 0)]
    photo = images.read(saved(pictures[0], kind, save_all=True, append_images=pictures[1:]))
    assert photo.source.frames == 3
    assert abs(int(photo.pixels[0, 0, 0]) - 200) <= 2


def test_a_second_view_in_a_jpeg_is_no_frame_but_is_noted() -> None:
    pictures = [Image.fromarray(scene()), Image.fromarray(scene()[::-1].copy())]
    photo = images.read(saved(pictures[0], "MPO", save_all=True, append_images=pictures[1:]))
    assert (photo.source.format, photo.source.frames) == ("jpeg", 1)
    assert "further pictures" in images.notes(photo)[0]


def test_heic_is_read_with_its_extra_and_named_without() -> None:
    content = b"\0\0\0\x18ftypheic" + bytes(300)
    with pytest.raises(UnreadablePhoto, match=r"HEIC|damaged|no picture"):
        images.read(content)
    pytest.importorskip("pillow_heif", reason="faceedit[heif] is not installed")
    photo = images.read(images.encode(Photo(scene()), images.WriteOptions("heif")))
    assert photo.source.format == "heif"
    assert np.abs(photo.pixels.astype(int) - scene()).mean() < 4


def test_deep_heic_is_read_deep() -> None:
    pytest.importorskip("pillow_heif", reason="faceedit[heif] is not installed")
    if not NASTY.is_dir():
        pytest.skip("../shared/data/nasty is absent")
    photo = images.read(NASTY / "pillow-heif_RGB_12__29x100.heif")
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels.max() > 60_000


@pytest.mark.parametrize("start", [b"II*\0\x10\0\0\0CR\2\0", b"FUJIFILMCCD-RAW", b"IIRO\x08\0\0\0", b"IIU\0\x18\0\0\0"])
def test_raw_files_are_named_as_such(start: bytes) -> None:
    with pytest.raises(UnreadablePhoto, match="raw file"):
        images.read(start + bytes(100))


def test_avif_of_more_bits_is_noted() -> None:
    content = saved(scene(), "AVIF")
    at = content.index(b"av1C") + 6
    deeper = content[:at] + bytes([content[at] | 0x40]) + content[at + 1 :]
    assert header.remarks(opened(content), content) == ()
    assert header.remarks(opened(content), deeper) == ("10 bits or more were read as 8",)


def test_a_smaller_copy_of_a_page_is_no_page() -> None:
    small = Image.fromarray(scene(10, 16))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    assert images.read(saved(scene(), "TIFF", save_all=True, append_images=[small])).source.frames == 1


def test_a_preview_before_a_raw_picture_is_refused() -> None:
    with pytest.raises(UnreadablePhoto, match="raw file"):
        images.read(saved(scene(), "TIFF", tiffinfo={254: 1}))


def test_limits_are_checked_before_decoding() -> None:
    content = saved(scene())
    with pytest.raises(UnreadablePhoto, match=r"more than 0\.001 megapixels"):
        images.read(content, limits=images.Limits(megapixels=0.001))


def test_a_bomb_in_a_tiny_file_is_refused() -> None:
    header = saved(np.zeros((1, 1, 3), np.uint8))
    bomb = header[:16] + (60000).to_bytes(4, "big") * 2 + header[24:29]
    bomb += zlib.crc32(bomb[12:29]).to_bytes(4, "big") + header[33:]
    with pytest.raises(UnreadablePhoto, match="more than 200 megapixels"):
        images.read(bomb)


def test_too_many_frames_are_refused() -> None:
    pictures = [Image.fromarray(np.full((4, 4, 3), 20 * shade, np.uint8)) for shade in range(6)]
    for kind in ("GIF", "TIFF"):
        content = saved(pictures[0], kind, save_all=True, append_images=pictures[1:])
        with pytest.raises(UnreadablePhoto, match="more than 5 frames"):
            images.read(content, limits=images.Limits(frames=5))


def test_pillows_switches_are_left_as_they_were() -> None:
    before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)
    images.read(saved(scene()))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)) == before


def test_pillows_leniency_with_truncated_files_is_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(UnreadablePhoto, match="cut off"):
        images.read(saved(scene(), "JPEG")[:-200])


def test_a_name_says_nothing_about_the_content(tmp_path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(scene(), "JPEG"))
    assert images.read(path).source.format == "jpeg"
