"""Runs that are stopped, refused, watched or short of memory: nothing lost, nothing half-written, nothing left over."""

import os
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from PIL import Image

from faceedit.errors import ModelError, PhotoError, UsageError
from faceedit.photo import Model, Photo
from faceedit.recipe import Recipe, parse_recipe
from faceedit.region import Region, effect
from faceedit.registry import Registry
from faceedit.report import Entry
from faceedit.runner import Crew, Engine, Folder, Stopping, Task, discover, memory, watch
from faceedit.runner.journal import LOCK
from faceedit.runner.watching import Arrivals
from faceedit.testing import painted_photo

PAINTED = painted_photo(48, 64)


@effect(on="lips")
def dye(region: Region) -> Any:
    """Paint the lips white."""
    return region.pixels * 0 + 1


class Find:
    """Finds the painted face in every photo, and says when it does."""

    detector = None
    segmenter = type("Segmenter", (), {"model": Model("painted", "0" * 64)})

    def __init__(self, said: Callable[[], None] = lambda: None) -> None:
        self.said = said

    def __call__(self, photo: Photo) -> Photo:
        self.said()
        return photo.replaced(faces=PAINTED.faces)


class Cheap(Task):
    """A task without a model."""

    @cached_property
    def registry(self) -> Registry:
        return Registry.of(dye)

    @cached_property
    def loaded(self) -> Recipe:
        return parse_recipe("faceedit: 1\nname: Cheap\nsteps: [{effect: dye}]\n", self.registry)

    @cached_property
    def find(self) -> Any:
        return Find()


class WithoutModel(Cheap):
    """A task whose model is not there."""

    @cached_property
    def find(self) -> Any:
        raise ModelError("no model here", "pull it")


def nobody(_entry: Entry) -> None:
    """Nobody listens."""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(6):
        Image.fromarray(PAINTED.pixels).save(folder / f"{index}.png")
    return folder


def cheap(tmp_path: Path, kind: type[Task] = Cheap, **more: Any) -> Task:
    return kind(tmp_path / "none.yaml", tmp_path / "out", engine=Engine(threads=1), **more)


def folder_of(task: Task, photos: Path) -> Folder:
    return Folder(task, discover([str(photos)]))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# Ctrl-C


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_finishes_what_is_begun_and_the_next_run_goes_on(
    tmp_path: Path, photos: Path, processes: int, capfd: pytest.CaptureFixture[str]
) -> None:
    task, entries = cheap(tmp_path), []

    def done(entry: Entry) -> None:
        entries.append(entry)
        if len(entries) == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        folder_of(task, photos).apply(processes, done)
    assert 2 <= len(entries) < 6 or processes == 2
    assert {entry.status for entry in entries} == {"done"}
    assert "stopping when the photos that are begun are done" in capfd.readouterr().err
    assert (task.out / "report.json").exists()
    times = {entry.photo: Path(entry.outputs[0]).stat().st_mtime_ns for entry in entries}
    again = folder_of(cheap(tmp_path), photos).apply(1, nobody)
    assert [entry.status for entry in again] == ["done"] * 6
    assert {e.photo: Path(e.outputs[0]).stat().st_mtime_ns for e in again if e.photo in times} == times


def test_a_second_ctrl_c_stops_at_once(tmp_path: Path, photos: Path) -> None:
    task = cheap(tmp_path)

    def twice() -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)

    vars(task)["find"] = Find(twice)
    with pytest.raises(KeyboardInterrupt):
        folder_of(task, photos).apply(1, nobody)
    assert not list(task.out.glob("*.png"))
    assert not list(task.out.glob(".*tmp"))


def test_ctrl_c_is_again_what_it_was_when_the_run_is_over(tmp_path: Path, photos: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    folder_of(cheap(tmp_path), photos).apply(1, nobody)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_outside_the_main_thread_leaves_signals_alone(tmp_path: Path, photos: Path) -> None:
    entries: list[Entry] = []
    thread = threading.Thread(target=lambda: entries.extend(folder_of(cheap(tmp_path), photos).apply(1, nobody)))
    thread.start()
    thread.join()
    assert len(entries) == 6


# Refused runs


@pytest.mark.parametrize("processes", [1, 2])
def test_a_run_without_its_model_is_refused_and_leaves_nothing(tmp_path: Path, photos: Path, processes: int) -> None:
    task = cheap(tmp_path, WithoutModel)
    with pytest.raises(ModelError, match="no model here; pull it"):
        folder_of(task, photos).apply(processes, nobody)
    assert names(tmp_path) == ["photos"]


def test_a_refused_run_leaves_an_older_runs_folder_as_it_was(tmp_path: Path, photos: Path) -> None:
    folder_of(cheap(tmp_path), photos).apply(1, nobody)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()}
    with pytest.raises(ModelError):
        folder_of(cheap(tmp_path, WithoutModel), photos).apply(1, nobody)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir() if path.is_file()} == before


def test_a_folder_that_another_run_holds_is_left_alone(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / LOCK), pytest.raises(UsageError, match="another run writes"):
        folder_of(cheap(tmp_path), photos).apply(1, nobody)
    assert set(names(tmp_path / "out")) <= {LOCK}


def test_several_processes_load_no_model_in_the_one_that_reports(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_arguments: Any, **_more: Any) -> None:
        raise AssertionError("loaded")

    recipe = tmp_path / "r.yaml"
    recipe.write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
    task = Task(recipe, tmp_path / "out")
    monkeypatch.setattr("faceedit.models.face_finder", never)
    assert task.model.name == "lite"
    assert len(task.model.sha256) == 64
    (tmp_path / "out").mkdir()
    Folder(task, discover([str(photos)])).report([])


# Memory


class Patient:
    """A pool that begins jobs and never ends them."""

    def submit(self, _work: Any, _job: Any) -> Future[Entry]:
        return Future()


@pytest.mark.parametrize(("photos_at_once", "begun"), [(0.1, 1), (2, 2), (3.9, 3), (1000, 4)])
def test_large_photos_lower_the_concurrency(tmp_path: Path, photos: Path, photos_at_once: float, begun: int) -> None:
    jobs, _ = folder_of(cheap(tmp_path), photos).planned
    crew = Crew(cheap(tmp_path), 2, budget=int(photos_at_once * 48 * 64 * memory.ON_FACES))
    crew._pool = Patient()  # type: ignore[assignment]
    handed_out: deque[Any] = deque()
    crew._hand_out(deque(jobs), handed_out)
    assert len(handed_out) == begun
    for _, _, future in handed_out:
        future.set_result(None)
    crew._hand_out(deque(jobs), handed_out)
    assert len(handed_out) == min(4, 2 * begun)  # what is done takes no memory any more


def test_what_a_photo_takes_is_read_from_its_header(photos: Path, tmp_path: Path) -> None:
    recipe = cheap(tmp_path).loaded
    assert memory.needed(photos / "0.png", recipe) == 48 * 64 * memory.ON_FACES
    (photos / "bad.png").write_bytes(b"no picture")
    assert memory.needed(photos / "bad.png", recipe) == memory.needed(photos / "gone.png", recipe) > 1e8
    still = Image.new("RGB", (48, 64))
    still.save(
        photos / "five.gif",
        save_all=True,
        append_images=[Image.new("RGB", (48, 64), (i, 0, 0)) for i in (50, 100, 150, 200)],
    )
    assert memory.needed(photos / "five.gif", recipe) == 5 * 48 * 64 * memory.ON_FACES
    assert memory.budget() > 1e6


def test_a_step_on_the_whole_photo_takes_more(photos: Path) -> None:
    registry = Registry.installed()
    blurred = parse_recipe("faceedit: 1\nsteps: [{effect: smooth}, {effect: background_blur}]\n", registry)
    assert memory.needed(photos / "0.png", blurred) == 48 * 64 * memory.ON_PHOTO


# Watching


def test_a_photo_is_ready_when_it_did_not_change_between_two_looks(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    arrivals = Arrivals([str(folder)])
    photo = folder / "a.jpg"
    assert arrivals.look() == []
    photo.write_bytes(b"")
    assert [arrivals.look(), arrivals.look()] == [[], []]  # an empty file is being written
    photo.write_bytes(b"ha")
    assert arrivals.look() == []
    photo.write_bytes(b"half")
    assert arrivals.look() == []
    assert [each.path for each in arrivals.look()] == [photo]
    assert arrivals.look() == []
    photo.write_bytes(b"another")
    assert arrivals.look() == []
    assert [each.path for each in arrivals.look()] == [photo]


def test_photos_are_done_as_they_arrive_until_somebody_stops(tmp_path: Path, photos: Path) -> None:
    task, stopping, entries = cheap(tmp_path), Stopping(), []

    def done(entry: Entry) -> None:
        entries.append(Path(entry.photo).name)
        if len(entries) == 6:
            (photos / "later.png").write_bytes((photos / "0.png").read_bytes())
            (photos / "bad.png").write_bytes(b"no picture")
        stopping.asked = len(entries) == 8

    found = watch(task, [str(photos)], 1, done, stopping=stopping, pause=0.02)
    assert sorted(entries[6:]) == ["bad.png", "later.png"]
    assert [entry.status for entry in found].count("done") == 7
    assert (task.out / "later.png").exists()
    assert "later.png" in (task.out / "report.json").read_text()


def test_a_photo_that_would_take_anothers_name_costs_only_itself(tmp_path: Path, photos: Path) -> None:
    task, stopping, statuses = cheap(tmp_path), Stopping(), {}

    def done(entry: Entry) -> None:
        statuses[Path(entry.photo).name] = entry.status
        if len(statuses) == 6:
            (photos / "0.PNG").write_bytes((photos / "0.png").read_bytes())
            (photos / "x.png").write_bytes((photos / "0.png").read_bytes())
        stopping.asked = len(statuses) == 8

    watch(task, [str(photos)], 1, done, stopping=stopping, pause=0.02)
    assert (statuses["0.PNG"], statuses["x.png"]) == ("failed", "done")


def test_only_folders_are_watched(tmp_path: Path, photos: Path) -> None:
    with pytest.raises(UsageError, match="only folders are watched"):
        watch(cheap(tmp_path), [str(photos / "0.png")], 1, nobody)


# Disks and folders


def test_an_output_folder_that_vanishes_stops_the_run_and_is_not_made_anew(tmp_path: Path, photos: Path) -> None:
    task = cheap(tmp_path)

    def done(_entry: Entry) -> None:
        shutil.rmtree(task.out)

    with pytest.raises(UsageError, match=r'the output folder ".*out" is gone; bring it back'):
        folder_of(task, photos).apply(1, done)
    assert not task.out.exists()


def test_photos_that_vanish_during_the_run_are_failures_of_their_own(tmp_path: Path, photos: Path) -> None:
    statuses = []

    def done(entry: Entry) -> None:
        statuses.append(entry.status)
        shutil.rmtree(photos, ignore_errors=True)

    entries = folder_of(cheap(tmp_path), photos).apply(1, done)
    assert statuses == ["done"] + ["failed"] * 5
    assert entries[1].error.endswith("1.png: does not exist")


@pytest.mark.parametrize("full_after", range(1, 9))
def test_a_disk_that_fills_up_at_any_write_loses_nothing(
    tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, full_after: int
) -> None:
    """Every flush to the disk from the n-th on fails as on a full disk; room is made, and the run goes on."""
    left, real, said = [full_after], os.fsync, []

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        real(descriptor)

    whole = cheap(tmp_path / "whole")
    whole.out.parent.mkdir()
    folder_of(whole, photos).apply(1, nobody)
    task = cheap(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        try:
            entries = folder_of(task, photos).apply(1, nobody)
            assert {entry.status for entry in entries} <= {"done", "failed"}
        except PhotoError as error:
            said.append(str(error))
    assert all("No space left on device; make room" in each for each in said)
    pictures = {path.name: path.read_bytes() for path in task.out.glob("*.png")} if task.out.exists() else {}
    assert pictures.items() <= {path.name: path.read_bytes() for path in whole.out.glob("*.png")}.items()
    assert not list(task.out.glob(".*tmp"))
    assert [entry.status for entry in folder_of(cheap(tmp_path), photos).apply(1, nobody)] == ["done"] * 6
    assert names(task.out) == names(whole.out)


STRANGE = ("with space.png", "📷 ünïcode.png", "two\nlines.png", "-o.png", "'quote\".png", "x" * 251 + ".png")


def test_strange_names_are_done_like_others(tmp_path: Path, photos: Path) -> None:
    shutil.rmtree(photos)
    photos.mkdir()
    for name in STRANGE:
        Image.fromarray(PAINTED.pixels).save(photos / "a.png")
        (photos / "a.png").rename(photos / name)
    entries = folder_of(cheap(tmp_path), photos).apply(1, nobody)
    assert [entry.status for entry in entries] == ["done"] * len(STRANGE)
    assert set(names(tmp_path / "out")) >= set(STRANGE)
    again = folder_of(cheap(tmp_path), photos).apply(1, nobody)
    assert [entry.photo for entry in again] == [entry.photo for entry in entries]


def test_an_output_name_that_is_too_long_is_refused_before_any_work(tmp_path: Path, photos: Path) -> None:
    (photos / "0.png").rename(photos / ("x" * 251 + ".png"))
    task = cheap(tmp_path)
    text = 'faceedit: 1\nsteps: [{effect: dye}]\noutput: {name: "web-{stem}.{ext}"}\n'
    vars(task)["loaded"] = parse_recipe(text, task.registry)
    with pytest.raises(UsageError, match="more than 255 bytes; give it a shorter name, or change output: name"):
        folder_of(task, photos).apply(1, nobody)
    assert names(tmp_path) == ["photos"]
