"""What a run costs beside the work on its photos, and whether its memory stays where it is."""

import contextlib
import itertools
import multiprocessing
import os
import shutil
import statistics
import sys
import time
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from faceedit import images
from faceedit.photo import Model, Photo
from faceedit.recipe import Recipe, parse_recipe
from faceedit.region import Region, effect
from faceedit.registry import Registry
from faceedit.report import Entry
from faceedit.runner import Engine, Folder, Job, Processor, Task, discover
from faceedit.testing import painted_photo

PAINTED = painted_photo(48, 64)
# From here on a run's memory must not grow: everything is loaded, every cache is full.
SETTLED = 500
# The same for real photos, of which a run takes fewer: each size and number of faces was met by then.
SETTLED_REAL = 50
SIDE_PX = 640
RECIPES = {
    "redacting": "faceedit: 1\nname: Redacting\nsteps: [{effect: redact}]\n",
    "editing": "faceedit: 1\nname: Editing\nsteps: [{effect: smooth}, {effect: lipstick, color: '#a3123b'}]\n",
}


@effect(on="lips")
def dye(region: Region) -> Any:
    """Paint the lips white."""
    return np.ones_like(region.pixels)


class Find:
    """Finds the painted face in every photo, for nothing."""

    detector = None
    segmenter = SimpleNamespace(model=Model("painted", "0" * 64))

    def __call__(self, photo: Photo) -> Photo:
        return photo.replaced(faces=PAINTED.faces)


class Cheap(Task):
    """A task without a model."""

    @cached_property
    def registry(self) -> Registry:
        """One effect."""
        return Registry.of(dye)

    @cached_property
    def loaded(self) -> Recipe:
        """One step."""
        return parse_recipe("faceedit: 1\nname: Cheap\nsteps: [{effect: dye}]\n", self.registry)

    @cached_property
    def find(self) -> Any:
        """No search."""
        return Find()


def tiny_photos(folder: Path, count: int) -> Path:
    """So many photos of 64 x 48."""
    folder.mkdir()
    content = images.encode(PAINTED, images.WriteOptions("png"))
    for index in range(count):
        (folder / f"{index:05}.png").write_bytes(content)
    return folder


def resident_mb() -> float:
    """This process's resident memory, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def many(folder: Path, count: int) -> None:
    """Print the memory and the overhead of a run over many tiny photos."""
    photos = tiny_photos(folder / "tiny", count)
    task = Cheap(folder / "none.yaml", folder / "out", engine=Engine(threads=1))
    megabytes: list[float] = []

    def done(_entry: Entry) -> None:
        megabytes.append(resident_mb())

    cpu, wall = time.process_time(), time.perf_counter()
    entries = Folder(task, discover([str(photos)])).apply(1, done)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    jobs = Folder(task, discover([str(photos)])).planned[0][:SETTLED]
    bare = statistics.mean(_bare(task, job, folder) for job in jobs)
    settled = megabytes[min(SETTLED, count) - 1]
    print(f"\n## {count:,} photos of 64 x 48, one process\n")
    print(f"done: {sum(entry.status == 'done' for entry in entries):,} of {count:,}")
    growth = megabytes[-1] / settled - 1
    print(f"memory: {settled:.0f} MB at photo {SETTLED}, {megabytes[-1]:.0f} at the last: {growth:+.1%}")
    print(f"a photo: {1000 * cpu / count:.2f} ms CPU, {1000 * wall / count:.1f} ms wall, reports included")
    print(f"of which reading, editing, encoding, thumbnails: {1000 * bare:.2f} ms CPU")
    print(f"overhead of the runner: {1000 * (cpu / count - bare):.2f} ms CPU a photo")
    sys.stdout.flush()


def _bare(task: Task, job: Job, folder: Path) -> float:
    """CPU seconds of one photo without journal, reports and flushing to the disk."""
    from faceedit.gallery import thumbnails  # noqa: PLC0415 - what a run makes of each photo, too

    def small(target: Path, before: Photo | None, after: Photo) -> Any:
        return thumbnails(target, before, after, task.out, redacts=False)

    moved = Job.single(job.input, folder / "bare" / job.target.name, job.places[0].base)
    process = Processor(task.loaded, task.registry, task.find, task.limits, small=small)
    begin = time.process_time()
    process(moved)
    spent = time.process_time() - begin
    with contextlib.suppress(OSError):
        shutil.rmtree(folder / "bare")
    return spent


def real_photos(wild: Path, folder: Path, count: int) -> Path:
    """So many photos of people, no side longer than SIDE_PX: those of a folder again and again, under other names."""
    folder.mkdir()
    small = []
    for path in sorted(wild.glob("*.jpg")):
        photo = images.fitted(images.read(path), SIDE_PX)
        small.append(images.encode(photo, images.WriteOptions("jpeg", metadata="none")))
    for index, content in enumerate(itertools.islice(itertools.cycle(small), count)):
        (folder / f"{index:05}.jpg").write_bytes(content)
    return folder


def real(folder: Path, wild: Path, count: int) -> None:
    """Print the memory of runs over many photos of people: one that redacts, one that edits."""
    photos = real_photos(wild, folder / "people", count)
    print(f"\n## {count:,} photos of people, at most {SIDE_PX} px a side, one process\n")
    print(f"| | done | MB at photo {SETTLED_REAL} | at {count // 2} | at {count} | growth | CPU ms a photo |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, text in RECIPES.items():
        recipe = folder / f"{name}.yaml"
        recipe.write_text(text)
        with multiprocessing.get_context("spawn").Pool(1) as fresh:  # what one run keeps is not the other's
            megabytes, done, cpu = fresh.apply(_real, (recipe, photos, folder / name))
        settled, middle, last = (megabytes[place - 1] for place in (min(SETTLED_REAL, count), count // 2, count))
        row = f"| {name} | {done} | {settled:.0f} | {middle:.0f} | {last:.0f} | {last / settled - 1:+.1%} |"
        print(f"{row} {1000 * cpu / count:.0f} |")
        sys.stdout.flush()


def _real(recipe: Path, photos: Path, out: Path) -> tuple[list[float], int, float]:
    """The memory after each photo of a run, in MB, how many were done, and the CPU seconds of all."""
    megabytes: list[float] = []

    def done(_entry: Entry) -> None:
        megabytes.append(resident_mb())

    task = Task(recipe, out, engine=Engine(device="cpu", threads=1))
    cpu = time.process_time()
    entries = Folder(task, discover([str(photos)])).apply(1, done)
    return megabytes, sum(entry.status == "done" for entry in entries), time.process_time() - cpu
