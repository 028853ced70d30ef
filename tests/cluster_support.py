"""Ray clusters of two machines on this one, and faceedit run on them as users run it.

Run as a program, it is such a cluster: it prints its address and then does what it is told on standard input, until
that ends: `lose` makes the second machine vanish.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

TESTS = Path(__file__).parent
MEMORY = 100_000_000  # bytes of each machine's object store: what passes through it is small
# A model and a detector that cost nothing, and effects: one to see, one that kills who works on certain photos.
PLUGIN = '''
"""A model without a model."""
import os, pathlib, signal
import faceedit
from faces_support import Oracle, Skins


@faceedit.effect(on="lips")
def dye(region):
    """Paint the lips."""
    return region.pixels * 0 + 0.25


@faceedit.effect(scope="photo", on="person | background")
def deadly(region, *, marker: str):
    """A photo with a red corner kills its process once, one with a green corner always."""
    red, green, blue = (region.pixels[0, 0] > 0.9).tolist()
    mark = pathlib.Path(marker)
    if not blue and (green and not red or red and not green and not mark.exists()):
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return region.pixels


class Corner:
    """Tells people by the upper right corner of their photos."""

    name, sha256, threshold = "corner", "0", 0.99

    def embed(self, pixels, box):
        return pixels[0, -1].astype(float)


@faceedit.hookimpl
def faceedit_effects():
    return [dye, deadly]


@faceedit.hookimpl
def faceedit_embedders():
    return {"corner": Corner}


@faceedit.hookimpl
def faceedit_segmenters():
    return {"painted": lambda device: Oracle()}


@faceedit.hookimpl
def faceedit_detectors():
    return {"painted": Skins}
'''
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONPATH": str(TESTS),
}


class Machines:
    """A cluster of two machines with one CPU each."""

    def __init__(self, **second: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(second)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
        assert self._process.stdout
        lines = iter(self._process.stdout.readline, "")
        self.address = next(line for line in lines if line.startswith("address ")).split()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def lose(self) -> None:
        """Let the second machine vanish."""
        assert self._process.stdin
        self._process.stdin.write("lose\n")
        self._process.stdin.flush()

    def end(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def machines() -> Iterator[Machines]:
    """A cluster of two machines."""
    pytest.importorskip("ray", reason="no Ray")
    with Machines() as running:
        yield running


def faceedit(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """faceedit in a process of its own, with these arguments."""
    command = [sys.executable, "-m", "faceedit", *map(str, arguments)]
    known = {**os.environ, **ENVIRONMENT, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=known, timeout=600)


def main(second: dict[str, Any]) -> None:
    """Be a cluster."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - seconds

    about = {"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=about)
    other = cluster.add_node(num_cpus=1, object_store_memory=MEMORY, env_vars=second)
    print("address", cluster.address, flush=True)
    for line in sys.stdin:
        if line.strip() == "lose":
            cluster.remove_node(other, allow_graceful=False)
    cluster.shutdown()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
