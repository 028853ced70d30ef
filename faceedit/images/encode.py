"""One encoder a format: arrays and a metadata payload to the bytes of a file."""

import functools
import importlib
import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from faceedit.errors import SetupError
from faceedit.images import exif, png16, tiff
from faceedit.images.formats import Format
from faceedit.images.frames import Timing
from faceedit.images.metadata import COMMENT, Payload
from faceedit.images.upright import orientation
from faceedit.photo import Source

_USUAL_QUALITY = 92
_FULL_COLOR = 90  # from this quality on, colour is stored as finely as lightness
_HALF = 128  # the alpha from which on a GIF's pixels are opaque
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
_XMP_TAG, _IPTC_TAG, _ICC_TAG = 700, 33723, 34675


@dataclass(frozen=True)
class Job:
    """What an encoder is given: samples (H, W, C), where they came from, metadata, quality, profile, format.

    `bare` means that nothing but pixels may come from the input. `following` are the further pictures of the file,
    which is an animation if it has a `timing`.
    """

    samples: NDArray[Any]
    source: Source
    payload: Payload
    quality: int | Literal["same"]
    icc: bytes
    kind: Format
    bare: bool = False
    following: tuple["Job", ...] = ()
    timing: Timing | None = None

    @property
    def picture(self) -> Image.Image:
        """The samples as an 8-bit Pillow picture that knows nothing else."""
        height, width, channels = self.samples.shape
        mode = _MODES[channels]
        return Image.frombuffer(mode, (width, height), np.ascontiguousarray(self.samples), "raw", mode, 0, 1)

    @property
    def number(self) -> int:
        """The quality as a number."""
        return _USUAL_QUALITY if self.quality == "same" else self.quality


def _saved(job: Job, **settings: Any) -> bytes:
    return _written(job.picture, job, **settings)


def _written(picture: Image.Image, job: Job, **settings: Any) -> bytes:
    file = io.BytesIO()
    given = {name: value for name, value in settings.items() if value not in (b"", None)}
    picture.save(file, job.kind.pillow, **given)
    return file.getvalue()


def _moving(job: Job) -> dict[str, Any]:
    """The settings that make an animation of all pictures; none for a still."""
    if job.timing is None:
        return {}
    pictures = [each.picture for each in job.following]
    return {
        "save_all": True,
        "append_images": pictures,
        "duration": list(job.timing.durations),
        "loop": job.timing.loops,
    }


def _jpeg(job: Job) -> bytes:
    payload = job.payload
    return _saved(
        job,
        **_jpeg_quality(job),
        exif=b"Exif\0\0" + payload.exif if payload.exif else b"",
        xmp=payload.xmp,
        extra=_photoshop_segment(payload.iptc),
        icc_profile=job.icc,
        dpi=payload.dpi,
        comment=_comment(job),
    )


def _comment(job: Job) -> bytes:
    return next((text.encode("utf-8", "replace") for name, text in job.payload.texts if name == COMMENT), b"")


def _jpeg_quality(job: Job) -> dict[str, Any]:
    source = job.source
    # 4:4:4 where the input's subsampling is unknown or rare: it loses nothing.
    subsampling = max(source.subsampling, 0) if source.quantization else 0 if job.number >= _FULL_COLOR else 2
    if job.quality != "same" or not source.quantization:
        return {"quality": job.number, "subsampling": subsampling}
    if job.bare:  # 64 numbers of the input's choice are a message, too
        return {"quality": _nearest_quality(source.quantization[0]), "subsampling": subsampling}
    tables = source.quantization
    if orientation(source.exif) >= 5:  # rows have become columns
        tables = {index: np.reshape(table, (8, 8)).T.ravel().tolist() for index, table in tables.items()}
    return {"qtables": tables, "subsampling": subsampling}


def _nearest_quality(table: list[int]) -> int:
    """The quality 1..100 whose standard luminance table is most like this one."""
    standard = np.array(_standard_table())
    scales = [(5000 // quality if quality < 50 else 200 - 2 * quality) for quality in range(1, 101)]
    tables = np.clip((standard * np.array(scales)[:, None] + 50) // 100, 1, 255)
    return int(np.abs(tables - np.array(table)).sum(1).argmin()) + 1


@functools.cache
def _standard_table() -> tuple[int, ...]:
    """The luminance table of ITU T.81, annex K, as libjpeg writes it at quality 50, in Pillow's order."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG", quality=50)
    opened: Any = Image.open(file)
    return tuple(opened.quantization[0])


def _photoshop_segment(iptc: bytes) -> bytes:
    if not iptc:
        return b""
    body = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + bytes(len(iptc) % 2)
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def _png(job: Job) -> bytes:
    payload = job.payload
    chunks = [
        (b"iCCP", b"ICC profile\0\0" + zlib.compress(job.icc) if job.icc else b""),
        (b"pHYs", _per_metre(payload.dpi)),
        (b"eXIf", payload.exif),
        (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + payload.xmp if payload.xmp else b""),
        *((b"iTXt", _named(*each)) for each in payload.texts),
    ]
    given = [(name, body) for name, body in chunks if body]
    if job.samples.dtype == np.uint16:
        return png16.encode(job.samples, given)
    lead = {"default_image": True} if job.timing and job.timing.lead else {}
    return png16.with_chunks(_saved(job, **_moving(job), **lead), given)


def _named(name: str, text: str) -> bytes:
    """The body of a chunk of text, neither compressed nor in a language."""
    return name.encode("latin-1", "replace")[:79] + b"\0\0\0\0\0" + text.encode("utf-8", "replace")


def _per_metre(dpi: tuple[float, float] | None) -> bytes:
    return struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1) if dpi else b""


def _tiff(job: Job) -> bytes:
    return tiff.encode([_page(each) for each in (job, *job.following)])


def _page(job: Job) -> tiff.Page:
    blocks = {_XMP_TAG: job.payload.xmp, _IPTC_TAG: job.payload.iptc, _ICC_TAG: job.icc}
    return tiff.Page(job.samples, exif.unpinned(exif.parse(job.payload.exif)), blocks, job.payload.dpi)


def _webp(job: Job) -> bytes:
    payload = job.payload
    lossless = job.quality == "same" and job.source.lossless
    return _saved(
        job,
        quality=job.number,
        lossless=lossless,
        exact=lossless,  # else transparent pixels would change
        exif=payload.exif,
        xmp=payload.xmp,
        icc_profile=job.icc,
        method=4,
        **_moving(job),
    )


def _gif(job: Job) -> bytes:
    alike = [each.samples for each in (job, *job.following)]
    clear = any((_alpha(samples) < _HALF).any() for samples in alike)
    first, *rest = [_of_few_colors(samples, clear) for samples in alike]
    if job.timing is None:
        return _written(first, job, comment=_comment(job))
    settings = _moving(job) | {"append_images": rest, "disposal": 2 if clear else 1}
    if job.timing.loops == 1:  # said by saying nothing
        del settings["loop"]
    return _written(first, job, comment=_comment(job), **settings)


def _alpha(samples: NDArray[Any]) -> NDArray[Any]:
    return samples[..., -1] if samples.shape[2] in (2, 4) else np.full(samples.shape[:2], 255, np.uint8)


def _of_few_colors(samples: NDArray[Any], clear: bool) -> Image.Image:
    """A picture of at most 256 colors, one of them for transparent pixels if it may have some (`clear`)."""
    colors = samples[..., :3] if samples.shape[2] > 2 else np.repeat(samples[..., :1], 3, axis=2)
    hidden = _alpha(samples) < _HALF
    colors = np.where(hidden[..., None], 0, colors).astype(np.uint8)
    dither = Image.Dither.NONE  # what is of one color stays so
    picture = Image.fromarray(colors).quantize(256 - int(clear), Image.Quantize.MEDIANCUT, dither=dither)
    if clear:
        picture.paste(255, mask=Image.fromarray(hidden))
        picture.info["transparency"] = 255
    return picture


def _avif(job: Job) -> bytes:
    # Speed 8 takes a fifth of the time of the usual 6, for a tenth more bytes (measured at 3 megapixels).
    return _boxed(job, subsampling="4:4:4" if job.number >= _FULL_COLOR else "4:2:0", speed=8)


def _heif(job: Job) -> bytes:
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError as error:
        raise SetupError("HEIC cannot be written here", 'pip install "faceedit[heif]"') from error
    return _boxed(job, chroma=444 if job.number >= _FULL_COLOR else 420)


def _boxed(job: Job, **settings: Any) -> bytes:
    payload = job.payload
    # Upright needs no tag, and with one Pillow would write the block anew in its own way.
    block = exif.serialize(exif.without(exif.parse(payload.exif), 0, exif.ORIENTATION))
    return _saved(job, quality=job.number, exif=block, xmp=payload.xmp, icc_profile=job.icc, **settings)


ENCODERS: dict[str, Callable[[Job], bytes]] = {
    "jpeg": _jpeg,
    "png": _png,
    "tiff": _tiff,
    "webp": _webp,
    "avif": _avif,
    "heif": _heif,
    "bmp": _saved,
    "gif": _gif,
}
