"""A table of what becomes of files: what each is, what `faceedit apply` did with it, why, and whether colors are right.

    python tests/faithful.py FOLDER    every file of a folder, whatever it is
    python tests/faithful.py           round trips of files made here: profiles, inks, depth, orientations, alpha

All files go through one command with a recipe that edits nothing and writes PNG (TIFF for documents of several pages);
no face is looked for. The result is compared with Pillow's and LittleCMS' own reading of the input, in CIEDE2000: the
median and the 99th percentile of all pixels, of the frame or page that is furthest off. Of pictures with 16 bits OpenCV
reads both files, and the largest difference is told, where no profile is between them.
Exit status 1 if some row says "traceback", "hang" or "wrong colors".
"""

import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from faces_support import Oracle
from images_support import exif_block, grey_profile, rgb_profile, saved, scene, table_profile
from PIL import Image, ImageCms, ImageOps
from skimage.color import deltaE_ciede2000, rgb2lab

from faceedit import cli, images, models
from faceedit.detection import Detection, Search
from faceedit.faces import FaceFinder
from faceedit.photo import Photo

RECIPE = """faceedit: 1
steps: [{effect: blur, when: faces > 1000}]
output: {format: FORMAT, metadata: safe, name: "{index}.{ext}"}
"""
MOVING: dict[str, dict[str, Any]] = {
    "moving.gif": {"kind": "GIF", "duration": 80},
    "moving.png": {"kind": "PNG", "duration": [40, 90, 300, 90]},
    "moving.webp": {"kind": "WEBP", "duration": 70, "lossless": True},
    "pages.tiff": {"kind": "TIFF"},
}
HANG = 31  # seconds
RIGHT = 2.0  # CIEDE2000 at the 99th percentile: rounding to 8 bits on two ways
INKS = {corner: (95 - 23 * sum(corner), 20 * (corner[1] - corner[0]), 15 * (corner[2] - 1)) for corner in
        np.ndindex(2, 2, 2, 2)}  # fmt: skip


def main() -> int:
    """Print the table of the folder named on the command line, or that of files made here."""
    with tempfile.TemporaryDirectory(prefix="faithful-") as place:
        folder = Path(sys.argv[1]) if sys.argv[1:] else made(Path(place, "made"))
        rows = list(table(folder, Path(place)))
    wrong = sum(row[-1] in ("traceback", "hang", "wrong colors") for row in rows)
    print(f"\n{len(rows)} files: " + ", ".join(f"{sum(r[-1] == each for r in rows)} {each}" for each in verdicts(rows)))
    return int(wrong > 0)


def verdicts(rows: list[tuple[str, ...]]) -> list[str]:
    """The verdicts that occur."""
    return sorted({row[-1] for row in rows})


def table(folder: Path, place: Path) -> Iterator[tuple[str, ...]]:
    """The rows, printed as they come."""
    paths = sorted(each for each in folder.iterdir() if each.is_file())
    documents = [path for path in paths if is_document(path)]
    entries, said = applied([path for path in paths if path not in documents], place, "png")
    if documents:
        entries |= applied(documents, place, "tiff")[0]
    print("| file | what it is | what happened | why | median, 99 % | verdict |\n|---|---|---|---|---|---|")
    for path in paths:
        row = (path.name, what(path), *judged(path, entries.get(str(path)), said))
        print("| " + " | ".join(row) + " |", flush=True)
        yield row


def is_document(path: Path) -> bool:
    """Whether Pillow sees several pages in a TIFF file."""
    try:
        with Image.open(path, formats=["TIFF"]) as picture:
            return getattr(picture, "n_frames", 1) > 1
    except Exception:  # whatever Pillow thinks of it
        return False


def applied(paths: list[Path], place: Path, kind: str) -> tuple[dict[str, Any], str]:
    """The report's entries by photo, and the end of what was said on standard error."""
    recipe = place / f"{kind}.yaml"
    recipe.write_text(RECIPE.replace("FORMAT", kind), encoding="utf-8")
    command = ["faceedit", "apply", recipe, *paths, "-o", place / kind, "--json", "--max-megapixels", "100"]
    said = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(said[0]),
        contextlib.redirect_stderr(said[1]),
        mock.patch.object(sys, "argv", list(map(str, command))),
        mock.patch.object(models, "face_finder", return_value=FaceFinder(Oracle(), Blind(), Search())),
        contextlib.suppress(SystemExit),
    ):
        cli.main()
    entries = [json.loads(line) for line in said[0].getvalue().splitlines()]
    if not entries:
        sys.exit(said[1].getvalue())
    return {entry["photo"]: entry for entry in entries}, said[1].getvalue()[-300:].replace("\n", " / ")


class Blind:
    """A detector that finds no face."""

    name = "blind"

    def detect(self, _pixels: np.ndarray) -> list[Detection]:
        """Nothing."""
        return []


def judged(path: Path, entry: dict[str, Any] | None, said: str) -> tuple[str, ...]:
    """What happened to one file, why, how far its colors are off, and the verdict."""
    if entry is None or "unexpected" in entry["error"]:
        return "-", entry["error"] if entry else said, "-", "traceback"
    error = entry["error"].removeprefix(f"{path}: ")
    if entry["seconds"] > HANG:
        return entry["status"], error, "-", "hang"
    if entry["status"] != "done":
        return "refused", error, "-", "refused"
    output = Path(entry["outputs"][0])
    return f"read{depth(path, output)}", "; ".join(entry["notes"]), *compared(path, output)


def depth(path: Path, output: Path) -> str:
    """How far samples of 16 bits are off, in words; nothing where there are none."""
    try:
        import cv2  # noqa: PLC0415 - comes with an extra
    except ImportError:
        return ""
    if images.read(output).pixels.dtype != np.uint16:
        return ""
    one, other = (cv2.imread(str(each), cv2.IMREAD_UNCHANGED) for each in (path, output))
    with opened(path) as picture:
        profile = picture.info.get("icc_profile")
    if one is None or one.dtype != other.dtype or one.shape != other.shape or profile:
        return ", 16 bits"
    return f", 16 bits, {np.abs(one.astype(int) - other).max()} off"


def what(path: Path) -> str:
    """What Pillow says of a file: format, size, mode, profile, orientation, frames."""
    try:
        with opened(path) as picture:
            words = [str(picture.format), f"{picture.width} x {picture.height}", picture.mode]
            words += [f"orientation {turn}"] if (turn := picture.getexif().get(0x112, 1)) != 1 else []
            words += ["profile"] if picture.info.get("icc_profile") else []
            words += [f"{frames} frames"] if (frames := getattr(picture, "n_frames", 1)) > 1 else []
            return ", ".join(words)
    except Exception as error:  # whatever Pillow thinks of it
        return f"no picture to Pillow ({type(error).__name__}), {path.stat().st_size} bytes"


def opened(path: Path) -> Image.Image:
    """The picture, by Pillow, with HEIC if it can be had."""
    try:
        import pillow_heif  # noqa: PLC0415 - an extra

        pillow_heif.register_heif_opener()
    except ImportError:
        pass
    return Image.open(path)


def compared(path: Path, output: Path) -> tuple[str, str]:
    """How far an output's colors are from the reference, and the verdict."""
    try:
        expected = references(path)
    except Exception as error:  # whatever Pillow raises
        return f"Pillow cannot read it ({type(error).__name__})", "read"
    found = references(output)
    furthest = (0.0, 0.0)
    for at, pixels in expected:
        same = [each for begin, each in found if begin <= at][-1]
        if same.shape != pixels.shape:
            return f"{same.shape} is not {pixels.shape}", "wrong colors"
        off = np.percentile(deltaE_ciede2000(rgb2lab(same), rgb2lab(pixels)), [99, 50])
        furthest = max(furthest, (float(off[0]), float(off[1])))
    most, middle = furthest
    return f"{middle:.2f}, {most:.2f}", "right" if most <= RIGHT else "wrong colors"


def references(path: Path) -> list[tuple[float, np.ndarray]]:
    """All frames or pages, and when each is first shown, in milliseconds; pages by their number."""
    with opened(path) as file:
        count = 1 if file.format in ("JPEG", "MPO") else getattr(file, "n_frames", 1)
    found, at = [], 0.0
    for index in range(count):
        pixels, duration = reference(path, index)
        found.append((at, pixels))
        at += duration
    return found


def reference(path: Path, index: int = 0) -> tuple[np.ndarray, float]:
    """A picture as Pillow and LittleCMS show it: upright, sRGB, on white; and how long it is shown."""
    with opened(path) as file:
        if index:
            file.seek(index)
        file.load()
        duration = file.info.get("duration", 1) or 100
        icc = file.info.get("icc_profile")
        picture = ImageOps.exif_transpose(file)
        picture.load()
    if picture.mode.startswith("I;16"):
        picture = Image.fromarray((np.array(picture) >> 8).astype(np.uint8))
    alpha = picture.convert("RGBA").getchannel("A") if picture.has_transparency_data else None
    space = {"P": "RGB", "RGBA": "RGB", "PA": "RGB", "1": "L", "LA": "L", "I": "L"}.get(picture.mode, picture.mode)
    colors = picture if picture.mode == space else picture.convert(space)
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)) if icc else None
    except OSError:  # damaged
        profile = None
    if picture.mode == "LAB":
        profile = ImageCms.createProfile("LAB")
    if profile is not None and (picture.mode == "LAB" or profile.profile.xcolor_space.strip() in fits(space)):
        if space == "L" and profile.profile.xcolor_space.strip() == "RGB":
            colors = colors.convert("RGB")
        flags, srgb = ImageCms.Flags.BLACKPOINTCOMPENSATION, ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        colors = ImageCms.profileToProfile(colors, profile, srgb, intent, "RGB", flags=flags) or colors
    colors = colors.convert("RGB")
    if alpha is not None:
        colors.putalpha(alpha)
        return on_white(colors), duration
    return np.array(colors), duration


def fits(space: str) -> tuple[str, ...]:
    """The color spaces of profiles that fit samples of this kind."""
    return {"L": ("GRAY", "RGB"), "RGB": ("RGB",), "CMYK": ("CMYK",)}.get(space, ())


def on_white(picture: Image.Image) -> np.ndarray:
    """A picture with alpha laid on white."""
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return np.array(white.convert("RGB"))


def made(folder: Path) -> Path:
    """A folder of files whose way there and back is to be seen."""
    folder.mkdir()
    pixels = scene(120, 160)
    deep = pixels.astype(np.uint16) * 257 + np.uint16(3)
    files: dict[str, bytes] = {}
    for name in ("display-p3", "a98-rgb", "prophoto-rgb"):
        for kind in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF"):
            extra: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {"quality": 95}
            files[f"{name}.{kind.lower()}"] = saved(pixels, kind, icc_profile=rgb_profile(name), **extra)
    files["a98-table.png"] = saved(pixels, "PNG", icc_profile=rgb_profile("a98-rgb", table=1024))
    inks = Image.fromarray(pixels).convert("CMYK")
    files["inks.jpg"] = saved(inks, "JPEG", quality=95)
    files["inks-profile.tif"] = saved(inks, "TIFF", icc_profile=table_profile("CMYK", INKS))
    files["grey-gamma.png"] = saved(pixels[..., 0], "PNG", icc_profile=grey_profile(1.8))
    for kind in ("png", "tiff"):
        for name, alpha in (("deep", None), ("deep-alpha", deep[..., 0])):
            files[f"{name}.{kind}"] = images.encode(Photo(deep, alpha), images.WriteOptions(kind))
    clear = Image.fromarray(np.dstack([pixels, pixels[..., 1]]))
    for kind in ("PNG", "TIFF"):
        files[f"alpha.{kind.lower()}"] = saved(clear, kind)
    files["alpha.webp"] = saved(clear, "WEBP", lossless=True)
    shots = [Image.fromarray(np.roll(pixels, 30 * index, 1)).quantize(64).convert("RGB") for index in range(4)]
    for name, settings in MOVING.items():
        files[name] = saved(shots[0], save_all=True, append_images=shots[1:], **settings)
    files["palette.gif"] = saved(Image.fromarray(pixels).quantize(64), "GIF")
    for turn in range(1, 9):
        block = exif_block().replace(b"\x12\x01\x03\0\x01\0\0\0\x06", b"\x12\x01\x03\0\x01\0\0\0" + bytes([turn]))
        files[f"orientation-{turn}.jpg"] = saved(pixels, "JPEG", quality=95, exif=b"Exif\0\0" + block)
    for name, content in files.items():
        folder.joinpath(name).write_bytes(content)
    return folder


if __name__ == "__main__":
    sys.exit(main())
