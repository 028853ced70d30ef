"""How much memory a photo takes while it is edited, and how much there is: large photos lower the concurrency."""

import os
import warnings
from pathlib import Path

from PIL import Image

from faceedit.images import open_regular

# An estimate on the safe side for 8-bit photos: as read, as edited, as encoded, and a float32 copy with its mask.
BYTES_PER_PIXEL = 40
# Of what is free at the start, the rest being left to the models and to everybody else.
SHARE = 0.6
# Assumed where the system does not tell.
UNKNOWN = 4 << 30
# Pixels assumed for a file that does not say its size.
UNREADABLE_PX = 12_000_000


def needed(path: Path) -> int:
    """About how many bytes editing a photo takes; its header alone is read."""
    try:
        with warnings.catch_warnings(), open_regular(path) as file:
            warnings.simplefilter("ignore")  # that it is large is what we ask
            with Image.open(file) as picture:
                width, height = picture.size
    except Exception:  # whatever the file is: whether it can be read is said by those who read it
        return BYTES_PER_PIXEL * UNREADABLE_PX
    return BYTES_PER_PIXEL * width * height


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
