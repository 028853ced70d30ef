"""Photos to files: format, depth, quality and metadata by options, with a note on everything that is lost on the way.

Every file is encoded from bare arrays; metadata is only what `metadata.payload` hands over.
"""

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import PhotoError
from faceedit.images import metadata
from faceedit.images.encode import ENCODERS, Job
from faceedit.images.files import shown, write_atomic
from faceedit.images.formats import FORMATS, Format, format_named, suffix_format
from faceedit.images.frames import Frames
from faceedit.images.metadata import Policy
from faceedit.images.profiles import srgb_profile
from faceedit.photo import Photo, eight_bit


@dataclass(frozen=True)
class WriteOptions:
    """How a photo becomes a file.

    `format` is a format's name or "same" (the source's; PNG where there is none).
    `quality` is 1..100 or "same": JPEG to JPEG keeps the quantization tables and subsampling, lossless WebP stays
    lossless, everything else gets 92. Under "none" the tables are the standard ones of the nearest quality.
    `metadata` is "keep", "safe" (no place, names, serial numbers, maker note) or "none" (bare pixels, for redaction).
    `people` False drops face regions and the names in them from XMP.
    `own_space` says that the pixels are in the space of the source's profile (see `in_own_space`), and stay there.
    """

    format: str = "same"
    quality: int | Literal["same"] = "same"
    metadata: Policy = "keep"
    people: bool = True
    own_space: bool = False


def encode(photo: Photo, options: WriteOptions = WriteOptions()) -> bytes:
    """The photo as the bytes of a file: the same photo and options give the same bytes.

    Raises:
        UsageError: faceedit knows no such format.
        SetupError: the format needs an extra that is not installed.
        PhotoError: the format cannot hold this photo.
    """
    return _encoded(_job(photo, options))


def encode_frames(frames: Frames, options: WriteOptions = WriteOptions()) -> bytes:
    """An animation, or pages, as the bytes of a file.

    Raises:
        PhotoError: the format does not hold several such pictures, or they are not of one size.
    """
    first, kind = frames.photos[0], output_format(frames.photos[0], options)
    what = "frames" if frames.timing else "pages"
    if kind.several != what:
        able = ", ".join(each.name for each in FORMATS.values() if each.several == what)
        raise PhotoError(_sentence(first, f"{kind.name} holds no {what}"), f"use format: same, or one of {able}")
    if frames.timing and len({photo.pixels.shape for photo in frames.photos}) > 1:
        raise PhotoError(_sentence(first, "its frames would be of several sizes"), "leave out the step that crops")
    job, *following = [_job(photo, options) for photo in frames.all_with_alpha()]
    timing = frames.timing and frames.timing.held_by(kind.name)
    return _encoded(replace(job, following=tuple(following), timing=timing))


def _job(photo: Photo, options: WriteOptions) -> Job:
    kind = output_format(photo, options)
    if max(photo.height, photo.width) > kind.longest:
        raise PhotoError(_sentence(photo, f"{kind.name} holds at most {kind.longest} pixels a side"), "use png or tiff")
    samples = _samples(photo, kind, options)
    payload = metadata.payload(photo, options.metadata, kind, people=options.people, srgb=not options.own_space)
    bare = options.metadata == "none"
    profile = b"" if bare else _profile(photo, samples, options)
    return Job(samples, photo.source, payload, options.quality, profile, kind, bare)


def _encoded(job: Job) -> bytes:
    try:
        return ENCODERS[job.kind.name](job)
    except (OSError, ValueError, OverflowError, struct.error) as error:
        reason = f"cannot be written as {job.kind.name} ({shown(str(error))})"
        raise PhotoError(f"{shown(job.source.path or 'picture')}: {reason}", "use png or tiff") from error


def _profile(photo: Photo, samples: NDArray[Any], options: WriteOptions) -> bytes:
    """The profile that a file of these samples is written with."""
    if options.own_space:
        return photo.source.icc
    return srgb_profile() if photo.source.icc and samples.shape[2] > 2 else b""


def write(photo: Photo, path: Path | str, options: WriteOptions = WriteOptions()) -> None:
    """The photo into a file, whole or not at all; `format` "same" takes the format from the path's suffix.

    Raises:
        PhotoError: the format cannot hold this photo, or the file cannot be written.
    """
    named = suffix_format(path)
    if options.format == "same" and named:
        options = replace(options, format=named)
    write_atomic(path, encode(photo, options))


def notes(photo: Photo, options: WriteOptions = WriteOptions()) -> list[str]:
    """What a file written with these options does not hold, in plain sentences; first what reading could not keep."""
    kind = output_format(photo, options)
    found = list(photo.source.notes)
    if photo.pixels.dtype == np.uint16 and not kind.deep:
        found.append(f"16 bits became 8: {kind.name} holds no more")
    if not kind.alpha and photo.alpha is not None and not _opaque(photo.alpha):
        found.append(f"transparent parts became white: {kind.name} holds no transparency")
    if kind.name == "gif":
        found.append("colors became at most 256: gif holds no more")
    return [*found, *metadata.payload(photo, options.metadata, kind, people=options.people).notes]


def output_format(photo: Photo, options: WriteOptions) -> Format:
    """The format that these options mean for this photo.

    Raises:
        UsageError: faceedit knows no such format.
    """
    return format_named(photo.source.format or "png" if options.format == "same" else options.format)


def _sentence(photo: Photo, reason: str) -> str:
    return f"{shown(photo.source.path or 'picture')}: {reason}"


def _opaque(alpha: NDArray[Any]) -> bool:
    return bool((alpha == np.iinfo(alpha.dtype).max).all())


def _samples(photo: Photo, kind: Format, options: WriteOptions) -> NDArray[Any]:
    """(H, W, C) as the format holds it: C is 1 to 4 (grey, grey and alpha, RGB, RGBA), uint8 or uint16."""
    pixels, alpha = photo.pixels, photo.alpha
    if not kind.deep:
        pixels, alpha = eight_bit(pixels), None if alpha is None else eight_bit(alpha)
    if alpha is not None and not kind.alpha:
        pixels, alpha = _on_white(pixels, alpha), None
    if alpha is not None and options.metadata == "none":
        pixels = np.where(alpha[..., None] == 0, 0, pixels).astype(pixels.dtype)
    if photo.source.grey and kind.grey and (pixels == pixels[..., :1]).all():
        pixels = pixels[..., :1]
    return np.ascontiguousarray(pixels if alpha is None else np.dstack([pixels, alpha]))


def _on_white(pixels: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """8-bit pixels laid on white through their alpha."""
    if _opaque(alpha):
        return pixels
    white = Image.new("RGB", pixels.shape[1::-1], "white")
    white.paste(Image.fromarray(pixels), mask=Image.fromarray(alpha))
    return np.asarray(white)
