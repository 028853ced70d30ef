"""The attacks on redaction, tried on painted people: they name whom nothing covers, and nobody below a solid fill."""

from pathlib import Path

import faceedit_redact
import numpy as np
import pytest
from PIL import Image
from redaction_support import finder, scene

from faceedit.detection import Detection
from faceedit.geometry import Box
from faceedit.photo import Photo
from faceedit.registry import Registry
from faceedit.testing import painted_photo
from faceedit.verify import Verdict
from tests.attacks import other_tools, residue
from tests.attacks.embeddings import crop
from tests.attacks.reidentify import Attacks, Shot

REGISTRY = Registry.of(faceedit_redact)
PEOPLE, EACH = 4, 3
CHANCE = 1 / PEOPLE


class Colors:
    """An embedding: the colors of a face's quarters, the whole face's left out."""

    name = "colors"

    def face(self, pixels, box, original, shift):  # noqa: ARG002 - it is not set upright
        return crop(pixels, box, shift)

    def numbers(self, face):
        quarters = face.reshape(2, 56, 2, 56, 3).mean((1, 3)).ravel().astype(np.float32)
        different = quarters - quarters.mean()
        return different / max(float(np.linalg.norm(different)), 1e-6)


def shots() -> list[Shot]:
    """A few photos each of people whose faces are noise of their own, with a little noise of each photo."""
    box = painted_photo(160, 208).faces[0].box
    found = []
    for person in range(PEOPLE):
        face = scene(100 + person)[box.slices]
        for number in range(EACH):
            pixels = scene(person * EACH + number)
            noise = np.random.default_rng(number).integers(-6, 7, face.shape)
            pixels[box.slices] = np.clip(face.astype(int) + noise, 0, 255)
            found.append(Shot(f"person {person}", finder()(Photo(pixels))))
    return found


def told(effect: str) -> dict[str, float]:
    attacks = Attacks(effect, shots(), REGISTRY)
    embedding = Colors()
    known = attacks.numbers(embedding, [shot.photo.pixels for shot in attacks.taken])
    row = attacks.by(embedding, known, 0.9)
    row |= {"templates": attacks.templates(), "very photo": attacks.very_photo()}
    return {name: value for name, value in row.items() if isinstance(value, float)}


def test_people_whom_nothing_covers_are_named_by_every_attack() -> None:
    assert all(share > 0.9 for share in told("nothing").values())


def test_nobody_is_named_better_than_by_chance_below_a_solid_fill() -> None:
    found = told("redact")
    assert found == {name: pytest.approx(CHANCE, abs=0.1) for name in found}


@pytest.mark.parametrize("effect", ["blur", "pixelate"])
def test_cosmetic_effects_are_undone(effect: str) -> None:
    assert told(effect)["very photo"] > 0.9


def test_a_pair_is_matched_only_above_the_likeness_of_strangers() -> None:
    attacks = Attacks("redact", shots(), REGISTRY)
    known = attacks.numbers(Colors(), [shot.photo.pixels for shot in attacks.taken])
    pairs = PEOPLE * EACH * (EACH - 1)
    assert attacks.by(Colors(), known, 0.9)["matched"] == f"0 of {pairs}"
    assert attacks.by(Colors(), known, -1.0)["matched"] == f"{pairs} of {pairs}"


def test_jpeg_tells_faces_outside_a_plain_box_and_none_outside_a_redaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(residue, "QUALITIES", (75,))
    monkeypatch.setattr(residue, "FACES", 4)
    plain, redacted = residue.table().values()
    assert plain[0] > 0
    assert redacted == (0, 12)


def test_a_face_that_another_tool_left_is_told_from_one_that_it_changed(tmp_path: Path) -> None:
    made = scene(1)
    made[20:60, 20:60] = 0
    photo = other_tools.Composite(Image.fromarray(scene(1)), (1,))
    photo.picture = Image.fromarray(scene(1))
    Image.fromarray(made).save(tmp_path / "made.png")
    left, changed = (40, 120.0, 100.0, 12.0), (40, 40.0, 40.0, 12.0)
    assert [other_tools._untouched(photo, tmp_path / "made.png", face) for face in (left, changed)] == [True, False]
    verdict = Verdict((Detection(Box(100, 80, 140, 120), 0.9),))
    assert [other_tools._sees(verdict, face) for face in (left, changed)] == [True, False]
