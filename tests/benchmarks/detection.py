"""How many faces the command line finds: in photos with known faces, in photos without any, upright and turned."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit import images
from faceedit.errors import UnreadablePhoto

# Turns in degrees counter-clockwise; no EXIF tells of them.
TURNS = (0, 90, 180, 270)


@dataclass(frozen=True)
class Known:
    """A photo's path and how many faces people saw in it."""

    path: Path
    faces: int


def known(data: Path, folder: str, place: Path, quarters: int) -> Iterator[Known]:
    """The readable photos of `folder` in `data`, whose manifest.json counts faces, turned, as files in `place`."""
    place.mkdir()
    for record in json.loads((data / "manifest.json").read_text())["files"]:
        path = data / record["file"]
        if not record["file"].startswith(f"{folder}/") or not path.is_file():
            continue
        try:
            photo = images.read(path)
        except UnreadablePhoto:
            continue
        turned = photo.replaced(pixels=np.ascontiguousarray(np.rot90(photo.pixels, quarters)), alpha=None)
        out = place / f"{len(list(place.iterdir())):03}-{path.stem}.png"
        images.write(turned, out, images.WriteOptions(metadata="none"))
        yield Known(out, record["faces"] or 0)


def counted(photos: list[Known]) -> list[tuple[int, int]]:
    """For each photo, how many faces it has and how many `faceedit inspect` finds."""
    command = [sys.executable, "-m", "faceedit", "inspect", "--json", *(str(photo.path) for photo in photos)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found = {Path(each["photo"]).name: len(each["faces"]) for each in map(json.loads, answer.stdout.splitlines())}
    return [(photo.faces, found[photo.path.name]) for photo in photos]


def report(data: Path, place: Path) -> None:
    """Print the tables."""
    print("\n## Faces found by `faceedit inspect`, default search\n")
    print("| photos | turned by | true faces | found | share | more than there are |\n|---|--:|--:|--:|--:|--:|")
    for turn in TURNS:
        counts = counted(list(known(data, "wild", place / f"wild{turn}", turn // 90)))
        true = sum(faces for faces, _ in counts)
        found = sum(min(pair) for pair in counts)
        more = sum(max(0, seen - faces) for faces, seen in counts)
        print(f"| {len(counts)} with faces | {turn} | {true} | {found} | {found / true:.1%} | {more} |", flush=True)
    counts = counted(list(known(data, "noface", place / "noface", 0)))
    alarms = sum(seen > 0 for _, seen in counts)
    print(f"\nAlarms: in {alarms} of {len(counts)} photos without a face ({alarms / len(counts):.1%})")
