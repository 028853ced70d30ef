"""Within Krita (kritarunner): each document is opened, its layers are told, it is flattened; then the adapter runs."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from krita import InfoObject, Krita, Node

FOLDER = Path(os.environ["FACEEDIT_CHECK"])
sys.path.insert(0, os.environ["FACEEDIT_EDITORS"])


def names(node: Node) -> Iterator[str]:
    if node.type() != "transparencymask":  # a layer's own, of a PSD
        yield node.name()
    for child in node.childNodes():
        yield from names(child)


def run(_arguments: object = None) -> None:
    app = Krita.instance()
    window = app.openWindow()
    with (FOLDER / "told.txt").open("w") as told:
        for name in ("portrait.psd", "group.psd", "portrait.ora", "group.ora"):
            document = app.openDocument(str(FOLDER / name))
            document.setBatchmode(True)
            for layer in document.topLevelNodes():
                print(*(f"{name}\t{each}" for each in names(layer)), sep="\n", file=told)
            document.exportImage(str(FOLDER / f"{name}.png"), InfoObject())
        document = app.openDocument(str(FOLDER / "portrait.jpg"))
        window.addView(document)
        app.setActiveDocument(document)
        import krita_faceedit  # noqa: PLC0415 - it lies elsewhere

        krita_faceedit.main()
        for mask in document.topLevelNodes()[-1].childNodes():
            content = bytes(mask.selection().pixelData(0, 0, document.width(), document.height()))
            print("mask", mask.name(), sum(content) / len(content) / 255, sep="\t", file=told)
