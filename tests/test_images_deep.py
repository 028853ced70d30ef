"""Sixteen bits: PNG and TIFF in and out without loss."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from images_support import NASTY, opened, saved, scene

from faceedit import images
from faceedit.errors import UnreadablePhoto
from faceedit.images import png16
from faceedit.images.profiles import srgb_profile
from faceedit.photo import Photo, Source

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 4))
DEEP = arrays.arrays(np.uint16, SHAPES)
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def deep_scene(channels: int = 3) -> np.ndarray:
    noise = np.random.default_rng(7).integers(0, 256, (40, 64, 3))
    pixels = (scene().astype(np.uint16) * 256 + noise).astype(np.uint16)
    return np.dstack([pixels, pixels[..., :1]])[..., :channels] if channels > 2 else pixels[..., :channels]


def filtered(rows: np.ndarray, kinds: list[int]) -> bytes:
    """Rows of bytes (h, w, bytes a pixel) filtered pixel by pixel as the PNG specification says it."""
    height, width, step = rows.shape
    padded = np.zeros((height + 1, width + 1, step), int)
    padded[1:, 1:] = rows
    parts = []
    for y in range(height):
        a, b, c = padded[y + 1, :-1], padded[y, 1:], padded[y, :-1]
        nearest = np.argmin([abs(b - c), abs(a - c), abs(a + b - 2 * c)], axis=0)
        guess = [0 * a, a, b, (a + b) // 2, np.choose(nearest, [a, b, c])][kinds[y % len(kinds)]]
        parts.append(bytes([kinds[y % len(kinds)]]) + ((rows[y] - guess) % 256).astype(np.uint8).tobytes())
    return b"".join(parts)


def reference_png(samples: np.ndarray, kinds: list[int], interlaced: bool) -> bytes:
    height, width, channels = samples.shape
    rows = np.ascontiguousarray(samples.astype(">u2")).view(np.uint8).reshape(height, width, 2 * channels).astype(int)
    passes = PASSES if interlaced else [(0, 0, 1, 1)]
    parts = [rows[y::dy, x::dx] for y, x, dy, dx in passes]
    packed = zlib.compress(b"".join(filtered(part, kinds) for part in parts if part.size))
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, interlaced)
    chunks = [(b"IHDR", header), (b"IDAT", packed[: len(packed) // 2]), (b"IDAT", packed[len(packed) // 2 :])]
    chunks.append((b"IEND", b""))
    return png16.SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@settings(max_examples=60, deadline=None)
@given(DEEP, st.lists(st.integers(0, 4), min_size=1, max_size=5), st.booleans())
def test_png_of_every_filter_and_interlace_is_read_exactly(samples, kinds, interlaced) -> None:
    assert (png16.decode(reference_png(samples, kinds, interlaced)) == samples).all()


@settings(max_examples=60, deadline=None)
@given(DEEP)
def test_png_is_written_and_read_without_loss(samples) -> None:
    content = png16.encode(samples)
    assert png16.is_deep(content)
    assert (png16.decode(content) == samples).all()
    assert opened(content).size == (samples.shape[1], samples.shape[0])


def test_png_taller_than_one_block_of_rows_is_written_without_loss() -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (600, 5, 3), dtype=np.uint16)
    assert (png16.decode(png16.encode(samples)) == samples).all()


def test_a_transparent_color_in_a_deep_png_becomes_alpha() -> None:
    samples = np.arange(12, dtype=np.uint16).reshape(2, 2, 3) * 5000
    clear = samples[1, 0].astype(">u2").tobytes()
    photo = images.read(png16.encode(samples, [(b"tRNS", clear)]))
    assert photo.alpha is not None
    assert (photo.alpha == [[65535, 65535], [0, 65535]]).all()


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("alpha", [False, True])
def test_deep_photos_come_back_exactly(kind: str, alpha: bool) -> None:
    photo = Photo(deep_scene(), deep_scene()[..., 1] if alpha else None)
    again = images.read(images.encode(photo, images.WriteOptions(format=kind)))
    assert again.pixels.dtype == np.uint16
    assert (again.pixels == photo.pixels).all()
    assert (again.alpha == photo.alpha).all() if alpha else again.alpha is None


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_deep_grey_stays_deep_and_grey(kind: str) -> None:
    grey = np.repeat(deep_scene()[..., :1], 3, axis=2)
    again = images.read(images.encode(Photo(grey, source=Source(grey=True)), images.WriteOptions(format=kind)))
    assert again.source.grey
    assert (again.pixels == grey).all()


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif", "bmp", "gif"])
def test_fewer_bits_are_noted(kind: str) -> None:
    options = images.WriteOptions(format=kind)
    photo = Photo(deep_scene())
    assert f"16 bits became 8: {kind} holds no more" in images.notes(photo, options)
    assert images.read(images.encode(photo, options)).pixels.dtype == np.uint8


def tiff(samples: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, samples, metadata=None, **{"photometric": "rgb", **options})
    return file.getvalue()


LAYOUTS = {
    "plain": {},
    "big-endian": {"byteorder": ">"},
    "deflated": {"compression": "zlib"},
    "deflated by differences": {"compression": "zlib", "predictor": True},
    "tiles": {"tile": (16, 16)},
    "deflated tiles": {"tile": (16, 16), "compression": "zlib"},
    "BigTIFF": {"bigtiff": True},
    "strips": {"rowsperstrip": 7},
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_of_deep_tiff_is_read_exactly(layout: str) -> None:
    assert (images.read(tiff(deep_scene(), **LAYOUTS[layout])).pixels == deep_scene()).all()


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_deep_tiff_in_separate_planes_is_read_exactly(compression: str | None) -> None:
    planes = np.ascontiguousarray(deep_scene().transpose(2, 0, 1))
    photo = images.read(tiff(planes, planarconfig="separate", compression=compression))
    assert (photo.pixels == deep_scene()).all()


GREY_ALPHA = {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": [2]}


def test_deep_grey_with_alpha_is_read_exactly_with_its_metadata() -> None:
    tags = [(272, 2, 6, "Pixie", True), (700, 7, 8, b"<a>b</a>", True)]
    photo = images.read(tiff(deep_scene(2), iccprofile=srgb_profile(), extratags=tags, **GREY_ALPHA))
    assert (photo.source.xmp, photo.source.icc) == (b"<a>b</a>", srgb_profile())
    assert b"Pixie" in photo.source.exif
    assert (photo.pixels[..., 0] == deep_scene()[..., 0]).all()
    assert (photo.alpha == deep_scene()[..., 1]).all()


@pytest.mark.parametrize("byteorder", "<>")
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_deep_grey_tiff_is_read_exactly_black_or_white_first(byteorder: str, photometric: str) -> None:
    grey = deep_scene()[..., 0]
    stored = grey if photometric == "minisblack" else 65535 - grey
    photo = images.read(tiff(stored, photometric=photometric, byteorder=byteorder))
    assert (photo.pixels == grey[..., None]).all()


def test_deep_colors_multiplied_by_alpha_are_divided() -> None:
    stored = np.array([[[1000, 2000, 3000, 32768], [0, 0, 0, 0]]], np.uint16)
    photo = images.read(tiff(stored, extrasamples=[1]))
    assert np.abs(photo.pixels[0, 0].astype(int) - [2000, 4000, 6000]).max() <= 1
    assert (photo.alpha == [[32768, 0]]).all()


@pytest.mark.parametrize("how", range(1, 9))
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_deep_tiff_is_turned_upright(how: int, planes: str) -> None:
    stored = deep_scene() if planes == "contig" else np.ascontiguousarray(deep_scene().transpose(2, 0, 1))
    deep = images.read(tiff(stored, planarconfig=planes, extratags=[(274, 3, 1, how, True)]))
    shallow = images.read(tiff(scene(), extratags=[(274, 3, 1, how, True)]))
    assert (deep.pixels >> 8 == shallow.pixels).all()


def test_deep_inks_are_read_with_a_note() -> None:
    photo = images.read(tiff(np.full((4, 4, 4), 65535 // 4, np.uint16), photometric="separated"))
    assert np.abs(photo.pixels / 65535 - 0.75**2).max() < 0.005
    assert "16 bits were read as 8" in images.notes(photo)[0]


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint32])
def test_tiff_of_other_numbers_is_refused(dtype: type) -> None:
    with pytest.raises(UnreadablePhoto, match="8 or 16 bits"):
        images.read(tiff(scene()[..., 0].astype(dtype), photometric="minisblack"))


def test_odd_layouts_keep_to_the_limits_and_to_one_page() -> None:
    with pytest.raises(UnreadablePhoto, match="not supported"):
        images.read(tiff(deep_scene(2), **GREY_ALPHA), limits=images.Limits(megapixels=0.001))
    with pytest.raises(UnreadablePhoto, match="several pages"):
        images.read(tiff(np.stack([deep_scene(2)] * 2), **GREY_ALPHA))


def test_a_strip_that_inflates_beyond_its_page_is_refused() -> None:
    planes = np.ascontiguousarray(deep_scene().transpose(2, 0, 1))
    content = tiff(planes, planarconfig="separate", compression="zlib")
    with tifffile.TiffFile(io.BytesIO(content)) as file:
        offset, count = file.pages.first.dataoffsets[0], file.pages.first.databytecounts[0]
    bomb = zlib.compress(bytes(1_000_000))
    assert len(bomb) < count
    content = content[:offset] + bomb + content[offset + len(bomb) :]
    with pytest.raises(UnreadablePhoto, match="not supported"):
        images.read(content)


def test_pillow_and_tifffile_read_what_is_written() -> None:
    content = images.encode(Photo(deep_scene(), deep_scene()[..., 0]), images.WriteOptions(format="tiff"))
    assert (tifffile.imread(io.BytesIO(content)) == np.dstack([deep_scene(), deep_scene()[..., 0]])).all()
    assert opened(content).mode == "RGBA"
    shallow = images.encode(Photo(scene()), images.WriteOptions(format="tiff"))
    assert (np.array(opened(shallow)) == scene()).all()


def test_real_deep_files_agree_with_tifffile_and_pillow() -> None:
    if not NASTY.is_dir():
        pytest.skip("../shared/data/nasty is absent")
    content = (NASTY / "pillow_tiff_16bit_RGB.tiff").read_bytes()
    assert (images.read(content).pixels == tifffile.imread(io.BytesIO(content))).all()
    flag = images.read(NASTY / "sharp_Flag_of_the_Netherlands-16bit.png")
    assert flag.pixels.dtype == np.uint16
    assert (
        flag.pixels >> 8 == np.array(opened((NASTY / "sharp_Flag_of_the_Netherlands-16bit.png").read_bytes()))
    ).all()


def test_an_eight_bit_png_is_not_taken_for_a_deep_one() -> None:
    assert not png16.is_deep(saved(scene()))
