"""Necklaces drawn onto labelled portraits, since hardly any photo shows one and every one looks different."""

import itertools
import math

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter

from faceedit.labels import ID

METALS = ((212, 170, 90), (205, 205, 210), (240, 232, 220), (45, 40, 45), (150, 100, 70))
"""Gold, silver, pearl, black and copper, as sRGB bytes; other colors are drawn, too."""

SMALLEST_NECK = 0.01
"""A neck smaller than this share of the photo wears nothing."""


def draw_necklace(pixels: torch.Tensor, labels: torch.Tensor, generator: torch.Generator) -> None:
    """Draw a chain, beads or a pendant, in place, on the neck and what lies below it.

    Pixels (3, h, w) and labels (h, w) uint8; a photo that shows too little neck stays as it is.
    """
    neck = (labels == ID["neck"]).numpy()
    if neck.mean() < SMALLEST_NECK:
        return
    seed = int(torch.randint(2**31, (1,), generator=generator))
    random = np.random.default_rng(seed)
    drawn = _drawn(neck, random)
    open_to_it = neck | ((labels == ID["cloth"]).numpy() & (random.random() < 0.5))
    opacity = (
        np.asarray(drawn.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 0.8))), np.float32) / 255 * open_to_it
    )
    shadow = np.roll(opacity, 2, axis=0) * open_to_it * random.uniform(0.0, 0.35)
    photo = pixels.permute(1, 2, 0).numpy().astype(np.float32)
    light = photo.mean(-1)[neck].mean() / 150
    metal = METALS[random.integers(len(METALS))] if random.random() < 0.8 else random.uniform(20, 255, 3)
    color = np.asarray(metal, np.float32) * min(light, 1.2) * _glitter(neck.shape, random)[..., None]
    opacity, shadow = opacity[..., None] * random.uniform(0.7, 1.0), shadow[..., None]
    changed = photo * (1 - shadow) * (1 - opacity) + color * opacity
    pixels.copy_(torch.from_numpy(changed.clip(0, 255).astype(np.uint8)).permute(2, 0, 1))
    # Whoever labels a chain by hand paints a little more than the chain.
    painted = np.asarray(drawn.filter(ImageFilter.MaxFilter(3)), np.uint8) > 60
    labels[torch.from_numpy(painted & open_to_it)] = ID["neck_l"]


def _glitter(shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    return random.lognormal(0.0, 0.35, shape).astype(np.float32)


def _drawn(neck: np.ndarray, random: np.random.Generator) -> Image.Image:
    """The necklace as an 8-bit mask of the photo's size: a sagging curve from one side of the neck to the other."""
    rows, columns = np.nonzero(neck)
    size = neck.shape[1]
    top, bottom = np.quantile(rows, (0.1, 0.98))
    start = random.uniform(top + (bottom - top) * 0.3, bottom)
    row = columns[np.abs(rows - start) < 3] if (np.abs(rows - start) < 3).any() else columns
    left, right = row.min() - 3.0, row.max() + 3.0
    sag = (right - left) * random.uniform(0.08, 0.7)
    middle = (left + right) / 2 + (right - left) * random.uniform(-0.08, 0.08)
    x = np.linspace(left, right, 160)
    bend = np.where(x < middle, (middle - x) / (middle - left), (x - middle) / (right - middle))
    y = start + random.uniform(-0.1, 0.1) * (x - middle) + sag * (1 - bend ** random.uniform(1.2, 2.5))
    scale = 3
    image = Image.new("L", (neck.shape[1] * scale, neck.shape[0] * scale))
    draw = ImageDraw.Draw(image)
    points = [(float(a) * scale, float(b) * scale) for a, b in zip(x, y, strict=True)]
    width = size / 512 * scale * random.uniform(1.5, 4.0)
    if random.random() < 0.4:
        _beads(draw, points, width * random.uniform(1.0, 2.0), random)
    else:
        draw.line(points, 255, max(1, round(width)), joint="curve")
    if random.random() < 0.5:
        a, b = points[int(np.argmin(np.abs(x - middle)))]
        wide, tall = width * random.uniform(1.0, 3.5), width * random.uniform(1.0, 4.5)
        draw.ellipse((a - wide, b - width, a + wide, b + 2 * tall), 255)
    return image.resize(neck.shape[::-1], Image.Resampling.BOX)


def _beads(
    draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], radius: float, random: np.random.Generator
) -> None:
    gap = 2 * radius * random.uniform(0.9, 1.4)
    walked = gap
    for before, point in itertools.pairwise(points):
        walked += math.dist(before, point)
        if walked >= gap:
            walked -= gap
            draw.ellipse((point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius), 255)
