"""One photo from file to files, and many in a row: what is written, what is refused, and that a run goes on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from faceedit import images
from faceedit.errors import FaceEditError, PhotoError, SetupError, UnreadablePhoto, UsageError, Withheld
from faceedit.photo import Photo
from faceedit.recipe import Output, parse_recipe
from faceedit.region import Float, Region, Result, effect
from faceedit.registry import Registry
from faceedit.report import Entry
from faceedit.runner import Input, Job, Journal, Processor, make_output_folder, read_still, run, segmented, write_all
from faceedit.testing import painted_photo

PAINTED = painted_photo(80, 100)


@effect(on="lips")
def dye(_region: Region, *, level: float = 1.0) -> Float:
    """Paint the lips."""
    return np.full((*_region.shape, 3), level, np.float32)


@effect()
def idle(region: Region) -> Float:
    """Change nothing."""
    return region.pixels


@effect()
def cut(_region: Region) -> Result:
    """Give two pictures."""
    return Result(extras={"cut": np.full((2, 3, 4), 9, np.uint8), "flat": np.full((2, 3, 3), 9, np.uint8)})


def find(photo: Photo) -> Photo:
    """The painted faces, in a photo of their size."""
    return photo.replaced(faces=PAINTED.faces if photo.pixels.shape == PAINTED.pixels.shape else ())


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A painted photo on disk, and where it goes."""
    path = tmp_path / "in" / "face.png"
    path.parent.mkdir()
    images.write(PAINTED, path)
    return Job.single(Input(path), tmp_path / "out" / "face.png", "face")


def processor(step: str, begin: Any = lambda _paths: None, **output: str) -> Processor:
    registry = Registry.of(dye, idle, cut)
    lines = ["faceedit: 1", "name: Test", "steps:", f"  - effect: {step}"]
    lines += ["output:", *(f"  {key}: {value}" for key, value in output.items())] if output else []
    return Processor(parse_recipe("\n".join(lines), registry), registry, find, begin=begin)


def faceless(job: Job) -> Job:
    Image.new("RGB", (30, 20), "teal").save(job.input.path)
    return job


def test_a_photo_is_edited_and_written_and_the_input_left_alone(job: Job) -> None:
    before = job.input.path.read_bytes()
    entry = processor("dye")(job)
    pixels = images.read(job.target).pixels
    changed = (pixels != PAINTED.pixels).any(-1)
    assert (entry.status, entry.outputs, len(entry.faces)) == ("done", [str(job.target)], 1)
    assert 10 < changed.sum() < 400
    assert job.input.path.read_bytes() == before


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tif"])
def test_a_photo_that_no_step_changes_is_copied_byte_for_byte(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    images.write(PAINTED, path, images.WriteOptions(images.suffix_format(path) or ""))
    target = tmp_path / "out" / path.name
    processor("idle")(Job.single(Input(path), target, "a"))
    assert target.read_bytes() == path.read_bytes()


def test_masks_take_no_memory_any_more_when_a_photo_is_encoded(job: Job) -> None:
    assert processor("dye")(job).status == "done"
    assert not any("probabilities" in vars(face.map) for face in PAINTED.faces)


def test_an_unchanged_photo_is_still_written_anew_where_metadata_is_to_go(job: Job) -> None:
    with Image.open(job.input.path) as picture:
        exif = Image.Exif()
        exif[0x010E] = "a secret"
        picture.save(job.input.path, exif=exif)
    processor("idle")(Job.single(job.input, job.target, job.target.stem, Output(metadata="none")))
    assert b"a secret" in job.input.path.read_bytes()
    assert b"a secret" not in job.target.read_bytes()


@pytest.mark.parametrize("policy", ["copy", "skip"])
def test_a_photo_without_faces_is_copied_or_skipped_as_the_recipe_says(job: Job, policy: str) -> None:
    entry = processor("dye", no_faces=policy)(faceless(job))
    assert entry.status == ("done" if policy == "copy" else "skipped")
    assert job.target.exists() == (policy == "copy")
    if policy == "copy":
        assert job.target.read_bytes() == job.input.path.read_bytes()


def test_a_photo_without_faces_is_withheld_for_review(job: Job) -> None:
    with pytest.raises(Withheld, match=r"face\.png: no face was found; look at it yourself"):
        processor("dye", no_faces="review")(faceless(job))
    assert not job.target.exists()


def test_extras_are_pngs_beside_the_photo_and_named_by_face(job: Job) -> None:
    entry = processor("cut")(job)
    names = [Path(path).name for path in entry.outputs]
    assert names == ["face.png", "face.cut-0.png", "face.flat-0.png"]
    with Image.open(entry.outputs[1]) as picture:
        assert (picture.mode, picture.size, picture.getpixel((0, 0))) == ("RGBA", (3, 2), (9, 9, 9, 9))


def test_what_is_about_to_be_written_is_said_before_and_may_be_refused(job: Job) -> None:
    said = []

    def refuse(paths: Any) -> None:
        said.extend(path.name for path in paths)
        raise PhotoError("no")

    with pytest.raises(PhotoError, match="no"):
        processor("cut", refuse)(job)
    assert said == ["face.png", "face.cut-0.png", "face.flat-0.png"]
    assert not job.target.parent.exists()


def test_an_extra_never_replaces_a_strangers_file(job: Job) -> None:
    job.target.parent.mkdir()
    stranger = job.beside("cut-0")
    stranger.write_bytes(b"mine")
    with pytest.raises(PhotoError, match=r'face\.cut-0\.png" is there already and was not made by faceedit'):
        processor("cut", Journal(job.target.parent).begin)(job)
    assert stranger.read_bytes() == b"mine"
    assert not job.target.exists()


def test_of_several_outputs_all_are_written_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    with pytest.raises(PhotoError, match="cannot be written"):
        write_all({tmp_path / "a": b"a", tmp_path / "b": b"b", tmp_path / "c": b"c"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PhotoError, match="cannot be made"):
        write_all({tmp_path / "file" / "a": b"a"})


def test_moving_pictures_and_unreadable_places_are_refused(job: Job, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(UnreadablePhoto, match=r"a\.gif: has 2 frames or pages, which apply edits"):
        read_still(Job.single(Input(tmp_path / "a.gif"), job.target, ""), images.Limits())
    with pytest.raises(UnreadablePhoto, match="deep: cannot be listed: Permission denied; check its permissions"):
        read_still(
            Job.single(Input(tmp_path, problem="deep: cannot be listed: Permission denied"), job.target, ""),
            images.Limits(),
        )


def test_a_photo_beyond_the_limits_is_refused(job: Job) -> None:
    with pytest.raises(UnreadablePhoto, match=r"has more than 0\.001 megapixels"):
        read_still(job, images.Limits(megapixels=0.001))


# Many in a row


def entries_of(job: Job, *works: Callable[[], Entry], redacts: bool = False) -> list[Entry]:
    """What `run` makes of one job after another, each doing its own work."""
    left = list(works)
    return list(run([job] * len(works), lambda _job: left.pop(0)(), redacts=redacts))


def failing(error: BaseException) -> Callable[[], Entry]:
    def work() -> Entry:
        raise error

    return work


def done() -> Entry:
    return Entry("a", "done")


@pytest.mark.parametrize(
    "error", [PhotoError("bad"), ValueError("odd"), MemoryError(), RecursionError("deep"), KeyError(1)]
)
def test_one_photo_that_fails_does_not_stop_the_run(job: Job, error: Exception) -> None:
    entries = entries_of(job, done, failing(error), done)
    assert [entry.status for entry in entries] == ["done", "failed", "done"]
    assert entries[1].photo == str(job.input.path)
    assert entries[1].error.startswith(f"{job.input.path}: ")
    assert "\n" not in entries[1].error


def test_an_error_that_names_the_photo_already_does_not_name_it_twice(job: Job) -> None:
    (entry,) = entries_of(job, failing(UnreadablePhoto(f"{job.input.path}: is empty", "copy it again")))
    assert (entry.error, entry.action) == (f"{job.input.path}: is empty; copy it again", "copy it again")


def test_an_error_that_nobody_foresaw_asks_for_a_report(job: Job) -> None:
    (entry,) = entries_of(job, failing(ZeroDivisionError("a\nb")))
    assert entry.error == f"{job.input.path}: unexpected ZeroDivisionError: a b; please report this"


@pytest.mark.parametrize(
    "error", [PhotoError("bad"), ValueError("odd"), UnreadablePhoto("cut off"), Withheld("no face")]
)
def test_under_a_redacting_recipe_every_failure_wants_review(job: Job, error: Exception) -> None:
    assert [entry.status for entry in entries_of(job, failing(error), redacts=True)] == ["review"]


def test_what_is_withheld_wants_review_under_any_recipe(job: Job) -> None:
    assert [entry.status for entry in entries_of(job, failing(Withheld("no face")))] == ["review"]


@pytest.mark.parametrize("error", [SetupError("no model"), UsageError("no folder"), KeyboardInterrupt()])
def test_what_every_photo_needs_stops_the_run(job: Job, error: BaseException) -> None:
    with pytest.raises(type(error)):
        entries_of(job, done, failing(error), done)


def test_every_entry_says_how_long_it_took(job: Job) -> None:
    assert 0 <= entries_of(job, done)[0].seconds < 1


def test_an_output_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in (tmp_path / "file", tmp_path / "file" / "out"):
        with pytest.raises(UsageError, match=f'the output folder "{place}" cannot be used: '):
            make_output_folder(place)
    make_output_folder(tmp_path / "new" / "out")
    assert list((tmp_path / "new" / "out").iterdir()) == []


# Maps


def test_a_photos_map_holds_class_ids_at_the_photos_size(job: Job) -> None:
    entry = segmented(job, find, images.Limits())
    assert [Path(path).name for path in entry.outputs] == ["face.labels.png", "face.overlay.png"]
    with Image.open(entry.outputs[0]) as picture:
        assert (picture.mode, picture.size) == ("L", (100, 80))
        assert np.array_equal(np.asarray(picture), PAINTED.labels())
    assert not job.target.exists()


def test_a_photo_without_faces_gets_a_map_of_background(job: Job) -> None:
    entry = segmented(faceless(job), find, images.Limits())
    with Image.open(entry.outputs[0]) as picture:
        assert (picture.size, picture.getextrema()) == ((30, 20), (0, 0))


def test_a_map_never_replaces_a_strangers_file(job: Job) -> None:
    job.target.parent.mkdir()
    job.beside("overlay").write_bytes(b"mine")
    with pytest.raises(FaceEditError, match="was not made by faceedit"):
        segmented(job, find, images.Limits(), Journal(job.target.parent).begin)
    assert [path.name for path in job.target.parent.glob("*.png")] == ["face.overlay.png"]
