"""What a run costs beside the work on its photos, and whether its memory stays where it is."""

import contextlib
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
