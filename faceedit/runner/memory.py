"""How much memory a photo takes while it is edited, and how much there is: large photos lower the concurrency."""

import os
import warnings
from pathlib import Path

from PIL import Image

from faceedit.images import open_regular
from faceedit.recipe import Recipe

# Estimates on the safe side for 8-bit photos. Measured at 12 megapixels: 9 bytes a pixel beside the model where a step
# works on faces, 109 where it blurs the whole background.
ON_FACES = 40
ON_PHOTO = 120
# Of what is free at the start, the rest being left to the models and to everybody else.
SHARE = 0.6
# Assumed where the system does not tell.
UNKNOWN = 4 << 30
# Pixels assumed for a file that does not say its size.
UNREADABLE_PX = 12_000_000


def bytes_per_pixel(recipe: Recipe) -> int:
    """About how many bytes the steps of a recipe take for each pixel of a photo."""
    return ON_PHOTO if any(step.effect.scope == "photo" for step in recipe.steps) else ON_FACES


def needed(path: Path, recipe: Recipe) -> int:
    """About how many bytes editing a photo takes, with all its frames or pages; its headers alone are read."""
    try:
        with warnings.catch_warnings(), open_regular(path) as file:
            warnings.simplefilter("ignore")  # that it is large is what we ask
            with Image.open(file) as picture:
                width, height = picture.size
                pixels = width * height * getattr(picture, "n_frames", 1)
    except Exception:  # whatever the file is: whether it can be read is said by those who read it
        pixels = UNREADABLE_PX
    return bytes_per_pixel(recipe) * pixels


def budget() -> int:
    """How many bytes all photos that are edited at one time may take together."""
    return int(SHARE * min(_available(), _allowed()))


def _available() -> int:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return UNKNOWN


def _allowed() -> int:
    """What a container's limit leaves."""
    try:
        limit, used = (
            int(Path("/sys/fs/cgroup", name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current")
        )
    except (OSError, ValueError):  # no container, or one without a limit
        return 1 << 62
    return max(0, limit - used)
