"""Writing: JPEG quality, formats, notes, and the bare container under "none"."""

import importlib.util
import struct
import sys
import zlib

import numpy as np
import pytest
from images_support import exif_block, opened, rgb_profile, saved, scene
from PIL import Image, JpegImagePlugin, PngImagePlugin

from faceedit import images
from faceedit.errors import PhotoError, SetupError, UsageError
from faceedit.images.profiles import srgb_profile
from faceedit.photo import Photo, Source

BARE = images.WriteOptions(metadata="none")
HEIF = importlib.util.find_spec("pillow_heif") is not None
WRITABLE = sorted(images.FORMATS if HEIF else images.FORMATS.keys() - {"heif"})
CANARY = b"CANARY-7f3a"
TEXT = CANARY.decode()


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [50, 75, 98])
def test_same_quality_keeps_the_tables_and_the_subsampling(subsampling: int, quality: int) -> None:
    content = saved(scene(), "JPEG", quality=quality, subsampling=subsampling)
    again = opened(images.encode(images.read(content)))
    assert again.quantization == opened(content).quantization
    assert JpegImagePlugin.get_sampling(again) == subsampling


def test_same_quality_loses_next_to_nothing_the_second_time() -> None:
    photo = images.read(saved(scene(128, 128), "JPEG", quality=80, subsampling=0))
    again = images.read(images.encode(photo))
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 0.3


def test_tables_of_a_picture_with_one_table_a_component_are_kept() -> None:
    tables = [[value] * 64 for value in (3, 7, 11)]
    content = saved(scene(), "JPEG", qtables=tables)
    assert opened(images.encode(images.read(content))).quantization == dict(enumerate(tables))


@pytest.mark.parametrize("quality", [1, 30, 50, 75, 90, 95, 100])
def test_a_bare_jpeg_has_the_standard_tables_of_the_nearest_quality(quality: int) -> None:
    content = saved(scene(), "JPEG", quality=quality)
    assert opened(images.encode(images.read(content), BARE)).quantization == opened(content).quantization


def test_a_message_in_the_tables_does_not_reach_a_bare_jpeg() -> None:
    message = [*CANARY, *[16] * (64 - len(CANARY))]
    content = saved(scene(), "JPEG", qtables=[message, message])
    assert message in images.read(content).source.quantization.values()
    assert message not in opened(images.encode(images.read(content), BARE)).quantization.values()


def test_a_number_or_another_format_gives_the_tables_of_that_quality() -> None:
    photo = images.read(saved(scene()))
    for options, quality in ((images.WriteOptions("jpeg"), 92), (images.WriteOptions("jpeg", 40), 40)):
        wanted = opened(saved(scene(), "JPEG", quality=quality)).quantization
        assert opened(images.encode(photo, options)).quantization == wanted


def test_lossless_webp_stays_lossless() -> None:
    photo = images.read(saved(scene(), "WEBP", lossless=True, exif=exif_block()[:8], icc_profile=srgb_profile()))
    assert photo.source.lossless
    assert (images.read(images.encode(photo)).pixels == scene()).all()
    assert not images.read(saved(scene(), "WEBP")).source.lossless


@pytest.mark.parametrize("kind", ["png", "tiff", "bmp"])
def test_lossless_formats_give_the_pixels_back(kind: str) -> None:
    assert (images.read(images.encode(Photo(scene()), images.WriteOptions(kind))).pixels == scene()).all()


@pytest.mark.parametrize("kind", WRITABLE)
def test_the_same_photo_gives_the_same_bytes(kind: str) -> None:
    photo = Photo(scene(), scene()[..., 0], source=Source(exif=exif_block(), icc=rgb_profile("a98-rgb")))
    assert images.encode(photo, images.WriteOptions(kind)) == images.encode(photo, images.WriteOptions(kind))


@pytest.mark.parametrize("kind", WRITABLE)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_the_smallest_photos_can_be_written(kind: str, shape: tuple[int, int]) -> None:
    photo = Photo(np.full((*shape, 3), 90, np.uint8), np.full(shape, 255, np.uint8))
    assert images.read(images.encode(photo, images.WriteOptions(kind))).pixels.shape == (*shape, 3)


def test_transparent_parts_become_white_in_a_jpeg_with_a_note() -> None:
    alpha = np.zeros((40, 64), np.uint8)
    photo, options = Photo(scene(), alpha), images.WriteOptions("jpeg")
    assert (images.read(images.encode(photo, options)).pixels >= 254).all()
    assert images.notes(photo, options) == ["transparent parts became white: jpeg holds no transparency"]
    assert images.notes(Photo(scene(), alpha + np.uint8(255)), options) == []


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colors_under_full_transparency_do_not_reach_a_bare_file(kind: str, dtype: type) -> None:
    alpha = np.zeros((40, 64), dtype)
    alpha[:, :9] = np.iinfo(dtype).max
    first = scene().astype(dtype) + dtype(3)
    second = np.where(alpha[..., None] == 0, dtype(77), first)
    options = images.WriteOptions(kind, metadata="none")
    assert images.encode(Photo(first, alpha), options) == images.encode(Photo(second, alpha), options)


def test_a_format_that_nobody_knows_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match='"psd" is no picture format'):
        images.encode(Photo(scene()), images.WriteOptions("psd"))


def test_a_photo_too_large_for_its_format_is_a_photo_error() -> None:
    long = Photo(np.zeros((1, 17000, 3), np.uint8))
    with pytest.raises(PhotoError, match="webp holds at most 16383 pixels a side; use png or tiff"):
        images.encode(long, images.WriteOptions("webp"))


def test_heic_without_its_extra_is_a_set_up_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(SetupError, match="HEIC"):
        images.encode(Photo(scene()), images.WriteOptions("heif"))


def test_suffixes_and_formats_answer_each_other() -> None:
    assert images.suffix_format("a/b.JPEG") == "jpeg"
    assert images.suffix_format("a/b.txt") is None
    for name in images.FORMATS:
        assert images.suffix_format(f"a{images.format_suffix(name)}") == name
    assert {".jpg", ".png", ".tif", ".webp", ".heic", ".avif", ".gif", ".bmp"} <= images.PICTURE_SUFFIXES


# Everything a file can carry beside its pixels, planted; and every format that redaction may write.


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def planted_jpeg() -> bytes:
    thumbnail = saved(scene(8, 8), "JPEG", comment=CANARY)
    block = b"Exif\0\0" + exif_block(thumbnail=thumbnail, note=CANARY * 3, owner=CANARY + b"\0")
    iptc = b"\x1c\x02\x78" + struct.pack(">H", len(CANARY)) + CANARY
    resources = b"".join(
        b"8BIM" + struct.pack(">HHI", code, 0, len(body)) + body + bytes(len(body) % 2)
        for code, body in ((0x0404, iptc), (0x040C, bytes(28) + thumbnail), (0x0BB7, CANARY))
    )
    parts = [
        segment(0xE0, b"JFXX\0\x10" + thumbnail),
        segment(0xE1, block),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>" + CANARY + b"</x>"),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + CANARY * 8),
        segment(0xE2, b"ICC_PROFILE\0\1\1" + rgb_profile("a98-rgb").replace(b"made by a test", CANARY + b"abc")),
        segment(0xE2, b"MPF\0" + CANARY),
        segment(0xE9, b"private" + CANARY),
        segment(0xED, b"Photoshop 3.0\0" + resources),
        segment(0xFE, CANARY),
    ]
    plain = saved(scene(), "JPEG")
    return plain[:2] + b"".join(parts) + plain[2:] + CANARY + thumbnail


def planted_png() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", TEXT)
    info.add_text("Comment", TEXT, zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{TEXT}</x>")
    info.add(b"prVt", CANARY)
    info.add(b"prVt", CANARY, after_idat=True)
    block = exif_block(owner=CANARY + b"\0")
    pixels = np.dstack([scene(), np.full((40, 64), 255, np.uint8)])
    return saved(pixels, "PNG", pnginfo=info, exif=block, icc_profile=profile()) + CANARY


def profile() -> bytes:
    return rgb_profile("a98-rgb").replace(b"made by a test", CANARY + b"abc")


def planted_tiff() -> bytes:
    second = Image.fromarray(scene()[::-1].copy())
    second.encoderinfo = {"tiffinfo": {270: TEXT}}
    info = {270: TEXT, 305: TEXT, 315: TEXT, 700: CANARY, 33723: CANARY, 34377: CANARY, 65000: TEXT}
    return saved(scene(), "TIFF", tiffinfo=info, icc_profile=profile(), save_all=True, append_images=[second]) + CANARY


def planted_others(kind: str) -> bytes:
    blocks = {"exif": exif_block(owner=CANARY + b"\0"), "xmp": b"<x>" + CANARY + b"</x>", "icc_profile": profile()}
    return saved(scene(), kind, **({"comment": CANARY} if kind == "GIF" else blocks)) + CANARY


PLANTED = {
    "jpeg": planted_jpeg,
    "png": planted_png,
    "tiff": planted_tiff,
    "webp": lambda: planted_others("WEBP"),
    "avif": lambda: planted_others("AVIF"),
    "gif": lambda: planted_others("GIF"),
}


def inflated(content: bytes) -> bytes:
    """Every zlib stream in the bytes, inflated."""
    found = []
    for at in range(len(content) - 1):
        if content[at] & 0x0F == 8 and (content[at] << 8 | content[at + 1]) % 31 == 0:
            try:
                found.append(zlib.decompressobj().decompress(content[at:], 1 << 20))
            except zlib.error:
                continue
    return b"".join(found)


@pytest.mark.parametrize("source", PLANTED)
def test_the_canaries_are_planted(source: str) -> None:
    content = PLANTED[source]()
    assert content.count(CANARY) + inflated(content).count(CANARY) >= 2


@pytest.mark.parametrize("source", PLANTED)
@pytest.mark.parametrize("kind", WRITABLE)
def test_no_canary_survives_into_a_bare_file(source: str, kind: str) -> None:
    written = images.encode(images.read(PLANTED[source]()), images.WriteOptions(kind, metadata="none"))
    assert CANARY not in written + inflated(written)
    info = opened(written).info
    assert not [name for name in ("exif", "xmp", "icc_profile", "comment", "photoshop", "mp") if info.get(name)]


@pytest.mark.parametrize("kind", WRITABLE)
def test_a_bare_file_does_not_depend_on_the_metadata(kind: str) -> None:
    options = images.WriteOptions(kind, metadata="none")
    planted = images.read(planted_jpeg()).replaced(pixels=scene())
    plain = images.read(saved(scene(), "JPEG")).replaced(pixels=scene())
    assert images.encode(planted, options) == images.encode(plain, options)


@pytest.mark.parametrize("kind", WRITABLE)
@pytest.mark.parametrize("policy", ["keep", "safe"])
def test_thumbnails_trailers_and_unknown_blocks_survive_under_no_policy(kind: str, policy: str) -> None:
    thumbnail = saved(scene(8, 8), "JPEG", comment=CANARY)
    content = saved(scene(), "JPEG", exif=b"Exif\0\0" + exif_block(thumbnail=thumbnail))
    content = content[:2] + segment(0xE9, CANARY) + content[2:] + thumbnail
    written = images.encode(images.read(content), images.WriteOptions(kind, metadata=policy))
    assert CANARY not in written + inflated(written)
