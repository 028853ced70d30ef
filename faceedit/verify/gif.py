"""A GIF file taken apart block by block: what is not needed to see the picture or the animation is a problem.

Not seen: colors of a table that no pixel uses, and bytes that a hostile encoder hides behind a picture's own samples.
"""

import struct

from faceedit.images import gif

_NAMES = {0xFE: "a comment", 0x01: "text", 0xFF: "data of a program"}
_CONTROL, _APPLICATION = 0xF9, 0xFF
# How often an animation is shown: the only thing of a program that viewers need.
_LOOPS = b"NETSCAPE2.0\1"


def problems(content: bytes, *, several: bool = False) -> list[str]:
    """What a GIF file holds beside the picture, or beside `several` frames, in plain sentences; empty if nothing."""
    found: list[str] = []
    pictures = end = 0
    try:
        screen = struct.unpack_from("<2H", content, 6)
        for block in gif.blocks(content):
            found += _judged(block, screen)
            pictures += block.kind == "picture"
            end = block.end
    except (IndexError, ValueError, struct.error):
        return [*found, "the picture is cut off, or a block is damaged"]
    if end < len(content):
        found.append(f"{len(content) - end} bytes lie behind the end of the picture")
    return found if pictures == 1 or (several and pictures) else [*found, "holds an animation, or no picture"]


def _judged(block: gif.Block, screen: tuple[int, ...]) -> list[str]:
    if block.kind == "picture":
        left, top, width, height = block.area
        inside = left + width <= screen[0] and top + height <= screen[1]
        return [] if inside else ["a picture goes beyond what is shown"]
    if block.kind == "trailer" or (block.kind == _CONTROL and len(block.data) == 4):
        return []
    if block.kind == _APPLICATION and block.data.startswith(_LOOPS) and len(block.data) == len(_LOOPS) + 2:
        return []
    return [f"holds {_NAMES.get(int(block.kind), 'a block of an unknown kind')}"]
