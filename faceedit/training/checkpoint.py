"""The state of a training run in one safetensors file, so that a kill at any time costs little.

No pickle is written or read: numbers are tensors, everything else is JSON in the file's metadata. The file is written
beside its place and renamed, so there is always a whole one.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from faceedit.errors import ModelError

NAME = "checkpoint.safetensors"
"""The checkpoint's file name within the output folder."""


def save(path: Path, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, object]) -> None:
    """Write tensors and JSON-able facts to one safetensors file, whole or not at all."""
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    temporary = path.with_name(path.name + ".part")
    save_file(whole, temporary, metadata={"facts": json.dumps(facts)})
    temporary.replace(path)


def load(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `save` wrote; `ModelError` if the file is damaged or of another kind."""
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118, it is no dict
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelError(f"{path} is no checkpoint of this command: {error}", "delete it to begin anew") from error


def optimizer_tensors(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, torch.Tensor]:
    """An optimizer's state as tensors named `prefix/parameter number/key`."""
    states = optimizer.state_dict()["state"]
    return {f"{prefix}/{index}/{key}": torch.as_tensor(v) for index, one in states.items() for key, v in one.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor], prefix: str) -> None:
    """Put back what `optimizer_tensors` took."""
    states: dict[int, dict[str, torch.Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix + "/"):
            index, key = name.removeprefix(prefix + "/").split("/")
            states.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": states, "param_groups": optimizer.state_dict()["param_groups"]})


def part_of(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    """The tensors named `prefix/...`, without the prefix."""
    return {name.removeprefix(prefix + "/"): value for name, value in tensors.items() if name.startswith(prefix + "/")}
