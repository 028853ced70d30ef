"""A segmenter that wraps another model: any face parser as an ONNX file, run by ONNX Runtime.

    FACE_PARSER=parser.onnx faceedit segment photos/ -o labels/ --model onnx-parser

The model takes (n, 3, size, size) float32 as ImageNet's normalisation makes it, and gives (n, 19, h, w) logits, parts
in the order of CelebAMask-HQ.
"""

import hashlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import faceedit
from faceedit.errors import ModelError
from faceedit.photo import Model

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)


class OnnxParser:
    """The model of the file that the variable FACE_PARSER names."""

    def __init__(self, device: str) -> None:
        import onnxruntime  # noqa: PLC0415 - needed only where the model is used

        path = Path(os.environ.get("FACE_PARSER", ""))
        if not path.is_file():
            raise ModelError("the variable FACE_PARSER names no file", "FACE_PARSER=parser.onnx faceedit ...")
        providers = ["CUDAExecutionProvider"] if device == "cuda" else ["CPUExecutionProvider"]
        self.session = onnxruntime.InferenceSession(str(path), providers=providers)
        self.input = self.session.get_inputs()[0]
        self.size = int(self.input.shape[-1])
        self.model = Model(path.name, hashlib.sha256(path.read_bytes()).hexdigest())

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Logits (n, 19, h, w) for crops (n, size, size, 3) uint8 RGB."""
        planes = ((crops / np.float32(255) - MEAN) / SPREAD).transpose(0, 3, 1, 2)
        return np.concatenate([self.session.run(None, {self.input.name: plane[None]})[0] for plane in planes])


@faceedit.hookimpl
def faceedit_segmenters() -> dict[str, type]:
    """The models of this plugin."""
    return {"onnx-parser": OnnxParser}
