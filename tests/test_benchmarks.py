"""The benchmarks run: what they print is judged by those who read it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import faceedit
from faceedit.testing import painted_photo
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import alike, halo

ROOT = Path(__file__).parent.parent
SECTIONS = {
    "forward": "fused fp32",
    "labels": "boundary cells, tilted 20 degrees",
    "end_to_end": "faceedit, torch auto on cpu, 1 found",
    "memory": "faceedit apply, torch",
    "startup": "faceedit --help",
}


@pytest.mark.long
@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_prints_its_table(section: str) -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--only", section, "--models", "lite", "--runs", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"| {SECTIONS[section]} | " in done.stdout


def test_every_section_can_be_asked_for() -> None:
    assert set(SECTIONS) < set(benchmarks.SECTIONS)
    assert all(callable(getattr(benchmarks.Bench, section)) for section in benchmarks.SECTIONS)


def _disc(ring: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture in OKLab, the same with a recoloured disc that has a ring of some lightness around it, and the disc."""
    rows, columns = np.mgrid[:80, :80]
    away = np.hypot(rows - 40, columns - 40)
    old = np.full((80, 80, 3), (0.7, 0.02, 0.02), np.float32)
    disc = away < 20
    new = halo.by_hand(old, old + np.float32([-0.3, 0.1, 0]), disc)
    new[(away > 21) & (away < 23), 0] += np.float32(ring)
    return old, new, disc


@pytest.mark.parametrize("ring", [0.06, -0.5])
def test_a_ring_around_a_recolouring_is_a_halo_and_its_own_edge_is_none(ring: float) -> None:
    assert halo.ring(*_disc(0)) == 0
    assert halo.ring(*_disc(ring)) > 0.1


def test_a_ring_is_more_edge_than_the_same_color_laid_on_by_hand() -> None:
    old, by_hand, disc = _disc(0)
    _, ringed, _ = _disc(-0.5)
    along = halo.band(disc)
    assert halo.edge(ringed, along) > 1.2 * halo.edge(by_hand, along)
    np.testing.assert_allclose(by_hand, halo.by_hand(old, by_hand, disc), atol=1e-5)


@pytest.mark.parametrize(("unit", "least", "most"), [("pixels", 20, 256), ("shares of the face", 0, 12)])
def test_an_effect_whose_lengths_are_pixels_does_not_look_the_same(unit: str, least: float, most: float) -> None:
    @faceedit.effect(on="face")
    def stripe(region: faceedit.Region) -> np.ndarray:
        x, _ = region.center("nose") or (0, 0)
        half = 12.0 if unit == "pixels" else 0.1 * region.width_px
        return np.where(np.abs(np.arange(region.shape[1]) - x)[None, :, None] < half, 0, region.pixels)

    found = alike.difference(stripe, painted_photo(200, 200, accessories=()), 600)
    assert least < found.mean() < most
