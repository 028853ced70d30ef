"""Within GIMP 3: each document is opened, its layers are told, it is flattened; then the plug-in makes its channels."""

import os
from collections.abc import Iterator
from pathlib import Path

from gi.repository import Gimp, Gio

FOLDER = Path(os.environ["FACEEDIT_CHECK"])
QUIET = Gimp.RunMode.NONINTERACTIVE


def opened(name: str) -> Gimp.Image:
    return Gimp.file_load(QUIET, Gio.File.new_for_path(str(FOLDER / name)))


def names(item: Gimp.Item) -> Iterator[str]:
    yield item.get_name()
    for child in item.get_children() if item.is_group() else ():
        yield from names(child)


with (FOLDER / "told.txt").open("w") as told:
    for name in ("portrait.psd", "group.psd", "portrait.ora", "group.ora"):
        image = opened(name)
        for layer in image.get_layers():
            print(*(f"{name}\t{each}" for each in names(layer)), sep="\n", file=told)
        image.flatten()
        Gimp.file_save(QUIET, image, Gio.File.new_for_path(str(FOLDER / f"{name}.png")), None)
    image = opened("portrait.jpg")
    procedure = Gimp.get_pdb().lookup_procedure("plug-in-faceedit-masks")
    config = procedure.create_config()
    config.set_property("image", image)
    procedure.run(config)
    for channel in image.get_channels():
        _, mean, *_ = channel.histogram(Gimp.HistogramChannel.VALUE, 0, 1)
        print("mask", channel.get_name(), mean / 255, sep="\t", file=told)
