"""The small pictures beside the page: making them while a photo is at hand, and finding them again.

Under a recipe that redacts, only pixels of the output reach them, unless the originals are asked for.
"""

import hashlib
import io
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.grids import warp
from faceedit.labels import COLORS, ID
from faceedit.photo import Face, Photo, eight_bit
from faceedit.report import Entry
from faceedit.stores import StorePath

FOLDER = ".report-files"  # hidden, so that it is no folder of photos when the output is somebody's input
# The longer side of a thumbnail.
SIDE_PX = 480
QUALITY = 82
# Pixels in which all faces' parts are looked up for an overlay: a single face then has about as many as its logits.
OVERLAY_PX = 12_000

_NAME = re.compile(r"([0-9a-f]{20})-(\d+)x(\d+)\.(before|after|redacted|overlay|withheld)\.(?:jpg|png)")


def thumbnails(
    target: Path, before: Photo | None, after: Photo, out: Path, *, redacts: bool, originals: bool = False
) -> dict[Path, bytes]:
    """The small pictures of one photo, by the path each belongs to; nothing is written.

    `target` is the first of the entry's `outputs`, within the output folder `out`. `before`, with its faces, gives the
    picture before and the overlay of its labels. Where the recipe redacts, it is not looked at unless `originals`.
    """
    stem = f"{key(target, out)}-{after.width}x{after.height}"

    def place(kind: str) -> Path:
        return out / FOLDER / f"{stem}.{kind}"

    after_jpeg = _jpeg(after)
    made = {place("redacted.jpg" if redacts else "after.jpg"): after_jpeg}
    if before is None or (redacts and not originals):
        return made
    before_jpeg = _jpeg(before)
    if before_jpeg != after_jpeg:
        made[place("before.jpg")] = before_jpeg
    if before.faces:
        made[place("overlay.png")] = _overlay(before)
    return made


def withheld(path: Path, photo: Photo, out: Path) -> dict[Path, bytes]:
    """The small picture of a photo from `path` that was withheld, by the path it belongs to; nothing is written."""
    return {out / FOLDER / f"{key(path, out)}-{photo.width}x{photo.height}.withheld.jpg": _jpeg(photo)}


def _jpeg(photo: Photo) -> bytes:
    """The photo as a JPEG of at most SIDE_PX a side, without metadata; transparent parts are grey."""
    # Every nth pixel, leaving at least twice the size, then averages: a fifth of the time of averaging all.
    every = max(1, max(photo.width, photo.height) // (2 * SIDE_PX))
    pixels = eight_bit(np.ascontiguousarray(photo.pixels[::every, ::every]))
    if photo.alpha is not None:
        alpha = eight_bit(np.ascontiguousarray(photo.alpha[::every, ::every]))[..., None].astype(np.uint16)
        pixels = ((pixels * alpha + 128 * (255 - alpha) + 127) // 255).astype(np.uint8)
    picture = Image.fromarray(pixels)
    scale = min(1.0, SIDE_PX / max(photo.width, photo.height))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
    file = io.BytesIO()
    picture.resize(size, Image.Resampling.BOX).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _overlay(photo: Photo) -> bytes:
    """The parts of a photo's faces as a small PNG: colors of parts, as opaque as the model is sure, and no pixels."""
    area = sum(face.window.area for face in photo.faces) or 1
    scale = min(1.0, SIDE_PX / max(photo.width, photo.height), math.sqrt(OVERLAY_PX / area))
    picture = Image.new("RGBA", (max(1, round(photo.width * scale)), max(1, round(photo.height * scale))))
    for face in reversed(photo.faces):
        _lay_parts(picture, face, picture.width / photo.width)
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=3)
    return file.getvalue()


def _lay_parts(picture: Image.Image, face: Face, scale: float) -> None:
    """Lay one face's parts over the picture of a photo shrunk by `scale`."""
    crop = face.map.crop
    crop = replace(crop, x=crop.x * scale, y=crop.y * scale, side=crop.side * scale)
    window = crop.bounds().clipped(picture.height, picture.width)
    if not window.area:
        return
    planes: NDArray[np.float32] = np.stack([warp(plane, crop, window) for plane in face.map.logits])  # (19, h, w)
    planes = np.exp(planes - planes.max(0))
    planes /= planes.sum(0)
    planes[ID["background"]] = 0
    seen = planes.sum(0) * (warp(np.ones((2, 2), np.float32), crop, window) > 0)
    colors = np.tensordot(planes, np.array(COLORS, np.float32), (0, 0)) / np.maximum(planes.sum(0), 1e-6)[..., None]
    parts = Image.fromarray(np.rint(np.dstack([colors, 255 * seen])).astype(np.uint8))
    picture.alpha_composite(parts, (window.left, window.top))


def key(target: Path, out: Path) -> str:
    """What an output's thumbnails are named by: any name becomes a short and harmless one."""
    return hashlib.sha256(os.fsencode(Path(os.path.relpath(str(target), str(out))).as_posix())).hexdigest()[:20]


def _changes(folder: Path) -> Iterator[tuple[str, float]]:
    """The names of the files in a folder, and when each was last changed; links do not count."""
    if folder.is_dir() and not folder.is_symlink():
        for file in os.scandir(folder):
            if file.is_file(follow_symlinks=False):
                yield file.name, file.stat(follow_symlinks=False).st_mtime_ns


@dataclass(frozen=True)
class _Thumbnail:
    name: str
    size: tuple[int, int]
    changed: float


class Thumbnails:
    """The thumbnails lying in an output folder, and which of them the page shows."""

    def __init__(self, folder: Path, found: Mapping[tuple[str, str], list[_Thumbnail]]) -> None:
        self.folder = folder
        self.found = found
        self.shown: set[str] = set()

    @classmethod
    def within(cls, out: Path) -> Self:
        """Those lying in an output folder."""
        folder = out / FOLDER
        found: dict[tuple[str, str], list[_Thumbnail]] = {}
        for file, changed in folder.changes() if isinstance(folder, StorePath) else _changes(folder):
            if match := _NAME.fullmatch(file):
                name, width, height, kind = match.groups()
                found.setdefault((name, kind), []).append(_Thumbnail(file, (int(width), int(height)), changed))
        return cls(folder, found)

    def of(self, entry: Entry, out: Path, *, redacts: bool, originals: bool) -> dict[str, Any]:
        """What the page may show of one photo: `after`, `before`, `overlay` (as links) and the photo's `size`.

        Of one that was withheld, `withheld`.
        """
        if not entry.outputs:
            show = originals and entry.status == "review"
            return self._versions(key(Path(entry.photo), out), {"withheld": "withheld"} if show else {})
        name = key(Path(entry.outputs[0]), out)
        kinds = {"after": "redacted" if redacts else "after"}
        if originals or not redacts:
            kinds |= {"before": "before", "overlay": "overlay"}
        shown = self._versions(name, kinds)
        return shown if "after" in shown else {}

    def _versions(self, name: str, kinds: Mapping[str, str]) -> dict[str, Any]:
        """The newest picture of each kind, as a link by its role, and the photo's `size`."""
        shown: dict[str, Any] = {}
        for role, kind in kinds.items():
            if versions := self.found.get((name, kind)):
                newest = max(versions, key=lambda each: (each.changed, each.name))
                if newest.size == shown.setdefault("size", newest.size):
                    shown[role] = f"{FOLDER}/{newest.name}"
                    self.shown.add(newest.name)
        return shown

    def remove_stale(self, *, redacts: bool) -> None:
        """Delete thumbnails of a photo's former size; where the recipe redacts, all that the page does not show."""
        for versions in self.found.values():
            replaced = any(each.name in self.shown for each in versions)
            for each in versions:
                if each.name not in self.shown and (redacts or replaced):
                    (self.folder / each.name).unlink(missing_ok=True)
