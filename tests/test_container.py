"""The container check names whatever lies beside a picture, and nothing of it reaches a redacted file."""

import contextlib
import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from faceedit import images
from faceedit.testing import painted_photo
from faceedit.verify import bare, check

CANARY = b"CANARY-7f3a9c"
OUTPUTS = ("jpeg", "png", "tiff", "webp", "avif")
QUALITIES = {"png": {}, "tiff": {"compression": "tiff_adobe_deflate"}, "webp": {"lossless": True}}


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(painted_photo(96, 112).pixels).convert(mode)


def saved(kind: str, mode: str = "RGB", **settings) -> bytes:
    file = io.BytesIO()
    picture(mode).save(file, kind, **{**QUALITIES.get(kind, {}), **settings})
    return file.getvalue()


def thumbnail() -> bytes:
    file = io.BytesIO()
    picture().resize((56, 48)).save(file, "JPEG", comment=CANARY)
    return file.getvalue()


def directory(at: int, entries: list[tuple[int, int, bytes]], following: int = 0) -> bytes:
    """A TIFF directory at offset `at`; values of more than 4 bytes lie behind it."""
    rows, values = b"", b""
    behind = at + 6 + 12 * len(entries)
    for tag, kind, value in entries:
        size = {1: 1, 2: 1, 4: 4, 7: 1}[kind]
        placed = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack("<I", behind + len(values))
        rows += struct.pack("<HHI", tag, kind, len(value) // size) + placed
        values += value if len(value) > 4 else b""
    return struct.pack("<H", len(entries)) + rows + struct.pack("<I", following) + values


def exif_block() -> bytes:
    """EXIF with a canary in the main directory, the place, the maker note and the old thumbnail."""
    small = thumbnail()
    places = (8, 200, 400, 600)
    main = directory(
        places[0],
        [(0x10E, 2, CANARY), (0x8769, 4, struct.pack("<I", places[1])), (0x8825, 4, struct.pack("<I", places[2]))],
        places[3],
    )
    inner = directory(places[1], [(0x927C, 7, CANARY * 2)])
    gps = directory(places[2], [(29, 2, CANARY)])
    start = places[3] + 30
    first = directory(places[3], [(0x201, 4, struct.pack("<I", start)), (0x202, 4, struct.pack("<I", len(small)))])
    block = b"II*\0" + struct.pack("<I", places[0]) + main
    for place, part in zip(places[1:], (inner, gps, first), strict=True):
        block = block.ljust(place, b"\0") + part
    return block.ljust(start, b"\0") + small


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def with_segment(content: bytes, marker: int, body: bytes) -> bytes:
    return content[:20] + segment(marker, body) + content[20:]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(content: bytes, name: bytes, body: bytes) -> bytes:
    return content[:33] + chunk(name, body) + content[33:]


def with_riff(content: bytes, name: bytes, body: bytes) -> bytes:
    body += bytes(len(body) % 2)
    whole = content + name + struct.pack("<I", len(body)) + body
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def pages() -> bytes:
    file = io.BytesIO()
    picture().save(file, "TIFF", save_all=True, append_images=[picture().rotate(90)])
    return file.getvalue()


def clear(kind: str) -> bytes:
    """A picture whose left half is transparent and holds the canary as colours."""
    pixels = np.array(picture("RGBA"))
    pixels[:, :56, :3] = np.resize(np.frombuffer(CANARY, np.uint8), (96, 56, 3))
    pixels[:, :56, 3] = 0
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **({"lossless": True, "exact": True} if kind == "webp" else {}))
    return file.getvalue()


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>' + CANARY + b"</a></x:xmpmeta>"
ICC = images.profiles.srgb_profile() + CANARY


def planted_jpegs() -> Iterator[tuple[str, bytes]]:
    jpeg = saved("jpeg")
    yield "jpeg exif", saved("jpeg", exif=b"Exif\0\0" + exif_block())
    yield "jpeg xmp", saved("jpeg", xmp=XMP)
    yield "jpeg comment", saved("jpeg", comment=CANARY)
    yield "jpeg icc", saved("jpeg", icc_profile=ICC)
    yield "jpeg jfxx", with_segment(jpeg, 0xE0, b"JFXX\0\x10" + thumbnail())
    yield "jpeg iptc", with_segment(jpeg, 0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", 14) + CANARY)
    yield "jpeg mpf", with_segment(jpeg, 0xE2, b"MPF\0II*\0\x08\0\0\0\0\0" + CANARY)
    yield "jpeg unknown segment", with_segment(jpeg, 0xE7, CANARY)
    yield "jpeg trailer", jpeg + thumbnail()
    yield "jpeg motion photo", jpeg + b"\0\0\0\x18ftypmp42" + CANARY
    yield "jpeg before the end", jpeg[:-2] + CANARY * 40 + b"\xff\xd9"
    yield (
        "jpeg unused table",
        with_segment(jpeg, 0xDB, b"\3" + np.resize(np.frombuffer(CANARY, np.uint8), 64).tobytes()),
    )


def planted_others() -> Iterator[tuple[str, bytes]]:
    png, webp, tiff = (saved(kind) for kind in ("png", "webp", "tiff"))
    for name in (b"tEXt", b"iTXt", b"eXIf", b"prVt"):
        yield f"png {name.decode()}", with_chunk(png, name, b"Comment\0" + CANARY)
    yield "png zTXt", with_chunk(png, b"zTXt", b"Comment\0\0" + zlib.compress(CANARY))
    yield "png iCCP", saved("png", icc_profile=ICC)
    yield "png behind the end", png + CANARY
    yield "png behind the samples", png[:-12] + chunk(b"IDAT", CANARY) + png[-12:]
    yield "png palette without use", with_chunk(png, b"PLTE", (CANARY * 3)[:39])
    yield "png clear", clear("png")
    yield "webp exif", saved("webp", exif=exif_block())
    yield "webp xmp", saved("webp", xmp=XMP)
    yield "webp icc", saved("webp", icc_profile=ICC)
    yield "webp unknown chunk", with_riff(webp, b"junk", CANARY)
    yield "webp trailer", webp + CANARY
    yield "webp clear", clear("webp")
    yield "tiff description", saved("tiff", tiffinfo={270: CANARY.decode()})
    yield "tiff unknown tag", saved("tiff", tiffinfo={65000: CANARY.decode()})
    yield "tiff icc", saved("tiff", icc_profile=ICC)
    yield "tiff trailer", tiff + CANARY
    yield "tiff pages", pages()
    yield "tiff clear", clear("tiff")
    yield "avif exif", saved("avif", exif=exif_block())
    yield "avif xmp", saved("avif", xmp=XMP)
    yield "avif trailer", saved("avif") + b"\0\0\0\x20free" + CANARY.ljust(24)
    yield "gif comment", saved("gif", "P", comment=CANARY)
    yield "bmp trailer", saved("bmp") + CANARY


PLANTED = {**dict(planted_jpegs()), **dict(planted_others())}


def carved(content: bytes) -> Iterator[bytes]:
    """The file, and all that inflates from any of its bytes."""
    yield content
    at = content.find(b"\x78")
    while at >= 0:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj().decompress(content[at:], 1 << 22)
        at = content.find(b"\x78", at + 1)


@pytest.mark.parametrize("place", [name for name in PLANTED if "clear" not in name])
def test_the_check_names_what_lies_beside_the_picture(place: str) -> None:
    assert check(PLANTED[place]).problems


@pytest.mark.parametrize("place", [name for name in PLANTED if name != "tiff pages"])
@pytest.mark.parametrize("kind", OUTPUTS)
def test_no_canary_reaches_a_redacted_file(place: str, kind: str) -> None:
    """Two walls stand between a canary and the file, and each holds alone: the bare photo, and the policy "none"."""
    photo = images.read(PLANTED[place])
    for source, policy in ((bare(photo), "keep"), (photo, "none")):
        if policy == "keep" and "clear" in place:
            continue  # colours below transparent parts are pixels: only the policy removes them
        written = images.encode(source, images.WriteOptions(kind, metadata=policy))
        assert not any(CANARY in piece for piece in carved(written))
        assert written.count(b"\xff\xd8\xff") == (kind == "jpeg")
        assert not check(written).problems


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_what_lies_below_transparent_parts_is_gone(kind: str) -> None:
    photo = images.read(PLANTED[f"{'png' if kind == 'webp' else kind} clear"])
    again = images.read(images.encode(bare(photo), images.WriteOptions(kind, 100, "none")))
    assert again.alpha is not None
    assert not again.pixels[again.alpha == 0].any() or kind == "webp"
    assert len(np.unique(again.pixels[again.alpha == 0], axis=0)) == 1 or kind == "webp"


@pytest.mark.parametrize("quality", [50, 75, 92, 98])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_plain_jpeg_passes(quality: int, subsampling: int, progressive: bool) -> None:
    settings = {"quality": quality, "subsampling": subsampling, "progressive": progressive, "optimize": True}
    assert not check(saved("jpeg", **settings)).problems
    assert not check(saved("jpeg", restart_marker_blocks=3, **settings)).problems


PLAIN = [
    *(saved("png", mode) for mode in ("RGB", "L", "P", "RGBA", "1")),
    *(saved("webp", mode, lossless=lossless) for mode in ("RGB", "RGBA") for lossless in (True, False)),
    *(saved("tiff", mode) for mode in ("RGB", "L", "RGBA")),
    *(saved("jpeg", mode) for mode in ("L", "CMYK")),
    saved("tiff", compression=None),
    saved("avif"),
]


@pytest.mark.parametrize("content", PLAIN)
def test_a_file_with_nothing_but_its_picture_passes(content: bytes) -> None:
    assert not check(content).problems


def test_sixteen_bit_files_of_our_own_pass() -> None:
    photo = painted_photo(40, 50, depth=16)
    for kind in ("png", "tiff"):
        assert not check(images.encode(photo, images.WriteOptions(kind, metadata="none"))).problems


def test_avif_passes_with_a_note_that_it_cannot_be_checked() -> None:
    assert "cannot be checked" in check(saved("avif")).notes[0]


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_a_file_cut_off_anywhere_is_refused_without_a_crash(kind: str) -> None:
    content = saved(kind)
    for end in [*range(1, 60), *range(60, len(content) - 1, 97)]:
        assert check(content[:end]).problems


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
def test_damaged_bytes_never_crash_the_check(kind: str) -> None:
    content = bytearray(saved(kind))
    chance = np.random.default_rng(7)
    for _ in range(200):
        damaged = content.copy()
        for at in chance.integers(0, min(len(content), 400), 3):
            damaged[at] = chance.integers(256)
        check(bytes(damaged))


def test_an_unknown_kind_of_file_is_refused() -> None:
    assert check(saved("bmp")).problems
    assert check(b"").problems
