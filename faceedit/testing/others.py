"""The rules for inspectors, models, detectors and embedders: each check yields (what happened, what to change)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from faceedit import guard
from faceedit.calls import strange_finding
from faceedit.detection import Detection
from faceedit.errors import FaceEditError
from faceedit.geometry import Box
from faceedit.labels import PARTS
from faceedit.photo import Model, Photo
from faceedit.region import Inspector
from faceedit.report import findings_json
from faceedit.testing.painted import painted_photo

Broken = Iterator[tuple[str, str]]


def broken_by_inspector(inspector: Inspector) -> Broken:
    """The rules that an inspector breaks."""
    if not (inspector.function.__doc__ or "").strip():
        yield "it has no docstring", "say in one what it looks for"
    photos = {
        "on a photo without faces": painted_photo().replaced(faces=()),
        "on a painted face": painted_photo(),
        "on three faces": painted_photo(120, 360, faces=3),
        "on a face cut by the edge": painted_photo(at=(0.0, 1.0)),
        "on a face of which only skin is seen": painted_photo(
            accessories=(), hidden=set(PARTS) - {"background", "skin"}
        ),
    }
    for what, photo in photos.items():
        for message, change in _looked(inspector, photo):
            yield f"{message} ({what})", change
            return


def _looked(inspector: Inspector, photo: Photo) -> Broken:
    before = photo.pixels.copy()
    try:
        found, again = (guard.call(1, lambda: list(inspector(photo))) for _ in range(2))
    except (guard.Fault, FaceEditError) as error:
        yield f"it fails: {error}", "return [] where there is nothing to report"
        return
    if not np.array_equal(photo.pixels, before):
        yield "it changes the photo", "work on copies"
    for finding in found:
        if strange := strange_finding([finding]):
            yield f"it reports {strange}", "report faceedit.Finding(kind, face.index, confidence, box, details)"
            return
        if finding.kind not in inspector.kinds:
            yield (
                f'it reports "{finding.kind}"',
                f"name it: @faceedit.inspector({', '.join(map(repr, inspector.kinds))}, ...)",
            )
        if finding.face is not None and finding.face not in {face.index for face in photo.faces}:
            yield f"it reports face {finding.face}, which is not there", "use face.index"
        details = findings_json([finding])[0].get("details", {})
        if json.dumps(details) != json.dumps(finding.details, default=str):
            yield f"its details {finding.details} are no plain values", "use numbers, texts, lists and dicts"
    if found != again:
        yield "it reports something else the second time", "keep nothing between calls, and use no chance"


def broken_by_segmenter(make: Callable[[str], Any]) -> Broken:
    """The rules that a model breaks."""
    try:
        segmenter = guard.call(100, make, "cpu")
    except (guard.Fault, FaceEditError) as error:
        yield f"it cannot be made: {error}", 'the function is called with a device, "cpu", and returns the segmenter'
        return
    for name, kind in (("model", Model), ("size", int)):
        if not isinstance(getattr(segmenter, name, None), kind):
            yield f"its {name} is {getattr(segmenter, name, None)!r}", f"give it an attribute {name}: {kind.__name__}"
            return
    crops = np.random.default_rng(0).integers(0, 256, (2, segmenter.size, segmenter.size, 3), np.uint8)
    try:
        both, one, again = (guard.call(100, segmenter.logits, each) for each in (crops, crops[:1], crops))
    except (guard.Fault, FaceEditError, AttributeError) as error:
        yield f"logits() fails: {error}", "it takes crops (n, size, size, 3) uint8 and returns (n, 19, h, w) float32"
        return
    if not isinstance(both, np.ndarray) or both.ndim != 4 or both.shape[:2] != (2, len(PARTS)):
        shape = both.shape if isinstance(both, np.ndarray) else type(both).__name__
        yield f"logits() gives {shape} for 2 crops", "return (n, 19, h, w): one plane a part, in the order of PARTS"
    elif both.dtype != np.float32 or not np.isfinite(both).all():
        yield f"logits() gives {both.dtype}, or values that are no numbers", "return finite float32"
    elif not np.array_equal(both, again):
        yield "logits() gives something else the second time", "switch dropout off: model.eval()"
    elif not np.allclose(both[:1], one, atol=1e-2):
        yield (
            "logits() of a crop depends on the crops beside it",
            "switch batch normalisation to evaluation: model.eval()",
        )


def broken_by_detector(make: Callable[[], Any]) -> Broken:
    """The rules that a detector breaks."""
    try:
        detector = guard.call(100, make)
    except (guard.Fault, FaceEditError) as error:
        yield f"it cannot be made: {error}", "the function takes no arguments and returns the detector"
        return
    if not isinstance(getattr(detector, "name", None), str):
        yield "it has no name", 'give it an attribute name: str, such as "my-detector"'
    photo = painted_photo(480, 640).pixels
    for what, pixels in {
        "on a painted face": photo,
        "on a blank picture": np.zeros_like(photo),
        "on a picture of one pixel": photo[:1, :1],
        "on a picture higher than wide": np.ascontiguousarray(photo[:, :200]),
    }.items():
        for message, change in _detected(detector, pixels):
            yield f"{message} ({what})", change
            return


def _detected(detector: Any, pixels: np.ndarray[Any, Any]) -> Broken:
    before, pixels = pixels, pixels.copy()
    try:
        found, again = (guard.call(1, lambda: list(detector.detect(pixels))) for _ in range(2))
    except (guard.Fault, FaceEditError, AttributeError) as error:
        yield f"detect() fails: {error}", "it takes (h, w, 3) uint8 RGB of any size and returns [] where no face is"
        return
    if not np.array_equal(pixels, before):
        yield "it changes the picture", "work on a copy"
    strange = [type(each).__name__ for each in found if not isinstance(each, Detection)]
    if strange:
        yield f"it finds a {strange[0]}", "return a list of faceedit.detection.Detection"
    elif found != again:
        yield "it finds something else the second time", "keep nothing between calls, and use no chance"
    for each in found if not strange else ():
        if not each.box.area or not 0 <= each.score <= 1:
            yield f"it finds {each}", "boxes are not empty, scores are 0..1"


def broken_by_embedder(make: Callable[[], Any]) -> Broken:
    """The rules that an embedder breaks."""
    try:
        embedder = guard.call(100, make)
    except (guard.Fault, FaceEditError) as error:
        yield f"it cannot be made: {error}", "the function takes no arguments and returns the embedder"
        return
    for name, kind in (("name", str), ("sha256", str), ("threshold", float)):
        if not isinstance(getattr(embedder, name, None), kind):
            yield f"its {name} is {getattr(embedder, name, None)!r}", f"give it an attribute {name}: {kind.__name__}"
            return
    face, blank = painted_photo(320, 320), np.zeros((1, 1, 3), np.uint8)
    shown = [(face.pixels, face.faces[0].box), (face.pixels, face.faces[0].box), (blank, Box(0, 0, 1, 1))]
    try:
        said = [guard.call(1, embedder.embed, pixels.copy(), box) for pixels, box in shown]
    except (guard.Fault, FaceEditError, AttributeError) as error:
        yield f"embed() fails: {error}", "it takes a picture (h, w, 3) uint8 RGB and a Box; None where nothing is told"
        return
    for numbers in said:
        fit = isinstance(numbers, np.ndarray) and numbers.ndim == 1 and np.isfinite(numbers).all()
        if numbers is not None and not fit:
            yield f"embed() gives {np.shape(numbers)}", "return finite numbers, (d,) float32, or None"
            return
    if not np.array_equal(said[0], said[1]):
        yield "embed() gives something else the second time", "keep nothing between calls, and use no chance"
