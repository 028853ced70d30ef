"""Painted faces and a tiny model, for tests of training."""

from pathlib import Path

import numpy as np
from PIL import Image

from faceedit.labels import ID
from faceedit.training import Augment, Progress, TrainOptions

TINY = {
    "hidden_sizes": [16, 32, 32, 32],
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 2, 2, 2],
    "decoder_hidden_size": 32,
    "drop_path_rate": 0.0,
}
CALM = Augment(
    flip=0.0, paste=0.0, necklace=0.0, border=0.0, turn=5.0, far=0.0, scale=(0.9, 1.1), shift=0.05, color=0.3, jpeg=0.0
)
QUICK = TrainOptions(
    config=TINY,
    stages=((64, 1),),
    batch=4,
    lr=4e-3,
    ema=0.9,
    optimizer="adamw",
    device="cpu",
    threads=1,
    checks=1,
    augment=CALM,
)


def paint(seed: int, size: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A coloured face of ellipses on noise: (size, size, 3) uint8 and its label (size, size) uint8."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    middle = np.array([0.5, 0.45]) + random.uniform(-0.05, 0.05, 2)
    scale = random.uniform(0.85, 1.1)
    ids = np.zeros((size, size), np.uint8)

    def ellipse(part: str, right: float, down: float, wide: float, high: float) -> None:
        place = ((x - middle[0]) / scale - right) ** 2 / wide**2 + ((y - middle[1]) / scale - down) ** 2 / high**2
        ids[place <= 1] = ID[part]

    ellipse("cloth", 0, 0.6, 0.5, 0.25)
    ellipse("neck", 0, 0.33, 0.12, 0.15)
    ellipse("hair", 0, -0.07, 0.31, 0.36)
    ellipse("skin", 0, 0.03, 0.23, 0.31)
    ellipse("l_eye", 0.1, -0.05, 0.07, 0.05)
    ellipse("r_eye", -0.1, -0.05, 0.07, 0.05)
    ellipse("nose", 0, 0.08, 0.05, 0.08)
    ellipse("mouth", 0, 0.23, 0.12, 0.05)
    colors = random.uniform(0, 255, (19, 3))
    colors[ID["skin"]] = (220, 170, 140)
    colors[ID["neck"]] = (190, 140, 110)
    colors[ID["nose"]] = (240, 140, 120)
    colors[ID["hair"]] = (60, 40, 20)
    colors[ID["mouth"]] = (170, 30, 50)
    colors[ID["l_eye"]] = (40, 60, 160)
    colors[ID["r_eye"]] = (20, 130, 60)
    pixels = colors[ids] + random.normal(0, 12, (size, size, 3))
    return pixels.clip(0, 255).astype(np.uint8), ids


def write_folder(folder: Path, count: int, first: int = 0) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"face{number:03d}" for number in range(first, first + count)]
    for number, name in enumerate(names, first):
        pixels, ids = paint(number)
        Image.fromarray(pixels).save(folder / f"{name}.png")
        Image.fromarray(ids).save(folder / f"{name}.label.png")
    return names


def quiet(progress: Progress) -> None:
    pass
