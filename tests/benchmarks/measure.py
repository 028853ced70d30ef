"""Paired measurements: contenders run in turn, again and again, and only ratios within a round are compared."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds, and peak resident memory in MB where a process of its own was measured."""

    cpu: float
    wall: float
    peak_mb: float = 0.0


Contender = Callable[[], Cost]


def here(work: Callable[[], object]) -> Contender:
    """What a piece of work costs in this process."""

    def measured() -> Cost:
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        return Cost(time.process_time() - cpu, time.perf_counter() - wall)

    return measured


def child(command: Sequence[str | Path]) -> Contender:
    """What a process of its own costs, from its start to its end."""

    def measured() -> Cost:
        wall = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))[:300]} ended with {process.returncode}")
        unit = 1 if sys.platform == "darwin" else 1024
        return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - wall, usage.ru_maxrss * unit / 1e6)

    return measured


def paired(contenders: Mapping[str, Contender], runs: int, *, warm: bool = True) -> dict[str, list[Cost]]:
    """The costs of `runs` rounds, each of which runs all contenders in turn; one round before is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for number in range(-1 if warm else 0, runs):
        for name, contender in contenders.items():
            cost = contender()
            if number >= 0:
                costs[name].append(cost)
    return costs


def show(title: str, costs: Mapping[str, list[Cost]], per: Mapping[str, float] | None = None) -> None:
    """Print a table: how many times cheaper than the first contender, median and range of the paired ratios."""
    (first, base), *_ = costs.items()
    print(f"\n## {title}\n(1 = {first}; {len(base)} runs; median, smallest to largest of the paired ratios)\n")
    print("| contender | CPU ms | CPU ratio | wall ratio | peak MB | peak ratio |\n|---|--:|--:|--:|--:|--:|")
    for name, own in costs.items():
        cpu = statistics.median(cost.cpu for cost in own) * 1000
        ratios = [_spread([one.cpu / two.cpu for one, two in zip(base, own, strict=True)])]
        ratios.append(_spread([one.wall / two.wall for one, two in zip(base, own, strict=True)]))
        peak = statistics.median(cost.peak_mb for cost in own)
        memory = _spread([one.peak_mb / two.peak_mb for one, two in zip(base, own, strict=True)]) if peak else ""
        each = f" ({cpu / per[name]:.0f} a face)" if per else ""
        print(f"| {name} | {cpu:.0f}{each} | {ratios[0]} | {ratios[1]} | {f'{peak:.0f}' if peak else ''} | {memory} |")
    sys.stdout.flush()


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
