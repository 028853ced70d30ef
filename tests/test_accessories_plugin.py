"""The inspector `accessories`: what is there, what is not, and what cannot be told."""

from dataclasses import replace
from typing import Any

import faceedit_accessories as plugin
import pytest

from faceedit.labels import ID
from faceedit.photo import Finding, Model, Photo
from faceedit.testing import ACCESSORIES, painted_photo


def found(photo: Photo) -> dict[str, Finding]:
    return {finding.kind: finding for finding in plugin.accessories(photo) if not finding.details.get("unknown")}


def unknown(photo: Photo) -> dict[str, str]:
    return {
        finding.kind: finding.details["reason"]
        for finding in plugin.accessories(photo)
        if finding.details.get("unknown")
    }


def test_everything_worn_is_found() -> None:
    assert set(found(painted_photo(300, 300))) >= {"glasses", "hat", "earring_left", "earring_right", "necklace"}


def test_what_is_seen_to_be_absent_is_no_finding() -> None:
    assert plugin.accessories(painted_photo(300, 300, accessories=())) == []


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ("eye_g", {"glasses"}),
        ("hat", {"hat"}),
        ("ear_r", {"earring_left", "earring_right"}),
        ("neck_l", {"necklace"}),
    ],
)
def test_each_accessory_alone_is_told_from_the_others(part: str, kinds: set[str]) -> None:
    photo = painted_photo(300, 300, accessories=(part,), colors={"eye_g": (200, 160, 140)})
    assert set(found(photo)) == kinds


def test_dark_lenses_over_hidden_eyes_are_sunglasses() -> None:
    photo = hidden(painted_photo(300, 300, accessories=("eye_g",), colors={"eye_g": (12, 12, 14)}), "l_eye", "r_eye")
    assert {"glasses", "sunglasses"} <= set(found(photo))


def test_clear_lenses_are_not() -> None:
    assert "sunglasses" not in found(painted_photo(300, 300, accessories=("eye_g",)))


@pytest.mark.parametrize("tilt", [-40, 0, 40])
def test_left_is_the_persons_own_left(tilt: float) -> None:
    seen = found(painted_photo(300, 300, tilt=tilt))
    left, right = seen["earring_left"].box, seen["earring_right"].box
    assert left is not None
    assert right is not None
    assert left.center[0] > right.center[0]
    assert seen["earring_left"].details["side"] == "left"


def test_a_finding_has_box_share_and_confidence() -> None:
    photo = painted_photo(300, 300)
    hat = found(photo)["hat"]
    assert hat.box is not None
    assert hat.box.bottom < photo.faces[0].box.center[1]
    assert hat.details["share"] > 0.3
    assert 0.5 < hat.confidence <= 1


def test_an_ear_under_hair_makes_earrings_unknown() -> None:
    photo = hidden(painted_photo(300, 300, accessories=()), "l_ear")
    assert unknown(photo) == {"earring_left": "the left ear is hidden"}


def test_a_photo_that_ends_at_the_neck_makes_necklaces_unknown() -> None:
    photo = hidden(painted_photo(300, 300, accessories=()), "neck")
    assert unknown(photo) == {"necklace": "the neck is hidden"}


def test_a_photo_that_ends_at_the_forehead_makes_hats_unknown() -> None:
    photo = painted_photo(120, 300, face_px=180, accessories=())
    assert unknown(photo)["hat"] == "the photo ends at the forehead"


def test_where_a_photo_ends_in_hair_there_is_no_hat() -> None:
    assert "hat" not in unknown(painted_photo(120, 300, face_px=140, accessories=()))


def test_the_models_own_thresholds_are_used() -> None:
    photo = painted_photo(300, 300).replaced(model=Model("strict", thresholds={"hat": 0.999, "necklace": 0.1}))
    assert "hat" not in found(photo)
    assert "necklace" in found(photo)


def test_a_kind_that_the_model_cannot_see_is_unknown() -> None:
    photo = painted_photo(300, 300, accessories=()).replaced(model=Model("lite", thresholds={"necklace": 2.0}))
    assert unknown(photo) == {"necklace": 'the model "lite" cannot tell'}


def test_each_face_has_its_own_findings() -> None:
    findings = plugin.accessories(painted_photo(300, 700, faces=2, accessories=("hat",)))
    assert [(finding.kind, finding.face) for finding in findings] == [("hat", 0), ("hat", 1)]


def test_all_kinds_are_announced() -> None:
    (inspector,) = plugin.faceedit_inspectors()
    kinds = {finding.kind for finding in plugin.accessories(painted_photo(accessories=ACCESSORIES))}
    assert kinds <= set(inspector.kinds) == set(plugin.KINDS)


def hidden(photo: Photo, *parts: str) -> Photo:
    """The photo as a model labels it that sees hair, or lenses for eyes, where the parts are."""
    faces = []
    for face in photo.faces:
        logits: Any = face.map.logits.copy()
        cover = "eye_g" if parts[0].endswith("eye") else "hair"
        for part in parts:
            taken = logits[ID[part]] > -1
            logits[ID[cover]][taken] = 1
            logits[ID[part]] = -10
        faces.append(replace(face, map=replace(face.map, logits=logits)))
    return photo.replaced(faces=tuple(faces))
