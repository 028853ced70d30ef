"""The conformance suite finds each planted defect, says what to change, and has nothing to say about good plugins."""

# ruff: noqa: ARG001, ARG002, ARG005 - the defects have the signatures of plugins
# mypy: ignore-errors

import importlib
import itertools
import random
import threading
import time
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Annotated

import numpy as np
import pytest
from PIL import Image, ImageOps
from pydantic import Field

import faceedit
from faceedit import guard
from faceedit.detection import Detection
from faceedit.photo import Model
from faceedit.registry import offers_of
from faceedit.testing import painted_photo
from faceedit.testing.contract import problems

COUNT = itertools.count()


def said_of(**hooks):
    """What the suite says of a plugin with these hooks, one line a problem."""
    module = SimpleNamespace(
        **{f"faceedit_{name}": faceedit.hookimpl(lambda each=each: each) for name, each in hooks.items()}
    )
    return [str(problem) for problem in problems(lambda: offers_of(module))]


def said_of_effect(function, **settings):
    function.__doc__ = function.__doc__ or "Do it."
    return said_of(effects=[faceedit.effect(**settings)(function)])


def writes_into_its_input(region):
    region.pixels[:] = 1
    return region.pixels


def forces_its_input(region):
    region.pixels.flags.writeable = True
    region.pixels[:] *= 0.5
    return region.pixels.copy()


def gives_doubles(region):
    return region.pixels * np.float64(0.5)


def gives_half(region):
    return region.pixels[::2] * np.float32(0.5)


def gives_bytes(region):
    return (region.pixels * 127).astype(np.uint8)


def gives_0_to_255(region):
    return region.pixels * np.float32(255)


def gives_nothing(region):
    region.pixels + 1


def divides_by_its_option(region, *, amount: Annotated[float, Field(ge=0, le=1)] = 0.5):
    return np.clip((region.pixels - region.pixels.min()) / np.float32(amount), 0, 1)


def changes_nothing(region):
    return region.pixels.copy()


def throws_dice(region):
    return np.random.default_rng().random(region.pixels.shape, np.float32)


def counts_its_calls(region):
    return np.full_like(region.pixels, (next(COUNT) % 7) / 7)


def prints(region):
    print("working on it")
    return 1 - region.pixels


def exits(region):
    raise SystemExit(0)


def loses_hidden_parts(region):
    x, y = region.center("nose")
    return (1 - region.pixels) * np.float32(0.5 + 0 * (x + y))


def fails_on_small_regions(region):
    gradient = np.gradient(region.pixels, axis=(0, 1))
    return np.clip(region.pixels + gradient[0], 0, 1)


def waits(region):
    time.sleep(60)


def loops_over_pixels(region):
    pixels = region.pixels
    for _some in range(region.pixels.size // 1200):
        pixels = pixels * np.float32(0.99)
    return pixels


def has_words_for_findings(region):
    return faceedit.Result(1 - region.pixels, findings=["inverted"])


def has_extras_of_floats(region):
    return faceedit.Result(1 - region.pixels, extras={"sheet": region.pixels})


def has_findings_that_cannot_travel(region):
    return faceedit.Result(1 - region.pixels, findings=[faceedit.Finding("x", details={"call": lambda: 0})])


def peeks(region):
    return region.pixels


def is_no_part(region):
    return 1 - region.pixels


def says_nothing_of_its_option(region, *, amount: float = 0.5):
    return region.pixels * np.float32(amount)


def wraps_around(region):
    brighter = (region.pixels * 255).astype(np.uint8) + np.uint8(60)
    return brighter.astype(np.float32) / np.float32(255)


def loses_bits(region):
    picture = Image.fromarray(np.rint(region.pixels * 255).astype(np.uint8))
    return np.asarray(ImageOps.mirror(picture), np.float32) / np.float32(255)


def draws_on_shared_chance(region):
    np.random.seed(0)  # noqa: NPY002 - the defect
    return np.random.random(region.pixels.shape).astype(np.float32)  # noqa: NPY002 - likewise


def shuffles_shared_chance(region):
    return region.pixels * np.float32(0.5 + random.random() * 0)  # noqa: S311 - the defect


def goes_by_the_number(region):
    return region.pixels * np.float32(0.5 if region.faces[0].index else 0.2)


def measures_in_pixels(region):
    rows, columns = np.indices(region.shape)
    x, y = region.center("nose") or (0, 0)
    return np.where((np.hypot(columns - x, rows - y) < 12)[..., None], np.float32(1), region.pixels)


def mixes_itself(region):
    return region.pixels + region.selected[..., None] * (np.float32(0.2) - region.pixels)


def forgets_the_empty_mask(region):
    return region.pixels * region.pixels[region.selected > 0].min()


def warns(region, *, amount: Annotated[float, Field(ge=0, le=1)] = 0.5):
    return np.clip(region.pixels / np.float32(amount), 0, 1) * np.float32(amount)


KEPT = []


def leaves_files_open(region):
    KEPT.append(Path(__file__).open())  # noqa: SIM115 - the defect
    return 1 - region.pixels


def leaves_threads(region):
    timer = threading.Timer(3, int)
    timer.daemon = True
    timer.start()
    return 1 - region.pixels


def is_quadratic(region):
    light = region.pixels[..., 0].ravel()[: region.pixels.size // 200]
    np.abs(light[:, None] - light[None]).sum()
    return 1 - region.pixels


def imports_torch_at_the_top(region):
    return 1 - region.pixels


imports_torch_at_the_top = FunctionType(  # as in a module that begins with `import torch`
    imports_torch_at_the_top.__code__, {**globals(), "nn": ModuleType("torch.nn")}, "imports_torch_at_the_top"
)
imports_torch_at_the_top.__module__ = __name__


PLANTED = {
    wraps_around: ({}, "what it gives for a photo of 16 bits has 8", "uint8 loses bits, and wraps around"),
    loses_bits: ({}, "what it gives for a photo of 16 bits has 8", "work on region.pixels as they are, float32"),
    draws_on_shared_chance: ({}, "chance that the whole process shares", "default_rng(0)"),
    shuffles_shared_chance: ({}, "chance that the whole process shares", "default_rng(0)"),
    goes_by_the_number: ({}, "when the face has another number", "make an option of it"),
    measures_in_pixels: ({}, "on a face 4 times as wide it changes", "size * region.width_px"),
    mixes_itself: ({"feather": 0.05}, "soft edges are crossed twice", "return the full effect everywhere"),
    forgets_the_empty_mask: ({"on": "hair"}, "(where nothing is selected)", "return region.pixels where there is"),
    warns: ({}, "it warns: divide by zero", "guard divisions"),
    leaves_files_open: ({}, "files are left open", "close what it opens"),
    leaves_threads: ({}, "threads are left open", "close what it opens"),
    is_quadratic: ({}, "times the pixels take", "work on whole arrays"),
    imports_torch_at_the_top: ({}, "imports torch at the top", "import torch within the function"),
    writes_into_its_input: ({}, "it fails: ValueError: assignment destination is read-only", "region.pixels.copy()"),
    forces_its_input: ({}, "it changes region.pixels", "region.pixels.copy()"),
    gives_doubles: ({}, "its pixels are float64 instead of float32", ".astype(np.float32)"),
    gives_half: ({}, "its pixels have the shape", "return the region at its own size"),
    gives_bytes: ({}, "its pixels are uint8 instead of float32", ".astype(np.float32)"),
    gives_0_to_255: ({}, "its pixels run from", "np.clip(pixels, 0, 1)"),
    gives_nothing: ({}, "it returns nothing", "return the pixels"),
    divides_by_its_option: ({}, "(with amount: 0.0)", "guard divisions"),
    changes_nothing: ({}, "it changes nothing, whatever its options", "check the mask and the formula"),
    throws_dice: ({}, "another result for the same photo the second time", "default_rng(0)"),
    counts_its_calls: ({}, "another result for the same photo the second time", "keep nothing between calls"),
    prints: ({}, "it prints 'working on it'", "Result(findings="),
    exits: ({}, "it fails: SystemExit: 0", "raise no SystemExit"),
    loses_hidden_parts: ({}, "(on a face of which only skin is seen)", "region.center() is None"),
    fails_on_small_regions: ({}, "(on a region of 1 pixel)", "return region.pixels where there is nothing to do"),
    waits: ({}, "it fails: no answer within", "end loops that wait"),
    loops_over_pixels: ({}, "times the pixels take", "work on whole arrays"),
    has_findings_that_cannot_travel: ({}, "cannot go to another process", "plain values in their details"),
    has_words_for_findings: ({}, "it gives a finding of str", "report faceedit.Finding("),
    has_extras_of_floats: ({}, 'it gives extra "sheet" of float32', "it must be uint8"),
    peeks: ({"blind": True}, "it is blind, but what it gives depends on the pixels", "of its options and region.box"),
    is_no_part: ({"on": "hair & skin"}, "is nowhere on a face with all parts", "check the parts"),
    says_nothing_of_its_option: ({}, 'option "amount" is not described', 'Field(description="...")'),
}


@pytest.mark.parametrize("defect", PLANTED, ids=lambda defect: defect.__name__)
def test_a_defect_of_an_effect_is_found_and_the_message_names_the_fix(defect, monkeypatch):
    if defect is waits:
        monkeypatch.setattr(guard, "SECONDS", 0.2)
    settings, said, change = PLANTED[defect]
    found = [each for each in said_of_effect(defect, **settings) if said in each]
    assert found
    assert change in found[0]
    assert found[0].startswith(f'effect "{defect.__name__}": ')


@pytest.mark.parametrize(
    ("hooks", "said"),
    [
        ({"effects": [lambda region: region.pixels]}, "put @faceedit.effect(...) above the function"),
        ({"efects": []}, "unknown hook"),
        ({"effects": [faceedit.effect()(lambda region: region.pixels)]}, "names are lower-case letters"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_told_first(hooks, said):
    found = said_of(**hooks)
    assert len(found) == 1
    assert said in found[0]


def inspector(*kinds, doc="Look."):
    def decorate(function):
        function.__doc__ = doc
        return said_of(inspectors=[faceedit.inspector(*kinds)(function)])

    return decorate


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            lambda photo: [faceedit.Finding("smil", face.index) for face in photo.faces],
            'it reports "smil" (on a painted',
        ),
        (lambda photo: [faceedit.Finding("smile", 7)], "it reports face 7, which is not there"),
        (lambda photo: [faceedit.Finding("smile", confidence=80)], "confidence 80, which must be a number 0..1 ("),
        (lambda photo: ["smile"], "it reports a finding of str"),
        (
            lambda photo: [faceedit.Finding("smile", face) for face in photo.faces],
            "a finding with face of Face, which must be face.index",
        ),
        (lambda photo: [faceedit.Finding("smile", box=(1, 2, 3, 4))], "box of tuple, which must be a faceedit.Box"),
        (lambda photo: [faceedit.Finding("smile", confidence="high")], "confidence 'high', which must be a number"),
        (lambda photo: None, "it fails: TypeError"),
        (lambda photo: [faceedit.Finding("smile", photo.faces[0].index)], "it fails: IndexError"),
        (lambda photo: [faceedit.Finding("smile", details={"at": np.float32(1)})], "are no plain values"),
        (lambda photo: [faceedit.Finding("smile", confidence=(next(COUNT) % 7) / 7)], "something else the second time"),
        (lambda photo: photo.faces[0].map.center("nose")[0] and [], "it fails"),
    ],
)
def test_a_defect_of_an_inspector_is_found(found, said):
    def looking(photo):
        return found(photo)

    assert any(said in each for each in inspector("smile")(looking))


def test_an_inspector_without_a_docstring_is_told():
    assert inspector("smile", doc=None)(lambda photo: []) != []


class Parser:
    model = Model("mine", "0" * 64)
    size = 32

    def logits(self, crops):
        return np.zeros((len(crops), 19, 8, 8), np.float32)


def parser(**changes):
    return said_of(segmenters={"mine": lambda device: type("Changed", (Parser,), changes)()})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"size": None}, "its size is None; give it an attribute size: int"),
        ({"logits": lambda self, crops: np.zeros((len(crops), 18, 8, 8), np.float32)}, "one plane a part"),
        ({"logits": lambda self, crops: np.zeros((len(crops), 19, 8, 8))}, "logits() gives float64"),
        ({"logits": lambda self, crops: np.full((len(crops), 19, 8, 8), next(COUNT), np.float32)}, "the second time"),
        ({"logits": lambda self, crops: np.full((len(crops), 19, 8, 8), len(crops), np.float32)}, "crops beside it"),
        ({"logits": None}, "logits() fails"),
    ],
)
def test_a_defect_of_a_model_is_found(changes, said):
    assert any(said in each for each in parser(**changes))


class Finder:
    name = "mine"

    def detect(self, pixels):
        return [Detection(faceedit.Box(0, 0, 1, 1), 0.9)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": None}, "it has no name"),
        ({"detect": lambda self, pixels: [(0, 0, 1, 1)]}, "it finds a tuple"),
        ({"detect": lambda self, pixels: [Detection(faceedit.Box(0, 0, 1, 1), 90)]}, "scores are 0..1"),
        ({"detect": lambda self, pixels: pixels[40:].max() and []}, "detect() fails"),
        ({"detect": lambda self, pixels: pixels.fill(0) or []}, "it changes the picture"),
    ],
)
def test_a_defect_of_a_detector_is_found(changes, said):
    found = said_of(detectors={"mine": type("Changed", (Finder,), changes)})
    assert any(said in each for each in found)


class Numbers:
    name, sha256, threshold = "mine", "0" * 64, 0.4

    def embed(self, pixels, box):
        return np.ones(8, np.float32)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"threshold": None}, "its threshold is None; give it an attribute threshold: float"),
        ({"embed": lambda self, pixels, box: [1.0]}, "embed() gives (1,); return finite numbers"),
        ({"embed": lambda self, pixels, box: pixels[40:].max() and None}, "embed() fails"),
        ({"embed": lambda self, pixels, box: np.full(8, next(COUNT), np.float32)}, "something else the second time"),
    ],
)
def test_a_defect_of_an_embedder_is_found(changes, said):
    assert any(said in each for each in said_of(embedders={"mine": type("Changed", (Numbers,), changes)}))


def test_good_models_detectors_and_embedders_have_no_problem():
    assert parser() == []
    assert said_of(detectors={"mine": Finder}, embedders={"mine": Numbers}) == []


def test_the_fixture_fails_with_all_problems(check_plugin):
    module = SimpleNamespace(faceedit_effects=faceedit.hookimpl(lambda: [faceedit.effect(name="dim")(gives_doubles)]))
    with pytest.raises(pytest.fail.Exception, match='effect "dim": its pixels are float64'):
        check_plugin(module)


def test_a_face_turned_or_cut_is_still_painted_where_its_map_says():
    for photo in (
        painted_photo(400, 400, turn=40),
        painted_photo(200, 200, at=(0.0, 0.5)),
        painted_photo(hidden=["nose"]),
    ):
        face = photo.faces[0]
        skin = face.mask("skin") > 0.9
        assert skin.sum() > 200
        assert photo.pixels[skin].mean() > 180
    assert painted_photo(hidden=["nose"]).faces[0].map.center("nose") is None


OWN = sorted(path.stem for path in (Path(__file__).parent.parent / "plugins").glob("faceedit_*"))


@pytest.mark.long
@pytest.mark.parametrize("name", OWN)
def test_faceedits_own_plugins_keep_the_contract(name):
    assert [str(problem) for problem in problems(lambda: offers_of(importlib.import_module(name)))] == []
