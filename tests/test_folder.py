"""Whole runs over folders: --exists, --jobs, resuming, and two runs at once."""

import json
import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from PIL import Image

from faceedit.errors import UsageError
from faceedit.runner import Engine, Folder, Journal, Task, discover
from faceedit.runner.folder import LOCK
from faceedit.runner.workers import Crew

RECIPE = "faceedit: 1\nname: Look\nsteps:\n  - effect: smooth\n"
PORTRAIT = Path(__file__).parent.parent / "samples" / "photos" / "portrait.jpg"


@pytest.fixture
def photos(tmp_path):
    """Three small photos, one with a face, one of them damaged."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    Image.new("RGB", (64, 48), "teal").save(folder / "plain.png")
    (folder / "sub" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    with Image.open(PORTRAIT) as portrait:
        portrait.resize((256, 256)).save(folder / "sub" / "face.jpg")
    return folder


def task_for(tmp_path, **changes):
    recipe = tmp_path / "look.yaml"
    recipe.write_text(RECIPE)
    return Task(recipe, tmp_path / "out", engine=Engine(threads=1), **changes)


def applied(tmp_path, photos, processes=1, **changes):
    return Folder(task_for(tmp_path, **changes), discover([str(photos)])).apply(processes, lambda _entry: None)


def files(out):
    return {path.relative_to(out): path.read_bytes() for path in out.rglob("*.*") if path.suffix in (".png", ".jpg")}


def test_one_bad_photo_does_not_stop_the_run(tmp_path, photos):
    statuses = {Path(entry.photo).name: entry.status for entry in applied(tmp_path, photos)}
    assert statuses == {"plain.png": "done", "broken.jpg": "failed", "face.jpg": "done"}
    assert (tmp_path / "out" / "sub" / "face.jpg").exists()
    assert not (tmp_path / "out" / "sub" / "broken.jpg").exists()


def test_two_processes_give_the_same_files_and_the_same_report_as_one(tmp_path, photos):
    one, two = tmp_path / "one", tmp_path / "two"
    reports = []
    for place, processes in ((one, 1), (two, 2)):
        place.mkdir()
        applied(place, photos, processes)
        text = (place / "out" / "report.json").read_text().replace(str(place), "")
        reports.append([entry | {"seconds": 0} for entry in json.loads(text)["photos"]])
    assert files(one / "out") == files(two / "out")
    assert reports[0] == reports[1]


def test_a_second_run_does_nothing_again_and_reports_the_same(tmp_path, photos):
    first = applied(tmp_path, photos)
    before = {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in files(tmp_path / "out")}
    second = applied(tmp_path, photos)
    assert {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in before} == before
    assert [(entry.photo, entry.status) for entry in second] == [(entry.photo, entry.status) for entry in first]


def test_a_changed_photo_is_done_again(tmp_path, photos):
    applied(tmp_path, photos)
    Image.new("RGB", (64, 48), "red").save(photos / "plain.png")
    applied(tmp_path, photos)
    with Image.open(tmp_path / "out" / "plain.png") as picture:
        assert picture.getpixel((0, 0)) == (255, 0, 0)


def test_a_file_of_somebody_else_is_never_overwritten(tmp_path, photos):
    (tmp_path / "out").mkdir()
    stranger = tmp_path / "out" / "plain.png"
    stranger.write_bytes(b"mine")
    for exists in ("changed", "overwrite", "fail"):
        with pytest.raises(UsageError, match="is there already"):
            applied(tmp_path, photos, exists=exists)
    assert stranger.read_bytes() == b"mine"


def test_exists_skip_and_unique_leave_what_is_there(tmp_path, photos):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plain.png").write_bytes(b"mine")
    statuses = {Path(entry.photo).name: entry.status for entry in applied(tmp_path, photos, exists="skip")}
    assert statuses["plain.png"] == "skipped"
    applied(tmp_path, photos, exists="unique")
    assert (tmp_path / "out" / "plain.png").read_bytes() == b"mine"
    assert (tmp_path / "out" / "plain-1.png").exists()


def test_two_runs_over_one_output_folder_do_not_clash(tmp_path, photos):
    (tmp_path / "out").mkdir()
    with FileLock(tmp_path / "out" / LOCK), pytest.raises(UsageError, match="another run writes"):
        applied(tmp_path, photos)


class Deadly(Task):
    """A task whose worker dies on the photo named "plain"."""

    def worker(self):
        work = super().worker()

        def process(job):
            if job.input.path.stem == "plain":
                os._exit(1)
            return work(job)

        process.task = self
        return process


def test_a_worker_that_dies_costs_one_photo(tmp_path, photos):
    task = Deadly(task_for(tmp_path).recipe, tmp_path / "out", engine=Engine(threads=1))
    task.out.mkdir()
    jobs, _ = Folder(task, discover([str(photos)])).planned
    with Crew(task, 2) as crew:
        statuses = {Path(entry.photo).name: (entry.status, entry.error) for entry in crew.do(jobs)}
    assert statuses["plain.png"][0] == "failed"
    assert "its process died" in statuses["plain.png"][1]
    assert statuses["face.jpg"][0] == "done"


def test_a_worker_that_dies_while_redacting_leaves_no_older_output(tmp_path, photos):
    (tmp_path / "redact.yaml").write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
    task = Deadly(tmp_path / "redact.yaml", tmp_path / "out", engine=Engine(threads=1))
    older = task.out / "plain.png"
    task.out.mkdir()
    Journal(task.out).begin([older])
    older.write_bytes(b"not redacted")
    jobs = [job for job in Folder(task, discover([str(photos)])).planned[0] if job.input.path.stem == "plain"]
    with Crew(task, 2) as crew:
        assert [entry.status for entry in crew.do(jobs)] == ["review"]
    assert not older.exists()


def test_an_output_on_a_full_disk_is_a_plain_line(tmp_path, photos, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("faceedit.images.files._write_new", full)
    shutil.rmtree(photos / "sub")
    task = task_for(tmp_path)
    task.out.mkdir()
    jobs, _ = Folder(task, discover([str(photos)])).planned
    with Crew(task, 1) as crew:
        entry = next(crew.do(jobs))
    assert entry.status == "failed"
    assert "No space left on device" in entry.error
    assert not (tmp_path / "out" / "plain.png").exists()
