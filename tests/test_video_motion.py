"""Faces followed through frames: where pixels went, which detections are one face, where it was before it was found."""

import math

import numpy as np
import pytest
from PIL import Image

from faceedit.detection import Detection
from faceedit.geometry import Box
from faceedit.video.frames import FULL, LIMITED, Layout, laid, rgb, rgb_planes, timecode
from faceedit.video.motion import Small, follow, is_cut
from faceedit.video.tracking import UNSEEN, Tracker
from faceedit.video.tracks import Pose, Track, smoothed

MIDDLE, SIZE = (160.0, 100.0), 60.0


def texture(seed: int = 1, height: int = 200, width: int = 320) -> Image.Image:
    """Something as rich in detail as a face."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def after(picture: Image.Image, dx: float, dy: float, scale: float, angle: float) -> np.ndarray:
    """The picture after a similarity about `MIDDLE`."""
    turn = math.radians(angle)
    cos, sin = math.cos(turn) / scale, math.sin(turn) / scale
    (x, y), onto = MIDDLE, (MIDDLE[0] + dx, MIDDLE[1] + dy)
    matrix = (cos, sin, x - cos * onto[0] - sin * onto[1], -sin, cos, y + sin * onto[0] - cos * onto[1])
    return np.asarray(picture.transform(picture.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    ("dx", "dy", "scale", "angle"),
    [(0, 0, 1, 0), (2.4, -1.3, 1, 0), (25, 8, 1.03, 0), (-4, 3, 0.96, 5), (0, 0, 1.05, -7)],
)
def test_a_face_is_followed_to_a_fraction_of_a_pixel(dx: float, dy: float, scale: float, angle: float) -> None:
    picture = texture()
    before, now = Small.of(np.asarray(picture), 1.0), Small.of(after(picture, dx, dy, scale, angle), 1.0)
    move = follow(before, now, MIDDLE, SIZE)
    assert (move.dx, move.dy) == pytest.approx((dx, dy), abs=0.4)
    assert (move.scale, move.angle) == (pytest.approx(scale, abs=0.01), pytest.approx(angle, abs=0.7))
    assert move.sure > 0.9


def test_what_is_gone_is_not_followed() -> None:
    before, now = (Small.of(np.asarray(texture(seed)), 1.0) for seed in (1, 2))
    assert follow(before, now, MIDDLE, SIZE).sure < 0.55


def test_a_cut_is_told_from_a_pan_and_from_a_light_that_goes_out() -> None:
    picture = np.asarray(texture())
    thumb = Small.of(picture, 1.0).thumb
    other = np.clip(np.asarray(texture(9)).astype(int) // 4, 0, 255).astype(np.uint8)
    assert is_cut(thumb, Small.of(other, 1.0).thumb)
    assert not is_cut(thumb, Small.of(np.roll(picture, 8, 1), 1.0).thumb)
    assert not is_cut(thumb, Small.of(picture // 3, 1.0).thumb)


def moving(count: int, step: float = 4.0) -> list[Small]:
    """Frames on which all moves to the right."""
    return [Small.of(after(texture(), index * step, 0, 1, 0), 1.0) for index in range(count)]


def box(x: float) -> Box:
    return Pose(x, MIDDLE[1], SIZE, SIZE).box


def followed(frames: list[Small], seen: dict[int, float], rate: float = 25.0) -> Tracker:
    tracker = Tracker(200, 320, rate)
    for index, small in enumerate(frames):
        tracker.advance(small)
        tracker.see([(Detection(box(seen[index]), 0.9), 0.0)] if index in seen else [])
    tracker.finish()
    return tracker


def test_a_face_found_late_is_followed_back_to_the_beginning() -> None:
    (track,) = followed(moving(12), {9: 160 + 36.0}).tracks
    assert (track.start, track.end) == (0, 12)
    ways = smoothed(track, 25)
    assert ways[0, 0] == pytest.approx(160, abs=1.5)
    assert ways[11, 0] == pytest.approx(160 + 44, abs=1.5)


def test_nothing_is_followed_back_over_a_cut() -> None:
    tracker = Tracker(200, 320, 25.0)
    for index, small in enumerate(moving(8, 0)):
        if index == 5:
            tracker.cut()
        tracker.advance(small)
        tracker.see([(Detection(box(160), 0.9), 0.0)] if index == 7 else [])
    assert [(track.start, track.shot) for track in tracker.finish()] == [(5, 1)]


def test_a_trembling_detector_makes_no_trembling_way() -> None:
    chance = np.random.default_rng(4)
    seen = {index: 160 + 4 * index + float(chance.normal(0, 3)) for index in range(20)}
    (track,) = followed(moving(20), seen).tracks
    steps = np.diff(smoothed(track, 25)[:, 0])
    assert np.abs(steps - 4).max() < 0.8


def test_a_face_that_is_not_seen_again_ends() -> None:
    (track,) = followed(moving(20, 0), {0: 160.0}, rate=3.0).tracks
    assert len(track) <= UNSEEN * 3 + 2


def test_faces_that_cross_are_noted() -> None:
    tracker = Tracker(200, 320, 25.0)
    tracker.advance(moving(1)[0])
    tracker.see([(Detection(box(120), 0.9), 0.0), (Detection(box(165), 0.9), 0.0)])
    assert all(track.crossings == [0] for track in tracker.tracks)


def test_a_track_takes_few_bytes_a_frame() -> None:
    (track,) = followed(moving(10), {0: 160.0}).tracks
    assert isinstance(track, Track)
    assert track.rows.itemsize * len(track.rows) == 44 * 10


@pytest.mark.parametrize("format_", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le"])
@pytest.mark.parametrize("range_", [LIMITED, FULL])
@pytest.mark.parametrize("matrix", [1, 5, 9])
def test_colors_survive_the_way_to_planes_and_back(format_: str, range_: int, matrix: int) -> None:
    layout = Layout(64, 48, format_, matrix, range_)
    colors = np.zeros((48, 64, 3), np.uint16 if layout.deep else np.uint8)
    top = np.iinfo(colors.dtype).max
    for index, color in enumerate([(1, 0, 0), (0, 1, 0), (0, 0, 1), (0.5, 0.5, 0.5)]):
        colors[:, index * 16 : index * 16 + 16] = np.array(color) * top
    back = rgb(rgb_planes(colors, layout), layout)
    inner = [slice(index * 16 + 5, index * 16 + 11) for index in range(4)]
    for part in inner:
        assert np.abs(back[:, part].astype(float) - colors[:, part]).max() < 0.03 * top


def test_samples_outside_an_edit_stay_as_they_were() -> None:
    layout = Layout(16, 16)
    planes = rgb_planes(np.asarray(texture(3, 16, 16)), layout)
    where = np.zeros((16, 16), bool)
    where[4:9, 4:9] = True
    new = laid(planes, rgb_planes(np.zeros((16, 16, 3), np.uint8), layout), where, layout)
    assert [int((one != other).sum()) <= count for one, other, count in zip(planes, new, (25, 9, 9), strict=True)] == [
        True
    ] * 3
    assert np.array_equal(planes[0][~where], new[0][~where])


def test_moments_are_written_as_people_write_them() -> None:
    assert [timecode(each) for each in (0, 3.2004, 3723.25)] == ["0:00:00.000", "0:00:03.200", "1:02:03.250"]
