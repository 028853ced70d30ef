"""SegFormer on OpenVINO: several times faster than torch on Intel and AMD processors, and quick to start.

A model is converted once (that needs torch) and checked against torch; both lie in the user's cache folder, so that
later runs import neither torch nor convert.
"""

import importlib
import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from faceedit.errors import PhotoError, SetupError
from faceedit.segmentation import agreement
from faceedit.segmentation.folder import Folder

Precision = Literal["auto", "f32", "bf16"]

# Bump when the network or its conversion changes.
VERSION = 1
# Share of labels that must equal torch's in full precision: less means that the conversion is wrong.
SAME = 0.999
CHECKED = "checked.json"


def imported() -> Any:
    """The module openvino, imported without its telemetry.

    Raises:
        SetupError: it is not installed.
    """
    # Importing openvino reports usage to its maker through the package openvino_telemetry, unless that one is missing:
    # then it uses a stub of its own. Nothing here phones home, so for the time of the import it is missing.
    absent = "openvino_telemetry" not in sys.modules
    if absent:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # makes importing it fail
    try:
        openvino = importlib.import_module("openvino")  # an optional extra, and slow to import
    except ImportError as error:
        raise SetupError("the engine openvino is not installed", "pip install faceedit[openvino]") from error
    finally:
        if absent:
            del sys.modules["openvino_telemetry"]
    return openvino


class OpenVino:
    """The engine `openvino` for a model folder, on the processor. `threads` 0 is as many as OpenVINO finds good.

    `precision` "auto" is bf16 where that leaves the labels alone (see `agreement`), else f32.

    Raises:
        SetupError: openvino is not installed, cannot use its cache folder, or gives other labels than torch.
        ModelError: the folder is unfit.
    """

    def __init__(self, folder: Path, name: str, threads: int = 0, precision: Precision = "auto") -> None:
        self._openvino = imported()
        self.folder = Folder.read(folder, name)
        self.model, self.size, self.device = self.folder.model, self.folder.size, "cpu"
        self.notes: tuple[str, ...] = ()
        self._core = self._openvino.Core()
        self._threads = {"INFERENCE_NUM_THREADS": threads} if threads else {}
        version = self._openvino.__version__.split("-")[0]
        place = agreement.cache_folder() / "openvino" / f"{self.model.sha256[:16]}-{self.size}-{version}-{VERSION}"
        try:
            checked = _read_check(place) or self._convert(place)
            if checked["f32"] < SAME:
                said = f'the model "{name}" gives other labels on openvino ({checked["f32"]:.1%} equal)'
                raise SetupError(said, "use --engine torch")
            best: Precision = "bf16" if checked["bf16"] >= agreement.ENOUGH else "f32"
            self.precision = best if precision == "auto" else precision
            self._compiled = self._compile(place, self.precision)
        except (OSError, RuntimeError) as error:
            first = " ".join(str(error).split())[:200]
            raise SetupError(
                f"openvino cannot use {place}: {first}", "delete that folder, or use --engine torch"
            ) from error

    def _compile(self, place: Path, precision: str) -> Any:
        options = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY", **self._threads}
        model = str(place / "model.xml")
        return self._core.compile_model(model, "CPU", {"CACHE_DIR": str(place / "compiled"), **options})

    def _convert(self, place: Path) -> dict[str, float]:
        """Write the converted model and what the check found, whole or not at all; return the latter."""
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)  # there only if damaged
        with tempfile.TemporaryDirectory(dir=place.parent) as folder:
            made = Path(folder) / "made"
            exact = self._save(made)
            checked = {}
            for precision in ("f32", "bf16"):
                self._compiled = self._compile(made, precision)
                checked[precision] = agreement.share(exact, self.logits, self.size)
            (made / CHECKED).write_text(json.dumps(checked), encoding="utf-8")
            if not place.exists():  # else another process was first, with the same result
                made.replace(place)
        return checked

    def _save(self, made: Path) -> agreement.Logits:
        """Write the model for one crop at a time to `made`; return torch's own logits of it."""
        import torch  # noqa: PLC0415 - slow to import, and wanted once a model

        from faceedit.segmentation.segformer import SegFormer  # noqa: PLC0415 - imports torch

        exact = SegFormer(self.folder.weights.parent, self.model.name, "cpu", "fp32")
        shape = [1, 3, self.size, self.size]
        with warnings.catch_warnings():  # openvino traces, which newer torch calls out of date
            warnings.simplefilter("ignore", DeprecationWarning)
            converted = self._openvino.convert_model(exact.net, example_input=torch.zeros(shape), input=shape)
        self._openvino.save_model(converted, made / "model.xml", compress_to_fp16=False)
        return exact.logits

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, size / 4, size / 4) float32 for crops (n, size, size, 3) uint8.

        Raises:
            PhotoError: the model answers NaN or infinity.
        """
        logits = np.concatenate([self._answer(crop[None]) for crop in crops])
        if not np.isfinite(logits).all():
            raise PhotoError(f'the model "{self.model.name}" answered NaN or infinity', "its weights are damaged")
        return logits

    def _answer(self, crop: NDArray[np.uint8]) -> NDArray[np.float32]:
        normal = np.ascontiguousarray(self.folder.normalised(crop).transpose(0, 3, 1, 2))  # (1, 3, size, size)
        return np.array(self._compiled(normal)[0], np.float32)


def _read_check(place: Path) -> dict[str, float] | None:
    """The shares of equal labels found when the model was converted; None if it was not, or is damaged."""
    try:
        found = json.loads((place / CHECKED).read_text(encoding="utf-8"))
        return {"f32": float(found["f32"]), "bf16": float(found["bf16"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
