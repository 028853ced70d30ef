"""What a redaction covers: generous, hard, on the 16-pixel grid with 2 pixels around, the photo's border included."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from faceedit.coverage import DOUBT, PART_GROWTH, Covered, cover, grid, hidden
from faceedit.geometry import Box, Crop
from faceedit.labels import ID, parse_parts
from faceedit.photo import Face, FaceMap, Source
from faceedit.testing import painted_photo

HEAD = parse_parts("head")
Bools = NDArray[np.bool_]


def face_with(box: Box, shape: tuple[int, int], crop: Crop, *areas: tuple[str, Box]) -> Face:
    """A face whose map, on a grid of photo pixels, shows these parts and background."""
    side = int(crop.side)
    logits = np.full((19, side, side), -20, np.float16)
    logits[0] = 10
    for part, area in areas:
        logits[ID[part]][area.slices] = 20
    return Face(0, box, 0.9, FaceMap(logits, crop), shape)


def bare(box: Box, shape: tuple[int, int]) -> Face:
    """A face whose map shows nothing at all."""
    return face_with(box, shape, Crop(*box.center, 64))


def covered(face: Face, parts: frozenset[str] = HEAD, grow: float = 0.0, cell: int = 16) -> Bools:
    window, mask = cover(face, parts, grow, cell)
    assert mask.dtype == bool
    assert mask.shape == (window.height, window.width)
    whole = np.zeros(face.photo_shape, bool)
    whole[window.slices] = mask
    return whole


def plainly(face: Face, parts: frozenset[str], grow: float = 0.0, cell: int = 16) -> Bools:
    """The same area, the slow way: at the photo's size, with no window."""
    height, width = face.photo_shape
    box = np.zeros((height, width), bool)
    more = grow * face.width_px
    box[face.box.scaled(1.3).grown(int(np.ceil(more))).clipped(height, width).slices] = True
    seen = face.mask("|".join(sorted(parts))) > DOUBT
    if seen.any():
        seen = ndimage.distance_transform_edt(~seen) <= PART_GROWTH * face.width_px + more
    areas, _ = ndimage.label(box | seen, np.ones((3, 3)))
    kept = ndimage.binary_fill_holes(np.isin(areas, np.unique(areas[box])))
    cells = whole_cells(kept, cell)
    for axes in ((0,), (1,), (0, 1)):  # of a picture that was turned, so that its blocks count from the other end
        cells |= np.flip(whole_cells(np.flip(kept, axes), cell), axes)
    return ndimage.binary_dilation(cells, np.ones((5, 5)))


def whole_cells(mask: Bools, cell: int) -> Bools:
    cells = np.zeros_like(mask)
    for y, x in {(y // cell * cell, x // cell * cell) for y, x in np.argwhere(mask)}:
        cells[y : y + cell, x : x + cell] = True
    return cells


faces = st.builds(
    lambda height, width, face_px, tilt, x, y: _moved(painted_photo(height, width, face_px=face_px, tilt=tilt), x, y),
    st.integers(20, 260),
    st.integers(20, 260),
    st.integers(8, 400),
    st.floats(-90, 90),
    st.integers(-40, 40),
    st.integers(-40, 40),
)


def _moved(photo, x: int, y: int) -> Face:  # type: ignore[no-untyped-def]
    face = photo.faces[0]
    crop = dataclasses.replace(face.map.crop, x=face.map.crop.x + x, y=face.map.crop.y + y)
    return dataclasses.replace(face, map=dataclasses.replace(face.map, crop=crop))


@settings(max_examples=60, deadline=None)
@given(faces, st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([16, 32]))
def test_the_area_is_the_same_as_found_the_slow_way(face: Face, grow: float, cell: int) -> None:
    assert np.array_equal(covered(face, HEAD, grow, cell), plainly(face, HEAD, grow, cell))


def test_growth_at_the_edge_of_a_large_faces_map_keeps_the_margin() -> None:
    crop = Crop(256, 256, 256)  # on the grid; hair up to its very edge grows beyond the next cell
    face = face_with(Box(192, 192, 320, 320), (512, 512), crop, ("hair", Box(0, 0, 256, 256)))
    assert np.array_equal(covered(face), plainly(face, HEAD))


def test_every_covered_pixel_lies_in_a_whole_cell_or_within_two_pixels_of_one() -> None:
    mask = covered(bare(Box(40, 40, 50, 50), (128, 128)))
    expected = np.zeros((128, 128), bool)
    expected[32 - 2 : 64 + 2, 32 - 2 : 64 + 2] = True  # 38..52 touches cells 32..48 and 48..64
    assert np.array_equal(mask, expected)


def test_a_box_on_the_grid_takes_no_cell_more_than_it_needs() -> None:
    face = dataclasses.replace(bare(Box(0, 0, 1, 1), (160, 160)), box=Box(54, 54, 74, 74))  # x 1.3 is 51..77
    assert set(np.flatnonzero(covered(face).any(0))) == set(range(48 - 2, 80 + 2))


@pytest.mark.parametrize("box", [Box(0, 0, 20, 20), Box(80, 80, 100, 100), Box(90, -5, 110, 20), Box(-3, 40, 8, 60)])
def test_a_face_at_the_border_is_covered_up_to_the_last_row_and_column(box: Box) -> None:
    mask, inside = covered(bare(box, (100, 100))), box.clipped(100, 100)
    assert mask[inside.slices].all()
    assert mask[:, 0].any() == (inside.left == 0)
    assert mask[:, -1].any() == (inside.right == 100)
    assert mask[-1].any() == (inside.bottom == 100)


def test_a_box_larger_than_the_photo_covers_all_of_it() -> None:
    face = bare(Box(-50, -50, 90, 90), (37, 41))
    window, mask = cover(face, HEAD)
    assert window == Box(0, 0, 41, 37)
    assert mask.all()


def test_a_photo_of_one_pixel_is_covered() -> None:
    assert covered(bare(Box(0, 0, 1, 1), (1, 1))).tolist() == [[True]]


def test_the_area_between_hair_and_face_is_filled() -> None:
    crop = Crop(128, 128, 256)
    ring = [Box(40, 16, 216, 32), Box(40, 16, 56, 140), Box(200, 16, 216, 140), Box(40, 124, 216, 140)]
    face = face_with(Box(100, 120, 156, 180), (256, 256), crop, *(("hair", side) for side in ring))
    assert covered(face)[64, 128]  # in the middle of the ring, where the map shows background


def test_hair_that_touches_the_face_is_covered_to_its_end() -> None:
    long_hair = ("hair", Box(120, 60, 136, 250))
    face = face_with(Box(100, 100, 156, 156), (300, 300), Crop(128, 128, 256), long_hair)
    assert covered(face)[249, 128]


def test_parts_that_do_not_touch_the_face_are_left() -> None:
    face = face_with(Box(100, 100, 156, 156), (300, 300), Crop(128, 128, 256), ("hair", Box(0, 0, 20, 20)))
    assert not covered(face)[:40, :40].any()
    assert np.array_equal(covered(face), covered(bare(Box(100, 100, 156, 156), (300, 300))))


def test_a_part_counts_well_below_an_even_chance() -> None:
    face = bare(Box(100, 100, 156, 156), (300, 300))
    logits = np.full((19, 64, 64), -20, np.float16)
    logits[0], logits[ID["hair"]] = 0.6, 0  # hair with a probability of 0.35
    doubtful = dataclasses.replace(face, map=FaceMap(logits, Crop(128, 128, 256)))
    assert covered(doubtful)[20, 20]


def test_only_the_parts_that_the_step_names_are_united_with_the_box() -> None:
    face = face_with(Box(100, 100, 156, 156), (300, 300), Crop(128, 128, 256), ("hair", Box(120, 30, 136, 110)))
    assert covered(face, parse_parts("head"))[30, 128]
    assert not covered(face, parse_parts("skin"))[30, 128]


def test_the_box_is_covered_even_where_the_map_lies_elsewhere() -> None:
    face = face_with(Box(10, 10, 60, 60), (300, 300), Crop(220, 220, 100), ("hair", Box(0, 0, 100, 100)))
    assert covered(face)[10:60, 10:60].all()
    assert not covered(face)[150:, 150:].any()


@settings(max_examples=40, deadline=None)
@given(faces)
def test_the_whole_head_with_all_its_parts_is_covered(face: Face) -> None:
    mask = covered(face)
    assert mask[face.box.clipped(*face.photo_shape).slices].all()
    seen = face.mask("head") > 0.5
    touching, _ = ndimage.label(seen | _box(face))
    kept = np.isin(touching, np.unique(touching[_box(face)]))
    assert mask[seen & kept].all()


def _box(face: Face) -> Bools:
    mask = np.zeros(face.photo_shape, bool)
    mask[face.box.clipped(*face.photo_shape).slices] = True
    return mask


def test_a_photo_that_was_turned_is_covered_on_the_grid_of_its_file_too() -> None:
    expected = np.zeros((120, 130), bool)
    expected[24 - 2 : 64 + 2, 32 - 2 : 66 + 2] = True  # 38..52 on grids that begin at 0 or 8, and at 0 or 2
    assert np.array_equal(covered(bare(Box(40, 40, 50, 50), (120, 130))), expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Source(), 16),
        (Source(format="png"), 16),
        (Source(format="jpeg", subsampling=2), 16),
        (Source(format="jpeg", subsampling=-1), 32),
        (Source(format="jpeg", subsampling=-1, grey=True), 16),
    ],
)
def test_the_grid_is_that_of_the_files_blocks(source: Source, expected: int) -> None:
    assert grid(source) == expected


def test_the_map_of_a_hidden_face_tells_nothing_of_what_is_hidden() -> None:
    face = painted_photo(100, 100).faces[0]
    mask = np.zeros((100, 100), bool)
    mask[30:, :] = True
    blank = hidden(face, mask, "background")
    assert blank.map.labels(blank.window)[31:].max() == 0
    assert np.array_equal(blank.map.labels(blank.window)[:29], face.map.labels(face.window)[:29])
    assert np.array_equal(blank.map.logits, hidden(blank, mask, "background").map.logits)


def test_the_covered_share_is_that_of_the_photos_area() -> None:
    mask = np.zeros((10, 10), bool)
    mask[:5, :5] = True
    assert Covered(mask, np.zeros((10, 10, 3), np.uint8), ()).share == 0.25
    assert Covered(mask[:0], np.zeros((0, 10, 3), np.uint8), ()).share == 0
