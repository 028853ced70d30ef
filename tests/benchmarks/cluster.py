"""What a photo costs, what Ray adds to it, and how two workers scale: `python -m tests.benchmarks.cluster`.

Two machines of one CPU each, on this one. The photos cost next to nothing, so that what is left is the cost of
spreading them; then each waits for a while, which workers on one processor can do side by side.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from faceedit import images
from faceedit.runner import Engine, Folder, Task, discover
from faceedit.testing import painted_photo

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT.parent / "samples"
CPUS = 16
sys.path.insert(0, str(ROOT))

from cluster_support import ENVIRONMENT, PLUGIN, Machines  # noqa: E402 - beside the tests
from faces_support import painted_in_label_colors  # noqa: E402 - likewise

WAITING = '''

import time


@faceedit.effect(scope="photo", on="person | background")
def wait(region, *, seconds: float = 0.0):
    """Take a while."""
    time.sleep(seconds)
    return region.pixels
'''


def timed(place: Path, name: str, seconds: float, *arguments: str) -> tuple[float, float]:
    """Seconds until the first photo is done, and from then on seconds a photo."""
    recipe = place / f"{name}.yaml"
    recipe.write_text(f"faceedit: 1\nsteps: [{{effect: wait, seconds: {seconds}}}]\n")
    command = ["apply", recipe, place / "photos", "-o", place / name, "--plugin", place / "waiting.py", "--json"]
    command += ["--model", "painted", "--detector", "painted", "--threads", "1", *arguments]
    begin = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "faceedit", *map(str, command)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **ENVIRONMENT},
    ) as run:
        stamps = [time.perf_counter() for line in run.stdout or () if json.loads(line)["status"] == "done"]
    return stamps[0] - begin, (stamps[-1] - stamps[0]) / (len(stamps) - 1)


def rows(place: Path, machines: Machines, photos: int, seconds: float) -> Iterator[str]:
    """The lines of the table."""
    ray = ["--engine", "ray", "--address", machines.address, "--jobs"]
    yield "| run | until the first photo | then, a photo |"
    yield "|---|--:|--:|"
    runs = {
        "this machine, 1 process": (0.0, ["--jobs", "1"]),
        "Ray, 1 worker": (0.0, [*ray, "1"]),
        "this machine, 1 process, waiting": (seconds, ["--jobs", "1"]),
        "Ray, 1 worker, waiting": (seconds, [*ray, "1"]),
        "Ray, 2 workers, waiting": (seconds, [*ray, "2"]),
    }
    for number, (name, (wait, arguments)) in enumerate(runs.items()):
        start, each = timed(place, f"run{number}", wait, *arguments)
        yield f"| {name}{f' {wait:g} s' if wait else ''} | {start:.1f} s | {1000 * each:.0f} ms |"
    yield f"\n{photos} photos; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"


def cost(place: Path, recipe: str) -> float:
    """Processor seconds that the sample portrait takes, decoding and all; the start is not counted."""
    folder = place / "large"
    folder.mkdir(exist_ok=True)
    taken = []
    for count in (1, 3):
        for index in range(count):
            shutil.copy(SAMPLES / "photos" / "portrait.jpg", folder / f"{index}.jpg")
        out = place / f"{recipe}-{count}"
        command = ["apply", SAMPLES / "recipes" / recipe, folder, "-o", out, "--threads", "1", "--jobs", "1", "-q"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "faceedit", *map(str, command)], env={**os.environ, **ENVIRONMENT})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        shutil.rmtree(out)
    for index in (1, 2):
        (folder / f"{index}.jpg").unlink()
    return (taken[1] - taken[0]) / 2


def of_the_model(place: Path, recipe: str) -> float:
    """How many of these processor seconds the model takes, which a graphics card would do."""
    task = Task(SAMPLES / "recipes" / recipe, place / "share", engine=Engine(threads=1, device="cpu"))
    kind, spent = type(task.find.segmenter), 0.0
    plain = kind.logits

    def watched(self: Any, crops: Any) -> Any:
        nonlocal spent
        begin = time.process_time()
        answer = plain(self, crops)
        spent += time.process_time() - begin
        return answer

    with mock.patch.object(kind, "logits", watched):
        for _ in range(2):  # the first time warms up
            spent = 0.0
            shutil.rmtree(task.out, ignore_errors=True)
            Folder(task, discover([str(SAMPLES / "photos" / "portrait.jpg")])).apply(1, lambda _entry: None)
    return spent


def on_paper(each: float, model: float) -> Iterator[str]:
    """What a million photos take, by the processor seconds of one, if nothing but processors limits."""
    hours = 1e6 * each / CPUS / 3600
    yield f"  a million: {hours:.0f} machine hours, {hours / 10:.1f} hours on 10 machines of {CPUS} CPUs"
    beside = 1e6 * (each - model) / CPUS / 3600
    yield f"  on one machine of {CPUS} CPUs whose graphics card does the model: {beside:.0f} hours, by its CPUs"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=96)
    parser.add_argument("--seconds", type=float, default=0.5, help="how long a photo waits")
    given = parser.parse_args()
    with Machines() as machines, tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "photos").mkdir()
        (place / "waiting.py").write_text(PLUGIN.replace("[dye, deadly]", "[dye, deadly, wait]") + WAITING)
        photo = painted_in_label_colors(painted_photo(160, 160))
        for index in range(given.photos):
            images.write(photo, place / "photos" / f"{index:04}.png")
        for row in rows(place, machines, given.photos, given.seconds):
            print(row, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for recipe in ("publish.yaml", "evening.yaml"):
            each, model = cost(Path(folder), recipe), of_the_model(Path(folder), recipe)
            print(f"{recipe}, the sample portrait: {each:.2f} s of one CPU, {model:.2f} s of it the model", flush=True)
            print(*on_paper(each, model), sep="\n", flush=True)


if __name__ == "__main__":
    main()
