"""The page that shows a run: `report.html`, and the small pictures beside it in `report-files`.

`thumbnails` makes the small pictures while a photo is at hand, `write_gallery` the page when all photos are done.
The page is one file with its style and script inside and loads nothing from anywhere but the run's own files.
Under a recipe that redacts, only pixels of the output reach the page, unless previews are asked for.
"""

import base64
import hashlib
import html
import io
import json
import math
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any, Self
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.images import write_atomic
from faceedit.labels import COLORS, ID, PARTS, TITLES
from faceedit.photo import Face, Labels, Photo, eight_bit, warp
from faceedit.report import Entry

PAGE = "report.html"
FOLDER = "report-files"
# The longer side of a thumbnail.
SIDE_PX = 480
QUALITY = 82
# Pixels in which the parts are looked up for an overlay: a single face then has about as many as its logits.
OVERLAY_PX = 20_000
# What every browser shows; other outputs are seen as thumbnails and opened by their link.
SHOWABLE = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"})

_THUMBNAIL = re.compile(r"([0-9a-f]{20})-(\d+)x(\d+)\.(before|after|redacted|overlay)\.(?:jpg|png)")
# Joiners belong to emoji and to several scripts.
_JOINERS = "\u200c\u200d"


def thumbnails(
    target: Path, before: Photo | None, after: Photo, out: Path, *, redacts: bool, previews: bool = False
) -> dict[Path, bytes]:
    """The small pictures of one photo, by the path each belongs to; nothing is written.

    `target` is the first of the entry's `outputs`, within the output folder `out`. `before`, with its faces, gives the
    picture before and the overlay of its labels. Where the recipe redacts, it is not looked at unless `previews`.
    """
    stem = f"{_key(target, out)}-{after.width}x{after.height}"

    def place(kind: str) -> Path:
        return out / FOLDER / f"{stem}.{kind}"

    after_jpeg = _jpeg(after)
    made = {place("redacted.jpg" if redacts else "after.jpg"): after_jpeg}
    if before is None or (redacts and not previews):
        return made
    before_jpeg = _jpeg(before)
    if before_jpeg != after_jpeg:
        made[place("before.jpg")] = before_jpeg
    if before.faces:
        made[place("overlay.png")] = _overlay(before)
    return made


def write_gallery(out: Path, entries: Sequence[Entry], *, redacts: bool, title: str, previews: bool = False) -> Path:
    """Write the page of a run into its output folder and return its path; the same entries give the same bytes.

    Thumbnails of older runs that the page must not show are deleted; nothing else in `report-files` is touched.

    Raises:
        PhotoError: it cannot be written.
    """
    seen = _Thumbnails.within(out)
    photos = [_photo(entry, out, seen.of(entry, out, redacts, previews), redacts=redacts) for entry in entries]
    seen.remove_stale(redacts=redacts)
    content = {
        "redacts": redacts,
        "previews": redacts and previews,
        "notice": _notice(redacts, previews),
        "legend": [(TITLES.get(part, part), f"rgb{COLORS[ID[part]]}") for part in PARTS[1:]],
        "photos": photos,
    }
    path = out / PAGE
    write_atomic(path, _filled(title, content).encode())
    return path


def _notice(redacts: bool, previews: bool) -> str:
    if not redacts:
        return ""
    if previews:
        return f"This page and {FOLDER} show the originals, as previews were asked for. Keep them to yourself."
    return "Pictures on this page are made from the outputs alone. A photo that was withheld has none."


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
    """The labels of a photo's faces as a small PNG, background transparent: only colors of parts, no pixels."""
    area = sum(face.window.area for face in photo.faces) or 1
    scale = min(1.0, 2 * SIDE_PX / max(photo.width, photo.height), math.sqrt(OVERLAY_PX / area))
    labels = np.zeros((max(1, round(photo.height * scale)), max(1, round(photo.width * scale))), np.uint8)
    for face in reversed(photo.faces):
        _lay_labels(labels, face, labels.shape[1] / photo.width)
    picture = Image.fromarray(labels, "P")
    picture.putpalette([level for color in COLORS for level in color])
    file = io.BytesIO()
    picture.save(file, "PNG", transparency=0)
    return file.getvalue()


def _lay_labels(labels: Labels, face: Face, scale: float) -> None:
    """Lay one face's parts into the labels (h, w) of the photo shrunk by `scale`."""
    crop = face.map.crop
    crop = replace(crop, x=crop.x * scale, y=crop.y * scale, side=crop.side * scale)
    window = crop.bounds().clipped(*labels.shape)
    if not window.area:
        return
    planes: NDArray[np.float32] = np.stack([warp(plane, crop, window) for plane in face.map.logits])  # (19, h, w)
    inside = warp(np.ones((2, 2), np.float32), crop, window) > 0
    best = planes.argmax(0).astype(np.uint8)
    np.copyto(labels[window.slices], best, where=inside & (best != ID["background"]))


def _key(target: Path, out: Path) -> str:
    """What an output's thumbnails are named by: any name becomes a short and harmless one."""
    return hashlib.sha256(os.fsencode(Path(os.path.relpath(target, out)).as_posix())).hexdigest()[:20]


@dataclass(frozen=True)
class _Thumbnail:
    name: str
    size: tuple[int, int]
    changed: int


class _Thumbnails:
    """The thumbnails lying in an output folder, and which of them the page shows."""

    def __init__(self, folder: Path, found: Mapping[tuple[str, str], list[_Thumbnail]]) -> None:
        self.folder = folder
        self.found = found
        self.shown: set[str] = set()

    @classmethod
    def within(cls, out: Path) -> Self:
        folder = out / FOLDER
        found: dict[tuple[str, str], list[_Thumbnail]] = {}
        if folder.is_dir() and not folder.is_symlink():
            for file in os.scandir(folder):
                match = _THUMBNAIL.fullmatch(file.name)
                if match and file.is_file(follow_symlinks=False):
                    key, width, height, kind = match.groups()
                    changed = file.stat(follow_symlinks=False).st_mtime_ns
                    found.setdefault((key, kind), []).append(_Thumbnail(file.name, (int(width), int(height)), changed))
        return cls(folder, found)

    def of(self, entry: Entry, out: Path, redacts: bool, previews: bool) -> dict[str, Any]:
        """What the page may show of one photo: `after`, `before`, `overlay` (as links) and the photo's `size`."""
        if not entry.outputs:
            return {}
        key = _key(Path(entry.outputs[0]), out)
        kinds = {"after": "redacted" if redacts else "after"}
        if previews or not redacts:
            kinds |= {"before": "before", "overlay": "overlay"}
        shown: dict[str, Any] = {}
        for role, kind in kinds.items():
            if versions := self.found.get((key, kind)):
                newest = max(versions, key=lambda each: (each.changed, each.name))
                if newest.size == shown.setdefault("size", newest.size):
                    shown[role] = f"{FOLDER}/{newest.name}"
                    self.shown.add(newest.name)
        return shown if "after" in shown else {}

    def remove_stale(self, *, redacts: bool) -> None:
        """Delete thumbnails of a photo's former size; where the recipe redacts, all that the page does not show."""
        for versions in self.found.values():
            replaced = any(each.name in self.shown for each in versions)
            for each in versions:
                if each.name not in self.shown and (redacts or replaced):
                    (self.folder / each.name).unlink(missing_ok=True)


def _photo(entry: Entry, out: Path, pictures: dict[str, Any], *, redacts: bool) -> dict[str, Any]:
    """One photo as the page's script reads it; what is empty is left out."""
    path = PurePath(entry.photo)
    reason = entry.error.removeprefix(f"{entry.photo}: ").removesuffix(f"; {entry.action}")
    about: dict[str, Any] = {
        "name": visible(path.name or entry.photo),
        "folder": "" if path.parent == PurePath() else visible(str(path.parent)),
        "status": entry.status,
        "reason": visible(reason),
        "action": visible(entry.action),
        "faces": [_face(face, entry.audit) for face in entry.faces],
        "findings": [_finding(finding) for finding in entry.findings],
        "notes": [visible(note) for note in entry.notes],
        "checks": [visible(f"{each['check']}: {each['result']}") for each in entry.audit.get("checks", ())],
        **pictures,
    }
    if entry.outputs:
        first, *others = entry.outputs
        about["output"] = _link(first, out)
        about["showable"] = PurePath(first).suffix.lower() in SHOWABLE
        about["extras"] = [{"name": visible(PurePath(each).name), "url": _link(each, out)} for each in others]
    if not redacts and "before" in pictures and path.suffix.lower() in SHOWABLE:
        about["original"] = _link(entry.photo, out)
    return {key: value for key, value in about.items() if value not in ("", [], None, False)}


def _face(face: Mapping[str, Any], audit: Mapping[str, Any]) -> dict[str, Any]:
    state = next((name for name in ("covered", "left") if face["box"] in audit.get(name, ())), None)
    return {"box": face["box"], "score": face["score"]} | ({"state": state} if state else {})


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    details = ", ".join(f"{key}: {value}" for key, value in finding.get("details", {}).items())
    about = {
        "kind": visible(str(finding["kind"]).replace("_", " ")),
        "face": finding.get("face"),
        "confidence": finding.get("confidence", 1),
        "box": finding.get("box"),
        "details": visible(details[:200]),
    }
    return {key: value for key, value in about.items() if value not in ("", None)}


def visible(text: str) -> str:
    """Text in which every character is seen: controls, marks of direction and stray bytes are spelt out."""
    return text if text.isprintable() else "".join(map(_spelt, text))


def _spelt(letter: str) -> str:
    code = ord(letter)
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs":
        return letter
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures, such as the one for a line feed
    if 0xDC80 <= code <= 0xDCFF:
        return f"[byte {code - 0xDC00:02X}]"
    return f"[U+{code:04X}]"


def _link(path: str, out: Path) -> str:
    """A relative URL from the page to a file, empty where there is none (another drive)."""
    try:
        relative = os.path.relpath(path, out)
    except ValueError:
        return ""
    return quote(os.fsencode(PurePath(relative).as_posix()))


def _filled(title: str, content: Mapping[str, Any]) -> str:
    """The template with its title, its data and the hashes that let its own style and script, and no other, run."""
    template = files("faceedit").joinpath("gallery.html").read_text(encoding="utf-8")
    # "<" and ">" would let a file's name end the script element.
    text = json.dumps(content, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    values = {
        "title": html.escape(visible(title)),
        "data": text,
        "style_hash": _hash(template, "style"),
        "script_hash": _hash(template, "script"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match.group(1)], template)


def _hash(template: str, element: str) -> str:
    _, _, rest = template.partition(f"<{element}>")
    digest = hashlib.sha256(rest.partition(f"</{element}>")[0].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
