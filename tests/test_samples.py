"""The sample recipes over the sample photos, through the command line as README shows it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SAMPLES = Path(__file__).parent.parent / "samples"


def apply(recipe, photos, out):
    command = [sys.executable, "-m", "faceedit", "apply", SAMPLES / "recipes" / recipe, photos, "-o", out]
    done = subprocess.run(command, capture_output=True, text=True)
    report = out / "report.json"
    return done, json.loads(report.read_text())["photos"] if report.exists() else []


def pixels_of(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    return apply("publish.yaml", SAMPLES / "photos", tmp_path_factory.mktemp("public"))


def test_publishing_covers_every_face_of_the_sample_photos(published):
    done, photos = published
    assert done.returncode == 0, done.stderr
    faces = {Path(entry["photo"]).name: len(entry["faces"]) for entry in photos}
    assert faces["portrait.jpg"] >= 1
    assert faces["group.jpg"] >= 7
    for entry in photos:
        pixels = pixels_of(entry["outputs"][0])
        for left, top, right, bottom in (face["box"] for face in entry["faces"]):
            assert pixels[top:bottom, left:right].max() <= 2


def test_a_published_file_carries_no_metadata(published):
    _, photos = published
    with Image.open(photos[0]["outputs"][0]) as picture:
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_without_a_face_is_withheld_from_publishing(tmp_path):
    done, photos = apply("publish.yaml", SAMPLES / "faceless", tmp_path / "out")
    assert done.returncode == 4
    assert [entry["status"] for entry in photos] == ["review"]
    assert not (tmp_path / "out" / "cat.jpg").exists()


def test_the_evening_look_changes_the_largest_face_only(tmp_path):
    done, photos = apply("evening.yaml", SAMPLES / "photos" / "team", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    before = pixels_of(SAMPLES / "photos" / "team" / "group.jpg").astype(int)
    after = pixels_of(tmp_path / "out" / "group.jpg").astype(int)
    change = np.abs(after - before).max(-1)
    boxes = [face["box"] for face in photos[0]["faces"]]
    means = [change[top:bottom, left:right].mean() for left, top, right, bottom in boxes]
    assert means[0] > 3
    assert max(means[1:]) < 1.5  # what JPEG adds


def test_cut_outs_are_transparent_pictures_beside_the_photo(tmp_path):
    done, photos = apply("cutout.yaml", SAMPLES / "photos", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    extras = [Path(path) for entry in photos for path in entry["outputs"] if "cutout" in path]
    assert len(extras) >= 5
    for path in extras:
        rgba = pixels_of(path)
        assert rgba.shape[2] == 4
        assert (rgba[rgba[..., 3] == 0] == 0).all()
        assert (rgba[..., 3] == 255).any()
