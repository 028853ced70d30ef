"""The machines of a Ray cluster: how many workers they have room for, and whether each can do photos as this one."""

import contextlib
import pickle
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from faceedit.cluster.hand import look
from faceedit.cluster.kit import Kit
from faceedit.errors import FaceEditError, SetupError, UsageError, reason
from faceedit.stores import StorePath


@dataclass(frozen=True)
class Room:
    """Room for workers, each with so many CPUs and such a share of a GPU."""

    workers: int
    cpus: int
    gpus: float


@dataclass(frozen=True)
class Machines:
    """The machines of a cluster that can have workers, as Ray tells of them."""

    ray: Any
    nodes: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, ray: Any, device: str) -> "Machines":
        """Those with a GPU where there are any and the device lets them be used, else those with a CPU."""
        alive = [node for node in ray.nodes() if node["Alive"]]
        kinds = ("GPU", "CPU") if device == "auto" else ("GPU",) if device == "cuda" else ("CPU",)
        for kind in kinds:
            if nodes := [node for node in alive if node["Resources"].get(kind)]:
                return cls(ray, nodes)
        raise SetupError(f"no machine of the Ray cluster has a {kinds[-1]}", "use --device cpu, or add machines")

    def room(self, processes: int, threads: int) -> Room:
        """Room for so many workers, or 0 for as many as fit, each with so many threads.

        Raises:
            UsageError: no machine has as many CPUs.
        """
        cpus = [int(node["Resources"].get("CPU", 0)) for node in self.nodes]
        if max(cpus) < threads:
            raise UsageError(f"no machine of the cluster has {threads} CPUs", "choose a smaller --threads")
        gpus = int(sum(node["Resources"].get("GPU", 0) for node in self.nodes))
        workers = processes or gpus or sum(each // threads for each in cpus)
        return Room(workers, threads, 1 / -(-workers // gpus) if gpus else 0)

    def check(self, kit: Kit, seen: Sequence[Path]) -> None:
        """Let each machine look whether it can do photos; `seen` are photos that it must find.

        Raises:
            UsageError: one does not see the folders.
            SetupError: one lacks something, or has another version of it.
        """
        with _token(kit.task.out) as token:
            question = pickle.dumps(partial(look, kit, [*token, *seen]))
            asked = [(node, self._on(node["NodeID"])(_by_value()).remote(question)) for node in self.nodes]
            for node, answer in asked:
                self._raise_for(node, answer)

    def here(self, actor: type) -> Any:
        """A remote class whose actors live on this machine and take no CPU from photos."""
        return self._on(self.ray.get_runtime_context().get_node_id())(actor)

    def _on(self, node: str) -> Callable[[Any], Any]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - an extra

        here = NodeAffinitySchedulingStrategy(node, soft=False)
        return partial(_remote, self.ray.remote, here)

    def _raise_for(self, node: Mapping[str, Any], answer: Any) -> None:
        where = f"the machine {node['NodeManagerAddress']} ({node['NodeManagerHostname']}) cannot do photos"
        try:
            error: FaceEditError | None = self.ray.get(answer)
        except Exception as trouble:  # the boundary: faceedit may not be there at all, or the machine be gone
            told = reason(getattr(trouble, "cause", None) or trouble)
            raise SetupError(f"{where}: {told}", "install the same faceedit on all machines") from trouble
        if error:
            raise type(error)(f"{where}: {error.message}", error.hint)


def _remote(remote: Callable[[Any], Any], strategy: Any, thing: Any) -> Any:
    return remote(thing).options(num_cpus=0, scheduling_strategy=strategy)


def _by_value() -> Callable[[bytes], Any]:
    """A function that travels whole, so that a machine without faceedit can say so."""

    def answered(question: bytes) -> Any:
        import pickle  # noqa: PLC0415 - it runs where this module may not be

        return pickle.loads(question)()  # noqa: S301 - from the machine that began the run

    return answered


@contextlib.contextmanager
def _token(out: Path) -> Iterator[list[Path]]:
    """A file in the output folder that all machines must see; none in a store, which each tries for itself."""
    if isinstance(out, StorePath):
        yield []
        return
    token = out / f".faceedit-probe-{secrets.token_hex(8)}"
    token.touch()
    try:
        yield [token]
    finally:
        token.unlink(missing_ok=True)
