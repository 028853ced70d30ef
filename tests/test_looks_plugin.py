"""The plugin `looks`: a grid to choose from, and a photo that stays as it is."""

import faceedit_looks as plugin
import numpy as np

from faceedit.region import Result
from faceedit.testing import painted_photo, region_of


def test_the_grid_has_a_row_a_dye_and_a_column_a_lipstick_and_the_persons_own_first() -> None:
    region = region_of(painted_photo(200, 200, accessories=()), plugin.looks)
    answer = plugin.looks(region, hair=["#c89858"], lips=["#a3123b", "#5a1030"], size=100)
    assert isinstance(answer, Result)
    assert answer.pixels is None
    grid = np.asarray(answer.extras["looks"]).astype(int)
    height, width = (grid.shape[0] - plugin.GAP) // 2, (grid.shape[1] - 2 * plugin.GAP) // 3
    assert max(height, width) == 100
    down, across = height + plugin.GAP, width + plugin.GAP
    tiles = [[grid[y * down :, x * across :][:height, :width] for x in range(3)] for y in range(2)]
    changed = [[np.abs(tile - tiles[0][0]).mean() for tile in row] for row in tiles]
    assert changed[0][0] == 0
    assert 0.1 < changed[0][1] < changed[1][1]
    assert changed[1][0] > 1


def test_a_face_without_hair_and_lips_gets_no_grid() -> None:
    region = region_of(painted_photo(100, 100, accessories=()), plugin.looks)
    answer = plugin.looks(type(region)(region.pixels, region.window, region.box, region.faces, on="hat"))
    assert isinstance(answer, Result)
    assert (dict(answer.extras), answer.findings[0].kind) == ({}, "nothing_to_do")
