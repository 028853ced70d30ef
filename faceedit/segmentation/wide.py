"""Long hair, tall hats and bodies: maps carried on beyond a face's crop by a second crop, twice as large."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from faceedit.labels import ID, PARTS
from faceedit.photo import FaceMap
from faceedit.segmentation.crops import Segmenter, maps

FACTOR = 2
# What may lie beyond the first crop, beside long hair and tall hats. Models were taught on portraits: far from the face
# they see more faces.
AROUND = frozenset({"background", "neck", "cloth"})
# The share of an edge of the crop from which hair or a hat counts as leaving it there.
TOUCHES = 0.1
# Over this share of the first crop's edge its answer gives way to that of the wide one.
BLEND = 0.12
# Logit that rules a part out; its opposite leaves nothing but this part.
NEVER = -30.0


def widened(pixels: NDArray[np.uint8], seen: Sequence[FaceMap], segmenter: Segmenter, *, bodies: bool) -> list[FaceMap]:
    """The maps, those with more to see beyond their crop made larger: (19, 2h, 2w) logits on a crop of twice the side.

    Within the first crop they stay as they were, but for its edge, so that small parts lose nothing. With `bodies`
    every map is carried on that the wide crop knows more of, else those whose hair leaves the crop sideways or
    downwards within the photo, or whose hat leaves it upwards. What leaves it upwards is no hair but a busy background,
    and then hair is not followed.
    """
    leaving = [_leaving(one) for one in seen]
    wanted = [index for index in range(len(seen)) if bodies or leaving[index]]
    crops = [replace(seen[index].crop, side=seen[index].crop.side * FACTOR) for index in wanted]
    result = list(seen)
    for index, wide in zip(wanted, maps(pixels, crops, segmenter), strict=True):
        joined = _joined(seen[index], wide, AROUND | leaving[index])
        if leaving[index] or not _body_lost(seen[index], joined):
            result[index] = joined
    return result


def _leaving(one: FaceMap) -> frozenset[str]:
    """Hair, a hat, or both, where they go on beyond the crop."""
    hair, hat = (_touched(one, part) for part in ("hair", "hat"))
    long, tall = any(hair[1:]) and not hair[0], hat[0]
    return frozenset(part for part, goes_on in (("hair", long), ("hat", tall)) if goes_on)


def _touched(one: FaceMap, part: str) -> list[bool]:
    """Whether a part leaves the crop within the photo at its top, right, bottom, left edge."""
    where = one.logits.argmax(0) == ID[part]
    if one.photo_shape is not None:  # beyond the photo lies a mirror image
        where &= one.crop.cells_within(len(where), len(where), one.photo_shape)
    edges = (where[0], where[:, -1], where[-1], where[:, 0])
    return [within and float(edge.mean()) >= TOUCHES for within, edge in zip(one.ends_within(), edges, strict=True)]


def _body_lost(near: FaceMap, joined: FaceMap) -> bool:
    """Whether the body that leaves the first crop downwards is not seen right below it: then less is known, not more.

    A map that ends at its crop's edge says honestly that the body goes on.
    """
    height, width = near.logits.shape[1:]
    below = joined.logits[:, height // 2 + height, width // 2 : width // 2 + width]
    body = near.logits[:, -1].argmax(0) != ID["background"]
    return bool(body.any() and (below.argmax(0) != ID["background"])[body].mean() < 0.5)


def _joined(near: FaceMap, wide: FaceMap, around: frozenset[str]) -> FaceMap:
    """The wide map on a grid as fine as the near one's, which is laid into its middle; `around` may lie beyond it."""
    height, width = near.logits.shape[1:]
    size = (FACTOR * width, FACTOR * height)
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize(size, Image.Resampling.BILINEAR) for plane in wide.logits
    ]
    logits = np.stack([np.asarray(plane) for plane in planes])
    ending = [ID[part] for part in PARTS if part not in around]
    logits[ending] = NEVER
    logits[ID["hat"], height:] = NEVER  # none lies below the face
    middle = logits[:, height // 2 : height // 2 + height, width // 2 : width // 2 + width]
    kept = _rise(height)[:, None] * _rise(width)
    middle += (near.logits - middle) * kept
    middle[ending] = near.logits[ending]  # what the wide crop may not show gives way to nothing
    for part in around - AROUND:
        logits[ID[part], _apart(logits.argmax(0) == ID[part], 1 / FACTOR)] = NEVER
    logits[ID["background"], _apart(logits.argmax(0) != ID["background"], 1 / 4)] = -NEVER
    return FaceMap(logits.astype(np.float16), wide.crop, wide.photo_shape)


def _apart(where: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """What of a plane (h, w) does not hang together with what is in its middle, this share of its sides."""
    areas, _ = ndimage.label(where)
    rows, columns = (slice(round(size * (1 - share) / 2), round(size * (1 + share) / 2)) for size in where.shape)
    return where & ~np.isin(areas, np.unique(areas[rows, columns]))


def _rise(cells: int) -> NDArray[np.float32]:
    """0 at both ends of a row of cells, 1 between them."""
    along = (np.arange(cells, dtype=np.float32) + 0.5) / cells
    return np.clip(np.minimum(along, 1 - along) / BLEND, 0, 1)
