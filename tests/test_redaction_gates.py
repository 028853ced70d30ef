"""The promises of redaction, each as a test that fails when it is broken."""

import builtins
import io
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from redaction_support import HEIGHT, WIDTH, finder, job, processor, recipe, registry, scene, told, write_photo

from faceedit import images
from faceedit.coverage import BOX_GROWTH
from faceedit.engine import edit
from faceedit.photo import Model
from faceedit.runner import Folder, discover, task
from faceedit.testing import painted_photo
from faceedit.verify import bare

FORMATS = [("jpeg", {"quality": q, "subsampling": s}) for q in (50, 63, 75, 86, 92, 98) for s in (0, 1, 2)] + [
    ("png", {})
]
TURNS = range(1, 9)
SIZES = ((96, 112), (87, 106), (73, 89))


def written(pixels: np.ndarray, kind: str, turn: int, settings: dict) -> bytes:
    """A photo as a camera would write it: turned, with the turn in its EXIF."""
    exif = Image.Exif()
    exif[0x0112] = turn
    file = io.BytesIO()
    turned = images.upright.turned(pixels, {6: 8, 8: 6}.get(turn, turn))
    Image.fromarray(turned).save(file, kind, exif=exif, **settings)
    return file.getvalue()


def pair(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Two scenes that differ only where the head is: in the detector's box, grown, before anything is snapped."""
    one = scene(seed, height, width)
    other = one.copy()
    box = painted_photo(height, width).faces[0].box.scaled(BOX_GROWTH).clipped(height, width)
    other[box.slices] = scene(seed + 1, height, width)[box.slices]
    return one, other


def published(content: bytes, find, rules, plugins) -> tuple[bytes, ...]:
    """The file of a photo after the whole path of arrays, once in the photo's own format and once as PNG."""
    edited = edit(find(images.read(content)), rules, plugins)
    return tuple(
        images.encode(bare(edited.photo), images.WriteOptions(kind, metadata="none")) for kind in ("same", "png")
    )


def differing_pairs(count: int) -> list[str]:
    """Which of so many pairs give files that are not the same."""
    rules, plugins = recipe(), registry()
    found = []
    for index in range(count):
        kind, settings = FORMATS[index % len(FORMATS)]
        turn = TURNS[index % len(TURNS)]
        height, width = SIZES[index % len(SIZES)]
        find = finder(height, width)
        one, other = (written(each, kind, turn, settings) for each in pair(index, height, width))
        assert one != other
        if published(one, find, rules, plugins) != published(other, find, rules, plugins):
            found.append(f"{index}: {kind} {settings} turned {turn}, {height} x {width}")
    return found


def test_a_thousand_pairs_that_differ_below_the_mask_give_the_same_files() -> None:
    assert differing_pairs(1000) == []


@pytest.mark.long
def test_ten_thousand_pairs_that_differ_below_the_mask_give_the_same_files() -> None:
    assert differing_pairs(10_000) == []


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "tiff"])
def test_the_file_on_disk_does_not_depend_on_what_is_covered(tmp_path: Path, kind: str) -> None:
    contents = set()
    for index, pixels in enumerate(pair(3, HEIGHT, WIDTH)):
        source = write_photo(tmp_path / f"in{index}.png", pixels)
        target = tmp_path / f"out{index}.{kind}"
        entry = processor(told())(job(source, target))
        assert entry.status == "done"
        contents.add(target.read_bytes())
    assert len(contents) == 1


class Find:
    """Finds the painted face in every photo; has what a run asks of its service besides."""

    detector = None
    segmenter = SimpleNamespace(model=Model())
    __call__ = staticmethod(finder())


class Deadly:
    """Kills its own process before or after the n-th thing that is done to a file; counts on if there are fewer."""

    CALLS = (
        *((os, name) for name in ("open", "fsync", "replace", "utime", "unlink")),
        (builtins, "open"),
        (io, "open"),
    )

    def __init__(self, moment: int) -> None:
        self.moment = moment
        for module, name in self.CALLS:
            setattr(module, name, self.wrapped(getattr(module, name)))

    def wrapped(self, call):
        def watched(*arguments, **settings):
            self.tick()
            try:
                return call(*arguments, **settings)
            finally:
                self.tick()

        return watched

    def tick(self) -> None:
        self.moment -= 1
        if self.moment == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def folder_run(source: Path, out: Path, moment: int = 0) -> None:
    rules = source.parent / "recipe.yaml"
    rules.write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
    work = task.Task(rules, out)
    vars(work).update(find=Find(), registry=registry())
    task.SecondLook = lambda _detector, _segmenter: told()
    if moment:
        Deadly(moment)
    Folder(work, discover([str(source)])).apply(1, lambda _entry: None)


def in_another_process(*arguments) -> int:
    """How a run ended: 0, or -9 if it was killed."""
    running = multiprocessing.get_context("fork").Process(target=folder_run, args=arguments)
    running.start()
    running.join()
    return running.exitcode


def made(folder: Path, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        write_photo(folder / f"{index:02}.png", scene(index))
    return folder


def is_redacted(content: bytes) -> bool:
    pixels = images.read(content).pixels
    box = painted_photo(HEIGHT, WIDTH).faces[0].box
    return not pixels[box.slices].any()


def killed_runs(tmp_path: Path, moments: Iterable[int]) -> None:
    """Kill runs at moments of their writing; whatever then lies in the folder is whole and redacted."""
    source = made(tmp_path / "in", 3)
    assert in_another_process(source, tmp_path / "whole") == 0
    whole = [(tmp_path / "whole" / path.name).read_bytes() for path in sorted(source.iterdir())]
    for moment in moments:
        out = tmp_path / f"out{moment}"
        if in_another_process(source, out, moment) == 0:
            continue  # the run was over before
        for path in out.iterdir() if out.exists() else ():
            if path.suffix == ".png":
                assert is_redacted(path.read_bytes()), path
            elif ".png." in path.name:
                assert any(content.startswith(path.read_bytes()) for content in whole), path
        assert in_another_process(source, out) == 0
        assert [(out / path.name).read_bytes() for path in sorted(source.iterdir())] == whole
        assert not list(out.glob(".*.faceedit-tmp"))


def test_a_run_killed_at_any_moment_leaves_nothing_torn_or_uncovered_and_is_resumed(tmp_path: Path) -> None:
    killed_runs(tmp_path, range(1, 120, 3))


@pytest.mark.long
def test_a_run_killed_at_two_hundred_moments_leaves_nothing_torn_or_uncovered(tmp_path: Path) -> None:
    killed_runs(tmp_path, range(1, 201))


def test_a_run_that_withholds_nothing_leaves_an_empty_review_list(tmp_path: Path) -> None:
    assert in_another_process(made(tmp_path / "in", 1), tmp_path / "out") == 0
    assert json.loads((tmp_path / "out" / "review.json").read_text()) == {"version": 1, "photos": []}


def test_every_place_of_a_jpeg_grid_is_covered_whole() -> None:
    """A face anywhere in a photo of any size, turned or not: no block that it touches is left in part."""
    for height, width in SIZES:
        photo = finder(height, width)(images.read(written(scene(1, height, width), "jpeg", 1, {})))
        covered = edit(photo, recipe(), registry()).covered
        assert covered is not None
        raw = np.zeros((height, width), bool)
        raw[photo.faces[0].box.scaled(BOX_GROWTH).clipped(height, width).slices] = True
        for down, right in ((0, 0), (height % 16, width % 16), (0, width % 16), (height % 16, 0)):
            rows, columns = ((np.arange(size) - first) // 16 for size, first in ((height, down), (width, right)))
            touched = {(rows[y], columns[x]) for y, x in np.argwhere(raw)}
            cells = np.array([[(row, column) in touched for column in columns] for row in rows])
            assert covered.mask[cells].all()


FULL_DISK = """
import json, sys
from pathlib import Path
from test_redaction_gates import folder_run, is_redacted
source, out = map(Path, sys.argv[1:])
try:
    folder_run(source, out)
except Exception as error:
    print(error, file=sys.stderr)
named = {path.name: is_redacted(path.read_bytes()) for path in out.glob("*.png")}
left = [path.name for path in out.rglob("*") if path.name.endswith("faceedit-tmp")]
print(json.dumps({"redacted": named, "left": left}))
"""


def on_a_disk_of(size_kb: int, source: Path, out: Path) -> dict:
    """What lies in the output folder after a run on a disk of so many kilobytes, which must not hold all."""
    out.mkdir()
    mount = f'mount -t tmpfs -o size={size_kb}k none "$1"'
    if subprocess.run(["unshare", "-rm", "sh", "-c", mount, "sh", out], capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    script = f'{mount} && exec "$0" -c "$2" "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, sys.executable, out, FULL_DISK, source],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare, to mount a small disk")
def test_a_full_disk_leaves_nothing_torn_or_uncovered(tmp_path: Path) -> None:
    """One photo fits beside the journal, the next ones do not."""
    found = on_a_disk_of(64, made(tmp_path / "in", 3), tmp_path / "out")
    assert 1 <= len(found["redacted"]) < 3
    assert all(found["redacted"].values())
    assert found["left"] == []
