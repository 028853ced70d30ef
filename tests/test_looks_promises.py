"""What effects promise of their look, measured on labelled photos by tone of skin and of hair; minutes of work.

The photos lie beside the checkout (`../shared/data`); where they do not, these tests are skipped.
"""

from pathlib import Path

import numpy as np
import pytest

from faceedit import models
from tests.benchmarks import looks
from tests.benchmarks.looks import Kept, Subject

pytestmark = pytest.mark.long

SKINS = ("dark skin", "light skin")
HAIRS = ("black hair", "brown hair", "grey hair", "blond hair")


@pytest.fixture(scope="module")
def groups(real_photos: Path) -> dict[str, list[Subject]]:
    folder = real_photos / "labelled" / "celebamask_mini"
    if not folder.is_dir():
        pytest.skip("no labelled photos")
    return looks.subjects(folder, models.load("lite", "cpu"), most=150, each=6)


@pytest.mark.parametrize("name", SKINS)
def test_opaque_lipstick_reaches_its_color_and_keeps_the_lips_light(
    name: str, groups: dict[str, list[Subject]]
) -> None:
    seen = [kept for one in groups[name] if (kept := looks.lips(one))]
    assert len(seen) > 2
    assert np.mean([each.reached for each in seen]) <= 0.03
    assert np.mean([each.detail for each in seen]) >= 0.98
    assert_no_seam(seen)


@pytest.mark.parametrize("name", HAIRS)
def test_a_dye_reaches_its_color_and_keeps_the_strands(name: str, groups: dict[str, list[Subject]]) -> None:
    seen = [kept for one in groups[name] if (kept := looks.hair(one))]
    assert seen
    assert np.mean([each.reached for each in seen]) <= 0.03
    assert np.mean([each.detail for each in seen]) >= 0.98
    assert_no_seam(seen)


def assert_no_seam(seen: list[Kept]) -> None:
    """The edge is what the same colour makes of it that is laid on by hand, and no ring shows along it."""
    assert np.mean([each.implied for each in seen]) <= 1.1
    assert np.mean([each.halo for each in seen]) <= 0.08


@pytest.mark.parametrize("name", SKINS)
def test_full_smoothing_keeps_pores_and_a_change_of_tone_makes_no_seam(
    name: str, groups: dict[str, list[Subject]]
) -> None:
    assert min(looks.pores(one) for one in groups[name]) >= 0.7
    assert np.mean([looks.tone_seam(one) for one in groups[name]]) <= 1.1


def test_dark_and_light_skin_fare_alike(groups: dict[str, list[Subject]]) -> None:
    for figure in (looks.pores, looks.tone_seam):
        dark, light = (np.mean([figure(one) for one in groups[name]]) for name in SKINS)
        assert dark == pytest.approx(light, rel=0.1)
