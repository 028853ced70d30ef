"""Whether a faster, lossy engine gives the same labels as the exact one: asked once a model, remembered on disk.

The photo for it is scikit-image's astronaut, a real portrait that every installation has.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from faceedit.geometry import Crop
from faceedit.segmentation.crops import cut

Logits = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

# Share of equal labels from which a lossy engine is taken.
ENOUGH = 0.995
# The astronaut's head in its 512 x 512 picture, as (x, y, side, angle): close, usual, wide, and turned.
VIEWS = ((224, 108, 180, 0), (224, 108, 240, 0), (224, 150, 330, 0), (224, 108, 240, 15))


def cache_folder() -> Path:
    """Where compiled models and remembered checks lie; it may be deleted at any time."""
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".cache") / "faceedit"


def share(exact: Logits, lossy: Logits, size: int) -> float:
    """The share of places, 0..1, where two engines give the same label to crops of edge `size`."""
    equal = [(exact(crop).argmax(1) == lossy(crop).argmax(1)).mean() for crop in _crops(size)]
    return float(np.mean(equal))


def _crops(size: int) -> Iterator[NDArray[np.uint8]]:
    """Views of the portrait, each (1, size, size, 3) uint8."""
    from skimage import data  # noqa: PLC0415 - wanted once a model, and slow to import

    portrait = data.astronaut()
    for x, y, side, angle in VIEWS:
        yield cut(portrait, Crop(x, y, side, angle), size)[None]


def remembered(key: str, measure: Callable[[], float]) -> float:
    """The share that `measure` found once for this key; asked again only where nothing is remembered."""
    path = cache_folder() / "agreement" / f"{key}.json"
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["share"])
    except (OSError, ValueError, KeyError, TypeError):  # never asked, or a damaged file: ask (again)
        found = measure()
    _remember(path, found)
    return found


def _remember(path: Path, found: float) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps({"share": found}), encoding="utf-8")
        temporary.replace(path)
    except OSError:  # a read-only home: the next run asks again
        return
