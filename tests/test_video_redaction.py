"""Videos whose faces are hidden: before they are found, after they are lost, and never by what lies below."""

import json
from array import array
from pathlib import Path

import faceedit_redact
import numpy as np
import pytest
from cli_support import Run
from faces_support import Oracle, Skins
from video_support import (
    HEIGHT,
    WIDTH,
    NoDetector,
    Scripted,
    editor,
    painted,
    pictures,
    write_video,
)

from faceedit import models
from faceedit.detection import THOROUGH, Detection, Search
from faceedit.errors import Withheld
from faceedit.faces import FaceFinder
from faceedit.geometry import Box
from faceedit.images import Limits
from faceedit.photo import Face
from faceedit.recipe import Output, parse_recipe
from faceedit.registry import Registry
from faceedit.testing import painted_photo
from faceedit.verify import SecondLook
from faceedit.video.checking import verify_video
from faceedit.video.choosing import resolved
from faceedit.video.covers import AROUND, FEWEST, Covers
from faceedit.video.frames import Frame, Layout, rgb_planes
from faceedit.video.looking import Seen
from faceedit.video.people import Numbers, generous, strict
from faceedit.video.rendering import Renderer
from faceedit.video.tracks import Pose, Track
from faceedit.video.work import VideoEditor

DONE = Output(metadata="none")
PUBLISH = "faceedit: 1\nsteps: [{effect: redact, color: '#ff00ff'}]\n"
RATE = 25
DATA = Path(__file__).parent.parent.parent / "shared" / "data"


def is_fill(pixels: np.ndarray) -> np.ndarray:
    return np.abs(pixels.astype(int) - (255, 0, 255)).max(-1) < 40


def face_on(index: int) -> tuple[slice, slice]:
    """Where the face of `painted` is."""
    return slice(46, 84), slice(40 + 4 * index, 76 + 4 * index)


def test_every_frame_is_hidden_and_nothing_else_is_in_the_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(PUBLISH)
    source = write_video(tmp_path / "a.mp4", painted(8), codec="libx264", pix_fmt="yuv420p")
    assert run("apply", "r.yaml", source, "-o", "out")[0] == 0
    after = pictures(tmp_path / "out" / "a.mp4")
    assert all(is_fill(pixels)[face_on(index)].all() for index, pixels in enumerate(after))
    assert not is_fill(after[0])[:, 150:].any()
    content = (tmp_path / "out" / "a.mp4").read_bytes()
    assert b"A title" not in content
    assert b"+10.0" not in content
    (entry,) = json.loads((tmp_path / "out" / "report.json").read_text())["photos"]
    assert entry["video"]["rounds"] == 1
    assert [each["path"] for each in entry["audit"]["outputs"]] == [str(Path("out", "a.mp4"))]


def test_a_face_is_hidden_before_it_is_found_and_after_it_is_lost(tmp_path: Path) -> None:
    seen = range(14, 22)
    source = write_video(tmp_path / "a.mkv", painted(40, 0, shown=seen))
    editor("{effect: redact, color: '#ff00ff'}", look=Scripted(NoDetector()))(source, [(tmp_path / "b.mkv", DONE)])
    hidden = [is_fill(pixels)[face_on(0)].all() for pixels in pictures(tmp_path / "b.mkv")]
    around = max(FEWEST, round(AROUND * RATE))
    assert hidden[14 - around : 22 + around] == [True] * (8 + 2 * around)
    assert not any(hidden[: 14 - around] + hidden[22 + around :])


def test_a_gap_is_bridged_and_a_cut_is_not(tmp_path: Path) -> None:
    shown = [*range(10), *range(30, 40)]
    source = write_video(tmp_path / "a.mkv", painted(40, 0, shown=shown))
    edit = editor("{effect: redact, color: '#ff00ff'}", look=Scripted(NoDetector()))
    edit(source, [(tmp_path / "b.mkv", DONE)])
    assert all(is_fill(pixels)[face_on(0)].all() for pixels in pictures(tmp_path / "b.mkv"))
    other = [np.full((HEIGHT, WIDTH, 3), 250, np.uint8)] * 12
    source = write_video(tmp_path / "c.mkv", [*painted(8, 0), *other])
    edit(source, [(tmp_path / "d.mkv", DONE)])
    assert not any(is_fill(pixels).any() for pixels in pictures(tmp_path / "d.mkv")[8:])


class Constant(Oracle):
    """Says the same of everything."""

    def logits(self, crops: np.ndarray) -> np.ndarray:
        return np.repeat(np.asarray(painted_photo(96, 96).faces[0].map.logits, np.float32)[None], len(crops), axis=0)


def coded(pixels: np.ndarray, layout: Layout) -> tuple[np.ndarray, ...]:
    return rgb_planes(pixels.astype(np.uint16) * 257 if layout.deep else pixels, layout)


@pytest.mark.parametrize("format_", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_a_frame_does_not_depend_on_what_is_hidden(format_: str) -> None:
    layout = Layout(WIDTH, HEIGHT, format_)
    edit = editor("{effect: redact, fill: stripes}, {effect: paint, on: background}")
    seen = Seen([track(0, 0, [Pose(60, 64, 40, 48)])], [0], array("d", [0.0]))
    made, sizes = [], []
    for shade in (30, 220):
        pixels = painted(1)[0]
        render = Renderer(edit.recipe, edit.registry, FaceFinder(Constant(), Skins()), layout, RATE, seen)
        mask = render(0, Frame(coded(pixels, layout), 0))[1].covered.mask
        pixels[mask] = shade
        made.append(render(0, Frame(coded(pixels, layout), 0))[0])
        sizes.append(int(mask.sum()))
    assert sizes[0] == sizes[1] > 2000
    assert [np.array_equal(one, other) for one, other in zip(*made, strict=True)] == [True] * 3


def test_what_the_second_look_finds_is_hidden_too(tmp_path: Path) -> None:
    missed = Detection(Box(130, 20, 160, 60), 0.9)
    source = write_video(tmp_path / "a.mkv", painted(6, 0))
    look = Scripted(NoDetector(), None, {0: [missed]})
    made = editor("{effect: redact, color: '#ff00ff'}", look=look)(source, [(tmp_path / "b.mkv", DONE)])
    assert made.entry.video["rounds"] == 2
    assert all(is_fill(pixels)[20:60, 130:160].all() for pixels in pictures(tmp_path / "b.mkv"))


def test_a_moment_that_stays_doubtful_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    class Stubborn(Scripted):
        def __call__(self, pixels: np.ndarray) -> list[Detection]:
            self.asked.append(1)
            bare = np.argwhere(~is_fill(pixels))
            top, left = bare[len(self.asked) * 1500 % len(bare)]  # ever another place that is not hidden
            around = Box(int(left) - 20, int(top) - 20, int(left) + 20, int(top) + 20)
            return [Detection(around.clipped(HEIGHT, WIDTH), 0.9)]

    source = write_video(tmp_path / "a.mkv", painted(3, 0))
    with pytest.raises(Withheld, match=r"a second look still sees a face at 0:00:00\.000"):
        editor("{effect: redact, color: '#ff00ff'}", look=Stubborn(NoDetector()))(source, [(tmp_path / "b.mkv", DONE)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv"]


@pytest.mark.parametrize(
    ("policy", "code", "status"), [("review", 4, "review"), ("skip", 0, "skipped"), ("copy", 0, "done")]
)
def test_a_video_without_a_face_is_withheld(run: Run, tmp_path: Path, policy: str, code: int, status: str) -> None:
    (tmp_path / "r.yaml").write_text(f"{PUBLISH}output: {{no_faces: {policy}}}\n")
    source = write_video(tmp_path / "a.mkv", painted(3, shown=()))
    assert run("apply", "r.yaml", source, "-o", "out")[0] == code
    (entry,) = json.loads((tmp_path / "out" / "report.json").read_text())["photos"]
    assert entry["status"] == status
    assert (tmp_path / "out" / "a.mkv").exists() == (status == "done")


def test_verify_looks_into_videos_too(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(PUBLISH)
    source = write_video(tmp_path / "a.mp4", painted(3, 0), codec="libx264", pix_fmt="yuv420p")
    assert run("apply", "r.yaml", source, "-o", "out")[0] == 0
    done = verify_video(tmp_path / "out" / "a.mp4", SecondLook(Skins()), Limits())
    bare = verify_video(source, SecondLook(Skins()), Limits())
    assert done.passed
    assert bare.problems == ("a face at 0:00:00.000 to 0:00:00.080", "holds location, location-eng, title")


def track(number: int, start: int, poses: list[Pose], *, score: float = 0.9, shot: int = 0) -> Track:
    made = Track(number, shot, start, score)
    for pose in poses:
        made.path = pose
        made.add(pose, 1.0)
    return made


def still(x: float, count: int, size: float = 40) -> list[Pose]:
    return [Pose(x, 100, size, size)] * count


def test_no_cover_goes_over_a_cut() -> None:
    covers = Covers([track(0, 10, still(100, 10), shot=1)], [0, 8, 22], 40, RATE, 200, 300)
    hidden = [frame for frame in range(40) if covers.on(frame)]
    assert hidden == list(range(8, 22))


def test_a_cover_goes_on_as_the_face_went() -> None:
    moving = [Pose(60 + 5 * index, 100, 40, 40) for index in range(20)]
    covers = Covers([track(0, 0, moving)], [0], 60, RATE, 200, 600)
    (after,) = covers.on(26)
    assert after.box.contains(60 + 5 * 26, 100)  # where it would be
    assert after.box.contains(60 + 5 * 19, 100)  # where it was
    assert not after.followed


def test_a_person_is_numbered_by_size_and_keeps_the_number() -> None:
    small, large = track(0, 0, still(50, 30, 20)), track(1, 0, still(200, 30, 60))
    again = track(2, 40, still(205, 30, 60))
    (first, second) = generous([small, large, again], RATE)
    assert [piece[0] for piece in first.pieces] == [1, 2]
    assert [piece[0] for piece in second.pieces] == [0]


def test_every_doubt_makes_a_new_person() -> None:
    crossing = track(0, 0, still(50, 40))
    crossing.crossings.append(25)
    people = Numbers(strict([crossing, track(1, 50, still(50, 10))], RATE))
    numbers = [people.of(0, 10), people.of(0, 30), people.of(1, 55)]
    assert numbers == [0, 1, 2]


def test_who_may_be_somebody_to_hide_is_hidden() -> None:
    registry = Registry.of(faceedit_redact)
    (painted_face,) = painted_photo(64, 64).faces
    faces = [Face(index, painted_face.box, 0.9, painted_face.map, (64, 64)) for index in range(2)]

    def hidden(selector: str, doubting: list[int], joined: list[int]) -> tuple[int, ...]:
        recipe = parse_recipe(f"faceedit: 1\nsteps: [{{effect: redact, faces: {selector}}}]\n", registry)
        return resolved(recipe, faces, doubting, joined, 64).steps[0].faces.numbers

    assert hidden("all except largest", [0, 1], [0, 1]) == (1,)
    assert hidden("all except largest", [3, 1], [0, 1]) == (0, 1)
    assert hidden("1", [0, 3], [0, 1]) == (1,)
    assert Search.threshold < 0.9


@pytest.mark.long
@pytest.mark.skipif(not DATA.is_dir(), reason="the photos are not there")
@pytest.mark.parametrize("clip", ["pan", "entering, leaving", "cuts"])
def test_no_face_of_a_real_clip_is_left(clip: str, tmp_path: Path) -> None:
    from clips_support import Photos, clips, frames, write_clip  # noqa: PLC0415 - photos that may not be there

    registry = Registry.of(faceedit_redact)
    recipe = parse_recipe(PUBLISH, registry)
    find = models.face_finder("lite", registry, device="cpu", search=THOROUGH)
    drawn = list(frames(clips(Photos(DATA), 12)[clip]))
    source = write_clip(tmp_path / "a.mp4", [pixels for pixels, _ in drawn])
    edit = VideoEditor(recipe, registry, find, look=SecondLook(find.detector, find.segmenter))
    edit(source, [(tmp_path / "b.mp4", DONE)])
    seen = 0
    for pixels, (_, truth) in zip(pictures(tmp_path / "b.mp4"), drawn, strict=True):
        for face, size in zip(truth.faces, truth.sizes, strict=True):
            if face.sum() >= 0.5 * size:
                seen += 1
                assert (np.abs(pixels[face].astype(int) - (255, 0, 255)).max(-1) < 90).mean() > 0.98
    assert seen >= 6
