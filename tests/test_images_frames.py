"""Animations and documents: every frame or page is read as it is shown, and written as it was read."""

import io
import itertools
import struct

import numpy as np
import pytest
from images_support import exif_block, rgb_profile, saved, scene
from PIL import Image

from faceedit import images
from faceedit.errors import PhotoError, UnreadablePhoto
from faceedit.images import Frames, Timing, gif, read_frames
from faceedit.photo import Photo

MOVING = ("gif", "png", "webp")
TIMES = (40, 100, 250, 60)


def shots(count: int = 4, colors: int = 40) -> list[np.ndarray]:
    """Pictures that differ, each of few enough colors for a GIF."""
    step = 256 // round(colors ** (1 / 3))
    return [(np.roll(scene(40, 60), 9 * index, axis=1) // step * step).astype(np.uint8) for index in range(count)]


def animation(kind: str, count: int = 4, **settings: object) -> bytes:
    first, *rest = [Image.fromarray(each) for each in shots(count)]
    file = io.BytesIO()
    lossless = {"lossless": True} if kind == "webp" else {}
    more = {"duration": list(TIMES[:count]), "loop": 3, **lossless, **settings}
    first.save(file, kind, save_all=True, append_images=rest, **more)
    return file.getvalue()


@pytest.mark.parametrize("kind", MOVING)
def test_every_frame_is_read_with_its_time_and_the_number_of_rounds(kind: str) -> None:
    frames = read_frames(animation(kind))
    assert (frames.timing.durations, frames.timing.loops) == (TIMES, 3)
    for photo, pixels in zip(frames.photos, shots(), strict=True):
        assert np.array_equal(photo.pixels, pixels)


@pytest.mark.parametrize(("kind", "other"), list(itertools.product(MOVING, MOVING)))
def test_frames_are_written_as_they_were_read(kind: str, other: str) -> None:
    frames = read_frames(animation(kind))
    again = read_frames(images.encode_frames(frames, images.WriteOptions(other, metadata="keep")))
    assert again.timing == frames.timing
    for photo, same in zip(again.photos, frames.photos, strict=True):
        away = np.abs(photo.pixels.astype(int) - same.pixels)
        assert away.mean() < (6 if other == "webp" and kind != "webp" else 1e-9)


@pytest.mark.parametrize("kind", MOVING)
def test_transparent_parts_move_too_and_leave_no_trail(kind: str) -> None:
    alphas = [np.where(np.arange(60)[None] // 15 == index, 255, 0).repeat(40, 0).astype(np.uint8) for index in range(4)]
    photos = tuple(Photo(pixels, alpha) for pixels, alpha in zip(shots(), alphas, strict=True))
    again = read_frames(images.encode_frames(Frames(photos, Timing(TIMES)), images.WriteOptions(kind)))
    assert len(again.photos) == 4
    for photo, alpha in zip(again.photos, alphas, strict=True):
        assert np.array_equal(photo.alpha, alpha)


@pytest.mark.parametrize("kind", MOVING)
def test_one_transparent_frame_makes_no_other_one_transparent(kind: str) -> None:
    clear = np.full((40, 60), 255, np.uint8)
    clear[:20] = 0
    photos = tuple(Photo(pixels, clear if index == 2 else None) for index, pixels in enumerate(shots()))
    again = read_frames(images.encode_frames(Frames(photos, Timing(TIMES)), images.WriteOptions(kind)))
    assert [int((photo.alpha == 0).sum()) for photo in again.photos] == [0, 0, 1200, 0]


def test_a_picture_for_viewers_that_show_no_animation_stays_one() -> None:
    frames = read_frames(animation("png", default_image=True, duration=list(TIMES[1:])))
    assert frames.timing == Timing(TIMES[1:], 3, lead=True)
    assert read_frames(images.encode_frames(frames, images.WriteOptions("png"))).timing == frames.timing
    assert read_frames(images.encode_frames(frames, images.WriteOptions("gif"))).timing == Timing((100, *TIMES[1:]), 3)


def test_a_frame_of_no_time_is_shown_as_long_as_viewers_show_it() -> None:
    assert read_frames(animation("gif", duration=0)).timing.durations == (100,) * 4


def test_profile_and_metadata_hold_for_all_frames() -> None:
    extra = {"exif": b"Exif\0\0" + exif_block(), "icc_profile": rgb_profile("display-p3")}
    frames = read_frames(animation("webp", **extra))
    assert {photo.pixels.shape for photo in frames.photos} == {(60, 40, 3)}  # orientation 6
    assert not np.array_equal(frames.photos[1].pixels, np.rot90(shots()[1], -1))
    again = images.read(images.encode_frames(frames, images.WriteOptions("webp")))
    assert again.source.exif
    assert images.read(images.encode_frames(frames, images.WriteOptions("webp", metadata="none"))).source.exif == b""


@pytest.mark.parametrize("order", "<>")
def test_pages_keep_size_depth_grey_and_metadata(order: str) -> None:
    deep = scene(30, 50).astype(np.uint16) * 257 + np.uint16(5)
    pages = (Photo(scene(20, 30)), Photo(deep), Photo(scene(10, 10), scene(10, 10)[..., 0]))
    block = exif_block(order, owner=b"Jane\0")
    pages = tuple(page.replaced(source=page.source.__class__(format="tiff", exif=block)) for page in pages)
    content = images.encode_frames(Frames(pages), images.WriteOptions("tiff"))
    again = read_frames(content)
    assert again.timing is None
    for page, same in zip(again.photos, pages, strict=True):
        assert page.pixels.dtype == same.pixels.dtype
        assert np.array_equal(page.pixels, same.pixels)
        assert (page.alpha is None) == (same.alpha is None)
        assert b"Jane" in page.source.exif
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.n_frames == 3


def test_smaller_copies_of_pages_are_left_out() -> None:
    small = Image.fromarray(scene(10, 10))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    assert len(read_frames(saved(scene(), "TIFF", save_all=True, append_images=[small])).photos) == 1


def test_big_tiff_has_pages_too() -> None:
    pages = [Image.fromarray(each) for each in shots(3)]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], big_tiff=True)
    assert [photo.pixels.shape for photo in read_frames(content).photos] == [(40, 60, 3)] * 3


def test_pages_in_a_circle_come_to_an_end() -> None:
    content = bytearray(images.encode_frames(Frames((Photo(scene(8, 8)),) * 2), images.WriteOptions("tiff")))
    (first,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, first)
    (second,) = struct.unpack_from("<I", content, first + 2 + 12 * count)
    struct.pack_into("<I", content, second + 2 + 12 * struct.unpack_from("<H", content, second)[0], first)
    assert len(read_frames(bytes(content)).photos) == 2


@pytest.mark.parametrize("kind", MOVING)
def test_an_animation_that_is_cut_off_is_refused(kind: str) -> None:
    content = animation(kind)
    for length in range(20, len(content) - 12, len(content) // 25):
        with pytest.raises(UnreadablePhoto):
            read_frames(content[:length])


def test_all_frames_together_are_held_against_the_limits() -> None:
    content = animation("gif")
    pixels = 4 * 40 * 60
    assert len(read_frames(content, images.Limits(megapixels=pixels / 1e6)).photos) == 4
    with pytest.raises(UnreadablePhoto, match="megapixels in all its frames or pages; allow more with --max-mega"):
        read_frames(content, images.Limits(megapixels=pixels / 1e6 - 1e-4))
    with pytest.raises(UnreadablePhoto, match="more than 3 frames"):
        read_frames(content, images.Limits(frames=3))
    pages = images.encode_frames(Frames((Photo(scene()),) * 4), images.WriteOptions("tiff"))
    with pytest.raises(UnreadablePhoto, match="more than 3 frames"):
        read_frames(pages, images.Limits(frames=3))
    with pytest.raises(UnreadablePhoto, match="megapixels in all"):
        read_frames(pages, images.Limits(megapixels=0.006))


def test_what_a_format_cannot_hold_is_said() -> None:
    frames, pages = read_frames(animation("gif")), Frames((Photo(scene()), Photo(scene(8, 8))))
    with pytest.raises(PhotoError, match="jpeg holds no frames; use format: same, or one of png, webp, gif"):
        images.encode_frames(frames, images.WriteOptions("jpeg"))
    with pytest.raises(PhotoError, match="gif holds no pages; use format: same, or one of tiff"):
        images.encode_frames(pages, images.WriteOptions("gif"))
    with pytest.raises(PhotoError, match="frames would be of several sizes"):
        images.encode_frames(Frames(pages.photos, Timing((50, 50))), images.WriteOptions("png"))


def test_a_gif_is_walked_to_its_end() -> None:
    content = animation("gif")
    assert gif.pictures(content) == 4
    assert {gif.pictures(content[:length]) for length in range(13, len(content))} == {-1}
    assert gif.pictures(content + b"trailing") == 4


def test_a_gif_of_many_colors_keeps_flat_areas_flat() -> None:
    pixels = np.dstack([*np.mgrid[0:120, 0:120] * 2, np.full((120, 120), 9)]).astype(np.uint8)
    pixels[30:60, 30:60] = (200, 10, 90)
    again = images.read(images.encode(Photo(pixels), images.WriteOptions("gif")))
    assert len(np.unique(again.pixels[30:60, 30:60].reshape(-1, 3), axis=0)) == 1
    assert np.abs(again.pixels.astype(int) - pixels).mean() < 8
