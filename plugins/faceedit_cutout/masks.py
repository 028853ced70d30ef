"""Masks as files: what the model sees, for other programs."""

import io
import itertools
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray
from pydantic import AfterValidator, Field

import faceedit
from faceedit.errors import UnknownPart
from faceedit.extras import Extra, File, Picture
from faceedit.labels import PARTS, parse_parts
from faceedit_cutout.subject import Missing, single
from faceedit_cutout.subject import missing as nothing_seen

Mask = NDArray[np.float32]


def _selecting(expression: str) -> str:
    """The expression, if it can be read and selects some part."""
    try:
        parts = parse_parts(expression)
    except UnknownPart as error:
        raise ValueError(str(error)) from error
    if not parts:
        raise ValueError(f'"{expression}" selects no part at all: no pixel belongs to two parts')
    return expression


@faceedit.effect(on="person", scope="photo")
def masks(
    region: faceedit.Region,
    *,
    parts: Annotated[
        list[Annotated[str, AfterValidator(_selecting)]],
        Field(description="part expressions, a mask each, such as [skin, lips, hair | hat]; empty for all parts"),
    ] = [],  # noqa: B006 - never changed
    format: Annotated[
        Literal["png", "png16", "pfm", "tiff", "npz", "coco"],
        Field(
            description="a picture a mask (8 bit, 16 bit, floats); one TIFF of pages, one npz, or COCO's RLE as JSON"
        ),
    ] = "png",
    missing: Missing = "error",
) -> faceedit.Result:
    """Write masks of parts beside the photo, each as large as the photo; the photo stays as it is.

    Masks are soft, 0 to 1, drawn to the photo's edges as effects use them; `coco` holds their halves above 0.5. In a
    recipe that redacts, hidden faces have no parts, and only pictures are written.
    """
    found = {
        (one.faces[0].index, name): _full(one, name, region.shape)
        for one in single(region)
        for name in parts or [part for part in PARTS if part != "background"]
    }
    seen = {key: mask for key, mask in found.items() if (mask > 0.5).any()}
    absent = sorted({name for _, name in found} - {name for _, name in seen}) if parts else []
    if not seen or (absent and missing == "error"):
        return nothing_seen(region, ", ".join(absent) or region.on, missing)
    words = _words(parts or PARTS)
    return _result({f"{face}-{words[name]}": mask for (face, name), mask in seen.items()}, format)


def _result(named: dict[str, Mask], kind: str) -> faceedit.Result:
    files: dict[str, Extra]
    if kind in ("png", "png16"):
        files = {f"mask-{name}": Picture(_integers(mask, kind)) for name, mask in named.items()}
    elif kind == "pfm":
        files = {f"mask-{name}": _pfm(mask) for name, mask in named.items()}
    else:
        files = {"masks": {"tiff": _tiff, "npz": _npz, "coco": _coco}[kind](named)}
    return faceedit.Result(extras=files)


def _full(region: faceedit.Region, expression: str, shape: tuple[int, int]) -> Mask:
    mask = np.zeros(shape, np.float32)
    mask[region.window.slices] = region.mask(expression)
    return mask


def _words(expressions: Iterable[str]) -> dict[str, str]:
    """A word for each expression, no two of them the same."""
    words: dict[str, str] = {}
    for expression in expressions:
        tries = (f"{_word(expression)}-{number}" for number in itertools.count(2))
        fitting = (word for word in itertools.chain([_word(expression)], tries) if word not in words.values())
        words[expression] = words.get(expression) or next(fitting)
    return words


def _word(expression: str) -> str:
    """An expression as a file's name may hold it: "hair | hat" is hair-or-hat."""
    words = {"|": "or", "-": "without", "&": "and", "(": "", ")": ""}
    for sign, word in words.items():
        expression = expression.replace(sign, f" {word} ")
    return "-".join(expression.split())[:50]


def _integers(mask: Mask, kind: str) -> NDArray[Any]:
    dtype = np.uint16 if kind == "png16" else np.uint8
    return np.rint(mask * np.iinfo(dtype).max).astype(dtype)


def _pfm(mask: Mask) -> File:
    """A portable float map, as darktable reads raster masks: rows from below, little-endian."""
    head = f"Pf\n{mask.shape[1]} {mask.shape[0]}\n-1.0\n".encode()
    return File(".pfm", head + mask[::-1].astype("<f4").tobytes())


def _tiff(named: dict[str, Mask]) -> File:
    """A page a mask, 16 bit, its name in ImageDescription."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        for name, mask in named.items():
            writer.write(_integers(mask, "png16"), compression="deflate", description=name, metadata=None)
    return File(".tif", file.getvalue())


def _npz(named: dict[str, Mask]) -> File:
    file = io.BytesIO()
    np.savez_compressed(file, **{name: mask.astype(np.float16) for name, mask in named.items()})  # type: ignore[arg-type] # names are arrays
    return File(".npz", file.getvalue())


def _coco(named: dict[str, Mask]) -> File:
    annotations = []
    for name, mask in named.items():
        face, _, part = name.partition("-")
        inside = mask > 0.5
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        left, top = int(columns[0]), int(rows[0])
        annotations.append(
            {
                "face": int(face),
                "part": part,
                "segmentation": {"size": list(mask.shape), "counts": _rle(inside)},
                "area": int(inside.sum()),
                "bbox": [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top],
            }
        )
    return File(".json", json.dumps({"annotations": annotations}, indent=1).encode())


def _rle(inside: NDArray[np.bool_]) -> str:
    """COCO's compressed run lengths, column by column. Source: pycocotools, maskApi.c, rleToString."""
    flat = np.concatenate([[False], inside.T.ravel()])
    ends = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate([[0], ends, [inside.size]])).tolist()
    text = []
    for index, count in enumerate(counts):
        left = count - counts[index - 2] if index > 2 else count
        while True:
            bits, left = left & 31, left >> 5
            more = left != (-1 if bits & 16 else 0)
            text.append(chr(48 + bits + 32 * more))
            if not more:
                break
    return "".join(text)
