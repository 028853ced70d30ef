"""Files to Photos and back: upright, colour-managed, true in depth, with metadata by policy and atomic writes.

`read` and `encode` know nothing of faces; `write_atomic` knows nothing of pictures.
"""

from faceedit.images.files import remove_leftovers, write_atomic
from faceedit.images.formats import FORMATS, PICTURE_SUFFIXES, Format, format_suffix, suffix_format
from faceedit.images.read import Limits, read
from faceedit.images.write import WriteOptions, encode, notes, write

__all__ = [
    "FORMATS",
    "PICTURE_SUFFIXES",
    "Format",
    "Limits",
    "WriteOptions",
    "encode",
    "format_suffix",
    "notes",
    "read",
    "remove_leftovers",
    "suffix_format",
    "write",
    "write_atomic",
]
