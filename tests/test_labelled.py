"""Folders of labelled photos: what they may hold, and what is said of those that hold something else."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training_support import write_folder

from faceedit.errors import UsageError
from faceedit.labelled import IGNORED, open_folder, read_pair, to_square
from faceedit.labels import ID
from faceedit.training.data import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six painted faces."""
    write_folder(tmp_path / "photos", 6)
    return tmp_path / "photos"


def test_label_without_photo_is_refused(folder: Path) -> None:
    """A label needs its photo."""
    (folder / "face000.png").unlink()
    with pytest.raises(UsageError, match=r"face000\.label\.png has no photo"):
        open_folder(folder)


def test_sizes_must_agree(folder: Path) -> None:
    """A label has the size of its photo."""
    Image.new("L", (7, 5)).save(folder / "face000.label.png")
    with pytest.raises(UsageError, match="7x5, its photo 96x96"):
        load(open_folder(folder), 32)


def test_label_must_be_8_bit(folder: Path) -> None:
    """A colour picture is no label."""
    Image.new("RGB", (96, 96)).save(folder / "face000.label.png")
    with pytest.raises(UsageError, match="no 8-bit map"):
        load(open_folder(folder), 32)


def test_damaged_photo_is_named(folder: Path) -> None:
    """A photo that cannot be read is named."""
    (folder / "face000.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"face000\.png cannot be read"):
        load(open_folder(folder), 32)


def test_labels_json_translates_ids(folder: Path) -> None:
    """`labels.json` says what the ids mean; ids left out, -1 and 255 are ignored."""
    Image.fromarray(np.array([[0, 1], [7, 9]], np.uint8)).save(folder / "face000.label.png")
    Image.new("RGB", (2, 2)).save(folder / "face000.png")
    (folder / "labels.json").write_text('{"0": "hair", "1": "background", "7": -1}')
    opened = open_folder(folder)
    _, ids = read_pair(opened, opened.pairs[0])
    assert ids.tolist() == [[ID["hair"], 0], [IGNORED, IGNORED]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"0": "hairs"}', "hair"),
        ("[1]", "cannot be read"),
        ("{", "cannot be read"),
        ('{"300": "hair"}', "0 to 255"),
        ('{"0": 12}', "unknown part"),
        ('{"0": []}', "unknown part"),
    ],
)
def test_unfit_labels_json_is_refused(folder: Path, text: str, said: str) -> None:
    """A `labels.json` that cannot be used is an error with a hint."""
    (folder / "labels.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        open_folder(folder)
    assert said in str(caught.value)


def test_oblong_photos_are_mirrored_to_squares() -> None:
    """The missing part of a square mirrors what is there, as often as need be."""
    assert to_square(np.array([[1, 2]])).tolist() == [[1, 2], [1, 2]]
    assert to_square(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [[1, 2, 3], [4, 5, 6], [4, 5, 6]]
    assert to_square(np.array([[1], [2], [3], [4]]))[0].tolist() == [1, 1, 1, 1]
