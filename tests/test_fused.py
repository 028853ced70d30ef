"""The network in plain torch, its decode head folded, against transformers' own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from transformers import SegformerConfig, SegformerForSemanticSegmentation

from faceedit import models
from faceedit.errors import ModelError
from faceedit.labels import PARTS
from faceedit.segmentation import agreement
from faceedit.segmentation.net import SegFormerNet
from faceedit.segmentation.segformer import SegFormer

ORDER = list(range(len(PARTS)))


def tiny(**changes: object) -> SegformerConfig:
    """A SegFormer of a few thousand weights with the 19 names."""
    names = dict(enumerate(PARTS))
    known = {"hidden_sizes": [8, 16, 20, 32], "depths": [1, 1, 1, 1], "decoder_hidden_size": 16, "id2label": names}
    return SegformerConfig(**{**known, **changes})


def random_net(config: SegformerConfig) -> SegformerForSemanticSegmentation:
    """Transformers' network with random weights and a batch norm that is no identity."""
    net = SegformerForSemanticSegmentation(config).eval()
    norm = net.decode_head.batch_norm
    for tensor, low, high in (
        (norm.running_mean, -1, 1),
        (norm.running_var, 0.3, 3),
        (norm.weight, -2, 2),
        (norm.bias, -1, 1),
    ):
        torch.nn.init.uniform_(tensor, low, high)
    return net


def saved(net: SegformerForSemanticSegmentation, folder: Path) -> Path:
    net.save_pretrained(folder)
    return folder


def ours(folder: Path, order: list[int] = ORDER) -> SegFormerNet:
    config = json.loads((folder / "config.json").read_text())
    return SegFormerNet(config, load_file(folder / "model.safetensors"), order)


def difference(theirs: SegformerForSemanticSegmentation, net: torch.nn.Module, pixels: torch.Tensor) -> float:
    """The largest difference of the logits, as a share of the largest logit."""
    with torch.inference_mode():
        expected, answer = theirs(pixel_values=pixels).logits, net(pixels)
    assert answer.shape == expected.shape
    return float((expected - answer).abs().max() / expected.abs().max())


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tiny nets on one thread: on a busy machine several wait for each other longer than they work."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def generator() -> torch.Generator:
    torch.manual_seed(4)
    return torch.Generator().manual_seed(4)


CONFIGS = st.fixed_dictionaries(
    {
        "num_attention_heads": st.sampled_from([[1, 2, 5, 8], [4, 2, 1, 4]]),
        "sr_ratios": st.sampled_from([[8, 4, 2, 1], [4, 2, 1, 1], [2, 2, 2, 2]]),
        "depths": st.lists(st.integers(1, 2), min_size=4, max_size=4),
        "hidden_act": st.sampled_from(["gelu", "relu", "silu"]),
        "decoder_hidden_size": st.sampled_from([8, 20]),
    }
)


@settings(max_examples=6, deadline=None)
@given(CONFIGS, st.integers(0, 99))
def test_folded_net_equals_transformers_on_random_configs(changes: dict[str, object], seed: int) -> None:
    torch.manual_seed(seed)
    theirs = random_net(tiny(**changes))
    with tempfile.TemporaryDirectory() as folder:
        assert difference(theirs, ours(saved(theirs, Path(folder))), torch.randn(2, 3, 64, 96)) < 1e-5


def test_folded_net_equals_transformers_on_lite(generator: torch.Generator) -> None:
    folder = models.find("lite")
    theirs = SegformerForSemanticSegmentation.from_pretrained(folder, dtype=torch.float32).eval()
    pixels = torch.randn(2, 3, 256, 256, generator=generator)
    net = ours(folder)
    assert difference(theirs, net, pixels) < 1e-5
    with torch.inference_mode():
        same = theirs(pixel_values=pixels).logits.argmax(1) == net(pixels).argmax(1)
    assert same.float().mean() > 0.999  # noise for a picture has near ties, which the seventh digit decides


def test_folded_net_equals_transformers_at_the_size_of_b5(tmp_path: Path, generator: torch.Generator) -> None:
    config = tiny(hidden_sizes=[64, 128, 320, 512], depths=[3, 6, 40, 3], decoder_hidden_size=768)
    theirs = random_net(config)
    assert difference(theirs, ours(saved(theirs, tmp_path)), torch.randn(1, 3, 64, 64, generator=generator)) < 1e-5


def test_classes_of_another_order_come_out_in_the_canonical_one(tmp_path: Path, generator: torch.Generator) -> None:
    theirs = random_net(tiny())
    folder = saved(theirs, tmp_path)
    pixels = torch.randn(1, 3, 64, 64, generator=generator)
    with torch.inference_mode():
        straight, turned = ours(folder)(pixels), ours(folder, ORDER[::-1])(pixels)
    torch.testing.assert_close(straight.flip(1), turned)


def test_half_precision_weights_are_computed_in_float32(tmp_path: Path) -> None:
    folder = saved(random_net(tiny()).half(), tmp_path)
    assert {weight.dtype for weight in ours(folder).parameters()} == {torch.float32}


def test_weights_of_another_shape_are_refused_with_their_name(tmp_path: Path) -> None:
    folder = saved(random_net(tiny()), tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["decode_head.linear_fuse.weight"] = weights["decode_head.linear_fuse.weight"][:, :8].contiguous()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"decode_head\.linear_fuse\.weight"):
        ours(folder)


def test_a_truncated_weights_file_is_a_model_error(tmp_path: Path) -> None:
    folder = saved(random_net(tiny()), tmp_path)
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="cannot be read"):
        SegFormer(folder, "broken", "cpu")


def test_an_unknown_activation_is_refused(tmp_path: Path) -> None:
    folder = saved(random_net(tiny()), tmp_path)
    config = json.loads((folder / "config.json").read_text()) | {"hidden_act": "mish"}
    with pytest.raises(ModelError, match="mish"):
        SegFormerNet(config, load_file(folder / "model.safetensors"), ORDER)


def test_bf16_labels_nearly_all_places_of_a_portrait_like_fp32() -> None:
    exact, lossy = (SegFormer(models.find("lite"), "lite", "cpu", precision) for precision in ("fp32", "bf16"))
    assert agreement.share(exact.logits, lossy.logits, 256) > agreement.ENOUGH


def test_loading_and_running_lite_does_not_import_transformers() -> None:
    code = (
        "import sys, numpy as np; from faceedit import models; m = models.load('lite', 'cpu');"
        "m.logits(np.zeros((1, 256, 256, 3), np.uint8)); assert 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_normalised_crops_are_those_of_the_usual_formula() -> None:
    folder = SegFormer(models.find("lite"), "lite", "cpu").folder
    crops = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3) * 20
    expected = (crops / 255 - np.array(folder.mean)) / np.array(folder.deviation)
    np.testing.assert_allclose(folder.normalised(crops), expected, atol=1e-6)
