"""Camera raw files: a DNG made here, of a sensor that saw known colors, is developed to these colors."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cli_support import Run
from PIL import Image

from faceedit import images
from faceedit.color import to_linear
from faceedit.errors import UnreadablePhoto
from faceedit.images import raw
from faceedit.photo import Photo

pytest.importorskip("rawpy", reason="faceedit[raw] is not installed")
# XYZ to linear sRGB, white D65. Source: IEC 61966-2-1.
SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
GREY, RED, BLUE = (0.5, 0.5, 0.5), (0.6, 0.1, 0.1), (0.1, 0.1, 0.6)


def dng(light: np.ndarray, *, turn: int = 1, neutral: tuple[float, ...] = (1, 1, 1), black: int = 512) -> bytes:
    """A DNG of a sensor (red, green; green, blue) with sRGB's colors that saw linear light (H, W, 3) 0..1."""
    values = (light * np.array(neutral) * (60000 - black) + black).round().astype(np.uint16)
    mosaic = values[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = values[0::2, 0::2, 0], values[1::2, 1::2, 2]
    ratios = lambda numbers: [part for number in np.ravel(numbers) for part in (round(number * 10000), 10000)]  # noqa: E731
    tags = [
        (50706, "B", 4, (1, 4, 0, 0), True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, (0, 1, 1, 2), True),
        (271, "s", 0, "Pixie", True),
        (272, "s", 0, "Pixie 1", True),
        (50708, "s", 0, "Pixie 1", True),
        (50714, "I", 1, black, True),
        (50717, "I", 1, 60000, True),
        (50721, "2i", 9, ratios(SRGB), True),
        (50728, "2I", 3, ratios(neutral), True),
        (50778, "H", 1, 21, True),
        (274, "H", 1, turn, True),
    ]
    file = io.BytesIO()
    tifffile.imwrite(file, mosaic, photometric=32803, extratags=tags, metadata=None, software=False)
    return file.getvalue()


def patches() -> np.ndarray:
    """(64, 96, 3): grey, red and blue columns, the lower half at half the light."""
    light = np.repeat(np.array([GREY, RED, BLUE])[None], 64, 0).repeat(32, 1)
    light[32:] /= 2
    return light


def seen(photo: Photo) -> np.ndarray:
    """Linear light."""
    return to_linear(photo.pixels.astype(np.float32) / 65535)


@pytest.mark.parametrize("neutral", [(1, 1, 1), (0.5, 1, 0.7)], ids=["even", "daylight"])
def test_known_light_has_its_colors_at_the_cameras_white_balance(neutral: tuple[float, ...]) -> None:
    photo = images.read(dng(patches(), neutral=neutral))
    assert photo.pixels.dtype == np.uint16
    light = seen(photo)
    for row, share in ((16, 1), (48, 0.5)):
        for column, color in ((16, GREY), (48, RED), (80, BLUE)):
            assert np.abs(light[row, column] - np.array(color) * share).max() < 0.02


def test_a_raw_photo_is_upright_and_its_file_too(tmp_path: Path) -> None:
    photo = images.read(dng(patches(), turn=6))
    assert (photo.height, photo.width) == (96, 64)
    assert np.abs(seen(photo)[16, 48] - GREY).max() < 0.02  # what was left is on top
    images.write(photo, tmp_path / "a.tif")
    with Image.open(tmp_path / "a.tif") as picture:
        assert picture.size == (64, 96)
        assert picture.getexif().get(274, 1) == 1
        assert picture.getexif()[272] == "Pixie 1"
    assert (images.read(tmp_path / "a.tif").pixels == photo.pixels).all()  # and is no raw file any more


def test_limits_hold_for_raw_files() -> None:
    with pytest.raises(UnreadablePhoto, match=r"has more than 0\.001 megapixels"):
        images.read(dng(patches()), limits=images.Limits(megapixels=0.001))


def test_a_damaged_raw_file_is_refused_in_one_line() -> None:
    content = dng(patches())
    for broken in (content[:400], b"FUJIFILMCCD-RAW" + bytes(500), b"IIU\0" + content[4:200]):
        with pytest.raises(UnreadablePhoto) as caught:
            images.read(broken)
        assert str(caught.value).isprintable()


def test_without_the_extra_a_raw_file_is_named_and_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "can_be_developed", lambda: False)
    with pytest.raises(UnreadablePhoto, match=r'is a camera\'s raw file; .*pip install "faceedit\[raw\]"'):
        images.read(dng(patches()))


def test_a_folder_with_raw_photos_becomes_tiffs_and_jpegs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.DNG").write_bytes(dng(patches()))
    recipe = "faceedit: 1\nsteps: [{effect: blur}]\n"
    (tmp_path / "r.yaml").write_text(recipe)
    (tmp_path / "jpeg.yaml").write_text(recipe + "output: {format: jpeg}\n")
    assert run("apply", tmp_path / "r.yaml", tmp_path / "in", "-o", tmp_path / "out", "-q")[0] == 0
    assert images.read(tmp_path / "out" / "a.tif").pixels.dtype == np.uint16
    assert run("apply", tmp_path / "jpeg.yaml", tmp_path / "in", "-o", tmp_path / "out2", "-q")[0] == 0
    report = (tmp_path / "out2" / "report.json").read_text()
    assert "developed with the camera's white balance" in report
    assert "16 bits became 8" in report
    assert images.read(tmp_path / "out2" / "a.jpg").source.format == "jpeg"
