"""Decoders that crash, hang or eat memory: each costs its photo and one line, and the next photo is read."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from images_support import exif_block, rgb_profile, saved, scene
from PIL import Image

from faceedit import images
from faceedit.errors import PhotoError, UnreadablePhoto
from faceedit.images import Isolated, isolated
from faceedit.photo import Photo

LIMITS = images.Limits(gigabytes=0.5)
SHORT = images.Limits(seconds=1)
# A decoder that goes wrong in the way that a file is named for.
BAD = """
import sys; sys.path[:] = sys.argv[1:]
import os, re, signal, time
from pathlib import Path
from faceedit.images.isolated import serve
from faceedit.images.read import read
def decode(source, *, limits):
    what = "" if isinstance(source, bytes) else Path(source).stem
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "exit":
        os._exit(3)
    if what == "sleep":
        time.sleep(60)
    if what == "hang":
        re.match("(a+)+b", "a" * 60)  # never lets go of the interpreter
    if what == "eat":
        hoard = [bytearray(50_000_000) for _ in range(1000)]
    if what == "bug":
        raise KeyError("oops")
    if what == "noise":
        os.write(1, b"libnoise: warning"); print("more noise")
    return read(source, limits=limits)
sys.modules["faceedit.images.read"].read = decode
serve()
"""
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no memory and has no signals")


@pytest.fixture(scope="module")
def bad() -> Callable[[Path], Photo]:
    process = Isolated(BAD)

    def read(path: Path) -> Photo:
        limits = SHORT if path.stem in ("sleep", "hang") else LIMITS
        return isolated.read_isolated(path, limits=limits, process=process)

    return read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for name in ("a", "crash", "b", "exit", "sleep", "hang", "eat", "bug", "noise", "z"):
        (tmp_path / "photos" / f"{name}.png").write_bytes(saved(scene()))
    return tmp_path / "photos"


CASES = [
    ("exit", r"exit\.png: crashed its decoder \(exit status 3\); copy or export the photo again"),
    ("sleep", r"sleep\.png: was not decoded within 1 s; export it anew, as TIFF or JPEG"),
    ("hang", r"hang\.png: was not decoded within 1 s"),
    ("bug", r"bug\.png: unexpected KeyError: 'oops'; please report this"),
    pytest.param("kill", r"kill\.png: its decoder was killed .* \(SIGKILL\); mostly memory ran out", marks=unix),
    pytest.param("crash", r"crash\.png: crashed its decoder \(SIGSEGV\)", marks=unix),
    pytest.param("eat", r"eat\.png: needs more than 0\.5 GB to be decoded; allow more with --max-memory", marks=unix),
]


@pytest.mark.parametrize(("name", "message"), CASES)
def test_a_decoder_that_goes_wrong_costs_its_photo_only(
    name: str, message: str, bad: Callable[[Path], Photo], folder: Path
) -> None:
    start = time.monotonic()
    with pytest.raises(PhotoError, match=message):
        bad(folder / f"{name}.png")
    assert time.monotonic() - start < 20
    assert bad(folder / "a.png").width == 64


def test_what_a_decoder_prints_is_no_answer(bad: Callable[[Path], Photo], folder: Path, capfd) -> None:
    assert bad(folder / "noise.png").width == 64
    assert capfd.readouterr() == ("", "")


@unix
def test_a_run_in_one_process_survives_every_bad_decoder(run, folder: Path, bad, monkeypatch) -> None:
    recipe = folder.parent / "r.yaml"
    recipe.write_text("faceedit: 1\nsteps: [{effect: smooth}]\n")
    monkeypatch.setattr(images, "read_isolated", lambda path, **_: bad(path))
    code, _, said = run("apply", recipe, folder, "-o", folder.parent / "out", "-q")
    assert code == 1
    assert sorted(line.split(":")[1].split("/")[-1] for line in said.splitlines()) == [
        f"{name}.png" for name in ("bug", "crash", "eat", "exit", "hang", "sleep")
    ]
    assert sorted(path.name for path in (folder.parent / "out").glob("*.png")) == [
        f"{name}.png" for name in ("a", "b", "noise", "z")
    ]


def same(one: Photo, other: Photo) -> bool:
    alpha = one.alpha is other.alpha is None or np.array_equal(one.alpha, other.alpha)
    return alpha and np.array_equal(one.pixels, other.pixels) and one.source == other.source


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_same_photo_comes_from_the_other_process(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a b\u00e4.pic"
    blocks = {"exif": b"Exif\0\0" + exif_block(owner=b"Jane\0"), "icc_profile": rgb_profile("display-p3")}
    picture = Image.fromarray(scene()) if kind == "JPEG" else Image.fromarray(np.dstack([scene(), scene()[..., 0]]))
    path.write_bytes(saved(picture, kind, **blocks))
    photo = images.read_isolated(path)
    assert same(photo, images.read(path))
    assert not photo.pixels.flags.writeable
    assert same(images.read_isolated(path.read_bytes()), images.read(path.read_bytes()))


def test_a_photo_too_large_is_refused_in_the_same_words(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(saved(scene()))
    for read in (images.read, images.read_isolated):
        with pytest.raises(UnreadablePhoto, match=r"a\.png: has more than 0\.001 megapixels; allow more with --max-m"):
            read(path, limits=images.Limits(megapixels=0.001))


def test_an_interrupted_question_leaves_no_half_answer(bad: Callable[[Path], Photo], folder: Path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    bad(folder / "a.png")
    with monkeypatch.context() as patch:
        patch.setattr("faceedit.images.isolated._received", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bad(folder / "a.png")
    assert bad(folder / "b.png").width == 64


def test_a_question_that_the_other_process_cannot_import_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    here = ModuleType("only_here")
    here.ask = type("Asked", (), {"__module__": "only_here", "__qualname__": "ask"})
    monkeypatch.setitem(sys.modules, "only_here", here)
    with pytest.raises(PhotoError, match=r"a\.mp4: unexpected ModuleNotFoundError: No module named 'only_here'"):
        isolated.shared.call("a.mp4", LIMITS, here.ask)
    assert isolated.shared.call("a.mp4", LIMITS, dict) == {}


@unix
def test_the_process_ends_with_the_one_that_asks(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(scene()))
    code = (
        "import os, signal; from faceedit.images.isolated import read_isolated, shared; read_isolated('a.png');"
        "print(shared._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    asking = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert asking.returncode == -signal.SIGKILL
    for _ in range(100):
        if not alive(int(asking.stdout)):
            return
        time.sleep(0.05)
    pytest.fail("the decoding process outlived the one that it worked for")


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return False
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's memory like this")
def test_a_photo_that_was_handed_over_does_not_stay_in_the_other_process() -> None:
    process = Isolated()
    isolated.read_isolated(saved(scene(8, 8), "PNG"), process=process)
    assert process._process is not None
    statm = Path(f"/proc/{process._process.pid}/statm")

    def megabytes() -> float:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    before = megabytes()
    photo = isolated.read_isolated(saved(np.zeros((4000, 5000, 3), np.uint8), "PNG"), process=process)
    assert photo.pixels.nbytes == 60_000_000
    patience = time.monotonic() + 20
    while megabytes() > before + 30 and time.monotonic() < patience:  # it is let go after the answer was sent
        time.sleep(0.05)
    assert megabytes() < before + 30
