"""Layered documents, so that people go on by hand where a recipe ended: PSD (with psd-tools), and OpenRaster.

The photo lies at the bottom; above it each step is a layer of its own with its mask, in a group a face. Laid over each
other they give the finished photo, to one step of 255.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import PhotoError, SetupError
from faceedit.geometry import Box
from faceedit.photo import Photo, eight_bit

SUFFIXES = {"psd": ".psd", "ora": ".ora"}
# Adobe's limit; larger documents are PSB files, which few programs read.
LONGEST = 30000
# From this mask value on a layer's colours are corrected so that rounding adds up to nothing.
SOLID = 32
THUMBNAIL = 256


@dataclass(frozen=True)
class Layer:
    """What one step made of one face (None: of the whole photo): `pixels` (h, w, 3), `mask` (h, w), both uint8.

    `box` is its place in the photo.
    """

    name: str
    face: int | None
    box: Box
    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]


def layer(name: str, face: int | None, box: Box, steps: Sequence[NDArray[Any]], mask: NDArray[np.float32]) -> Layer:
    """The layer of a step; `steps` are the pixels before it and after it (uint8 or uint16), and its result (0..1).

    Editors mix sRGB's numbers, not light, so where that would look different the layer is what, mixed their way, gives
    the pixels after the step; where no colour would, the mask is stronger.
    """
    before, after = (eight_bit(pixels).astype(np.float32) for pixels in steps[:2])
    result = np.clip(steps[2], 0, 1) * np.float32(255)
    rounded = np.rint(mask * 255).astype(np.uint8)
    share = rounded.astype(np.float32)[..., None] / 255
    off = (np.abs(before + share * (result - before) - after) > 1 - share).any(-1) | (rounded >= SOLID)
    step = after - before
    most = np.where(step > 0, 255 - before, before)
    least = np.ceil((np.abs(step) / np.maximum(most, 1)).max(-1) * 255)
    wide = off & (np.abs(step) > 1).any(-1)  # a step of one comes from rounding, too
    rounded = np.where(wide, np.maximum(rounded, least), rounded).astype(np.uint8)
    exact = before + step / (np.maximum(rounded, 1).astype(np.float32)[..., None] / 255)
    pixels = np.where(off[..., None], exact, result)
    return Layer(name, face, box, np.rint(np.clip(pixels, 0, 255)).astype(np.uint8), rounded)


def grouped(layers: Sequence[Layer]) -> list[tuple[int | None, list[Layer]]]:
    """Layers from below, those of one face together as far as that changes nothing of what is seen."""
    groups: list[tuple[int | None, list[Layer]]] = []
    for each in layers:
        for face, members in reversed(groups):
            if each.face is not None and face == each.face:
                members.append(each)
                break
            if each.face is None or face is None or any(_meet(each, other) for other in members):
                groups.append((each.face, [each]))
                break
        else:
            groups.append((each.face, [each]))
    return groups


def _meet(one: Layer, other: Layer) -> bool:
    common = one.box.intersection(other.box)
    if not common.area:
        return False
    seen = [each.mask[common.seen_from(each.box).slices] for each in (one, other)]
    return bool((np.minimum(*seen) > 0).any())


def encode(kind: str, before: Photo, after: Photo, layers: Sequence[Layer]) -> bytes:
    """A document of `kind`, "psd" or "ora": the photo before, the layers, and how it looks in the end.

    Raises:
        PhotoError: the photo is too large for the format, or transparent.
        SetupError: a PSD without psd-tools.
    """
    if before.alpha is not None or after.alpha is not None:
        raise PhotoError("a layered document cannot hold a transparent photo", "use png")
    if kind == "psd" and max(before.height, before.width) > LONGEST:
        raise PhotoError(f"psd holds at most {LONGEST} pixels a side", "use ora")
    write = {"psd": _psd, "ora": _ora}[kind]
    return write(eight_bit(before.pixels), eight_bit(after.pixels), grouped(layers))


def notes(before: Photo) -> list[str]:
    """What a layered document does not hold, in plain sentences."""
    found = list(before.source.notes)
    if before.pixels.dtype == np.uint16:
        found.append("16 bits became 8: layered documents hold no more")
    if any((before.source.exif, before.source.xmp, before.source.iptc)):
        found.append("metadata is left out: layered documents are for going on by hand")
    return found


Groups = Sequence[tuple[int | None, list[Layer]]]


def _psd(before: NDArray[np.uint8], after: NDArray[np.uint8], groups: Groups) -> bytes:
    try:
        from psd_tools import PSDImage  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SetupError("psd needs psd-tools", 'pip install "faceedit[layers]"') from error
    document = PSDImage.frompil(Image.fromarray(after))
    document.create_pixel_layer(Image.fromarray(before), name="Photo")
    for face, members in groups:
        made = []
        for each in members:
            pixels = document.create_pixel_layer(
                Image.fromarray(each.pixels), name=each.name, top=each.box.top, left=each.box.left
            )
            pixels.create_mask(Image.fromarray(each.mask))
            made.append(pixels)
        if face is not None:
            document.create_group(made, name=_title(face))
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _title(face: int) -> str:
    return f"Face {face}"


def _ora(before: NDArray[np.uint8], after: NDArray[np.uint8], groups: Groups) -> bytes:
    """OpenRaster has no layer masks: the mask is the layer's alpha, whose colours go on below it.

    Source: openraster.org, "File Layout" and "Layer Stack".
    """
    height, width = before.shape[:2]
    image = ElementTree.Element("image", version="0.0.3", w=str(width), h=str(height))
    stack = ElementTree.SubElement(image, "stack")
    files = {"data/photo.png": _png(before)}
    for number, (face, members) in enumerate(groups):
        place = stack
        if face is not None:
            place = ElementTree.Element("stack", name=_title(face))
            stack.insert(0, place)  # the uppermost comes first
        for index, each in enumerate(members):
            source = f"data/{number}-{index}.png"
            files[source] = _png(np.dstack([each.pixels, each.mask]))
            x, y = str(each.box.left), str(each.box.top)
            place.insert(0, ElementTree.Element("layer", name=each.name, src=source, x=x, y=y))
    ElementTree.SubElement(stack, "layer", name="Photo", src="data/photo.png", x="0", y="0")
    files["mergedimage.png"] = _png(after)
    small = Image.fromarray(after)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    files["Thumbnails/thumbnail.png"] = _png(np.asarray(small))
    files["stack.xml"] = ElementTree.tostring(image, "utf-8", xml_declaration=True)
    return _zipped({"mimetype": b"image/openraster", **files})


def _zipped(files: dict[str, bytes]) -> bytes:
    """A zip of files as they are, the same bytes for the same files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
