"""Which accessories each face wears: glasses, sunglasses, hat, earrings by side, necklace."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import faceedit

Mask = NDArray[np.float32]

# Confidence from which an accessory counts as present, where the model brings no thresholds of its own.
THRESHOLDS = {"glasses": 0.5, "sunglasses": 0.5, "hat": 0.5, "earring_left": 0.5, "earring_right": 0.5, "necklace": 0.5}
# Area, as a share of the face's, at which the evidence for an accessory is one half.
# Measured on the labelled photos: see the README's table.
HALF_AREA = {"eye_g": 0.02, "hat": 0.05, "ear_r": 0.0015, "neck_l": 0.003}
# Less of an ear than this share of the face's area is an ear under hair or out of sight.
EAR_SEEN = 0.004
# Lenses darker than this share of the skin's luma are sunglasses.
DARK_LENS = 0.45


@dataclass(frozen=True)
class _Sight:
    """What one face's map shows of one part."""

    confidence: float
    share: float
    box: faceedit.Box | None


@faceedit.inspector("glasses", "sunglasses", "hat", "earring_left", "earring_right", "necklace", "unknown")
def accessories(photo: faceedit.Photo) -> list[faceedit.Finding]:
    """Find glasses, sunglasses, hats, earrings by side and necklaces on every face.

    What is there is a finding of its kind. What cannot be told, such as an earring where hair hides the ear, is a
    finding `unknown` whose details name the kind. What is seen to be absent is no finding.
    """
    return [finding for face in photo.faces for finding in _on_face(photo, face)]
