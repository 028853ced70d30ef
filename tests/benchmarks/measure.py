"""Paired measurements: contenders run in turn, again and again, and only ratios within a round are compared."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """CPU and wall seconds; where a process of its own was measured, the peak memory in MB of the largest process.

    `sum_mb` is the peak of that process and all that it began together, what they share counted once; Linux only.
    """

    cpu: float
    wall: float
    peak_mb: float = 0.0
    sum_mb: float = 0.0


Contender = Callable[[], Cost]


def here(work: Callable[[], object]) -> Contender:
    """What a piece of work costs in this process."""

    def measured() -> Cost:
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        return Cost(time.process_time() - cpu, time.perf_counter() - wall)

    return measured


# Runs a command and prints its CPU seconds, the peak memory of its largest process, and that of all its processes
# together, looked at again and again. Between us and the command stands this small process, because a process's peak
# counts from its parent's size at the moment of the fork.
LAUNCHER = """
import glob, resource, subprocess, sys, tempfile, time

def together(process):
    total = 0
    try:
        with open(f"/proc/{process}/smaps_rollup") as lines:
            total = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        for path in glob.glob(f"/proc/{process}/task/*/children"):
            with open(path) as children:
                total += sum(together(child) for child in children.read().split())
    except (OSError, StopIteration):
        pass
    return total

with tempfile.TemporaryFile("w+") as said:
    begun = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=said)
    most = 0
    while begun.poll() is None:
        most = max(most, together(begun.pid))
        time.sleep(0.02)
    said.seek(0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if begun.returncode:
        sys.exit(said.read()[-600:])
    print(used.ru_utime + used.ru_stime, used.ru_maxrss, most)
"""


def child(command: Sequence[str | Path]) -> Contender:
    """What a process of its own costs, from its start to its end."""
    launch = [sys.executable, "-S", "-c", LAUNCHER, *(str(word) for word in command)]

    def measured() -> Cost:
        wall = time.perf_counter()
        done = subprocess.run(launch, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{launch[4:6]} failed: {done.stderr}")
        cpu, peak, together = (float(number) for number in done.stdout.split())
        unit = 1 if sys.platform == "darwin" else 1024
        return Cost(cpu, time.perf_counter() - wall, peak * unit / 1e6, together * 1024 / 1e6)

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
    print("| contender | CPU ms | CPU ratio | wall ratio | peak MB (all processes) | peak ratio |")
    print("|---|--:|--:|--:|--:|--:|")
    for name, own in costs.items():
        cpu = statistics.median(cost.cpu for cost in own) * 1000
        ratios = [_spread([one.cpu / two.cpu for one, two in zip(base, own, strict=True)])]
        ratios.append(_spread([one.wall / two.wall for one, two in zip(base, own, strict=True)]))
        peak, together = (statistics.median(getattr(cost, kind) for cost in own) for kind in ("peak_mb", "sum_mb"))
        memory = _spread([one.peak_mb / two.peak_mb for one, two in zip(base, own, strict=True)]) if peak else ""
        each = f" ({cpu / per[name]:.0f} a face)" if per else ""
        peaks = f"{peak:.0f} ({together:.0f})" if peak else ""
        print(f"| {name} | {cpu:.0f}{each} | {ratios[0]} | {ratios[1]} | {peaks} | {memory} |")
    sys.stdout.flush()


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
