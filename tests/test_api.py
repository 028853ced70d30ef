"""faceedit from Python: open a photo, look at its faces, apply a recipe; nothing is written."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from redaction_support import told

import faceedit
from faceedit import api, images
from faceedit.detection import THOROUGH, Detection, Search
from faceedit.errors import ModelError, RecipeError, UnreadablePhoto, Withheld
from faceedit.faces import FaceFinder
from faceedit.geometry import Box
from faceedit.photo import Face, Model, Photo
from faceedit.testing import painted_photo

PORTRAIT = Path(__file__).parent.parent / "samples" / "photos" / "portrait.jpg"
PAINTED = painted_photo(120, 140)


@dataclass(frozen=True)
class Finds:
    """A service that finds the painted face."""

    model: str
    bodies: bool = False
    faces: tuple[Face, ...] = PAINTED.faces

    def __call__(self, photo: Photo) -> Photo:
        return photo.replaced(faces=self.faces, model=Model(self.model))


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str, Search]]:
    """What was looked for, by a service that finds the painted face."""
    asked: list[tuple[str, str, Search]] = []

    def finder(model: str, device: str, search: Search) -> object:
        asked.append((model, device, search))
        return Finds(model)

    monkeypatch.setattr(api, "_finder", finder)
    monkeypatch.setattr(api, "_second_look", lambda _name, _device: told())
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return asked


def recipe(folder: Path, step: str, head: str = "") -> Path:
    path = folder / "recipe.yaml"
    path.write_text(f"faceedit: 1\nname: Test\n{head}steps:\n  - effect: {step}\n")
    return path


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    images.write(PAINTED, tmp_path / "face.png")
    return tmp_path / "face.png"


def test_an_opened_photo_has_faces_masks_and_labels(lite: FaceFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_finder", lambda *_: lite)
    photo = faceedit.open(PORTRAIT)
    lips, skin = photo.faces[0].mask("lips") > 0.5, photo.faces[0].mask("skin") > 0.5
    assert lips.shape == (photo.height, photo.width)
    assert np.nonzero(lips)[0].mean() > np.nonzero(skin)[0].mean()  # the mouth is in the lower half of the face
    assert {1, 13} <= set(np.unique(photo.labels()))
    assert photo._repr_png_().startswith(b"\x89PNG")
    assert photo.model.name == "lite"


@pytest.mark.usefixtures("looks")
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(UnreadablePhoto, match=r"a\.jpg"):
        faceedit.open(tmp_path / "a.jpg")
    with pytest.raises(UnreadablePhoto, match="does not exist"):
        faceedit.open(str(tmp_path / "b.jpg"))


def test_a_model_that_is_not_there_is_refused(painted: Path) -> None:
    with pytest.raises(ModelError, match='no model "lite2"'):
        faceedit.open(painted, model="lite2")


def test_the_default_model_opens_unless_another_is_named(painted: Path, looks: list) -> None:
    faceedit.open(painted)
    faceedit.open(painted, model="mine", device="cpu")
    assert looks == [("lite", "auto", Search()), ("mine", "cpu", Search())]


def test_a_recipe_changes_a_copy_and_writes_nothing(painted: Path, looks: list, tmp_path: Path) -> None:
    photo = faceedit.open(painted)
    after = faceedit.apply(recipe(tmp_path, "lipstick"), photo)
    assert np.array_equal(photo.pixels, PAINTED.pixels)
    changed = (after.pixels != photo.pixels).any(-1)
    assert changed.any()
    assert photo.faces[0].mask("lips")[changed].min() > 0
    assert len(looks) == 1  # the faces are known
    assert sorted(path.name for path in tmp_path.iterdir()) == ["face.png", "recipe.yaml"]


def test_a_recipe_may_be_named_by_text(painted: Path, looks: list, tmp_path: Path) -> None:
    after = faceedit.apply(str(recipe(tmp_path, "redact")), faceedit.open(painted))
    assert after.pixels[60, 70].tolist() == [0, 0, 0]
    assert len(looks) == 2


def test_redaction_looks_harder_than_opening_did(painted: Path, looks: list, tmp_path: Path) -> None:
    faceedit.apply(recipe(tmp_path, "redact"), faceedit.open(painted), device="cpu")
    assert looks == [("lite", "auto", Search()), ("lite", "cpu", THOROUGH)]


def test_faces_that_nobody_looked_for_are_taken_as_they_are(looks: list, tmp_path: Path) -> None:
    faceedit.apply(recipe(tmp_path, "redact"), PAINTED)
    assert looks == []


@pytest.mark.usefixtures("looks")
def test_what_the_second_look_finds_is_covered_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    corner = Detection(Box(0, 0, 20, 24), 0.9)
    monkeypatch.setattr(api, "_second_look", lambda _name, _device: told([corner]))
    rules = recipe(tmp_path, "redact")
    assert not faceedit.apply(rules, PAINTED).pixels[corner.box.slices].any()
    assert faceedit.apply(rules, PAINTED, verify=False).pixels[corner.box.slices].any()


@pytest.mark.usefixtures("looks")
def test_a_face_that_is_seen_again_and_again_is_withheld(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    boxes = [Box(0, 40 * step, 10, 10 + 40 * step) for step in range(3)]
    monkeypatch.setattr(api, "_second_look", lambda *_: told(*([Detection(box, 0.9)] for box in boxes)))
    with pytest.raises(Withheld, match=r"still sees a face at \[0, 80, 10, 90\]"):
        faceedit.apply(recipe(tmp_path, "redact"), PAINTED)


def test_a_photo_without_faces_is_looked_at_with_the_recipes_model(looks: list, tmp_path: Path) -> None:
    photo = Photo(PAINTED.pixels)
    faceedit.apply(recipe(tmp_path, "lipstick", "model: someone/parser\n"), photo)
    faceedit.apply(recipe(tmp_path, "lipstick"), photo)
    assert [model for model, _, _ in looks] == ["someone/parser", "lite"]


def test_redaction_of_a_photo_without_faces_is_withheld(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(api, "_finder", lambda *_: Finds("lite", faces=()))
    monkeypatch.setattr(api, "_second_look", lambda *_: told())
    with pytest.raises(Withheld, match="no face was found"):
        faceedit.apply(recipe(tmp_path, "redact"), Photo(PAINTED.pixels))


def test_a_recipe_with_a_mistake_is_refused_before_any_look(looks: list, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r'recipe\.yaml:4:13: .*no effect "lipstik"'):
        faceedit.apply(recipe(tmp_path, "lipstik"), Photo(PAINTED.pixels))
    assert looks == []
