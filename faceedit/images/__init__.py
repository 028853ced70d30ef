"""Files to Photos and back: upright, colour-managed, true in depth, with metadata by policy and atomic writes.

`read` and `encode` know nothing of faces; `write_atomic` knows nothing of pictures.
"""

from faceedit.images.blocks import with_old_blocks
from faceedit.images.faithful import Original, encode_edited, unchanged
from faceedit.images.files import open_regular, remove_leftovers, write_atomic
from faceedit.images.formats import FORMATS, PICTURE_SUFFIXES, RAW_SUFFIXES, Format, format_suffix, suffix_format
from faceedit.images.frames import Frames, Timing, read_frames
from faceedit.images.isolated import Isolated, frames_isolated, read_isolated
from faceedit.images.own_space import in_own_space
from faceedit.images.read import Limits, read
from faceedit.images.resize import fitted
from faceedit.images.upright import orientation
from faceedit.images.write import WriteOptions, encode, encode_frames, notes, write
from faceedit.images.xmp import names_faces

__all__ = [
    "FORMATS",
    "PICTURE_SUFFIXES",
    "RAW_SUFFIXES",
    "Format",
    "Frames",
    "Isolated",
    "Limits",
    "Original",
    "Timing",
    "WriteOptions",
    "encode",
    "encode_edited",
    "encode_frames",
    "fitted",
    "format_suffix",
    "frames_isolated",
    "in_own_space",
    "names_faces",
    "notes",
    "open_regular",
    "orientation",
    "read",
    "read_frames",
    "read_isolated",
    "remove_leftovers",
    "suffix_format",
    "unchanged",
    "with_old_blocks",
    "write",
    "write_atomic",
]
