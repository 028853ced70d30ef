"""Live frames: each comes back at once, and what nobody has looked at is hidden."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from faces_support import Oracle, Skins
from video_support import HEIGHT, WIDTH, painted

import faceedit
from faceedit import models
from faceedit.errors import UsageError
from faceedit.faces import FaceFinder

PURPLE = (255, 0, 255)
STEPS = {"hide": "{effect: redact, color: '#ff00ff'}", "grey": "{effect: monochrome, on: face}"}


@pytest.fixture
def stream(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[faceedit.Stream]:
    monkeypatch.setattr(models, "face_finder", lambda *_, search, **__: FaceFinder(Oracle(), Skins(), search))
    (tmp_path / "r.yaml").write_text(f"faceedit: 1\nsteps: [{STEPS[request.param]}]\n")
    with faceedit.Stream(tmp_path / "r.yaml", seconds=30) as made:
        yield made


def hidden(pixels: np.ndarray) -> np.ndarray:
    return (pixels == PURPLE).all(-1)


hides = pytest.mark.parametrize("stream", ["hide"], indirect=True)


@hides
def test_all_is_hidden_until_it_was_looked_at_and_then_the_face_alone(stream: faceedit.Stream) -> None:
    frames = painted(6)
    assert hidden(stream.process(frames[0], 0.0)).all()
    stream.wait()
    for index, frame in enumerate(frames[1:], 1):
        done = hidden(stream.process(frame, index / 15))
        assert done[46:84, 40 + 4 * index : 76 + 4 * index].all()
        assert not done[:, 150:].any()


@hides
def test_after_a_cut_all_is_hidden_again(stream: faceedit.Stream) -> None:
    frames = painted(2)
    stream.process(frames[0], 0.0)
    stream.wait()
    assert not hidden(stream.process(frames[1], 0.07)).all()
    assert hidden(stream.process(frames[1], 9.0)).all()  # nobody knows what happened meanwhile
    stream.wait()
    bright = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    bright[::16] = 10
    assert not hidden(stream.process(frames[1], 9.07)).all()
    assert hidden(stream.process(bright, 9.14)).all()


@hides
def test_what_changes_while_there_is_no_time_is_hidden(stream: faceedit.Stream) -> None:
    frames = painted(3, 0)
    stream.process(frames[0], 0.0)
    stream.wait()
    stream.process(frames[1], 0.07)
    stream.wait()
    stream.seconds = 0.0  # from now on no quick look fits in
    news = frames[2].copy()
    news[90:120, 140:170] = 255
    done = hidden(stream.process(news, 0.14))
    assert done[90:120, 140:170].all()
    assert done[46:84, 40:76].all()
    assert not done[:40, 140:].any()


@pytest.mark.parametrize("stream", ["grey"], indirect=True)
def test_an_effect_follows_its_face(stream: faceedit.Stream) -> None:
    frames = painted(8)
    colorful = []
    for index, frame in enumerate(frames):
        done = stream.process(frame, index / 15)
        stream.wait()
        face = (slice(50, 80), slice(44 + 4 * index, 72 + 4 * index))
        colorful.append(np.ptp(done[face].astype(int), axis=-1).mean())
    assert max(colorful[2:]) < 0.4 * colorful[0]
    assert np.array_equal(done[:, 150:], frames[-1][:, 150:])


@hides
def test_a_frame_must_be_a_picture(stream: faceedit.Stream) -> None:
    with pytest.raises(UsageError, match="uint8"):
        stream.process(np.zeros((4, 4), np.uint8), 0.0)


def test_importing_faceedit_does_not_import_pyav() -> None:
    code = "import sys, faceedit; print([name for name in ('av', 'numpy') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
