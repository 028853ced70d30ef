"""An inspector: eyes that are closed, so that a recipe or `inspect` can pass such photos by."""

import faceedit

# A seen eye covers less of the face than this when it is closed.
OPEN = 0.004


@faceedit.inspector("eyes_closed")
def closed_eyes(photo: faceedit.Photo) -> list[faceedit.Finding]:
    """Faces of which neither eye is open, where no glasses hide them."""
    found = []
    for face in photo.faces:
        areas = {part: face.map.on_crop(frozenset(parts)).sum() for part, parts in PARTS.items()}
        if areas["eyes"] < OPEN * areas["face"] and areas["eye_g"] < OPEN * areas["face"] < areas["brows"]:
            found.append(faceedit.Finding("eyes_closed", face.index, confidence=0.7, box=face.box))
    return found


PARTS = {
    "eyes": ("l_eye", "r_eye"),
    "brows": ("l_brow", "r_brow"),
    "eye_g": ("eye_g",),
    "face": ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "u_lip", "l_lip", "mouth"),
}


@faceedit.hookimpl
def faceedit_inspectors() -> list[object]:
    """The inspectors of this plugin."""
    return [closed_eyes]
