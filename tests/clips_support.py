"""Clips made from photos, in which it is known where the faces are: portraits that move before a moving background."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

WIDTH, HEIGHT, RATE = 640, 360, 25
# In a portrait of CelebAMask-HQ the face is half as wide as the picture; eyes to mouth lie in this circle.
FACE_SHARE, MIDDLE, RADIUS = 0.5, (0.5, 0.55), 0.17

Pixels = NDArray[np.uint8]
# Where a portrait is at a moment 0..1: its middle, its face's width in pixels, its turn in degrees; None: nowhere.
Way = Callable[[float], tuple[float, float, float, float] | None]


@dataclass(frozen=True)
class Actor:
    """One portrait and its way."""

    portrait: Image.Image
    way: Way


@dataclass(frozen=True)
class Scene:
    """One shot: a background that the camera moves over, actors, and bars that pass before them."""

    background: Image.Image
    actors: Sequence[Actor]
    frames: int
    camera: Callable[[float], tuple[float, float, float]] = lambda _t: (0.0, 0.0, 1.0)  # right, down, zoom
    bar: Callable[[float], tuple[float, float]] | None = None  # its left and right edge
    blur: int = 1  # moments that one frame averages
    noise: float = 2.0
    dark: float = 1.0


@dataclass
class Truth:
    """Where the faces of one frame are: what is seen of each from eyes to mouth, (H, W) bool, of how many pixels."""

    faces: list[NDArray[np.bool_]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


def frames(scenes: Sequence[Scene], seed: int = 1) -> Iterator[tuple[Pixels, Truth]]:
    """The frames of the scenes one after the other, and what is true of each."""
    chance = np.random.default_rng(seed)
    for scene in scenes:
        for index in range(scene.frames):
            step = 1 / max(1, scene.frames - 1)
            moments = [(index + each / scene.blur * 0.5) * step for each in range(scene.blur)]
            drawn = [_drawn(scene, moment) for moment in moments]
            pixels = np.mean([pixels for pixels, _ in drawn], axis=0) * scene.dark
            pixels = pixels + chance.normal(0, scene.noise, pixels.shape)
            yield np.clip(pixels, 0, 255).astype(np.uint8), drawn[len(drawn) // 2][1]


def _drawn(scene: Scene, moment: float) -> tuple[NDArray[np.float32], Truth]:
    right, down, zoom = scene.camera(moment)
    ground = scene.background
    scale = 1.25 * max(WIDTH / ground.width, HEIGHT / ground.height) * zoom
    middle = (ground.width / 2 + right / scale, ground.height / 2 + down / scale)
    corner = (middle[0] - WIDTH / 2 / scale, middle[1] - HEIGHT / 2 / scale)
    matrix = (1 / scale, 0, corner[0], 0, 1 / scale, corner[1])
    picture = ground.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)
    truth = Truth()
    for actor in scene.actors:
        place = actor.way(moment)
        if place is not None:
            circle = _paste(picture, actor.portrait, place)
            truth.faces = [other & ~circle for other in truth.faces]
            truth.faces.append(_circle(*place))
            truth.sizes.append(round(np.pi * (RADIUS * place[2] / FACE_SHARE) ** 2))
    if scene.bar:
        left, end = (round(edge) for edge in scene.bar(moment))
        ImageDraw.Draw(picture).rectangle((left, 0, end, HEIGHT), fill=(70, 90, 80))
        for face in truth.faces:
            face[:, max(0, left) : max(0, end + 1)] = False
    return np.asarray(picture, np.float32), truth


def _paste(picture: Image.Image, portrait: Image.Image, place: tuple[float, float, float, float]) -> Pixels:
    """Lay a portrait on a picture, and say where it hides what lies below."""
    x, y, size, turn = place
    edge = size / FACE_SHARE
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    scale = portrait.width / edge
    matrix = (
        scale * cos, scale * sin, portrait.width / 2 - scale * (cos * x + sin * y),
        -scale * sin, scale * cos, portrait.height / 2 - scale * (cos * y - sin * x),
    )  # fmt: skip
    small = portrait.reduce(int(scale)) if scale >= 2 else portrait
    shrunk = portrait.width / small.width
    onto = tuple(value / shrunk for value in matrix)
    drawn = small.transform((WIDTH, HEIGHT), Image.Transform.AFFINE, onto, Image.Resampling.BILINEAR)
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    inside = (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= (edge / 2) ** 2
    picture.paste(drawn, (0, 0), Image.fromarray((inside * 255).astype(np.uint8)))
    return inside


def _circle(x: float, y: float, size: float, turn: float) -> NDArray[np.bool_]:
    edge = size / FACE_SHARE
    across, down = ((share - 0.5) * edge for share in MIDDLE)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    x, y = x + across * cos - down * sin, y + across * sin + down * cos
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    result: NDArray[np.bool_] = (rows + 0.5 - y) ** 2 + (columns + 0.5 - x) ** 2 <= (RADIUS * edge) ** 2
    return result


def write_clip(path: Path, pictures: Sequence[Pixels], codec: str = "libx264", *, rate: int = RATE) -> Path:
    """A video of these pictures, (H, W, 3) uint8 each."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv444p" if codec == "ffv1" else "yuv420p"
        stream.codec_context.options = {"crf": "18", "preset": "veryfast"} if codec == "libx264" else {}
        for index, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@dataclass
class Photos:
    """Portraits and backgrounds of a folder of photos, in a fixed order."""

    data: Path
    seed: int = 5

    def __post_init__(self) -> None:
        chance = np.random.default_rng(self.seed)
        found = sorted((self.data / "labelled" / "celebamask_mini").glob("*.webp"))
        grounds = sorted((self.data / "noface").glob("imagenet*.jpg"))
        self._portraits = iter([found[index] for index in chance.permutation(len(found))])
        self._grounds = iter([grounds[index] for index in chance.permutation(len(grounds))] * 9)

    def portrait(self) -> Image.Image:
        """The next portrait, its face half as wide as itself."""
        return Image.open(next(self._portraits)).convert("RGB")

    def ground(self) -> Image.Image:
        """The next background without a face."""
        return Image.open(next(self._grounds)).convert("RGB")


def clips(photos: Photos, length: int = 40) -> dict[str, list[Scene]]:
    """All kinds of clips by name."""
    face, ground = photos.portrait, photos.ground
    still: Way = lambda _t: (320, 180, 90, 0)  # noqa: E731 - one of many ways, all written alike
    shots = [Scene(ground(), [Actor(face(), _at(x, y, size))], length // 3) for x, y, size in _PLACES]
    return {
        "pan": [
            Scene(
                ground(),
                [Actor(face(), lambda t: (500 - 360 * t, 150 + 30 * t, 70, 0)), Actor(face(), _at(600, 230, 46))],
                length,
                camera=lambda t: (120 * t - 60, 0, 1),
            )
        ],
        "zoom": [Scene(ground(), [Actor(face(), lambda t: (320, 180, 34 + 110 * t, 0))], length)],
        "rotation": [Scene(ground(), [Actor(face(), lambda t: (320, 180, 80, 200 * t - 100))], length)],
        "occlusion": [
            Scene(ground(), [Actor(face(), still)], length, bar=lambda t: (100 + 320 * t, 230 + 320 * t)),
        ],
        "cuts": shots,
        "entering, leaving": [
            Scene(ground(), [Actor(face(), lambda t: (-60 + 760 * t, 170, 80, 0))], length),
        ],
        "motion blur": [
            Scene(ground(), [Actor(face(), lambda t: (320 + 210 * np.sin(9 * t), 180, 70, 0))], length, blur=6),
        ],
        "small faces": [
            Scene(
                ground(),
                [Actor(face(), lambda t, x=x: (x + 60 * t, 120 + 0.2 * x, 26, 0)) for x in (80, 250, 420)],
                length,
            )
        ],
        "crossing": [
            Scene(
                ground(),
                [
                    Actor(face(), lambda t: (140 + 360 * t, 170, 76, 0)),
                    Actor(face(), lambda t: (500 - 360 * t, 190, 84, 0)),
                ],
                length,
            )
        ],
        "shaken, dark, noisy": [
            Scene(
                ground(),
                [
                    Actor(
                        face(), lambda t: (320 + 14 * np.sin(50 * t), 180 + 11 * np.cos(67 * t), 74, 8 * np.sin(31 * t))
                    )
                ],
                length,
                noise=9,
                dark=0.45,
            )
        ],
    }


_PLACES = ((180, 170, 90), (450, 200, 60), (320, 160, 120))


def _at(x: float, y: float, size: float) -> Way:
    return lambda _t: (x, y, size, 0)
