"""Photos on a cluster of two machines: what one machine makes, byte for byte, whoever dies in the middle."""

import dataclasses
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_support import Run
from cluster_support import ENVIRONMENT, PLUGIN, Machines, faceedit, machines  # noqa: F401 - fixtures
from faces_support import painted_in_label_colors
from store_support import Bucket, bucket, server  # noqa: F401 - fixtures

from faceedit import images
from faceedit.cluster.desk import ATTEMPTS, Desk, DeskRecords
from faceedit.cluster.hand import look
from faceedit.cluster.kit import Kit
from faceedit.errors import SetupError, UsageError
from faceedit.registry import PluginFile, Selection
from faceedit.report import Entry
from faceedit.runner import Engine, Journal, Task
from faceedit.testing import painted_photo

PHOTOS = 12
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with photos, a plugin and a recipe that includes another one."""
    painted = painted_in_label_colors(painted_photo(160, 160))
    (tmp_path / "photos" / "trip").mkdir(parents=True)
    for index in range(PHOTOS):
        pixels = painted.pixels.copy()
        pixels[-1, -1] = index
        folder = tmp_path / "photos" / ("trip" if index % 3 else ".")
        images.write(painted.replaced(pixels=pixels), folder / f"{index:02}.png")
    (tmp_path / "painted.py").write_text(PLUGIN)
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "lips.yaml").write_text("faceedit: 1\nsteps: [{effect: dye}]\n")
    (tmp_path / "recipe.yaml").write_text(
        "faceedit: 1\nname: Dye\nsteps:\n  - include: parts/lips.yaml\n"
        f"  - {{effect: deadly, marker: {json.dumps(str(tmp_path / 'marker'))}}}\n"
    )
    return tmp_path


def corner(path: Path, color: tuple[int, int, int], column: int = 0) -> None:
    photo = images.read(path)
    pixels = photo.pixels.copy()
    pixels[0, column] = color
    images.write(photo.replaced(pixels=np.ascontiguousarray(pixels)), path)


def nobody(path: Path) -> None:
    images.write(painted_photo(160, 160).replaced(pixels=np.full((160, 160, 3), 90, np.uint8)), path)


def options(place: Path) -> list[object]:
    return ["--plugin", place / "painted.py", "--model", "painted", "--detector", "painted", "--threads", "1"]


def made(out: Path) -> dict[str, bytes]:
    """All that a run wrote but its own accounts, which say how long it took."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in ("report.json", ".faceedit-journal.jsonl", ".faceedit.lock")
    }


def account(out: Path) -> list[dict[str, Any]]:
    text = (out / "report.json").read_text().replace(str(out), "OUT")
    return [entry | {"seconds": 0} for entry in json.loads(text)["photos"]]


# On a cluster


def test_a_cluster_gives_what_one_machine_gives_though_a_worker_dies(machines: Machines, place: Path) -> None:  # noqa: F811
    corner(place / "photos" / "trip" / "04.png", RED)
    nobody(place / "photos" / "trip" / "07.png")
    (place / "people" / "anna").mkdir(parents=True)
    shutil.copy(place / "photos" / "00.png", place / "people" / "anna" / "a.png")
    for path in (place / "people" / "anna" / "a.png", place / "photos" / "trip" / "05.png"):
        corner(path, BLUE, -1)
    (place / "publish.yaml").write_text(
        "faceedit: 1\nsteps: [{include: recipe.yaml}, {effect: redact, keep: people}]\n"
    )
    here = ["apply", place / "publish.yaml", place / "photos", *options(place), "--embedder", "corner"]
    done = faceedit(*here, "-o", place / "spread", "--engine", "ray", "--address", machines.address, "--json")
    assert done.returncode == 4
    assert (place / "marker").exists()  # whoever did the fourth photo first was killed
    photos = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(each["photo"]).name for each in photos if each["status"] != "done"] == ["07.png"]
    assert done.stderr.count("\n") == 1
    assert [Path(each["photo"]).name for each in photos if each.get("audit", {}).get("kept")] == ["05.png"]
    spread = made(place / "spread")
    assert len([name for name in spread if name.endswith(".png")]) == PHOTOS - 1
    assert faceedit(*here, "-o", place / "alone").returncode == 4
    assert made(place / "alone") == spread
    assert account(place / "spread") == account(place / "alone")
    again = faceedit(*here, "-o", place / "spread", "-q")  # one machine goes on with the cluster's journal
    assert again.returncode == 4
    lines = (place / "spread" / ".faceedit-journal.jsonl").read_text().splitlines()
    assert sum("target" in json.loads(line) for line in lines) == PHOTOS - 1


@pytest.mark.long
def test_a_photo_that_kills_every_worker_costs_itself(machines: Machines, place: Path) -> None:  # noqa: F811
    corner(place / "photos" / "trip" / "08.png", GREEN)
    command = ["apply", place / "recipe.yaml", place / "photos", *options(place), "-o", place / "out"]
    done = faceedit(*command, "--engine", "ray", "--address", machines.address, "--json")
    assert done.returncode == 1
    photos = [json.loads(line) for line in done.stdout.splitlines()]
    (lost,) = [each for each in photos if each["status"] != "done"]
    assert lost["photo"].endswith("08.png")
    assert lost["error"].endswith("its process died; it crashed or ran out of memory")
    assert done.stderr.strip() == f"failed: {lost['error']}"
    assert len(photos) == PHOTOS
    assert not (place / "out" / "trip" / "08.png").exists()


@pytest.mark.long
def test_a_machine_that_vanishes_costs_no_photo(place: Path) -> None:
    command = [sys.executable, "-m", "faceedit", "apply", place / "recipe.yaml", place / "photos", *options(place)]
    command += ["-o", place / "out", "--engine", "ray", "--json", "--address"]
    with Machines() as running:
        begun = subprocess.Popen(
            [*map(str, command), running.address],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
        assert begun.stdout
        first = begun.stdout.readline()
        running.lose()
        rest, told = begun.communicate(timeout=600)
    assert begun.returncode == 0, told
    photos = [json.loads(line)["photo"] for line in [first, *rest.splitlines()]]
    assert len(set(photos)) == len(photos) == PHOTOS


@pytest.mark.long
def test_a_cluster_works_from_store_to_store(bucket: Bucket, place: Path) -> None:  # noqa: F811
    for name in ("00.png", "03.png", "trip/01.png"):
        bucket.put(f"in/{name}", place / "photos" / name)
    here = ["apply", place / "recipe.yaml", "s3://pictures/in", *options(place)]
    with Machines() as running:  # with the environment that leads to the store
        spread = faceedit(*here, "-o", "s3://pictures/out", "--engine", "ray", "--address", running.address)
    assert spread.returncode == 0, spread.stderr
    assert faceedit(*here, "-o", place / "out").returncode == 0
    for name in ("00.png", "03.png", "trip/01.png"):
        assert bucket.get(f"out/{name}") == (place / "out" / name).read_bytes()
    assert faceedit(*here, "-o", "s3://pictures/out").returncode == 0  # one machine goes on with the journal there


@pytest.mark.long
def test_a_machine_with_another_faceedit_is_named_before_any_work(place: Path) -> None:
    (place / "other").mkdir()
    (place / "other" / "sitecustomize.py").write_text("import faceedit\nfaceedit.__version__ = '0.0.1'\n")
    command = ["apply", place / "recipe.yaml", place / "photos", *options(place), "-o", place / "out"]
    with Machines(PYTHONPATH=os.pathsep.join([str(place / "other"), ENVIRONMENT["PYTHONPATH"]])) as running:
        done = faceedit(*command, "--engine", "ray", "--address", running.address)
    assert done.returncode == 3
    assert "cannot do photos: faceedit 0.0.1 instead of" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (place / "out").exists()


@pytest.mark.long
def test_ctrl_c_leaves_whole_files_and_the_next_run_goes_on(machines: Machines, place: Path) -> None:  # noqa: F811
    command = ["apply", place / "recipe.yaml", place / "photos", *options(place), "-o", place / "out"]
    spread = [*command, "--engine", "ray", "--address", machines.address, "--json"]
    begun = subprocess.Popen(
        [sys.executable, "-m", "faceedit", *map(str, spread)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **ENVIRONMENT},
    )
    assert begun.stdout
    begun.stdout.readline()
    begun.send_signal(signal.SIGINT)
    begun.communicate(timeout=120)
    assert begun.returncode in (0, 130)
    assert faceedit(*command).returncode == 0
    assert len(account(place / "out")) == PHOTOS


# Without one


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--engine", "ray", "--address", "127.0.0.1:1"], 2, "no Ray cluster answers at 127.0.0.1:1"),
        (["--engine", "ray", "--address", "nonsense"], 2, "no Ray cluster answers at nonsense"),
        (["--engine", "ray", "--address", "ray://here:10001"], 2, '"ray://here:10001" is no address of a cluster'),
        (["--address", "127.0.0.1:6379"], 2, "--address is that of a Ray cluster"),
        (["--engine", "cluster"], 2, 'no engine "cluster"'),
        (["--engine", "ray:tensorflow"], 2, 'no engine "ray:tensorflow"'),
        (["--engine", "ray", "--watch"], 2, "--engine ray does not go with --watch"),
        (["--engine", "ray", "--jobs", "none"], 2, '--jobs "none" is no number of processes'),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    *, run: Run, photos: Path, tmp_path: Path, arguments: list[str], code: int, expected: str
) -> None:
    (tmp_path / "dye.yaml").write_text("faceedit: 1\nsteps: [{effect: lipstick}]\n")
    got, _, told = run("apply", tmp_path / "dye.yaml", photos, "-o", tmp_path / "out", *arguments)
    assert got == code
    assert expected in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_without_ray_its_extra_is_named(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "dye.yaml").write_text("faceedit: 1\nsteps: [{effect: lipstick}]\n")
    code, _, told = run("apply", tmp_path / "dye.yaml", photos, "-o", tmp_path / "out", "--engine", "ray")
    assert (code, told) == (3, "faceedit: --engine ray needs Ray; pip install faceedit[ray]\n")
    assert not (tmp_path / "out").exists()


# What travels


def task_of(place: Path) -> Task:
    plugins = Selection(files=(PluginFile.read(place / "painted.py"),))
    return Task(place / "recipe.yaml", place / "out", engine=Engine("painted", detector="painted"), plugins=plugins)


def test_a_kit_brings_recipe_includes_and_plugins_to_another_machine(place: Path, tmp_path: Path) -> None:
    kit = pickle.loads(pickle.dumps(Kit.of(task_of(place), 1, "cpu")))  # noqa: S301 - our own
    for path in (place / "recipe.yaml", place / "painted.py", place / "parts" / "lips.yaml"):
        path.unlink()  # as on a machine that never had them
    task = kit.unpacked(tmp_path / "there")
    assert [step.name for step in task.loaded.steps] == ["dye", "deadly"]
    assert task.engine.threads == 1


@pytest.mark.parametrize("what", ["faceedit", "model", "torch", "plugin painted.py"])
def test_a_machine_with_another_version_of_anything_is_refused(place: Path, what: str) -> None:
    kit = Kit.of(task_of(place), 1, "cpu")
    assert look(kit, [place / "photos"]) is None
    error = look(dataclasses.replace(kit, same={**kit.same, what: "0.0.1"}), [])
    assert isinstance(error, SetupError)
    assert f"{what} {kit.same[what]} instead of 0.0.1; install the same on all machines" in str(error)


def test_a_machine_that_does_not_see_the_folders_is_refused(place: Path) -> None:
    error = look(Kit.of(task_of(place), 1, "cpu"), [place / "elsewhere" / "a.png"])
    assert isinstance(error, UsageError)
    assert "give folders that all machines share, or a store" in str(error)


class Remote:
    """A desk that is asked as Ray asks it."""

    def __init__(self, desk: Desk) -> None:
        self.record = type("Method", (), {"remote": staticmethod(desk.record)})


def test_the_desk_keeps_one_journal_for_all(tmp_path: Path) -> None:
    desk = Remote(Desk(tmp_path))
    one, other = (Journal(tmp_path, DeskRecords(desk, lambda answer: answer)) for _ in range(2))
    path = tmp_path / "a.jpg"
    one.begin([path])
    path.write_bytes(b"picture")
    other.begin([path])  # after the first one died
    one.end(path, "key", Entry("in/a.jpg", "done", outputs=[str(path)]))
    assert other.finished(path, "key") == Journal(tmp_path).finished(path, "key") != None  # noqa: E711 - both
    (tmp_path / ".faceedit-journal.jsonl").unlink()
    (tmp_path / ".faceedit-journal.jsonl").mkdir()
    with pytest.raises(Exception, match="cannot be written"):
        other.begin([tmp_path / "b.jpg"])


def test_a_photo_is_begun_only_so_often(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert [desk.attempt(7) for _ in range(ATTEMPTS + 1)] == [1, 2, 3, 4]
    assert desk.attempt(8) == 1
