#!/usr/bin/env python3
"""GIMP 3: Filters > faceedit > Masks of faces: every part that is seen becomes a channel of the picture.

Put this file, executable, into the plug-ins folder as gimp_faceedit/gimp_faceedit.py.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Gimp", "3.0")
from gi.repository import Gimp, Gio, GLib

NAME = "plug-in-faceedit-masks"
RECIPE = """faceedit: 1
name: masks
steps:
  - {effect: masks, missing: skip}
output: {what: extras, no_faces: skip}
"""


class FaceEdit(Gimp.PlugIn):
    """The plug-in with its one procedure."""

    def do_set_i18n(self, _name: str) -> bool:
        """Whether its words are translated."""
        return False

    def do_query_procedures(self) -> list:
        """The names of the procedures."""
        return [NAME]

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """The procedure and its place in the menu."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("RGB*")
        procedure.set_menu_label("Masks of _faces")
        procedure.add_menu_path("<Image>/Filters/faceedit")
        procedure.set_documentation("Masks of the parts of all faces, as channels", None, name)
        return procedure


def run(procedure: Gimp.Procedure, _mode: object, image: Gimp.Image, *_more: object) -> Gimp.ValueArray:
    """Write the picture, run faceedit, and load its masks as channels."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo, recipe = folder / "picture.png", folder / "masks.yaml"
        recipe.write_text(RECIPE, encoding="utf-8")
        Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(str(photo)), None)
        command = ["faceedit", "apply", str(recipe), str(photo), "-o", str(folder / "out"), "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            error = GLib.Error(done.stderr.strip() or "faceedit failed")
            return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, error)
        for path in sorted((folder / "out").glob("*.mask-*.png"), reverse=True):  # each goes above those before
            layer = Gimp.file_load_layer(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(str(path)))
            image.insert_layer(layer, None, 0)
            title = "face " + path.stem.split(".mask-", 1)[1].replace("-", " ", 1)
            channel = Gimp.Channel.new_from_component(image, Gimp.ChannelType.RED, title)
            image.insert_channel(channel, None, 0)
            image.remove_layer(layer)
    return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, GLib.Error())


Gimp.main(FaceEdit.__gtype__, sys.argv)
