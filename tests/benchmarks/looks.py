"""How well effects keep their promises on labelled photos, by tone of skin and of hair, beside the usual way.

The usual way is that of the well-known makeup scripts: hard labels, and the target's hue put into HSV.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import faceedit_makeup
import faceedit_retouch
import numpy as np
from faceedit_makeup import lipstick
from faceedit_retouch import hair_color, skin_tone, smooth
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import hsv2rgb, rgb2hsv

from faceedit.color import distance, parse, to_oklab
from faceedit.engine import edit
from faceedit.faces import CROP_SHARE
from faceedit.geometry import Box, Crop
from faceedit.labelled import open_folder, read_names, read_pair
from faceedit.labels import ID, parse_parts
from faceedit.matte import blurred
from faceedit.photo import Face, Photo
from faceedit.recipe import Output, Recipe, Step
from faceedit.region import Effect, Region, as_float
from faceedit.registry import Registry
from faceedit.segmentation import Segmenter, maps
from faceedit.testing import applied
from tests.benchmarks import halo
from tests.benchmarks.measure import here, paired, show
from tests.benchmarks.subjects import portrait

Bools = NDArray[np.bool_]
Float = NDArray[np.float32]

LIP, HAIR = "#a3123b", "#8a4a28"
# From here on a mask is sure.
CORE = 0.95


@dataclass(frozen=True)
class Subject:
    """A labelled photo, its face labelled by the model, and the means of its skin and hair in OKLab, by its labels."""

    photo: Photo
    labels: NDArray[np.uint8]
    skin: Float
    hair: Float | None

    def core(self, parts: str) -> Bools:
        """Pixels that surely belong to the parts, in the effects' own masks: of hair, what is behind loose strands."""
        face = self.photo.faces[0]
        region = Region(as_float(self.photo.pixels), self.photo.box, face.box, (face,))
        inwards = 2 if parts != "hair" else round(0.04 * face.width_px)
        return ndimage.binary_erosion(region.mask(parts) > CORE, iterations=inwards)


@dataclass(frozen=True)
class Kept:
    """What a recolouring kept of its promises: distance to the target, correlation of lightness, growth of the edge.

    `implied` is that growth against the same colour laid on by hand; `halo` is the share of it on which a ring shows.
    """

    reached: float
    detail: float
    seam: float
    implied: float
    halo: float


def subjects(folder: Path, segmenter: Segmenter, most: int, each: int) -> dict[str, list[Subject]]:
    """Subjects by group: the darkest and the lightest fifth by skin, and hair of four tones; `each` of a group at most.

    Of the folder's `validation.txt` the first `most` photos are looked at.
    """
    labelled = open_folder(folder)
    pairs = labelled.only(read_names(folder / "validation.txt")[:most]).pairs
    toned = []
    for pair in pairs:
        pixels, labels = read_pair(labelled, pair)
        lab = to_oklab(as_float(np.asarray(pixels)))
        skin, hair = (np.asarray(labels) == ID[part] for part in ("skin", "hair"))
        if skin.sum() > 4000:
            toned.append(
                (pixels, np.asarray(labels), lab[skin].mean(0), lab[hair].mean(0) if hair.sum() > 4000 else None)
            )
    toned.sort(key=lambda one: float(one[2][0]))
    fifth = len(toned) // 5
    chosen = {"dark skin": toned[:fifth], "light skin": toned[-fifth:]}
    for name in ("black", "brown", "grey", "blond"):
        chosen[f"{name} hair"] = [one for one in toned if one[3] is not None and _hair(one[3]) == name]
    return {
        name: [Subject(whole_face(pixels, segmenter), *rest) for pixels, *rest in group[:each]]
        for name, group in chosen.items()
    }


def _hair(mean: Float) -> str:
    chroma = float(np.hypot(*mean[1:]))
    if mean[0] < 0.3:
        return "black"
    if chroma < 0.03:
        return "grey" if mean[0] > 0.45 else ""
    return "blond" if mean[0] > 0.6 else "brown"


def whole_face(pixels: NDArray[np.uint8], segmenter: Segmenter) -> Photo:
    """A portrait that one face fills, labelled by the model."""
    height, width = pixels.shape[:2]
    crop = Crop(width / 2, height / 2, max(height, width))
    side = round(crop.side / CROP_SHARE)
    box = Box((width - side) // 2, (height - side) // 2, (width + side) // 2, (height + side) // 2)
    return Photo(pixels, faces=(Face(0, box, 1.0, maps(pixels, [crop], segmenter)[0], (height, width)),))


def usual_way(photo: Photo, parts: str, color: str) -> NDArray[np.uint8]:
    """Hard labels, and the target's hue and saturation put into HSV."""
    where = np.isin(photo.labels(), [ID[part] for part in parse_parts(parts)])
    hsv = rgb2hsv(photo.pixels)
    target = rgb2hsv(parse(color)[None])[0]
    hsv[where, :2] = target[:2]
    after = photo.pixels.copy()
    after[where] = np.rint(hsv2rgb(hsv)[where] * 255)
    return after


def kept(subject: Subject, parts: str, color: str, after: NDArray[np.uint8]) -> Kept | None:
    """What a recolouring of a part kept; None where the part is too small to judge."""
    core = subject.core(parts)
    if core.sum() < 100:
        return None
    old, new = (to_oklab(as_float(pixels)) for pixels in (subject.photo.pixels, after))
    reached = float(distance(new[core].mean(0), to_oklab(parse(color))))
    detail = float(np.corrcoef(_residual(old, core), _residual(new, core))[0, 1])
    labelled = np.isin(subject.labels, [ID[part] for part in parse_parts(parts)])
    along = halo.band(labelled)
    implied = halo.edge(new, along) / halo.edge(halo.by_hand(old, new, labelled), along)
    return Kept(reached, detail, roughness(subject, parts, after), implied, halo.ring(old, new, labelled))


def roughness(subject: Subject, parts: str, after: NDArray[np.uint8]) -> float:
    """How much stronger the edge of a part becomes: the slopes of lightness along it against those of the photo."""
    mask = subject.photo.faces[0].mask(parts)
    edge = ndimage.binary_dilation(mask > 0.5, iterations=3) & ~ndimage.binary_erosion(mask > 0.5, iterations=3)
    old, new = (to_oklab(as_float(pixels))[..., 0] for pixels in (subject.photo.pixels, after))
    return float(np.hypot(*np.gradient(new))[edge].mean() / np.hypot(*np.gradient(old))[edge].mean())


def _residual(lab: Float, core: Bools) -> Float:
    """Lightness without the slow changes over a part, at the part's pixels."""
    light = lab[..., 0]
    return (light - blurred(light, 12, core.astype(np.float32)))[core]


def lips(one: Subject) -> Kept | None:
    """What opaque lipstick keeps."""
    return kept(one, "lips", LIP, applied(lipstick, one.photo, color=LIP, amount=1.0))


def hair(one: Subject) -> Kept | None:
    """What a dye keeps."""
    return kept(one, "hair", HAIR, applied(hair_color, one.photo, color=HAIR, lift=1.0))


def pores(one: Subject) -> float:
    """The share of the skin's finest texture that full smoothing leaves."""
    core = one.core("skin")
    old, new = (to_oklab(as_float(p))[..., 0] for p in (one.photo.pixels, applied(smooth, one.photo, amount=1.0)))
    fine = [(light - ndimage.gaussian_filter(light, 0.8))[core].std() for light in (old, new)]
    return float(fine[1] / fine[0])


def tone_seam(one: Subject) -> float:
    """How much the edge of the skin grows when its tone is changed."""
    after = applied(skin_tone, one.photo, warmth=0.4, lightness=0.25)
    return roughness(one, "skin | nose | ears | neck", after)


def table(groups: Mapping[str, list[Subject]]) -> Iterator[str]:
    """The promises' figures, a line a group: ours, and the usual way's behind a slash."""
    yield "| group | colour reached | detail kept | edge | edge, by hand = 1 | halo | pores | seam of skin tone |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, group in groups.items():
        parts, color, ours = ("lips", LIP, lips) if name.endswith("skin") else ("hair", HAIR, hair)
        pairs = [(ours(one), kept(one, parts, color, usual_way(one.photo, parts, color))) for one in group]
        both = [(mine, usual) for mine, usual in pairs if mine and usual]
        means = np.mean([[list(vars(each).values()) for each in pair] for pair in both], 0)
        cells = [f"{mine:.3f} / {usual:.3f}" for mine, usual in zip(*means, strict=True)]
        skin = name.endswith("skin")
        rest = [f"{np.mean([figure(one) for one in group]):.3f}" if skin else "" for figure in (pores, tone_seam)]
        yield f"| {name}, {parts} ({len(both)}) | {' | '.join([*cells, *rest])} |"


def costs(segmenter: Segmenter, registry: Registry, runs: int) -> None:
    """Print what each effect costs on a crop of 1536 pixels, its mask included."""
    pixels = np.asarray(portrait().resize((2800, 2800)))
    crop = Crop(2800 * 224 / 512, 2800 * 120 / 512, 1536)
    window = crop.bounds().clipped(2800, 2800)
    pixels = pixels[window.slices]
    height, width = pixels.shape[:2]
    crop = Crop(crop.x - window.left, crop.y - window.top, crop.side)
    side = round(1536 / CROP_SHARE)
    box = Box(int(crop.x) - side // 2, int(crop.y) - side // 2, int(crop.x) + side // 2, int(crop.y) + side // 2)
    photo = Photo(pixels, faces=(Face(0, box, 1.0, maps(pixels, [crop], segmenter)[0], (height, width)),))
    photo.faces[0].map.probabilities  # noqa: B018 - made once a face, whatever the effects
    steps = {
        effect.name: (effect,) for effect in (*faceedit_makeup.faceedit_effects(), *faceedit_retouch.faceedit_effects())
    }
    work = {name: here(_edit(photo, effects, registry)) for name, effects in {"no step": (), **steps}.items()}
    show("Effects, one crop of 1536 px", paired(work, runs))


def _edit(photo: Photo, effects: tuple[Effect, ...], registry: Registry) -> Callable[[], object]:
    steps = tuple(Step(each, registry.options(each)().model_dump(), name=each.name) for each in effects)
    recipe = Recipe("", None, steps, Output(no_faces="copy"))
    return lambda: edit(photo, recipe, registry)
