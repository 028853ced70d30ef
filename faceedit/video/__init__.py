"""Videos: the same recipes on moving pictures, through PyAV (the extra `video`).

`decoding` and `container` read files, `encoding` writes them, `frames` are pictures as they are coded. `motion` says
how a face moves between two frames, `tracking` follows it, `tracks` are its way, `looking` finds them, `people` and
`choosing` say whose they are. `masks` are their maps smoothed over time, `covers` what a recipe that redacts hides.
`rendering` edits frames, `checking` looks at finished videos, `work` does one from file to file, `stream` live frames.

This module itself needs no PyAV, so that everybody may ask what a video is.
"""

import importlib.util
from pathlib import Path

from faceedit.errors import SetupError

VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm"})
"""The lower-case suffixes that make a file a video."""

INSTALL = 'pip install "faceedit[video]"'


def is_video(path: Path | str) -> bool:
    """Whether a file is a video by its name."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES


def can_read_videos() -> bool:
    """Whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


def demand_video() -> None:
    """Whether videos can be edited here.

    Raises:
        SetupError: PyAV is not installed.
    """
    if not can_read_videos():
        raise SetupError("videos need PyAV, which is not installed", INSTALL)
