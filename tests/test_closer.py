"""Fine parts are looked at twice: what the closer look is sure of counts, and no other part changes."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from faces_support import Oracle, Pixels, Told
from numpy.typing import NDArray

import faceedit
from faceedit.detection import Detection, Search
from faceedit.errors import ModelError
from faceedit.faces import FaceFinder
from faceedit.geometry import Box, Crop
from faceedit.labels import COLORS, ID
from faceedit.photo import Model, Photo
from faceedit.segmentation import looked_closer, maps
from faceedit.segmentation.closer import margin, whole
from faceedit.segmentation.folder import Folder

LITE = Path(faceedit.__file__).parent / "weights" / "lite"
LOOK = {"zoom": 4.0, "suspected": -3.0, "likely": -7.5, "sure": -7.0}
SIDE = 512
CHAIN = (slice(401, 404), slice(220, 300))


class Twice(Oracle):
    """Sees what is painted, and looks twice at necklaces."""

    def __init__(self, **changed: float) -> None:
        super().__init__()
        self.model = Model("twice", "0" * 64, closer={"neck_l": LOOK | changed})


def portrait(*, turn: int = 0, chain: str = "neck_l") -> Pixels:
    """A neck with a chain three pixels wide, which is less than a cell of the first look."""
    ids = np.full((SIDE, SIDE), ID["skin"], np.uint8)
    ids[344:] = ID["neck"]
    ids[CHAIN] = ID[chain]
    return np.rot90(np.array(COLORS, np.uint8)[ids], turn)


def labels(segmenter: Oracle, pixels: Pixels, angle: float = 0.0) -> NDArray[np.uint8]:
    crop = Crop(SIDE / 2, SIDE / 2, SIDE, angle)
    (one,) = looked_closer(pixels, maps(pixels, [crop], segmenter), segmenter)
    return one.labels(Box(0, 0, SIDE, SIDE))


def test_a_chain_too_thin_for_the_first_look_is_found_by_the_second() -> None:
    plain = labels(Oracle(), portrait()) == ID["neck_l"]
    again = labels(Twice(), portrait()) == ID["neck_l"]
    assert plain.sum() == 0
    assert again[CHAIN].mean() > 0.9
    assert again.sum() < 3 * again[CHAIN].sum()


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_crop_finds_it_where_it_is(turn: int) -> None:
    upright, turned = labels(Twice(), portrait()), labels(Twice(), portrait(turn=turn), -90.0 * turn)
    assert ((np.rot90(upright, turn) == ID["neck_l"]) == (turned == ID["neck_l"])).mean() > 0.99


def test_other_parts_stay_as_the_first_look_has_them() -> None:
    pixels, twice = portrait(), Twice()
    seen = maps(pixels, [Crop(SIDE / 2, SIDE / 2, SIDE)], twice)
    (again,) = looked_closer(pixels, seen, twice)
    others = [part for part in range(19) if part != ID["neck_l"]]
    assert np.array_equal(again.logits[others], seen[0].logits[others])
    assert not np.array_equal(again.logits[ID["neck_l"]], seen[0].logits[ID["neck_l"]])


def test_where_nothing_is_suspected_nothing_is_shown_twice() -> None:
    twice = Twice()
    labels(twice, portrait(chain="neck"))
    assert twice.crops == 1
    labels(twice, portrait())
    assert twice.crops == 3


def test_between_two_other_parts_it_is_not_seen_where_no_look_found_it() -> None:
    """Logits are read between cells: what is second on both sides of an edge would win on the edge itself."""
    twice = Twice(suspected=50.0)
    (seen,) = maps(portrait(chain="neck"), [Crop(SIDE / 2, SIDE / 2, SIDE)], twice)
    logits = seen.logits.copy()
    logits[ID["neck_l"]] = np.delete(logits, ID["neck_l"], axis=0).max(0) - 0.5
    before = dataclasses.replace(seen, logits=logits)
    (after,) = looked_closer(portrait(chain="neck"), [before], twice)
    assert (before.labels(Box(0, 0, SIDE, SIDE)) == ID["neck_l"]).any()
    assert not (after.labels(Box(0, 0, SIDE, SIDE)) == ID["neck_l"]).any()


def test_what_is_likely_but_nowhere_sure_is_ruled_out() -> None:
    assert not (labels(Twice(sure=50.0), portrait()) == ID["neck_l"]).any()


def test_faces_in_photos_are_looked_at_twice() -> None:
    face = Detection(Box(128, 128, 384, 384), 0.95)
    finder = FaceFinder(Twice(), Told((SIDE, SIDE), [face]), Search(turns="never"))
    assert (finder(Photo(portrait())).labels()[CHAIN] == ID["neck_l"]).mean() > 0.5


def test_an_evaluation_sees_it_too() -> None:
    crops = np.stack([portrait()[::2, ::2], portrait(chain="neck")[::2, ::2]])
    with_chain, without = whole(Twice(), crops)
    assert margin(with_chain.astype(np.float16), "neck_l").max() > 0
    assert margin(without.astype(np.float16), "neck_l").max() < 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"neck_l": {"zoom": 2.0}}, "missing"),
        ({"neck_l": LOOK | {"depth": 1}}, "depth"),
        ({"neck_l": LOOK | {"zoom": 0.5}}, "zoom is 0.5"),
        ({"neck_l": LOOK | {"zoom": 1e6}}, "zoom is 1000000"),
        ({"neck_l": LOOK | {"zoom": float("nan")}}, "zoom is nan"),
        ({"neck_l": LOOK | {"sure": "very"}}, "sure"),
        ({"necklace": LOOK}, 'no part "necklace"'),
        ({"neck_l": 3}, "neck_l"),
    ],
)
def test_a_file_that_says_it_otherwise_is_refused(tmp_path: Path, content: object, said: str) -> None:
    folder = shutil.copytree(LITE, tmp_path / "mine")
    (folder / "closer.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=said) as refused:
        Folder.read(folder, "mine")
    assert "closer.json" in refused.value.message
