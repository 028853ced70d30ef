"""Joining a Ray cluster, quietly, and saying in one line why that did not work."""

import contextlib
import importlib
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any

from faceedit.errors import SetupError, UsageError, reason

SECONDS = 5  # for a machine to answer at all
# Nothing is reported to Ray's makers; workers that die are counted by us, and told where a photo is lost.
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_START = "start one with: ray start --head; then give its address, HOST:6379"


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """Ray, joined to the cluster at an address; without one to that of this machine, or to a new one on it.

    Raises:
        UsageError: there is no such cluster.
        SetupError: Ray is not installed, or the cluster's is another one.
    """
    if "://" in address:
        raise UsageError(f'"{address}" is no address of a cluster', "give HOST:PORT, on a machine of the cluster")
    ray = _imported()
    if ray.is_initialized():  # whoever did that will leave it
        yield ray
        return
    if address:
        _refuse_silent(address)
    try:
        with _without_errors():
            ray.init(address=address or None, log_to_driver=False, logging_level=logging.CRITICAL)
    except Exception as error:  # the boundary: Ray has many ways to say that it cannot be joined
        told = f"the Ray cluster{f' at {address}' if address else ''} cannot be joined"
        raise SetupError(f"{told}: {reason(error)}", _START) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _imported() -> Any:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        ray = importlib.import_module("ray")
        importlib.import_module("ray.data")
    except ImportError as error:
        raise SetupError("--engine ray needs Ray", "pip install faceedit[ray]") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    return ray


def _refuse_silent(address: str) -> None:
    """Raises UsageError where nobody answers: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(f"no Ray cluster answers at {address}", _START) from error


@contextlib.contextmanager
def _without_errors() -> Iterator[None]:
    """Standard error turned off, also for the native code that tells there which log level it was given."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
