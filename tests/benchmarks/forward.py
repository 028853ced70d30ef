"""One crop through the model: what each engine takes, and what `lite` takes beside SegFormer-B5."""

from pathlib import Path

import numpy as np
import torch

from faceedit.segmentation.segformer import SegFormer, cpu_has_bf16
from faceedit.segmentation.vino import OpenVino
from tests.benchmarks.measure import Contender, here, paired, show
from tests.benchmarks.subjects import Tutorial, portrait


def engines(name: str, where: Path, openvino: bool, runs: int) -> None:
    """Print a table of one model: transformers' own forward beside ours."""
    exact = SegFormer(where, name, "cpu", "fp32")
    crop = np.asarray(portrait().resize((exact.size, exact.size)))[None]
    tutorial = Tutorial(where, exact.size)
    contenders: dict[str, Contender] = {
        "tutorial": here(lambda: tutorial.forward(crop[0])),
        "fused fp32": here(lambda: exact.logits(crop)),
    }
    if cpu_has_bf16():
        lossy = SegFormer(where, name, "cpu", "bf16")
        contenders["fused bf16"] = here(lambda: lossy.logits(crop))
    for precision in ("f32", "bf16") if openvino else ():
        other = OpenVino(where, name, precision=precision)
        contenders[f"openvino {precision}"] = here(lambda other=other: other.logits(crop))
    if torch.cuda.is_available():
        card = SegFormer(where, name, "cuda")
        contenders["cuda"] = here(lambda: card.logits(crop))
    show(f"Forward, one crop, {name}", paired(contenders, runs))


def beside_b5(lite: Path, b5: Path, runs: int) -> None:
    """Print what a crop costs with `lite` as it is run by default, and with SegFormer-B5."""
    pixels = np.asarray(portrait())
    tutorial, fused, exact, small = (
        Tutorial(b5, 512),
        SegFormer(b5, "b5", "cpu", "fp32"),
        SegFormer(lite, "lite", "cpu", "fp32"),
        SegFormer(lite, "lite", "cpu"),
    )
    crop, small_crop = pixels[None], np.asarray(portrait().resize((small.size, small.size)))[None]
    contenders = {
        "B5, transformers": here(lambda: tutorial.forward(pixels)),
        "B5, fused fp32": here(lambda: fused.logits(crop)),
        "lite, fused fp32": here(lambda: exact.logits(small_crop)),
        f"lite, by default ({str(small.dtype).removeprefix('torch.')})": here(lambda: small.logits(small_crop)),
    }
    show("One crop, lite beside SegFormer-B5", paired(contenders, runs))
