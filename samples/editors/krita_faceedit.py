"""Krita: Tools > Scripts > Ten Scripts, or paste into Scripter: masks of the faces as selection masks.

The open picture is saved as PNG beside a temporary recipe, faceedit writes a mask a part, and each comes back as a
selection mask on the topmost layer.
"""

import subprocess
import tempfile
from pathlib import Path

PARTS = ("skin", "hair", "lips", "eyes", "brows", "cloth", "background")
RECIPE = """faceedit: 1
name: masks
steps:
  - {effect: masks, parts: [%s], missing: skip}
output: {what: extras, no_faces: skip}
"""


def masks_of(photo: Path, folder: Path, command: str = "faceedit") -> "list[tuple[str, Path]]":
    """Names and files of the masks that faceedit finds in a photo; raises RuntimeError with its message."""
    recipe = folder / "masks.yaml"
    recipe.write_text(RECIPE % ", ".join(PARTS), encoding="utf-8")
    arguments = [command, "apply", str(recipe), str(photo), "-o", str(folder / "out"), "--quiet"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or "faceedit failed")
    found = sorted((folder / "out").glob("*.mask-*.png"))
    return [("face " + path.stem.split(".mask-", 1)[1].replace("-", " ", 1), path) for path in found]


def main() -> None:
    """Bring masks of the active document's faces into it."""
    from krita import InfoObject, Krita, Selection
    from PyQt5.QtGui import QImage

    document = Krita.instance().activeDocument()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = folder / "picture.png"
        document.setBatchmode(True)  # else Krita asks how to write the PNG
        document.exportImage(str(photo), InfoObject())
        document.setBatchmode(False)
        layer = document.topLevelNodes()[-1]
        for title, path in masks_of(photo, folder):
            grey = QImage(str(path)).convertToFormat(QImage.Format_Grayscale8)
            rows = [grey.constScanLine(y).asstring(grey.width()) for y in range(grey.height())]
            selection = Selection()
            selection.setPixelData(b"".join(rows), 0, 0, grey.width(), grey.height())
            mask = document.createSelectionMask(title)
            mask.setSelection(selection)
            layer.addChildNode(mask, None)
    document.refreshProjection()


if __name__ in ("__main__", "__krita__"):
    main()
