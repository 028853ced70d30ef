"""Necklaces drawn onto labelled portraits, since hardly any photo shows one and every one looks different."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter

from faceedit.labels import ID

METALS = ((212, 170, 90), (205, 205, 210), (240, 232, 220), (45, 40, 45), (150, 100, 70))
"""Gold, silver, pearl, black and copper, as sRGB bytes; other colors are drawn, too."""

SMALLEST_NECK = 0.01
"""A neck smaller than this share of the photo wears nothing."""

SCALE = 3
"""A necklace is drawn this many times larger, then averaged."""


@dataclass
class Necklace:
    """What is drawn, at SCALE times the photo's size: where something hangs, and how much light it throws back."""

    shape: ImageDraw.ImageDraw
    shine: ImageDraw.ImageDraw


def draw_necklace(pixels: torch.Tensor, labels: torch.Tensor, generator: torch.Generator) -> None:
    """Draw a chain, beads or pearls, with or without a pendant, in place, on the neck and what lies below it.

    Pixels (3, h, w) and labels (h, w) uint8; a photo that shows too little neck stays as it is.
    """
    neck = (labels == ID["neck"]).numpy()
    if neck.mean() < SMALLEST_NECK:
        return
    random = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
    shape, shine = _drawn(neck, random)
    open_to_it = neck | ((labels == ID["cloth"]).numpy() & (random.random() < 0.5))
    soft = ImageFilter.GaussianBlur(random.uniform(0.3, 0.8))
    opacity = np.asarray(shape.filter(soft), np.float32) / 255 * open_to_it
    light = np.asarray(shine.filter(soft), np.float32) / 128
    shadow = np.roll(opacity, random.integers(1, 4), axis=0) * open_to_it * random.uniform(0.0, 0.5)
    photo = pixels.permute(1, 2, 0).numpy().astype(np.float32)
    metal = METALS[random.integers(len(METALS))] if random.random() < 0.8 else random.uniform(20, 255, 3)
    lit = min(photo.mean(-1)[neck].mean() / 150, 1.2)
    color = np.asarray(metal, np.float32) * lit * light[..., None]
    opacity, shadow = opacity[..., None] * random.uniform(0.7, 1.0), shadow[..., None]
    changed = photo * (1 - shadow) * (1 - opacity) + color * opacity
    pixels.copy_(torch.from_numpy(changed.clip(0, 255).astype(np.uint8)).permute(2, 0, 1))
    # Whoever labels by hand paints over the gaps between beads, and a little more than the chain.
    whole = shape.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(5))
    painted = np.asarray(whole, np.uint8) > 60
    labels[torch.from_numpy(painted & open_to_it)] = ID["neck_l"]


def _drawn(neck: np.ndarray, random: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Shape and shine, 8-bit, of the photo's size: one to three curves that sag from one side of the neck to the other.

    Shine is 128 where the metal has its own color.
    """
    rows, columns = np.nonzero(neck)
    size = neck.shape[1]
    large = (neck.shape[1] * SCALE, neck.shape[0] * SCALE)
    shape, shine = Image.new("L", large), Image.new("L", large, 128)
    necklace = Necklace(ImageDraw.Draw(shape), ImageDraw.Draw(shine))
    top, bottom = np.quantile(rows, (0.1, 0.98))
    start = random.uniform(top + (bottom - top) * 0.3, bottom)
    near = np.abs(rows - start) < 3
    row = columns[near] if near.any() else columns
    middle = (row.min() + row.max()) / 2 + (row.max() - row.min()) * random.uniform(-0.08, 0.08)
    reach = (row.max() - row.min()) / 2 + 3.0
    sag = 2 * reach * random.uniform(0.08, 0.7)
    x = np.linspace(middle - reach, middle + reach, 240)
    y = start + random.uniform(-0.1, 0.1) * (x - middle)
    y += sag * (1 - np.abs((x - middle) / reach) ** random.uniform(1.2, 2.5))
    width = size / 512 * SCALE * random.uniform(1.2, 4.0)
    beads, radius = random.random() < 0.45, width * random.uniform(1.0, 2.5)
    strands = 1 + (random.random() < 0.2) + (random.random() < 0.05)
    for strand in range(strands):
        lower = strand * (2.2 * radius if beads else 2.5 * width)
        points = [(float(a) * SCALE, float(b) * SCALE + lower) for a, b in zip(x, y, strict=True)]
        if beads:
            _beads(necklace, points, radius, random)
        else:
            _links(necklace, points, width, random)
    if random.random() < 0.4:
        a, b = points[int(np.argmin(np.abs(x - middle)))]
        wide, tall = width * random.uniform(1.0, 3.5), width * random.uniform(1.0, 4.5)
        _ball(necklace, (a, b + tall), wide, tall + width, random.uniform(0.3, 1.0))
    return shape.resize(neck.shape[::-1], Image.Resampling.BOX), shine.resize(neck.shape[::-1], Image.Resampling.BOX)


def _links(necklace: Necklace, points: list[tuple[float, float]], width: float, random: np.random.Generator) -> None:
    """A chain, rope or cord: every other link throws back more light than the one before it, or none does."""
    length, contrast = width * random.uniform(0.8, 2.5), random.choice((0.0, 0.4, 0.8))
    walked = 0.0
    for before, point in itertools.pairwise(points):
        walked += math.dist(before, point)
        bright = 1 + contrast * math.sin(math.pi * walked / length) + 0.3 * contrast * random.standard_normal()
        necklace.shape.line((before, point), 255, max(1, round(width)))
        necklace.shine.line((before, point), round(min(max(128 * bright, 20), 255)), round(width) + 2)


def _beads(necklace: Necklace, points: list[tuple[float, float]], radius: float, random: np.random.Generator) -> None:
    gap = 2 * radius * random.uniform(0.9, 1.4)
    growth, gloss = random.uniform(0.0, 0.5), random.uniform(0.2, 1.0)
    walked = gap
    for index, (before, point) in enumerate(itertools.pairwise(points)):
        walked += math.dist(before, point)
        if walked >= gap:
            walked -= gap
            here = radius * (1 - growth * abs(2 * index / len(points) - 1))
            _ball(necklace, point, here, here, gloss)


def _ball(necklace: Necklace, center: tuple[float, float], wide: float, tall: float, gloss: float) -> None:
    """A bead or a stone, dark at its edge and bright up where the light falls."""
    for step in range(6):
        size, lift = 1 - step / 6, 0.4 * step / 6
        x, y = center[0], center[1] - lift * tall
        box = (x - size * wide, y - size * tall, x + size * wide, y + size * tall)
        if step == 0:
            necklace.shape.ellipse(box, 255)
        necklace.shine.ellipse(box, round(min(255.0, 128 * (1 + gloss * (step - 2.5) / 3.5))))
