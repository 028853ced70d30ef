"""Opacity and colours of hair against composites whose opacity is known.

The heads of labelled photos, strands drawn out of their hair, are laid over other pictures. What is found is compared
with what was laid, in the band along the edge where the answer is open, and with the plain ways: the hard label, and
the label with a feather of 5 pixels. All start from what a model would say, on the coarse grid of its answer.
"""

import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.labelled import SUFFIXES, open_folder, read_pair
from faceedit.labels import GROUPS, ID
from faceedit.matte import alpha, blurred, foreground, smoothstep

Float = NDArray[np.float32]
STRANDS, LENGTH = 700, 22
GRID = 64  # cells a side of a small model's answer, from which masks and hard labels are made
BAND = 0.06  # of the face's width, as cut-outs use


@dataclass(frozen=True)
class Composite:
    """A head with strands over a backdrop: what is seen, what is true, and what a model would say."""

    pixels: Float
    opacity: Float
    colors: Float
    mask: Float
    hair: Float
    width_px: float


def composites(folder: Path, backdrops: Path, count: int) -> Iterator[Composite]:
    """`count` heads of a folder of labelled photos with much hair, each over the next of the backdrops."""
    labelled = open_folder(folder)
    random = np.random.default_rng(0)
    behind = itertools.cycle(sorted(path for path in backdrops.iterdir() if path.suffix in SUFFIXES))
    head, hair = [ID[part] for part in GROUPS["head"] if part != "hat"], ID["hair"]
    found = 0
    for pair in labelled.pairs[:: max(1, len(labelled.pairs) // (3 * count))]:
        pixels, labels = read_pair(labelled, pair)
        picture = pixels.astype(np.float32) / 255
        label = np.isin(labels, head).astype(np.float32)
        if (labels == hair).mean() < 0.15:
            continue
        backdrop = _backdrop(next(behind), label.shape)
        columns = np.flatnonzero((labels == ID["skin"]).any(0))
        soft = blurred((labels == hair).astype(np.float32), 2)
        edge = blurred(label, 0.8) + np.clip(2 * soft, 0, 1) * (blurred(label, 2.5) - blurred(label, 0.8))
        opacity = np.maximum(edge, _strands(labels == hair, random))
        colors = _spread(picture, label > 0.5)
        mixed = opacity[..., None] * colors + (1 - opacity[..., None]) * backdrop
        noisy = np.clip(mixed + random.normal(0, 0.006, mixed.shape), 0, 1).astype(np.float32)
        width_px = float(np.ptp(columns))
        hairy = smoothstep(blurred((labels == hair).astype(np.float32), BAND * width_px), 0.03, 0.15)
        yield Composite(noisy, opacity, colors, _answer(label), hairy, width_px)
        found += 1
        if found == count:
            return


def _backdrop(path: Path, shape: tuple[int, int]) -> Float:
    """A picture stretched to the composite's size, a little out of focus as backgrounds are."""
    with Image.open(path) as picture:
        resized = picture.convert("RGB").resize((shape[1], shape[0]))
    return blurred(np.asarray(resized, np.float32) / 255, 2)


def _answer(label: Float) -> Float:
    """A label as a model gives it: averaged over the cells of its grid, and read back."""
    size = (label.shape[1], label.shape[0])
    small = Image.fromarray(label).resize((GRID, GRID), Image.Resampling.BOX)
    return np.asarray(small.resize(size, Image.Resampling.BILINEAR))


def _strands(hair: NDArray[np.bool_], random: np.random.Generator) -> Float:
    """Fine hairs that start within the hair and leave it outwards, fading."""
    away = ndimage.gaussian_filter(ndimage.distance_transform_edt(~hair) - ndimage.distance_transform_edt(hair), 6)
    down, across = np.gradient(away)
    edge = np.argwhere(ndimage.binary_dilation(hair) & ~hair)
    opacity = np.zeros(hair.shape, np.float32)
    for row, column in edge[random.integers(0, len(edge), STRANDS)]:
        place = np.array([row, column], np.float64)
        turn, strength = random.normal(0, 0.7), random.uniform(0.35, 0.95)
        for step in range(random.integers(8, LENGTH)):
            y, x = np.rint(place).astype(int)
            if not (0 <= y < hair.shape[0] and 0 <= x < hair.shape[1]):
                break
            opacity[y, x] = max(opacity[y, x], strength * (1 - step / LENGTH))
            angle = np.arctan2(down[y, x], across[y, x]) + turn
            place += (np.sin(angle), np.cos(angle))
            turn += random.normal(0, 0.08)
    return np.minimum(1.6 * blurred(opacity, 0.7), 1)


def _spread(picture: Float, inside: NDArray[np.bool_]) -> Float:
    """The picture with the colours safely inside carried outwards: what a strand looks like without its backdrop."""
    safe = ndimage.binary_erosion(inside, iterations=4)
    nearest = ndimage.distance_transform_edt(~safe, return_distances=False, return_indices=True)
    carried: Float = picture[tuple(nearest)]
    return np.where(safe[..., None], picture, blurred(carried, 1.0))


def report(folder: Path, backdrops: Path, count: int) -> None:
    """Print the table: errors of each way, and how many times ours is smaller."""
    errors: dict[str, list[tuple[float, float]]] = {}
    fringes = []
    for one in composites(folder, backdrops, count):
        found = alpha(one.pixels, one.mask, BAND * one.width_px, one.hair)
        hard = (one.mask > 0.5).astype(np.float32)
        band = ndimage.binary_dilation((one.opacity > 0.02) & (one.opacity < 0.98), iterations=2)
        ways = {"ours": found, "hard label": hard, "feather of 5 px": blurred(hard, 5)}
        for name, way in ways.items():
            errors.setdefault(name, []).append(_errors(way, one.opacity, band))
        fringes.append(_fringe(one, hard, found, band))
    ours = errors["ours"]
    print(f"\n## Hair over other backgrounds ({len(ours)} composites, means; in brackets how many times ours)\n")
    print("| way | SAD, thousands | gradient error, thousands |\n|---|--:|--:|")
    for name, rows in errors.items():
        cells = []
        for which in range(2):
            mean, base = statistics.fmean(row[which] for row in rows), statistics.fmean(row[which] for row in ours)
            cells.append(f"{mean / 1000:.2f} ({mean / base:.2f})")
        print(f"| {name} | {' | '.join(cells)} |")
    print("\n| over a new background | mean colour error in the band | share of the first |\n|---|--:|--:|")
    titles = ("hard label, the photo's own colours", "our opacity, the photo's own colours", "ours, estimated colours")
    means = [statistics.fmean(each[which] for each in fringes) for which in range(3)]
    for title, mean in zip(titles, means, strict=True):
        print(f"| {title} | {mean:.4f} | {mean / means[0]:.0%} |")


def _errors(found: Float, true: Float, band: NDArray[np.bool_]) -> tuple[float, float]:
    """Sum of absolute differences, and of squared differences of gradients (Gaussian, 1.4 px), in the band.

    Source: Rhemann et al., "A Perceptually Motivated Online Benchmark for Image Matting", 2009.
    """
    slopes = [ndimage.gaussian_gradient_magnitude(plane, 1.4) for plane in (found, true)]
    return float(np.abs(found - true)[band].sum()), float(((slopes[0] - slopes[1]) ** 2)[band].sum())


def _fringe(one: Composite, hard: Float, found: Float, band: NDArray[np.bool_]) -> tuple[float, float, float]:
    """Mean colour errors over a new background, green: cut along the label, along our opacity, with clean colours."""
    new = np.array((0.1, 0.7, 0.2), np.float32)
    truth = one.opacity[..., None] * one.colors + (1 - one.opacity[..., None]) * new
    ways = ((hard, one.pixels), (found, one.pixels), (found, foreground(one.pixels, found)))
    errors = [np.abs(opacity[..., None] * colors + (1 - opacity[..., None]) * new - truth) for opacity, colors in ways]
    first, second, third = (float(error[band].mean()) for error in errors)
    return first, second, third
