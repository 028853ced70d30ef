"""Files made to do harm, through the command line: each is read whole or refused in one line, and nothing hangs."""

import io
import json
import os
import re
import struct
import sys
import time
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from cli_support import Run
from faces_support import Oracle
from images_support import saved, scene
from PIL import Image

from faceedit import images, models
from faceedit.detection import Detection, Search
from faceedit.errors import UnreadablePhoto
from faceedit.faces import FaceFinder
from faceedit.images.isolated import shared

RECIPE = 'faceedit: 1\nsteps: [{effect: blur}]\noutput: {metadata: keep, format: png, name: "{index}.{ext}"}\n'
JPEG, PNG = saved(scene(), "JPEG"), saved(scene(), "PNG")
BOMB = zlib.compress(bytes(120_000_000), 9)
unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files, and limits no memory")


class Blind:
    """A detector that finds no face."""

    name = "blind"

    def detect(self, _pixels: np.ndarray) -> list[Detection]:
        return []


@pytest.fixture
def blind(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    finder = FaceFinder(Oracle(), Blind(), Search())
    monkeypatch.setattr(models, "face_finder", lambda *_, **__: finder)
    return run


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(*chunks: bytes) -> bytes:
    """A PNG with further chunks behind its header."""
    return PNG[:33] + b"".join(chunks) + PNG[33:]


def empty_png(width: int, height: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return PNG[:8] + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with further segments behind its start."""
    parts = [b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body for kind, body in segments]
    return JPEG[:2] + b"".join(parts) + JPEG[2:]


def nested(name: bytes, brand: bytes) -> bytes:
    """Boxes within boxes, 3,000 deep."""
    content = b""
    for _ in range(3000):
        content = struct.pack(">I4s", 8 + len(content), name) + content
    return struct.pack(">I4s4sI4s", 20, b"ftyp", brand, 0, brand) + content


def laughs() -> bytes:
    """Entities of entities of entities, in an encoding in which no search for ASCII finds them."""
    lines = "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    text = f'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE l [<!ENTITY a "lol">{lines}]><a>&j;</a>'
    return b"http://ns.adobe.com/xap/1.0/\0" + text.encode("utf-16")


READ = {
    "huge-exif.png": png(chunk(b"eXIf", b"II*\0\x08\0\0\0" + bytes(5_000_000))),
    "many-profiles.jpg": jpeg(*((0xE2, b"ICC_PROFILE\0" + bytes([i, 200]) + bytes(60_000)) for i in range(1, 201))),
    "many-comments.jpg": jpeg(*[(0xFE, b"x" * 65_000)] * 100),
    "deep-xmp.jpg": jpeg((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<a>" * 9000 + b"</a>" * 9000)),
    "laughs.jpg": jpeg((0xE1, laughs())),
    "polyglot-zip.jpg": JPEG + b"PK\3\4" + bytes(90) + b"PK\5\6" + bytes(18),
    "polyglot-pdf.png": PNG + b"%PDF-1.4",
    "script.php.jpg": JPEG + b"<?php system($_GET[0]); ?>",
    "png-in.jpg": PNG,
    "jpeg-in.heic": JPEG,
    "$(touch pwned).jpg": JPEG,
    "{stem}.jpg": JPEG,
    "a\nb.jpg": JPEG,
    "\x1b[31mred.jpg": JPEG,
    "\u202egpj.exe.jpg": JPEG,
    "-rf.jpg": JPEG,
    "\u00e9" * 100 + ".jpg": JPEG,
}
REFUSED = {
    "text-bomb.png": (png(chunk(b"zTXt", b"Comment\0\0" + BOMB)), "damaged"),
    "xmp-bomb.png": (png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB)), "damaged"),
    "profile-bomb.png": (png(chunk(b"iCCP", b"x\0\0" + BOMB)), "damaged"),
    "many-texts.png": (png(*[chunk(b"zTXt", b"C\0\0" + zlib.compress(bytes(900_000)))] * 200), "damaged"),
    "large.png": (empty_png(60_000, 60_000), "more than 200 megapixels"),
    "negative.bmp": (
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, -(1 << 31), -(1 << 31), 1, 24, 0, 0, 0, 0, 0, 0),
        "more than 200 megapixels",
    ),
    "nothing.png": (empty_png(0, 0), "damaged PNG"),
    "nested.heic": (nested(b"meta", b"heic"), "HEIC"),
    "film.heic": (nested(b"moov", b"hevc"), "HEIC"),
    "drawing.jpg": (b"<svg><image href='file:///etc/passwd'/></svg>", "an SVG drawing, not a photo"),
    "document.jpg": (b"%PDF-1.4", "a PDF document, not a photo"),
    "postscript.jpg": (b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run", "no picture of a known kind"),
    "pixels.jpg": (b"P6 99999 99999 255\n", "no picture of a known kind"),
    "bits.jpg": (b"#define a_width 9\n#define a_height 9\nstatic char a_bits[] = {0};", "no picture of a known kind"),
    "layers.jpg": (b"8BPS" + bytes(60), "a Photoshop document"),
    "comment.gif": (b"GIF89a/*" + bytes(50) + b"*/=1;alert(1)", "damaged GIF"),
}


def test_each_is_read_or_refused_in_a_line_and_nothing_is_run(blind: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, content in [*READ.items(), *((name, content) for name, (content, _) in REFUSED.items())]:
        folder.joinpath(name).write_bytes(content)
    (tmp_path / "r.yaml").write_text(RECIPE)
    code, _, said = blind("apply", "r.yaml", folder, "-o", "out", "-q")
    report = json.loads((tmp_path / "out" / "report.json").read_text())["photos"]
    entries = {Path(entry["photo"]).name: entry for entry in report}
    assert code == 1
    assert {name for name, entry in entries.items() if entry["status"] == "done"} == set(READ)
    for name, (_, reason) in REFUSED.items():
        assert reason in entries[name]["error"], entries[name]
    assert max(entry["seconds"] for entry in report) < 30
    assert len(said.splitlines()) == len(REFUSED)
    assert said.isprintable() or all(line.isprintable() for line in said.splitlines())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "photos", "r.yaml"]
    for name in ("deep-xmp.jpg", "laughs.jpg"):
        assert entries[name]["notes"] == ["XMP was left out: it is damaged"]


@unix
def test_pipes_devices_loops_and_endless_files_hold_nobody_up(blind: Run, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    os.mkfifo(folder / "pipe.jpg")
    (folder / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "away.jpg").write_bytes(JPEG)
    (folder / "out-of-here.jpg").symlink_to(tmp_path / "away.jpg")
    (folder / "device.png").symlink_to("/dev/zero")
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(1 << 42)
    (folder / "good.jpg").write_bytes(JPEG)
    (tmp_path / "r.yaml").write_text(RECIPE)
    code, _, said = blind("apply", "r.yaml", folder, folder / "device.png", "-o", "out", "-q")
    reasons = dict(line.split(": ", 1)[1].rsplit(": ", 1) for line in said.splitlines())
    assert code == 1
    named = {Path(name).name: reason for name, reason in reasons.items()}
    assert {name: reason for name, reason in named.items() if name != "loop.jpg"} == {
        "pipe.jpg": "is no file",
        "device.png": "is no file",
        "out-of-here.jpg": "is a link out of the folder; name what it leads to as well",
        "sparse.jpg": "is larger than 1024 MB",
    }
    report = json.loads((tmp_path / "out" / "report.json").read_text())["photos"]
    assert [Path(entry["photo"]).name for entry in report if entry["status"] == "done"] == ["good.jpg"]


@unix
def test_a_pipe_is_told_from_a_file_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is no file"):
        images.open_regular(tmp_path / "pipe")


def large(path: Path, megabytes: int) -> Path:
    """A true picture that takes so much memory: three samples a pixel, inflated from next to nothing."""
    side = int((megabytes * 1e6 / 3) ** 0.5)
    rows = zlib.compressobj(1)
    packed = b"".join(rows.compress(bytes(1 + 3 * side)) for _ in range(side)) + rows.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    path.write_bytes(PNG[:8] + header + chunk(b"IDAT", packed) + chunk(b"IEND", b""))
    return path


@unix
def test_a_picture_that_takes_more_memory_than_it_may_costs_itself(tmp_path: Path) -> None:
    limits = images.Limits(gigabytes=0.15)
    with pytest.raises(UnreadablePhoto, match=r"to be decoded.*; allow more with --max-memory"):
        images.read_isolated(large(tmp_path / "a.png", 300), limits=limits)
    assert images.read_isolated(JPEG, limits=limits).width == 64


@unix
@pytest.mark.long
def test_two_gigabytes_are_the_limit(tmp_path: Path) -> None:
    path = large(tmp_path / "a.png", 3000)
    with pytest.raises(UnreadablePhoto, match=r"to be decoded.*; allow more with --max-memory"):
        images.read_isolated(path, limits=images.Limits(megapixels=2000))


@pytest.mark.long
def test_thirty_seconds_are_the_limit() -> None:
    start = time.monotonic()
    with pytest.raises(UnreadablePhoto, match="slow: was not decoded within 30 s"):
        shared.call("slow", images.Limits(), partial(re.match, "(a+)+b", "a" * 60))
    assert 29 < time.monotonic() - start < 45
    assert images.read_isolated(JPEG).width == 64


def test_a_file_with_a_thousand_frames_is_counted_before_it_is_read() -> None:
    pictures = [Image.new("L", (1, 1), index % 256) for index in range(1101)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=20)
    for read in (images.read, images.read_frames):
        with pytest.raises(UnreadablePhoto, match="has more than 1000 frames"):
            read(file.getvalue())
