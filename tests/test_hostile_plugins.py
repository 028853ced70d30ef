"""Plugins that are after the faces of a recipe that redacts get none out, by any way that the interface offers.

What rewrites faceedit itself in memory is beyond this: a plugin runs with the user's rights, in the same process.
"""

# mypy: ignore-errors

import gc
import threading

import faceedit_redact
import numpy as np
import pytest
from faces_support import Oracle, Skins, painted_in_label_colors

import faceedit
from faceedit import images, models
from faceedit.engine import edit
from faceedit.errors import EffectError
from faceedit.faces import FaceFinder
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from faceedit.runner import Folder, Task, discover
from faceedit.testing import painted_photo

STASH = {}


def stashing(region_or_photo):
    STASH.setdefault("pixels", np.array(region_or_photo.pixels, copy=True))


@faceedit.inspector("seen")
def spy(photo):
    """Keep the photo, and spoil what the host uses later."""
    stashing(photo)
    photo.pixels.flags.writeable = True
    photo.pixels[:] = 0
    for face in photo.faces:
        face.map.logits.flags.writeable = True
        face.map.logits[:] = 0
        object.__setattr__(face, "box", faceedit.Box(0, 0, 1, 1))
    object.__setattr__(photo, "faces", ())
    return [faceedit.Finding("seen", details={"pixels": STASH["pixels"].tolist()})]


def face_in(region):
    """The stashed photo where the region lies, as an effect may return it."""
    pixels = STASH["pixels"].astype(np.float32) / 255
    return np.resize(pixels[region.window.slices], (*region.shape, 3)).astype(np.float32)


class Sly(np.ndarray):
    """An array that claims to be whatever is wanted."""

    def __array_finalize__(self, _other):
        self.flags.writeable = True

    def __mul__(self, _other):
        return np.asarray(self)


def put_back(region):
    return face_in(region)


def put_back_as_result(region):
    return faceedit.Result(face_in(region), np.ones(region.shape, np.float32))


def as_extra(region):
    return faceedit.Result(extras={"face": np.rint(face_in(region) * 255).astype(np.uint8)})


def as_extra_upside_down(region):
    return faceedit.Result(extras={"face": np.rint(face_in(region)[::-1] * 255).astype(np.uint8)})


def in_findings(region):
    details = {"pixels": face_in(region).tolist()}
    return faceedit.Result(region.pixels, findings=[faceedit.Finding("seen", details=details)])


def in_alpha(region):
    return faceedit.Result(region.pixels, face_in(region)[..., 1])


def under_alpha(region):
    return faceedit.Result(face_in(region), np.zeros(region.shape, np.float32))


def with_a_mask_of_its_own(region):
    region.selected.flags.writeable = True
    region.selected[:] = 1
    object.__setattr__(region, "on", "person | background")
    object.__setattr__(region, "grow", 1.0)
    return face_in(region)


def into_the_region(region):
    region.pixels.flags.writeable = True
    region.pixels[:] = face_in(region)
    return region.pixels


def below_the_region(region):
    base = region.pixels.base if region.pixels.base is not None else region.pixels
    base.flags.writeable = True
    base[:] = 1
    return face_in(region)


def with_the_face_moved(region):
    for face in region.faces:
        object.__setattr__(face, "box", faceedit.Box(0, 0, 1, 1))
        face.map.logits.flags.writeable = True
        face.map.logits[:] = 0
    return face_in(region)


def as_a_sly_array(region):
    return face_in(region).view(Sly)


def later(region):
    shown = face_in(region)
    result = shown * 0
    threading.Timer(0.01, np.copyto, (result, shown)).start()
    return result


def by_the_garbage_collector(region):
    for thing in gc.get_objects():
        if isinstance(thing, np.ndarray) and thing.shape == STASH["pixels"].shape and thing.dtype == np.uint8:
            thing.flags.writeable = thing.flags.owndata
            if thing.flags.writeable and thing is not STASH["pixels"]:
                thing[:] = STASH["pixels"]
    return face_in(region)


def by_an_error(region):
    raise ValueError(face_in(region).tolist())


def by_an_exit(region):
    raise SystemExit(str(face_in(region).tolist()))


def by_print(region):
    print(face_in(region).tolist()[0][0])
    return face_in(region)


def into_the_options(region, *, level: list[float] = [0.0]):  # noqa: B006 - the point
    level[:] = face_in(region).ravel().tolist()
    return face_in(region)


def as_tiles(region):
    return np.tile(face_in(region)[::2, ::2], (2, 2, 1))[: region.shape[0], : region.shape[1]]


def as_many_findings(region):
    return faceedit.Result(region.pixels, findings=[faceedit.Finding("seen", confidence=float(v)) for v in [0.5] * 9])


def with_another_name_for_the_file(region):
    return faceedit.Result(extras={"../../face": np.rint(face_in(region) * 255).astype(np.uint8)})


HOSTILE = [each for each in list(globals().values()) if getattr(each, "__module__", "") == __name__ and callable(each)]
HOSTILE = [each for each in HOSTILE if each.__name__ not in ("stashing", "spy", "face_in", "Sly")]
RECIPE = """faceedit: 1
steps:
  - {effect: hostile, when: seen, on: person | background}
  - {effect: redact}
  - {effect: hostile, on: person}
"""


def test_there_are_twenty_of_them():
    assert len(HOSTILE) >= 20


def hostile(function, scope="face"):
    STASH.clear()
    function.__doc__ = "Get the face."
    return faceedit.effect(on="face", scope=scope, name="hostile")(function)


@pytest.mark.parametrize("function", HOSTILE, ids=lambda function: function.__name__)
def test_what_is_covered_stays_covered_and_findings_tell_nothing(function):
    photo = painted_photo(96, 96)
    registry = Registry.of(faceedit_redact, hostile(function), spy)
    try:
        edited = edit(photo, parse_recipe(RECIPE, registry), registry)
    except EffectError:
        return  # the photo is withheld
    assert np.ptp(edited.photo.pixels[edited.covered.mask], axis=0).max() == 0
    assert edited.covered.mask[photo.faces[0].box.slices].all()
    assert not any("pixels" in finding.details for finding in edited.findings)


@pytest.mark.long
@pytest.mark.parametrize("scope", ["face", "photo"])
@pytest.mark.parametrize("function", HOSTILE, ids=lambda function: function.__name__)
def test_no_face_gets_out_of_a_run(tmp_path, monkeypatch, function, scope):
    (tmp_path / "in").mkdir()
    images.write(painted_in_label_colors(painted_photo(160, 160)), tmp_path / "in" / "face.png")
    (tmp_path / "r.yaml").write_text(RECIPE)
    task = Task(tmp_path / "r.yaml", tmp_path / "out")
    task.__dict__["registry"] = Registry.of(faceedit_redact, hostile(function, scope), spy)
    monkeypatch.setattr(models, "face_finder", lambda *_, search, **__: FaceFinder(Oracle(), Skins(), search))
    (entry,) = Folder(task, discover([str(tmp_path / "in")])).apply(1, lambda _entry: None)
    assert STASH
    assert entry.status in ("done", "review"), entry
    for path in (tmp_path / "out").rglob("*.png"):
        assert Skins().detect(images.read(path).pixels) == [], path
    # Neither do the reports tell pixels: they are as small as without the plugin.
    assert sum(path.stat().st_size for path in (tmp_path / "out").glob("*.json*")) < 20_000
    if entry.status == "done":
        covered = painted_photo(160, 160).faces[0].box
        assert np.ptp(images.read(tmp_path / "out" / "face.png").pixels[covered.slices], axis=(0, 1)).max() == 0
