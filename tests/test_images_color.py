"""Colour management: profiles to sRGB at 8 and 16 bits, against coloraide as the oracle."""

import io
import zlib

import coloraide
import numpy as np
import pytest
import tifffile
from images_support import NASTY, SPACES, grey_profile, opened, rgb_profile, saved, scene, table_profile
from PIL import Image, ImageCms

from faceedit import images
from faceedit.errors import UnreadablePhoto
from faceedit.images import exif, png16
from faceedit.images.icc import Simple
from faceedit.images.profiles import srgb_profile
from faceedit.photo import Photo, Source

# Colours that lie inside sRGB when taken for any of the spaces, 0..1.
COLORS = [(0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (0.6, 0.5, 0.45), (0.4, 0.45, 0.5), (0.75, 0.7, 0.6)]


def truth(space: str, colors: list[tuple[float, ...]]) -> np.ndarray:
    """The colours in sRGB 0..1, by coloraide."""
    converted = [coloraide.Color(space, color).convert("srgb").coords() for color in colors]
    return np.clip(np.array(converted), 0, 1)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("table", [0, 1024])
def test_wide_profiles_are_converted(space: str, table: int) -> None:
    pixels = np.round(np.array([COLORS]) * 255).astype(np.uint8)
    photo = images.read(saved(pixels, icc_profile=rgb_profile(space, table=table)))
    wanted = truth(space, [tuple(color / 255) for color in pixels[0]])
    assert np.abs(photo.pixels[0] / 255 - wanted).max() < 1.6 / 255


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("table", [0, 4096])
@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_wide_profiles_are_converted_at_sixteen_bits(space: str, table: int, kind: str) -> None:
    pixels = np.round(np.array([COLORS]) * 65535).astype(np.uint16)
    profile = rgb_profile(space, table=table)
    packed = b"p\0\0" + zlib.compress(profile)
    content = png16.encode(pixels, [(b"iCCP", packed)]) if kind == "png" else tiff(pixels, profile)
    photo = images.read(content)
    assert photo.pixels.dtype == np.uint16
    assert np.abs(photo.pixels[0] / 65535 - truth(space, COLORS)).max() < 0.0012


def tiff(pixels: np.ndarray, profile: bytes, photometric: str = "rgb") -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, photometric=photometric, iccprofile=profile, metadata=None)
    return file.getvalue()


@pytest.mark.parametrize("depth", [8, 16])
def test_a_grey_profile_is_applied_and_grey_stays_neutral(depth: int) -> None:
    most = 2**depth - 1
    grey = np.linspace(0, most, 64).reshape(1, -1).astype(f"uint{depth}")
    photo = images.read(tiff(grey, grey_profile(1.8), "minisblack"))
    wanted = [coloraide.Color("srgb-linear", [(g / most) ** 1.8] * 3).convert("srgb")["red"] for g in grey[0].tolist()]
    assert (photo.pixels == photo.pixels[..., :1]).all()
    assert np.abs(photo.pixels[0, :, 0] / most - wanted).max() < 1 / 255
    assert photo.source.grey


CURVES = {
    (2.0,): lambda x: x**2,
    (2.0, 0.9, 0.1): lambda x: (0.9 * x + 0.1) ** 2,
    (2.0, 1.5, -0.5): lambda x: np.where(x >= 1 / 3, (1.5 * x - 0.5) ** 2, 0),
    (2.0, 1.2, -0.3, 0.15): lambda x: np.where(x >= 0.25, (1.2 * x - 0.3) ** 2 + 0.15, 0.15),
    (2.0, 0.9, 0.1, 0.2, 0.3): lambda x: np.where(x >= 0.3, (0.9 * x + 0.1) ** 2, 0.2 * x),
    (2.0, 0.8, 0.1, 0.2, 0.3, 0.15, 0.05): lambda x: np.where(x >= 0.3, (0.8 * x + 0.1) ** 2 + 0.15, 0.2 * x + 0.05),
}


@pytest.mark.parametrize("parameters", CURVES)
def test_each_kind_of_parametric_curve_is_understood(parameters: tuple[float, ...]) -> None:
    simple = Simple.parsed(grey_profile(parameters))
    assert simple is not None
    assert np.abs(simple.curves[0] - CURVES[parameters](np.linspace(0, 1, 65536))).max() < 1e-4


def test_a_grey_picture_with_an_rgb_profile_stays_neutral() -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    photo = images.read(saved(grey, icc_profile=rgb_profile("display-p3")))
    assert np.abs(photo.pixels - grey[..., None].astype(int)).max() <= 1
    assert (photo.pixels == photo.pixels[..., :1]).all()


@pytest.mark.parametrize("profile", [b"rubbish", bytes(128), rgb_profile("display-p3")[:200], grey_profile(2.2)])
@pytest.mark.parametrize("deep", [False, True])
def test_a_broken_or_unfit_profile_is_ignored_with_a_note(profile: bytes, deep: bool) -> None:
    pixels = scene().astype(np.uint16) * 257 if deep else scene()
    photo = images.read(tiff(pixels, profile))
    assert (photo.pixels == pixels).all()
    assert "profile was ignored" in images.notes(photo)[0]


def test_an_srgb_profile_leaves_every_sample_as_it_is() -> None:
    samples = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    own = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (own, srgb_profile()):
        assert (images.read(saved(samples, icc_profile=profile)).pixels == samples).all()


def test_the_written_profile_is_srgb_and_always_the_same_bytes() -> None:
    simple = Simple.parsed(srgb_profile())
    assert simple is not None
    assert simple.is_srgb
    assert ImageCms.getOpenProfile(io.BytesIO(srgb_profile())).profile.xcolor_space == "RGB "


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff", "webp", "avif"])
def test_a_profile_is_written_where_the_input_had_one(kind: str) -> None:
    photo = images.read(saved(scene(), icc_profile=rgb_profile("display-p3")))
    assert opened(images.encode(photo, images.WriteOptions(format=kind))).info["icc_profile"] == srgb_profile()
    bare = images.encode(photo, images.WriteOptions(format=kind, metadata="none"))
    assert "icc_profile" not in opened(bare).info
    plain = Photo(photo.pixels, source=Source())
    assert "icc_profile" not in opened(images.encode(plain, images.WriteOptions(format=kind))).info


@pytest.mark.parametrize("deep", [False, True])
def test_adobe_rgb_named_by_the_camera_without_a_profile_is_converted(deep: bool) -> None:
    pixels = np.round(np.array([COLORS]) * (65535 if deep else 255)).astype(np.uint16 if deep else np.uint8)
    unknown, index = exif.Value(3, 1, b"\xff\xff"), exif.text("R03")
    found = exif.Exif("<", {exif.EXIF_IFD: {exif.COLOR_SPACE: unknown}, exif.INTEROP_IFD: {exif.INTEROP_INDEX: index}})
    chunk = [(b"eXIf", exif.serialize(found))]
    photo = images.read(png16.encode(pixels, chunk) if deep else png16.with_chunks(saved(pixels), chunk))
    assert np.abs(photo.pixels[0] / (65535 if deep else 255) - truth("a98-rgb", COLORS)).max() < 1 / 255
    again = exif.parse(images.read(images.encode(photo)).source.exif)
    assert again.directories[exif.INTEROP_IFD][exif.INTEROP_INDEX].content == b"R98\0"
    assert again.number(exif.EXIF_IFD, exif.COLOR_SPACE) == 1


def test_inks_without_a_profile_are_plain() -> None:
    inks = Image.merge("CMYK", [Image.new("L", (8, 8), value) for value in (255, 0, 0, 0)])
    assert (images.read(saved(inks, "TIFF")).pixels == (0, 255, 255)).all()
    cyan = images.read(saved(inks, "JPEG", quality=100)).pixels.astype(int)
    assert np.abs(cyan - (0, 255, 255)).max() <= 2


def inks(cyan: int, magenta: int, yellow: int, black: int) -> tuple[float, float, float]:
    """CIELAB of solid inks, as an invented press prints them: unlike the plain formula on purpose."""
    light = 96 - 30 * cyan - 35 * magenta - 5 * yellow - 60 * black
    return max(light, 8), (-20 * cyan + 30 * magenta) * (1 - black), (-20 * cyan + 45 * yellow) * (1 - black)


CORNERS = {corner: inks(*corner) for corner in np.ndindex(2, 2, 2, 2)}


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks_are_converted_by_their_profile(corner: tuple[int, ...], kind: str) -> None:
    picture = Image.merge("CMYK", [Image.new("L", (8, 8), 255 * ink) for ink in corner])
    settings = {"quality": 100} if kind == "JPEG" else {}
    photo = images.read(saved(picture, kind, icc_profile=table_profile("CMYK", CORNERS), **settings))
    wanted = coloraide.Color("lab", CORNERS[corner]).convert("srgb").clip().coords()
    # Black point compensation stretches the press's black (L 8) to 0.
    assert np.abs(photo.pixels[4, 4] / 255 - wanted).max() < 0.1


def test_inks_agree_with_littlecms() -> None:
    picture = Image.fromarray(scene()).convert("CMYK")
    profile = table_profile("CMYK", CORNERS)
    wanted = ImageCms.profileToProfile(
        picture,
        ImageCms.getOpenProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        1,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert (images.read(saved(picture, "TIFF", icc_profile=profile)).pixels == np.array(wanted)).all()


def test_a_deep_picture_with_a_color_table_is_converted_with_a_note() -> None:
    solid = {corner: (100 * max(corner), 40.0 * (corner[0] - corner[1]), 0) for corner in np.ndindex(2, 2, 2)}
    profile = table_profile("RGB ", solid)
    shallow = images.read(tiff(scene(), profile))
    deep = images.read(tiff(scene().astype(np.uint16) * 257, profile))
    assert (deep.pixels == shallow.pixels.astype(np.uint16) * 257).all()
    assert "16 bits were read as 8" in images.notes(deep)[0]
    assert not (shallow.pixels == scene()).all()


def test_lab_is_converted() -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(scene()), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    photo = images.read(saved(lab, "TIFF"))
    assert np.abs(photo.pixels.astype(int) - scene()).mean() < 2


def real(name: str) -> bytes:
    if not NASTY.is_dir():
        pytest.skip("../shared/data/nasty is absent")
    return (NASTY / name).read_bytes()


@pytest.mark.parametrize("name", ["sharp_p3.png", "exif-samples_Canon_40D.jpg", "libavif_paris_exif_xmp_icc.jpg"])
def test_real_profiles_agree_with_littlecms(name: str) -> None:
    picture = opened(real(name))
    profile = ImageCms.getOpenProfile(io.BytesIO(picture.info["icc_profile"]))
    if picture.mode == "RGBA":
        picture = picture.convert("RGB")
    wanted = ImageCms.profileToProfile(
        picture, profile, ImageCms.createProfile("sRGB"), 1, "RGB", flags=ImageCms.Flags.BLACKPOINTCOMPENSATION
    )
    assert np.abs(images.read(real(name)).pixels.astype(int) - np.array(wanted)).max() <= 1


def test_a_damaged_file_with_a_profile_is_still_refused() -> None:
    with pytest.raises(UnreadablePhoto):
        images.read(saved(scene(), "JPEG", icc_profile=rgb_profile("display-p3"))[:-300])
