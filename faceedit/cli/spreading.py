"""Where photos are done: in this process, in several, or on the machines of a Ray cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from faceedit.cli.options import BackendName

if TYPE_CHECKING:
    from faceedit.runner import Input

RAY = "ray"
EngineName = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="auto|torch|openvino|ray",
        help="What runs the model; auto takes openvino where it is installed. ray spreads photos over the "
        "machines of a Ray cluster, each with torch; ray:openvino with that. Needs the extra ray.",
    ),
]
Address = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT",
        help="Ray cluster that --engine ray joins; without it that of this machine, or a new one on its cores.",
    ),
]
Jobs = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        help="Worker processes, each with a model of its own: 1, or as many as a Ray cluster has CPUs or GPUs for.",
    ),
]


@dataclass(frozen=True)
class Spread:
    """How photos are spread: over so many `processes`, on the machines of a `cluster` or on this one.

    `backend` runs the model; 0 processes are as many as a cluster has room for.
    """

    backend: BackendName
    processes: int
    cluster: bool = False
    address: str = ""

    @classmethod
    def of(cls, engine: str, jobs: str, address: str) -> "Spread":
        """What `--engine`, `--jobs` and `--address` mean.

        Raises:
            UsageError: they mean nothing.
        """
        from faceedit.errors import UsageError

        first, _, second = engine.partition(":")
        cluster = first == RAY
        backend = (second or "torch") if cluster else engine
        if backend not in get_args(BackendName):
            raise UsageError(f'no engine "{engine}"', "choose auto, torch, openvino, ray or ray:openvino")
        if address and not cluster:
            raise UsageError("--address is that of a Ray cluster", "give --engine ray too")
        return cls(cast("BackendName", backend), _processes(jobs, cluster=cluster), cluster, address)

    def refuse(self, **streams: bool) -> None:
        """Refuse a cluster for what photos are not known beforehand for, or what is not worth one.

        Raises:
            UsageError: one of the `streams`, by the name of its option, is wanted with a cluster.
        """
        from faceedit.errors import UsageError

        for name, wanted in streams.items():
            if wanted and self.cluster:
                raise UsageError(f"--engine ray does not go with --{name}", "leave one of them out")

    def crew(self, found: "Sequence[Input]") -> Callable[..., Any]:
        """What makes those who do the photos."""
        if not self.cluster:
            from faceedit.runner import Crew

            return Crew
        from faceedit.cluster import RayCrew

        # One photo of each folder tells whether a machine has that folder, and not another one of the same name.
        seen = {
            each.root or each.path: each.path.absolute() for each in found if each.content is None and not each.problem
        }
        return partial(RayCrew, address=self.address, seen=list(seen.values())[:100])


def _processes(text: str, *, cluster: bool) -> int:
    import os

    from faceedit.errors import UsageError

    if cluster and text in ("", "auto"):
        return 0
    if text == "auto":
        return os.cpu_count() or 1
    if text and (not text.isdigit() or not 1 <= int(text) <= (100_000 if cluster else 256)):
        raise UsageError(f'--jobs "{text}" is no number of processes', "write a number from 1 on, or auto")
    return int(text or 1)
