"""Videos through the command line: what comes out, what is kept, and what is refused in one line."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from cli_support import Run
from video_support import HEIGHT, RATE, WIDTH, painted, pictures, sound, times, write_video

import faceedit.video
from faceedit.errors import UnreadablePhoto
from faceedit.video.container import Reader
from faceedit.video.encoding import CODINGS, coding, encodable

PAINT = "faceedit: 1\nsteps: [{effect: monochrome, on: face}]\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "r.yaml").write_text(PAINT)
    return tmp_path / "r.yaml"


def entry(out: Path) -> dict:
    (found,) = json.loads((out / "report.json").read_text())["photos"]
    return found


def test_a_video_is_edited_where_its_face_is_and_left_alone_elsewhere(run: Run, recipe: Path, tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mkv", painted(8))
    code, said, _ = run("apply", recipe, source, "-o", "out")
    before, after = pictures(source), pictures(tmp_path / "out" / "a.mkv")
    assert code == 0
    assert "1 done" in said
    assert len(after) == len(before)
    for index, (one, other) in enumerate(zip(before, after, strict=True)):
        face = (slice(48, 80), slice(40 + 4 * index, 70 + 4 * index))
        assert np.ptp(other[face].astype(int), axis=-1).mean() < 12 < np.ptp(one[face].astype(int), axis=-1).mean()
        assert np.array_equal(one[:12], other[:12])  # the coding is lossless
    video = entry(tmp_path / "out")["video"]
    assert (video["frames"], video["fps"], video["width"], video["shots"]) == (8, RATE, WIDTH, 1)
    assert [each["face"] for each in video["tracks"]] == [0]


def test_times_sound_and_colors_are_kept(run: Run, recipe: Path, tmp_path: Path) -> None:
    uneven = [0, 3, 10, 11, 30, 34]
    source = write_video(
        tmp_path / "a.mp4", painted(6), codec="libx264", pix_fmt="yuvj420p", times=uneven, sound="aac",
        color_range=2, colorspace=1, color_primaries=1, color_trc=1,
    )  # fmt: skip
    assert run("apply", recipe, source, "-o", "out")[0] == 0
    done = tmp_path / "out" / "a.mp4"
    assert times(done) == times(source) == [each / 100 for each in uneven]
    assert sound(done) == sound(source)
    assert entry(tmp_path / "out")["video"]["tracks"] == [{"face": 0, "from": "0:00:00.000", "to": "0:00:00.340"}]
    one, other = Reader(source).info, Reader(done).info
    assert (other.layout, other.primaries, other.transfer) == (one.layout, one.primaries, one.transfer)
    assert (one.layout.range, one.layout.matrix) == (2, 1)


def test_a_turned_video_comes_out_upright(run: Run, recipe: Path, tmp_path: Path) -> None:
    upright = painted(3)
    # A viewer turns it by 90 degrees counter-clockwise, so it is stored turned clockwise.
    stored = [np.ascontiguousarray(np.rot90(each, -1)) for each in upright]
    source = write_video(tmp_path / "a.mp4", stored, codec="libx264", pix_fmt="yuv420p", rotation=90)
    assert Reader(source).info.rotation == 90
    assert run("apply", recipe, source, "-o", "out")[0] == 0
    info = Reader(tmp_path / "out" / "a.mp4").info
    assert (info.layout.height, info.layout.width, info.rotation) == (HEIGHT, WIDTH, 0)
    assert np.abs(pictures(source)[0].astype(int) - upright[0]).mean() < 6
    assert entry(tmp_path / "out")["faces"]


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("keep", {"title", "location"}), ("safe", {"title"}), ("none", set())],
)
def test_metadata_follows_the_policy(run: Run, tmp_path: Path, policy: str, kept: set[str]) -> None:
    (tmp_path / "r.yaml").write_text(f"{PAINT}output: {{metadata: {policy}}}\n")
    source = write_video(tmp_path / "a.mp4", painted(2), codec="libx264", pix_fmt="yuv420p")
    assert run("apply", "r.yaml", source, "-o", "out")[0] == 0
    with av.open(str(tmp_path / "out" / "a.mp4")) as container:
        assert {"title", "location"} & set(container.metadata) == kept


def test_an_output_can_be_smaller(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(f"{PAINT}output: {{max_side: 88}}\n")
    source = write_video(tmp_path / "a.mp4", painted(2), codec="libx264", pix_fmt="yuv420p")
    assert run("apply", "r.yaml", source, "-o", "out")[0] == 0
    layout = Reader(tmp_path / "out" / "a.mp4").info.layout
    assert (layout.width, layout.height) == (88, 48)


def test_folders_give_their_videos_too_and_a_second_run_does_nothing_again(
    run: Run,
    recipe: Path,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_video(photos / "clip.mkv", painted(2))
    assert run("apply", recipe, photos, "-o", "out")[0] == 0
    assert {path.name for path in (tmp_path / "out").glob("[!.r]*")} >= {"clip.mkv", "face.png"}
    monkeypatch.setattr(Reader, "__iter__", None)  # nobody reads a frame again
    assert run("apply", recipe, photos, "-o", "out")[1].startswith("2 done")


def test_one_frame_is_a_video(run: Run, recipe: Path, tmp_path: Path) -> None:
    source = write_video(tmp_path / "a.mkv", painted(1))
    assert run("apply", recipe, source, "-o", "out")[0] == 0
    assert len(pictures(tmp_path / "out" / "a.mkv")) == 1


def _patched(path: Path, old: bytes, new: bytes) -> Path:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    return path


def _truncated(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def _only_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        tone = container.add_stream("aac", rate=48000)
        samples = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        samples.sample_rate = 48000
        container.mux(tone.encode(samples))
        container.mux(tone.encode(None))
    return path


def _bad(kind: str, path: Path) -> Path:
    if kind in ("empty", "no video"):
        path.write_bytes(b"no video at all" * 99 if kind == "no video" else b"")
        return path
    if kind == "only sound":
        return _only_sound(path)
    if kind == "8K":
        return write_video(path, [np.zeros((4320, 7680, 3), np.uint8)], codec="mjpeg", pix_fmt="yuvj420p")
    h264 = write_video(path, painted(40), codec="libx264", pix_fmt="yuv420p", gop_size=5)
    if kind == "unknown coding":
        return _patched(h264, b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/XYZ")
    return _truncated(h264, {"cut off": 0.5, "header alone": 0.05}[kind])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("empty.mp4", "is empty"),
        ("no video.webm", "is no video"),
        ("only sound.mp4", "holds only sound"),
        ("8K.mkv", "7680 x 4320 pixels are more than 8 megapixels"),
        ("unknown coding.mkv", "coding that PyAV cannot decode"),
        ("cut off.mkv", "is cut off: it ends after"),
        ("cut off.mp4", "is no video"),
        ("header alone.mkv", ""),
    ],
)
def test_a_bad_video_costs_one_line_and_nothing_is_written(
    run: Run, recipe: Path, tmp_path: Path, kind: str, words: str
) -> None:
    what, _, suffix = kind.partition(".")
    source = _bad(what, tmp_path / f"a.{suffix}")
    code, _, errors = run("apply", recipe, source, "-o", "out", "--max-megapixels", "8")
    (line,) = [line for line in errors.splitlines() if line.startswith("failed: ")]
    assert code == 1
    assert words in line
    assert "; " in line  # and what to do
    assert not [path for path in (tmp_path / "out").iterdir() if "a." in path.name or path.suffix == ".faceedit-tmp"]


def test_a_run_that_breaks_off_leaves_no_half_video(
    run: Run, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faceedit.video.rendering import Renderer  # noqa: PLC0415 - PyAV is an extra

    edit = Renderer.__call__

    def break_off(self: Renderer, index: int, frame: object) -> object:
        if index == 3:
            raise KeyboardInterrupt
        return edit(self, index, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(Renderer, "__call__", break_off)
    source = write_video(tmp_path / "a.mkv", painted(6))
    assert run("apply", recipe, source, "-o", "out")[0] == 130
    assert not [path for path in (tmp_path / "out").iterdir() if "a.mkv" in path.name]


def test_without_pyav_one_line_says_what_to_install(
    run: Run,
    recipe: Path,
    photos: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = write_video(photos / "clip.mkv", painted(2))
    monkeypatch.setattr(faceedit.video, "can_read_videos", lambda: False)
    code, _, errors = run("apply", recipe, source, "-o", "out")
    assert (code, errors) == (3, 'faceedit: videos need PyAV, which is not installed; pip install "faceedit[video]"\n')
    code, said, errors = run("apply", recipe, photos, "-o", "out")
    assert (code, said.startswith("1 done")) == (0, True)
    assert 'videos need PyAV, and 1 are left out; pip install "faceedit[video]"' in errors


def test_an_output_that_is_for_photos_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(f"{PAINT}output: {{format: ora}}\n")
    source = write_video(tmp_path / "a.mkv", painted(2))
    code, _, errors = run("apply", "r.yaml", source, "-o", "out")
    assert code == 1
    assert "ora holds one photo, no video" in errors


def test_a_video_that_another_one_closed_does_not_end_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceedit.video.container.AT_ONCE", 1)
    one, other = (Reader(write_video(tmp_path / f"{name}.mkv", painted(3))) for name in "ab")
    frames = iter(one)
    next(frames)
    assert len(list(other)) == 3
    with pytest.raises(UnreadablePhoto, match=r"a\.mkv: was closed while it was read"):
        next(frames)


@pytest.mark.parametrize("codec", sorted(CODINGS))
def test_every_coding_lies_in_some_container(codec: str) -> None:
    assert coding(codec, ".mkv") == CODINGS[codec]
    assert coding("unheard of", ".webm").encoder == "libvpx-vp9"
    assert coding("prores", ".mov").encoder == "libx264"


def test_halved_chroma_gets_even_sides(tmp_path: Path) -> None:
    odd = [np.zeros((121, 161, 3), np.uint8)]
    info = Reader(write_video(tmp_path / "a.mkv", odd)).info
    assert (encodable(info, ".mkv", None).width, encodable(info, ".mkv", None).height) == (161, 121)
    info = Reader(write_video(tmp_path / "b.mkv", odd, codec="rawvideo", pix_fmt="yuv420p")).info
    assert (encodable(info, ".mkv", None).width, encodable(info, ".mkv", None).height) == (160, 120)
