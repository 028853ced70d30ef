"""Models from folders, proved with a tiny SegFormer of random weights, and crops against a plain reference."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from scipy import ndimage
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from faceedit.errors import ModelError, PhotoError, SetupError
from faceedit.geometry import Crop
from faceedit.labels import PARTS
from faceedit.photo import Model
from faceedit.segmentation import SegFormer, canonical_order, chosen_device, cut, maps, sha256

TINY = {
    "depths": [1, 1, 1, 1],
    "hidden_sizes": [8, 16, 16, 32],
    "num_attention_heads": [1, 2, 2, 4],
    "mlp_ratios": [2, 2, 2, 2],
    "decoder_hidden_size": 16,
}
CROPS = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def reference() -> SegformerForSemanticSegmentation:
    torch.manual_seed(1)
    names = dict(enumerate(PARTS))
    net = SegformerForSemanticSegmentation(SegformerConfig(**TINY, id2label=names, label2id={}))
    for norm in (module for module in net.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        norm.running_mean.uniform_(-0.5, 0.5)
        norm.running_var.uniform_(0.5, 2)
    return net.eval()


@pytest.fixture
def folder(reference: SegformerForSemanticSegmentation, tmp_path: Path) -> Path:
    reference.save_pretrained(tmp_path)
    _write(tmp_path / "preprocessor_config.json", size={"height": 64, "width": 64})
    return tmp_path


def _write(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(content | changes))


def _renamed(folder: Path, names: list[str]) -> None:
    _write(folder / "config.json", id2label={str(index): name for index, name in enumerate(names)}, label2id={})


def _edit_weights(folder: Path, change: Any) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def test_logits_are_those_of_the_reference_implementation(
    folder: Path, reference: SegformerForSemanticSegmentation
) -> None:
    normal = (CROPS / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    batch = torch.from_numpy(normal.astype(np.float32)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = reference(pixel_values=batch).logits.numpy()
    got = SegFormer(folder, "tiny", "cpu", "fp32").logits(CROPS)
    assert (got.shape, got.dtype) == ((3, 19, 16, 16), np.float32)
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_another_order_of_the_names_gives_the_same_canonical_logits(folder: Path) -> None:
    expected = SegFormer(folder, "tiny", "cpu").logits(CROPS)
    order = np.random.default_rng(3).permutation(19)

    def permute(weights: dict[str, torch.Tensor]) -> None:
        for name in ("decode_head.classifier.weight", "decode_head.classifier.bias"):
            weights[name] = weights[name][order].contiguous()

    _edit_weights(folder, permute)
    _renamed(folder, [PARTS[index] for index in order])
    np.testing.assert_allclose(SegFormer(folder, "tiny", "cpu").logits(CROPS), expected, atol=1e-5)


def test_a_photo_gives_the_same_logits_alone_and_among_others(folder: Path) -> None:
    model = SegFormer(folder, "tiny", "cpu")
    together = model.logits(np.concatenate([CROPS] * 4))
    np.testing.assert_allclose(together[4], model.logits(CROPS[1:2])[0], atol=1e-5)


def test_a_model_says_its_name_its_hash_and_its_thresholds(folder: Path) -> None:
    _write(folder / "thresholds.json", glasses=0.4)
    model = SegFormer(folder, "tiny", "cpu")
    assert model.model == Model("tiny", sha256(folder / "model.safetensors"), {"glasses": 0.4})
    assert len(model.model.sha256) == 64
    assert model.size == 64


@pytest.mark.parametrize("size", [96, {"height": 96, "width": 96}, {"shortest_edge": 96}])
def test_the_crops_size_may_be_spelt_in_each_way_of_the_hub(folder: Path, size: Any) -> None:
    _write(folder / "preprocessor_config.json", size=size)
    assert SegFormer(folder, "tiny", "cpu").size == 96


def test_mean_and_deviation_of_the_folder_count(folder: Path) -> None:
    plain = SegFormer(folder, "tiny", "cpu").logits(CROPS)
    _write(folder / "preprocessor_config.json", image_mean=[0.5] * 3, image_std=[0.5] * 3)
    assert np.abs(SegFormer(folder, "tiny", "cpu").logits(CROPS) - plain).max() > 1e-4


def test_other_names_are_refused_with_those_that_differ(folder: Path) -> None:
    _renamed(folder, ["spectacles" if name == "eye_g" else name for name in PARTS])
    with pytest.raises(ModelError, match='the model "tiny" labels other parts: missing eye_g; unknown spectacles;'):
        SegFormer(folder, "tiny")


@pytest.mark.parametrize("names", [PARTS[:-1], (*PARTS, "beard"), (), (*PARTS, "skin")])
def test_fewer_more_and_twofold_names_are_refused(folder: Path, names: tuple[str, ...]) -> None:
    _renamed(folder, list(names))
    with pytest.raises(ModelError):
        SegFormer(folder, "tiny")


def test_the_canonical_order_says_which_output_is_which_part() -> None:
    assert canonical_order({str(18 - index): name for index, name in enumerate(PARTS)}, "x") == list(range(18, -1, -1))


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "model.pt", "model.pth", "model.ckpt", "weights.pkl"])
def test_a_pickle_is_refused_unopened(folder: Path, pickle: str) -> None:
    (folder / "model.safetensors").rename(folder / pickle)
    with pytest.raises(ModelError, match=rf"has only pickle weights \({pickle}\), which are never opened"):
        SegFormer(folder, "tiny")


@pytest.mark.parametrize(
    ("name", "message"),
    [("config.json", "has no config.json"), ("model.safetensors", "has no model.safetensors")],
)
def test_a_missing_file_is_named(folder: Path, name: str, message: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=message):
        SegFormer(folder, "tiny")


def test_another_kind_of_model_is_refused(folder: Path) -> None:
    _write(folder / "config.json", model_type="bert")
    with pytest.raises(ModelError, match='the model "tiny" is a "bert", not a segformer'):
        SegFormer(folder, "tiny")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "thresholds.json"])
@pytest.mark.parametrize("content", [b'{"size": ', b"\xff\xfe\x00"])
def test_a_damaged_json_is_one_line(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name} cannot be read"):
        SegFormer(folder, "tiny")


@pytest.mark.parametrize("keep", [0, 7, 100, 5000])
def test_weights_that_are_cut_off_are_a_model_error(folder: Path, keep: int) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(ModelError):
        SegFormer(folder, "tiny")


def test_weights_that_lack_a_layer_are_refused_rather_than_made_up(folder: Path) -> None:
    _edit_weights(folder, lambda weights: weights.pop("decode_head.classifier.weight"))
    with pytest.raises(ModelError, match="the weights do not fit their config"):
        SegFormer(folder, "tiny")


def test_weights_of_another_size_are_refused(folder: Path) -> None:
    _write(folder / "config.json", decoder_hidden_size=32)
    with pytest.raises(ModelError, match="the weights do not fit their config"):
        SegFormer(folder, "tiny")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_fail_the_photo(folder: Path, value: float) -> None:
    _edit_weights(folder, lambda weights: weights["decode_head.classifier.bias"].fill_(value))
    with pytest.raises(PhotoError, match='the model "tiny" answered NaN or infinity'):
        SegFormer(folder, "tiny", "cpu").logits(CROPS)


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "cpuu", "", "meta"])
def test_an_absent_device_is_named_with_those_that_are_there(device: str) -> None:
    with pytest.raises(SetupError, match=f'the device "{device}" is not there; this machine has: .*cpu'):
        chosen_device(device)


def test_the_processor_is_always_there() -> None:
    assert chosen_device("cpu") == "cpu"
    assert chosen_device("auto") in ("cuda", "mps", "cpu")


# Crops


def smooth_picture(height: int = 90, width: int = 120) -> NDArray[np.uint8]:
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(x / 9), np.cos(y / 11), np.sin((x + y) / 15)], -1)
    return np.rint(128 + 100 * waves).astype(np.uint8)


def plainly(pixels: NDArray[np.uint8], crop: Crop, size: int) -> NDArray[np.float64]:
    """The crop read point by point, the photo mirrored beyond its border."""
    v, u = np.mgrid[:size, :size]
    points = np.column_stack([(u.ravel() + 0.5) / size, (v.ravel() + 0.5) / size])
    x, y = crop.to_photo(points).T - 0.5
    planes = [ndimage.map_coordinates(pixels[..., c].astype(float), [y, x], order=1, mode="reflect") for c in range(3)]
    return np.stack(planes, -1).reshape(size, size, 3)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 120), st.floats(0, 90), st.floats(30, 150), st.floats(-180, 180))
def test_a_crop_is_what_a_plain_reading_gives(x: float, y: float, side: float, angle: float) -> None:
    crop, pixels = Crop(x, y, side, angle), smooth_picture()
    difference = np.abs(cut(pixels, crop, 48) - plainly(pixels, crop, 48))
    assert difference.mean() < 2.5
    assert np.percentile(difference, 90) < 6


def test_an_upright_crop_of_its_own_size_is_the_pixels_themselves() -> None:
    pixels = smooth_picture()
    assert np.abs(cut(pixels, Crop(60, 40, 32), 32).astype(int) - pixels[24:56, 44:76]).max() <= 1


def test_a_crop_is_turned_upright() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[40:60, 80:] = 255  # to the right, which is up for a face lying on its side
    turned = cut(pixels, Crop(50, 50, 100, 90), 50)
    assert turned[5, 25].min() > 200
    assert turned[25, 45].max() < 50


def test_beyond_the_border_the_photo_is_mirrored() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:10] = 200
    read = cut(pixels, Crop(20, 0, 40), 40)
    assert read[12:28, 5:-5].min() > 190  # the bright rows and their mirror image above them
    assert read[:8].max() < 10


@pytest.mark.parametrize("crop", [Crop(0.5, 0.5, 4), Crop(0.5, 0.5, 60, 33), Crop(3, -2, 9, 200)])
def test_a_photo_of_one_pixel_fills_its_crop(crop: Crop) -> None:
    read = cut(np.full((1, 1, 3), 90, np.uint8), crop, 32)
    assert read.shape == (32, 32, 3)
    assert set(np.unique(read)) <= {0, 90}


def test_a_crop_wholly_beside_the_photo_is_black() -> None:
    assert cut(smooth_picture(), Crop(500, 500, 40), 16).max() == 0


class Fixed:
    """A segmenter that gives what it is told."""

    model, size = Model("fixed"), 16

    def __init__(self, answer: NDArray[Any]) -> None:
        self.answer = answer

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[Any]:  # noqa: ARG002 - it is blind
        return self.answer


def test_maps_are_float16_within_its_range_and_in_the_order_of_the_crops() -> None:
    answer = np.zeros((2, 19, 4, 4), np.float32)
    answer[1] = 1e9
    first, second = maps(smooth_picture(), [Crop(20, 20, 20), Crop(50, 50, 30)], Fixed(answer))
    assert (first.logits.dtype, second.crop.side, float(second.logits.max())) == (np.float16, 30, 65504.0)
    assert maps(smooth_picture(), [], Fixed(answer)) == []


@pytest.mark.parametrize("shape", [(2, 19, 4, 4), (1, 18, 4, 4), (1, 19, 4), (1, 19), ()])
def test_an_unfit_answer_fails_the_photo(shape: tuple[int, ...]) -> None:
    with pytest.raises(PhotoError, match='the model "fixed" gave an unfit answer of shape'):
        maps(smooth_picture(), [Crop(20, 20, 20)], Fixed(np.zeros(shape, np.float32)))


def test_an_answer_that_is_no_number_fails_the_photo() -> None:
    with pytest.raises(PhotoError, match="unfit answer"):
        maps(smooth_picture(), [Crop(20, 20, 20)], Fixed(np.full((1, 19, 4, 4), np.nan, np.float32)))
