"""Files to Photos and back: upright, colour-managed, true in depth, with metadata by policy and atomic writes.

`read` and `encode` know nothing of faces; `write_atomic` knows nothing of pictures.
"""

from faceedit.images.blocks import with_old_blocks
from faceedit.images.faithful import Original, encode_edited
from faceedit.images.files import remove_leftovers, write_atomic
from faceedit.images.formats import FORMATS, PICTURE_SUFFIXES, RAW_SUFFIXES, Format, format_suffix, suffix_format
from faceedit.images.isolated import Isolated, read_isolated
from faceedit.images.own_space import in_own_space
from faceedit.images.read import Limits, read
from faceedit.images.resize import fitted
from faceedit.images.write import WriteOptions, encode, notes, write

__all__ = [
    "FORMATS",
    "PICTURE_SUFFIXES",
    "RAW_SUFFIXES",
    "Format",
    "Isolated",
    "Limits",
    "Original",
    "WriteOptions",
    "encode",
    "encode_edited",
    "fitted",
    "format_suffix",
    "in_own_space",
    "notes",
    "read",
    "read_isolated",
    "remove_leftovers",
    "suffix_format",
    "with_old_blocks",
    "write",
    "write_atomic",
]
