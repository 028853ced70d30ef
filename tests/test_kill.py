"""`kill -9` at random moments of a run over 50 photos: what is resumed ends like a run that nobody disturbed."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_stopping import cheap, folder_of, nobody

PHOTOS = 50

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def work(place: Path, photos: Path) -> None:
    folder_of(cheap(place), photos).apply(1, nobody)


def started(place: Path, photos: Path) -> Any:
    place.mkdir(exist_ok=True)
    running = multiprocessing.get_context("fork").Process(target=work, args=(place, photos))
    running.start()
    return running


def pictures(out: Path) -> dict[str, bytes]:
    """All files of a run but its own accounts, which say how long it took."""
    hidden = (".faceedit", "report.json")
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(hidden)
    }


def account(out: Path) -> list[dict[str, Any]]:
    text = (out / "report.json").read_text().replace(str(out), "")
    return [entry | {"seconds": 0} for entry in json.loads(text)["photos"]]


def disturbed(tmp_path: Path, kills: int, seed: int) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    chance, noise = random.Random(seed), np.random.default_rng(seed)  # noqa: S311 - no secrets
    for index in range(PHOTOS):
        Image.fromarray(noise.integers(0, 256, (48, 64, 3), dtype=np.uint8)).save(photos / f"{index:02}.png")
    begin = time.monotonic()
    whole = started(tmp_path / "whole", photos)
    whole.join()
    seconds = time.monotonic() - begin
    expected = pictures(tmp_path / "whole" / "out")
    assert len(expected) >= 2 * PHOTOS
    place, killed, finished = tmp_path / "0", 0, 0
    while killed < kills:
        run = started(place, photos)
        run.join(chance.uniform(0.02, 0.4 * seconds))
        if run.exitcode is None:
            os.kill(run.pid, signal.SIGKILL)
            run.join()
        killed += run.exitcode == -signal.SIGKILL
        found = pictures(place / "out") if (place / "out").exists() else {}
        whole_files = {
            name: content for name, content in found.items() if not name.endswith("-tmp") and "/." not in name
        }
        assert {
            name: content for name, content in whole_files.items() if name.endswith(".png")
        }.items() <= expected.items()
        if run.exitcode == 0:  # not disturbed any more: this folder is done, and another one is begun
            same(place / "out", tmp_path / "whole" / "out")
            finished += 1
            place = tmp_path / str(finished)
    last = started(place, photos)
    last.join()
    assert last.exitcode == 0
    same(place / "out", tmp_path / "whole" / "out")


def same(out: Path, whole: Path) -> None:
    assert pictures(out) == pictures(whole)
    assert account(out) == account(whole)


def test_runs_killed_twenty_times_end_like_one_that_nobody_disturbed(tmp_path: Path) -> None:
    disturbed(tmp_path, 20, 1)


@pytest.mark.long
def test_runs_killed_two_hundred_times_end_like_one_that_nobody_disturbed(tmp_path: Path) -> None:
    disturbed(tmp_path, 200, 2)
