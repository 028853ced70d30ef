"""Which accessories each face wears: glasses, sunglasses, hat, earrings by side, necklace."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

import faceedit

Plane = NDArray[np.float32]

KINDS = ("glasses", "sunglasses", "hat", "earring_left", "earring_right", "necklace")
# Area, as a share of the face's, that makes the confidence half the part's highest probability.
HALF_AREA = {"glasses": 0.05, "hat": 0.03, "earring_left": 3e-4, "earring_right": 3e-4, "necklace": 1e-3}
# Confidence from which an accessory counts as present, where the model brings no threshold of its own.
# A model whose threshold is above 1 cannot see the accessory at all.
THRESHOLD = 0.5
# A cell of the map counts as evidence from this probability on.
EVIDENCE = 0.5
# Less of an ear (of a neck) than this share of the face is hidden; sunglasses let less than this of the eyes through.
EAR_SEEN, NECK_SEEN, EYES_SEEN = 0.006, 0.03, 0.004
# Lenses as dark as this share of the skin's luma are sunglasses as likely as not.
DARK = 0.5


@faceedit.inspector(*KINDS)
def accessories(photo: faceedit.Photo) -> list[faceedit.Finding]:
    """Glasses, sunglasses, hats, earrings by side and necklaces on every face, each with its place and confidence.

    What cannot be told, such as an earring where hair hides the ear, is a finding with `unknown: true` and the reason
    in its details. What is seen to be absent is no finding. Sunglasses are reported as glasses too. Left and right are
    the person's own.
    """
    return [finding for face in photo.faces for finding in _Look(photo, face).findings()]


@dataclass
class _Look:
    """One face, read on the grid of its crop, where it is upright."""

    photo: faceedit.Photo
    face: faceedit.Face
    points: NDArray[np.intp] = field(init=False)
    inside: NDArray[np.bool_] = field(init=False)
    area: float = field(init=False)

    def __post_init__(self) -> None:
        side = self.face.map.on_crop(frozenset()).shape[0]
        self.points = np.floor(self.face.map.crop.cells(side, side)).astype(np.intp).reshape(side, side, 2)
        x, y = self.points[..., 0], self.points[..., 1]
        self.inside = (x >= 0) & (y >= 0) & (x < self.photo.width) & (y < self.photo.height)
        self.area = max(float(self.plane(*_FACE).sum()), 1.0)

    def plane(self, *parts: str) -> Plane:
        """The parts' probability on the crop's grid, nothing beyond the photo."""
        return np.where(self.inside, self.face.map.on_crop(frozenset(parts)), np.float32(0))

    def share(self, plane: Plane) -> float:
        """The area of what is likely enough, as a share of the face's."""
        return float(plane[plane > EVIDENCE].sum()) / self.area

    def findings(self) -> Iterator[faceedit.Finding]:
        """All findings of this face."""
        glasses, earrings = self.plane("eye_g"), self.plane("ear_r")
        left = np.arange(glasses.shape[1]) > self.middle()
        yield from self.judged("glasses", glasses)
        if self.share(glasses) > HALF_AREA["glasses"]:
            yield from self.judged("sunglasses", glasses, self.darkness(glasses))
        yield from self.judged("hat", self.plane("hat"), hidden=self.hidden_top())
        for side, columns in (("left", left), ("right", ~left)):
            hidden = self.hidden(f"{side[0]}_ear", EAR_SEEN, f"the {side} ear is hidden")
            yield from self.judged(f"earring_{side}", np.where(columns, earrings, np.float32(0)), hidden=hidden)
        yield from self.judged(
            "necklace", self.plane("neck_l"), hidden=self.hidden("neck", NECK_SEEN, "the neck is hidden")
        )

    def judged(
        self, kind: str, plane: Plane, confidence: float | None = None, hidden: str = ""
    ) -> Iterator[faceedit.Finding]:
        """The finding of one kind, if it is there or cannot be told."""
        threshold = self.photo.model.thresholds.get(kind, THRESHOLD)
        share = self.share(plane)
        sure = float(plane.max()) * share / (share + HALF_AREA[kind]) if confidence is None else confidence
        details: dict[str, object] = {"share": round(share, 5)}
        if kind.startswith("earring"):
            details["side"] = kind.removeprefix("earring_")
        if threshold > 1:
            hidden = f'the model "{self.photo.model.name}" cannot tell'
        elif sure >= threshold:
            yield faceedit.Finding(kind, self.face.index, sure, self.box(plane), details)
            return
        if hidden:
            yield faceedit.Finding(kind, self.face.index, 0.0, None, {**details, "unknown": True, "reason": hidden})

    def hidden(self, part: str, least: float, reason: str) -> str:
        """The reason, if less of the part is seen than would show an accessory on it."""
        return reason if self.share(self.plane(part)) < least else ""

    def hidden_top(self) -> str:
        """Why a hat cannot be told: the photo ends within the forehead, and not in hair."""
        skin, hair = ((self.plane(part) > EVIDENCE) & (self.points[..., 1] <= 1) for part in ("skin", "hair"))
        return "the photo ends at the forehead" if skin.sum() > hair.sum() else ""

    def middle(self) -> float:
        """The column between the person's left and right: midway between the ears, else at the nose."""
        ears = [_column(self.plane(part)) for part in ("l_ear", "r_ear")]
        if ears[0] is not None and ears[1] is not None:
            return (ears[0] + ears[1]) / 2
        nose = _column(self.plane("nose"))
        return self.inside.shape[1] / 2 if nose is None else nose

    def darkness(self, glasses: Plane) -> float:
        """How likely lenses are dark: by their luma against the skin's, and by how little of the eyes is seen."""
        lenses, skin = (self.luma(plane > 0.5) for plane in (glasses, self.plane("skin", "nose")))
        if not len(lenses) or not len(skin):
            return 0.0
        bright = float(np.median(lenses)) / max(float(np.median(skin)), 1e-3)
        seen = self.share(self.plane("l_eye", "r_eye")) / EYES_SEEN
        return 1 / (1 + (bright / DARK) ** 4) / (1 + seen**2)

    def luma(self, where: NDArray[np.bool_]) -> NDArray[np.float64]:
        """The luma 0..1 of the photo at cells of the grid. Source: ITU-R BT.601."""
        x, y = self.points[where & self.inside].T
        top = np.iinfo(self.photo.pixels.dtype).max
        return self.photo.pixels[y, x] @ np.array([0.299, 0.587, 0.114]) / top

    def box(self, plane: Plane) -> faceedit.Box | None:
        """The box of photo pixels around what is likely enough."""
        points = self.points[plane > EVIDENCE]
        if not len(points):
            return None
        left, top = points.min(0)
        right, bottom = points.max(0) + 1
        return faceedit.Box(int(left), int(top), int(right), int(bottom))


_FACE = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "u_lip", "l_lip", "mouth", "eye_g")


def _column(plane: Plane) -> float | None:
    """The mean column of what is likely, or None."""
    columns = np.nonzero(plane > 0.5)[1]
    return float(columns.mean()) if len(columns) else None
