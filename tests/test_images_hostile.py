"""Hostile files: every one is read whole or refused in one plain line, whatever its bytes."""

import contextlib
import dataclasses
import importlib.util
import random
import re

import numpy as np
import pytest
from images_support import NASTY
from mutants import SEEDS, mutants, pool

from faceedit import images
from faceedit.errors import PhotoError, UnreadablePhoto
from faceedit.photo import Photo

LIMITS = images.Limits(megapixels=20)
# What becomes of the real files: these are refused for these reasons, all others are read.
REFUSED = {
    "exif-samples_samplefilehub.heif": "HEIC",
    "libavif_alpha_noispe.avif": "AVIF",
    "libavif_clap_irot_imir_non_essential.avif": "AVIF",
    "libheif_.*": "no picture|HEIC",
    "libvips_truncated.jpg": "cut off",
    "pillow-heif_RGB_12__29x100.heif": "HEIC",
    "pillow-heif_RGB_8_chroma444.heif": "HEIC",
    "pillow-heif_corrupted.hif": "HEIC",
    "pillow-heif_empty.heic": "empty",
    "pillow_broken.png": "damaged PNG",
    "pillow_broken_data_stream.png": "damaged",
    "pillow_crash-.*": "damaged",
    "pillow_decompression_bomb.ico": "icon",
    "pillow_hopper.ico": "icon",
    "pillow_hopper_webp.tif": "compression",
    "pillow_ultrahdr.jpg": "cut off",
    "sharp_corrupt-header.jpg": "damaged|cut off",
    "sharp_truncated.png": "cut off",
}
if importlib.util.find_spec("pillow_heif"):
    REFUSED = {name: reason for name, reason in REFUSED.items() if reason != "HEIC"}
    REFUSED["pillow-heif_corrupted.hif"] = "no picture|damaged"
    REFUSED["libheif_.*"] = "no picture|damaged"
NAMES = sorted(path.name for path in NASTY.iterdir()) if NASTY.is_dir() else []
ABSENT = pytest.param("", marks=pytest.mark.skip(reason="../shared/data/nasty is absent"))


def outcome(content: bytes) -> Photo | None:
    """The photo, or None where it is refused in one plain line; anything else fails the test."""
    try:
        photo = images.read(content, limits=LIMITS)
    except UnreadablePhoto as error:
        plain = error.message.isprintable() and error.message.startswith("picture: ") and len(error.message) < 200
        return None if plain else pytest.fail(f"not one plain line: {error.message!r}")
    assert photo.pixels.dtype in (np.uint8, np.uint16)
    assert photo.pixels.shape[2] == 3
    assert photo.alpha is None or photo.alpha.shape == photo.pixels.shape[:2]
    return photo


@pytest.mark.parametrize("name", NAMES or [ABSENT])
def test_every_real_file_is_read_or_refused_as_expected(name: str) -> None:
    reason = next((why for pattern, why in REFUSED.items() if re.fullmatch(pattern, name)), None)
    if reason is None:
        photo = images.read(NASTY / name)
        assert photo.pixels.size
        for policy in ("keep", "safe", "none"):
            images.read(images.encode(photo, images.WriteOptions("jpeg", metadata=policy)))
    else:
        with pytest.raises(UnreadablePhoto, match=reason) as caught:
            images.read(NASTY / name)
        assert str(caught.value).startswith(f"{NASTY / name}: ")


@pytest.mark.parametrize("name", SEEDS)
def test_a_file_cut_off_is_refused_or_gives_the_same_pixels(name: str) -> None:
    whole = images.read(SEEDS[name])
    for length in range(0, len(SEEDS[name]), max(1, len(SEEDS[name]) // 60)):
        photo = outcome(SEEDS[name][:length])
        assert photo is None or (photo.pixels == whole.pixels).all()


def survive(count: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  mutants, not secrets
    contents = pool()
    for _ in range(count):
        (content,) = mutants(chance.choice(contents), 1, chance)
        photo = outcome(content)
        options = images.WriteOptions("jpeg", metadata=chance.choice(("keep", "safe", "none")))
        if photo is not None:
            with contextlib.suppress(PhotoError):  # a picture may be too long for a JPEG
                images.encode(photo, options)
        if photo is not None and images.FORMATS[photo.source.format].several and photo.source.frames > 1:
            with contextlib.suppress(PhotoError):  # a later frame may be damaged, or pages too many
                frames = images.read_frames(content, LIMITS)
                images.encode_frames(frames, dataclasses.replace(options, format=photo.source.format))


def test_two_thousand_mutants_are_read_or_refused_in_one_line() -> None:
    survive(2000, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_twenty_thousand_mutants_are_read_or_refused_in_one_line(seed: int) -> None:
    survive(1000, seed=100 + seed)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"not a picture", b"\xff\xd8\xff", b"II*\0", b"MM\0*\0\0\0\x08", b"BM"]
)
def test_a_few_bytes_are_refused(content: bytes) -> None:
    assert outcome(content) is None


def test_a_name_with_line_breaks_stays_on_one_line(tmp_path) -> None:
    path = tmp_path / "a\nb.jpg"
    path.write_bytes(b"no picture")
    with pytest.raises(UnreadablePhoto) as caught:
        images.read(path)
    assert "\n" not in str(caught.value)
