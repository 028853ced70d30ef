"""SegFormer on torch: on a graphics card or the processor, in bf16 where that is known to change next to nothing."""

import copy
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file

from faceedit.errors import ModelError, PhotoError, SetupError
from faceedit.segmentation import agreement
from faceedit.segmentation.folder import Folder
from faceedit.segmentation.net import SegFormerNet

Precision = Literal["auto", "fp32", "bf16"]

# Crops shown to the model at once: on a processor several are no faster, and take as many times the memory.
BATCH = 1
BATCH_ON_GPU = 32


def chosen_device(device: str) -> str:
    """The torch device to work on: `auto` takes cuda, else mps, else cpu.

    Raises:
        SetupError: the device asked for is not there.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if device == "auto":
        return next(name for name, present in there.items() if present)
    kind, _, number = device.partition(":")
    exists = not number or (number.isdecimal() and (kind != "cuda" or int(number) < torch.cuda.device_count()))
    if not there.get(kind, False) or not exists:
        present = ", ".join(name for name, here in there.items() if here)
        raise SetupError(f'the device "{device}" is not there', f"this machine has: {present}")
    return device


def read_net(folder: Folder) -> SegFormerNet:
    """The network of a folder in float32 on the processor.

    Raises:
        ModelError: the weights are damaged or do not fit their config.
    """
    try:
        weights = load_file(folder.weights)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{folder.weights} cannot be read: {error}", "fetch or save the model again") from error
    net = SegFormerNet(folder.config, weights, folder.order)
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's own stub lacks it


class SegFormer:
    """A SegFormer for the 19 parts from a folder with `config.json` and `model.safetensors`: the engine `torch`.

    `preprocessor_config.json` may give size, mean and deviation, `thresholds.json` the accessory thresholds,
    `closer.json` the parts that are looked at twice (see `Look`).
    `precision` "auto" is bf16 on cuda, and on processors that have it if it leaves the model's labels alone (see
    `agreement`); else fp32.

    Raises:
        ModelError: a file is missing or damaged, the weights are a pickle, or the model has other parts.
        SetupError: the device is not there.
    """

    def __init__(
        self, folder: Path, name: str, device: str = "auto", precision: Precision = "auto", *, threads: int = 0
    ) -> None:
        if threads:
            torch.set_num_threads(threads)
        self.folder = Folder.read(folder, name)
        self.model, self.size = self.folder.model, self.folder.size
        self.device = chosen_device(device)
        self.batch = BATCH if self.device == "cpu" else BATCH_ON_GPU
        self.notes: tuple[str, ...] = ()
        self.dtype = torch.float32
        self.net: torch.nn.Module = read_net(self.folder)
        if precision == "bf16" or (precision == "auto" and self._bf16_pays()):
            self.dtype = torch.bfloat16
        self.net = self.net.to(self.device, self.dtype)

    def _bf16_pays(self) -> bool:
        if self.device.startswith("cuda"):
            return torch.cuda.is_bf16_supported(including_emulation=False)
        if self.device != "cpu" or not cpu_has_bf16():
            return False
        key = f"{self.model.sha256[:16]}-torch{torch.__version__}-bf16"
        return agreement.remembered(key, self._bf16_agreement) >= agreement.ENOUGH

    def _bf16_agreement(self) -> float:
        other = copy.copy(self)
        other.net, other.dtype = copy.deepcopy(self.net).to(torch.bfloat16), torch.bfloat16
        return agreement.share(self.logits, other.logits, self.size)

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, size / 4, size / 4) float32 for crops (n, size, size, 3) uint8.

        Raises:
            PhotoError: the model answers NaN or infinity, or the memory does not suffice for one crop.
        """
        while True:
            try:
                return self._answers(crops)
            except torch.OutOfMemoryError as error:
                self._make_room(error)

    def _answers(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [crops[start : start + self.batch] for start in range(0, len(crops), self.batch)]
        with torch.inference_mode():
            logits: NDArray[np.float32] = torch.cat([self._answer(part) for part in parts]).contiguous().numpy()
        if not np.isfinite(logits).all():
            raise PhotoError(f'the model "{self.model.name}" answered NaN or infinity', "its weights are damaged")
        return logits

    def _answer(self, crops: NDArray[np.uint8]) -> torch.Tensor:
        normal = torch.from_numpy(self.folder.normalised(crops)).permute(0, 3, 1, 2)  # (n, 3, size, size)
        answer: torch.Tensor = self.net(normal.to(self.device, self.dtype)).float().cpu()
        return answer

    def _make_room(self, error: torch.OutOfMemoryError) -> None:
        """A smaller batch for the rest of the run, or the processor where one crop alone is too much."""
        if self.batch > 1:
            self.batch //= 2
            self.notes = (f"the memory of {self.device} did not suffice: crops in batches of {self.batch}",)
        elif self.device != "cpu":
            self.notes = (f"the memory of {self.device} did not suffice: worked on the cpu instead",)
            self.device, self.dtype, self.batch = "cpu", torch.float32, BATCH
            self.net = self.net.to("cpu", torch.float32)
        else:
            raise PhotoError("the memory does not suffice for one face", "close other programs") from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def cpu_has_bf16() -> bool:
    """Whether this processor multiplies bf16 natively; without that bf16 is slower than fp32."""
    abilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
