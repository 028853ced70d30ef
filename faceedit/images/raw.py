"""Camera raw files, developed by LibRaw (`faceedit[raw]`): 16 bits, sRGB, upright, with the camera's white balance.

The exposure is the camera's, too: nothing is brightened for looks, as converters do.
"""

import dataclasses
import importlib
import importlib.util
import io

import numpy as np
from PIL import Image

from faceedit.errors import UnreadablePhoto
from faceedit.images import exif
from faceedit.images.decode import Samples
from faceedit.images.exif import Exif
from faceedit.images.metadata import collected_from_tiff
from faceedit.images.tiff import is_tiff
from faceedit.photo import Source

# Tags of directory 0 that describe the sensor's data, which is not what is written: CFA, and DNG's own from 0xC612 on.
_SENSOR = frozenset({0x828D, 0x828E, *range(0xC5F0, 0xD000)})
_SRGB_GAMMA = (2.4, 12.92)


def can_be_developed() -> bool:
    """Whether this installation reads camera raw files."""
    return importlib.util.find_spec("rawpy") is not None


def developed(content: bytes, most_pixels: float) -> tuple[Samples, Source]:
    """The samples of a camera's raw file, and what else the file says.

    Raises:
        UnreadablePhoto: LibRaw cannot read it.
    """
    rawpy = importlib.import_module("rawpy")
    try:
        with rawpy.imread(io.BytesIO(content)) as raw:
            if raw.sizes.width * raw.sizes.height > most_pixels:
                raise Image.DecompressionBombError
            values = raw.postprocess(use_camera_wb=True, no_auto_bright=True, output_bps=16, gamma=_SRGB_GAMMA)
    except rawpy.LibRawError as error:
        raise UnreadablePhoto(
            "is a camera's raw file that is damaged or of an unknown camera", "develop it to TIFF or JPEG first"
        ) from error
    return Samples(np.ascontiguousarray(values), "RGB"), _source(content)


def _source(content: bytes) -> Source:
    notes = ("a camera's raw file was developed with the camera's white balance",)
    if not is_tiff(content):
        return Source(notes=notes)
    source = Source(notes=notes, **collected_from_tiff(content))
    found = exif.parse(source.exif)
    main = {tag: value for tag, value in found.directories.get(0, {}).items() if tag not in _SENSOR}
    return dataclasses.replace(source, icc=b"", exif=exif.serialize(Exif(found.order, {**found.directories, 0: main})))
