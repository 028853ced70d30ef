"""Small files of every kind with everything in them that is parsed, and mutants of them."""

import random
from collections.abc import Iterator

import numpy as np
from images_support import NASTY, exif_block, rgb_profile, saved, scene
from PIL import Image

from faceedit import images
from faceedit.images import png16
from faceedit.photo import Photo


def seeds() -> dict[str, bytes]:
    """One small file of each kind, with everything in it that is parsed."""
    blocks = {"exif": exif_block(note=b"note", owner=b"Jane\0"), "icc_profile": rgb_profile("display-p3")}
    deep = scene(12, 16).astype(np.uint16) * 257
    found = {kind: saved(scene(12, 16), kind, **blocks) for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF")}
    found["JPEG exif"] = saved(scene(12, 16), "JPEG", exif=b"Exif\0\0" + blocks["exif"], xmp=b"<a>b</a>")
    found["BMP"], found["GIF"] = saved(scene(12, 16), "BMP"), saved(scene(12, 16), "GIF")
    found["PNG 16"] = png16.encode(deep, [(b"eXIf", blocks["exif"])])
    found["TIFF 16"] = images.encode(Photo(deep, deep[..., 0]), images.WriteOptions("tiff"))
    found["palette"] = saved(Image.fromarray(scene(12, 16)).quantize(16), "PNG", transparency=1)
    moving = images.Frames(
        tuple(Photo(np.roll(scene(12, 16), 3 * index, 1)) for index in range(3)), images.Timing((40,) * 3)
    )
    for kind in ("gif", "png", "webp"):
        found[f"{kind} moving"] = images.encode_frames(moving, images.WriteOptions(kind))
    found["TIFF pages"] = images.encode_frames(
        images.Frames((Photo(deep), Photo(scene(9, 9)))), images.WriteOptions("tiff")
    )
    found["inks"] = saved(Image.fromarray(scene(12, 16)).convert("CMYK"), "JPEG")
    return found


SEEDS = seeds()


def mutants(content: bytes, count: int, chance: random.Random) -> Iterator[bytes]:
    """The bytes with flips, runs of one value, swaps, cuts and repeats, mostly near the front where headers are."""
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 1, 2, 4, 16))):
            reach = len(changed) if chance.random() < 0.5 else min(len(changed), 300)
            at, size = chance.randrange(max(reach, 1)), chance.choice((1, 1, 2, 4, 8, 64))
            value = chance.choice((b"\0", b"\xff", b"\x80", b"\x7f", bytes([chance.randrange(256)])))
            kind = chance.randrange(4)
            replacement = (value * size, bytes(changed[at : at + size])[::-1], b"", bytes(changed[at : at + size]) * 2)
            changed[at : at + size] = replacement[kind]
        yield bytes(changed)


def pool() -> list[bytes]:
    """The seeds, and the smaller ones of the real files where they are at hand."""
    real = [path.read_bytes() for path in sorted(NASTY.iterdir())] if NASTY.is_dir() else []
    return [content for content in [*SEEDS.values(), *real] if 0 < len(content) < 60_000]
