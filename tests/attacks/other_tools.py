"""What `verify` finds in photos that deface has made: faces that it left, and metadata.

    python -m tests.attacks.other_tools ../shared/data VENV/bin/deface [PHOTOS]

deface (pip install deface onnxruntime, in an environment of its own) runs with its defaults over portraits pasted on
faceless photos, of which it is known where each face lies, and over real photos.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from faceedit import models
from faceedit.images import read
from faceedit.registry import Registry
from faceedit.verify import SecondLook, Verdict, verify_file
from tests.attacks.missed_faces import Composite, composites

# A face is left where so many of the pixels from eyes to mouth are still what they were.
UNTOUCHED = 0.5
MADE = "_anonymized"


def defaced(tool: str, photos: Sequence[Path], *options: str) -> list[Path]:
    """What deface makes of photos."""
    subprocess.run([tool, *options, *map(str, photos)], check=True, capture_output=True)
    return [path.with_name(f"{path.stem}{MADE}{path.suffix}") for path in photos]


def planted(tool: str, data: Path, look: SecondLook, count: int) -> str:
    """How many pasted faces deface leaves, and how many of these verify sees."""
    left = seen = stopped = faces = passed = 0
    with tempfile.TemporaryDirectory() as place:
        photos = [photo for photo, _ in composites(data, -(-count // 32))][:count]
        paths = [Path(place, f"{number}.png") for number in range(len(photos))]
        for path, photo in zip(paths, photos, strict=True):
            photo.picture.save(path)
        for photo, made in zip(photos, defaced(tool, paths), strict=True):
            verdict = verify_file(made, look)
            bare = [face for face in photo.faces if face[0] >= 24 and _untouched(photo, made, face)]
            found = sum(_sees(verdict, face) for face in bare)
            faces += sum(face[0] >= 24 for face in photo.faces)
            left, seen, stopped = left + len(bare), seen + found, stopped + bool(verdict.faces)
            passed += bool(bare) and verdict.passed
    return (
        f"pasted faces of 24 px and more: deface left {left} of {faces}; verify points at {seen} of these, stops "
        f"{stopped} of {len(photos)} photos, and lets {passed} with such a face pass"
    )


def _untouched(photo: Composite, made: Path, face: tuple[int, float, float, float]) -> bool:
    before, after = np.asarray(photo.picture), read(made).pixels
    _, x, y, radius = face
    rows, columns = np.ogrid[: before.shape[0], : before.shape[1]]
    inside = (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= radius**2
    return bool((before[inside] == after[inside]).all(-1).mean() > UNTOUCHED)


def _sees(verdict: Verdict, face: tuple[int, float, float, float]) -> bool:
    size, x, y, _ = face
    boxes = [found.box for found in verdict.faces]
    return any(box.left <= x < box.right and box.top <= y < box.bottom and box.width < 3 * size for box in boxes)


def real(tool: str, data: Path, look: SecondLook) -> str:
    """How many real photos verify stops after deface."""
    with tempfile.TemporaryDirectory() as place:
        paths = []
        for path in sorted((data / "wild").glob("*.*")):
            if path.suffix in (".jpg", ".png"):
                paths.append(Path(place, path.name))
                paths[-1].write_bytes(path.read_bytes())
        verdicts = [verify_file(made, look) for made in defaced(tool, paths)]
    return f"real photos: verify stops {sum(not verdict.passed for verdict in verdicts)} of {len(verdicts)}"


def metadata(tool: str, data: Path, *options: str) -> str:
    """In how many of four photos with place, camera and thumbnail verify finds these after deface."""
    with tempfile.TemporaryDirectory() as place:
        paths = []
        for path in sorted((data / "wild").glob("*.jpg"))[:4]:
            exif = Image.Exif()
            exif[0x010F], exif[0x8825] = "Maker", {1: "N", 2: (52.0, 31.0, 0.0)}
            paths.append(Path(place, path.name))
            Image.open(path).save(paths[-1], exif=exif, comment=b"taken at home")
        found = [verify_file(made, lambda _: []).problems for made in defaced(tool, paths, *options)]
    said = sorted({problem for problems in found for problem in problems})
    named = " ".join(options) or "defaults"
    return f"metadata, {named}: {sum(map(bool, found))} of {len(found)} {', '.join(said)}".rstrip()


def main() -> None:
    """Print all figures."""
    data, tool, *more = sys.argv[1:]
    find = models.face_finder("lite", Registry.installed())
    look = SecondLook(find.detector, find.segmenter)
    print(metadata(tool, Path(data)), flush=True)
    print(metadata(tool, Path(data), "--keep-metadata"), flush=True)
    print(planted(tool, Path(data), look, int(more[0]) if more else 32), flush=True)
    print(real(tool, Path(data), look), flush=True)


if __name__ == "__main__":
    main()
