"""The promises of redaction, each as a test that fails when it is broken."""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from redaction_support import HEIGHT, WIDTH, finder, job, processor, recipe, registry, scene, told, write_photo

from faceedit import images
from faceedit.coverage import BOX_GROWTH
from faceedit.engine import edit
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


RUN = """
    import sys
    from pathlib import Path
    sys.path[:0] = {paths!r}
    from redaction_support import finder, registry, told
    from faceedit.photo import Model
    from faceedit.runner import Folder, discover, task

    class Find:
        detector = None
        class segmenter:
            model = Model()
        __call__ = staticmethod(finder())

    task.SecondLook = lambda detector, segmenter: told()
    work = task.Task(Path({recipe!r}), Path(sys.argv[2]))
    vars(work).update(find=Find(), registry=registry())
    Folder(work, discover([sys.argv[1]])).apply(1, lambda entry: print(entry.status, flush=True))
"""


def command(source: Path, out: Path) -> list[str]:
    here = Path(__file__).parent
    rules = source.parent / "recipe.yaml"
    rules.write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
    script = textwrap.dedent(RUN).format(paths=[str(here), str(here.parent / "plugins")], recipe=str(rules))
    return [sys.executable, "-c", script, str(source), str(out)]


def made(folder: Path, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        write_photo(folder / f"{index:02}.png", scene(index))
    return folder


def is_redacted(content: bytes) -> bool:
    pixels = images.read(content).pixels
    box = painted_photo(HEIGHT, WIDTH).faces[0].box
    return not pixels[box.slices].any()


def killed_runs(tmp_path: Path, kills: int) -> None:
    """Kill runs at random moments of their writing; whatever then lies in the folder is whole and redacted."""
    source = made(tmp_path / "in", 40)
    chance = random.Random(5)  # noqa: S311 - moments, not secrets
    for number in range(kills):
        out = tmp_path / f"out{number}"
        running = subprocess.Popen(command(source, out), stdout=subprocess.PIPE, text=True)
        for _ in range(chance.randrange(1, 30)):
            running.stdout.readline()
        time.sleep(chance.random() * 0.02)
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
        for path in out.iterdir():
            if path.suffix == ".png":
                assert is_redacted(path.read_bytes()), path
            elif path.name.endswith(".faceedit-tmp"):
                assert is_prefix_of_a_redacted_file(path, source), path


def is_prefix_of_a_redacted_file(path: Path, source: Path) -> bool:
    """Whether a temporary file holds the beginning of what would have been written, and nothing else."""
    content = path.read_bytes()
    original = source / path.name[1:].split(".png")[0]
    if ".png" not in path.name:
        return True  # a report: it holds no pixels
    edited = edit(finder()(images.read(original.with_suffix(".png"))), recipe(), registry())
    return images.encode(bare(edited.photo), images.WriteOptions("png", metadata="none")).startswith(content)


def test_a_run_killed_at_any_moment_leaves_nothing_torn_or_uncovered(tmp_path: Path) -> None:
    killed_runs(tmp_path, 8)


@pytest.mark.long
def test_two_hundred_killed_runs_leave_nothing_torn_or_uncovered(tmp_path: Path) -> None:
    killed_runs(tmp_path, 200)


def test_the_same_command_after_a_kill_gives_the_same_files_as_a_run_in_one_go(tmp_path: Path) -> None:
    source = made(tmp_path / "in", 20)
    running = subprocess.Popen(command(source, tmp_path / "a"), stdout=subprocess.PIPE, text=True)
    for _ in range(7):
        running.stdout.readline()
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    for out in ("a", "b"):
        assert subprocess.run(command(source, tmp_path / out), capture_output=True).returncode == 0
    names = sorted(path.name for path in source.iterdir())
    digests = [[hashlib.sha256((tmp_path / out / name).read_bytes()).hexdigest() for name in names] for out in "ab"]
    assert digests[0] == digests[1]
    assert json.loads((tmp_path / "a" / "review.json").read_text()) == {"version": 1, "photos": []}


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
