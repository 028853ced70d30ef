"""Real photos of all kinds: how many faces are found, how often one is seen where none is, and all are covered.

The photos lie beside the checkout (`../shared/data`); where they do not, these tests are skipped.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from faceedit import images
from faceedit.detection import THOROUGH
from faceedit.engine import edit
from faceedit.errors import UnreadablePhoto
from faceedit.faces import FaceFinder
from faceedit.photo import Photo
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry

PUBLISH = (Path(__file__).parent.parent / "samples" / "recipes" / "publish.yaml").read_text()


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """On a busy machine two threads wait for each other longer than they work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def photos_in(folder: str, real_photos: Path) -> Iterator[tuple[Photo, int]]:
    """The readable photos of a folder with the true number of their faces."""
    records = json.loads((real_photos / "manifest.json").read_text())["files"]
    for record in records:
        path = real_photos / record["file"]
        if record["file"].startswith(f"{folder}/") and path.is_file():
            try:
                yield images.read(path), record["faces"] or 0
            except UnreadablePhoto:
                continue


def test_ninety_seven_of_a_hundred_faces_are_found(lite: FaceFinder, real_photos: Path) -> None:
    counts = [(faces, len(lite(photo).faces)) for photo, faces in photos_in("wild", real_photos)]
    true = sum(faces for faces, _ in counts)
    assert true >= 60
    assert sum(min(faces, found) for faces, found in counts) >= 0.97 * true
    assert sum(max(0, found - faces) for faces, found in counts) <= 0.03 * true


def test_a_face_is_seen_in_at_most_one_of_ten_photos_without_any(lite: FaceFinder, real_photos: Path) -> None:
    alarms = [bool(lite(photo).faces) for photo, _ in photos_in("noface", real_photos)]
    assert len(alarms) >= 30
    print(f"false alarms: {sum(alarms)} of {len(alarms)} photos without a face")
    assert np.mean(alarms) <= 0.1


def test_redaction_covers_every_face_that_people_marked(lite: FaceFinder, real_photos: Path) -> None:
    registry = Registry.installed()
    recipe = parse_recipe(PUBLISH, registry)
    find = FaceFinder(lite.segmenter, lite.detector, THOROUGH, plausible_only=False)
    marked = sorted((real_photos / "wild").glob("*.boxes.json"))
    assert len(marked) >= 5
    for path in marked:
        photo = find(images.read(path.with_name(path.name.replace(".boxes.json", ".jpg"))))
        covered = edit(photo, recipe, registry).covered
        assert covered is not None
        for left, top, width, height in json.loads(path.read_text()):
            area = covered.mask[max(top, 0) : top + height, max(left, 0) : left + width]
            assert area.all(), (path.name, left, top)
