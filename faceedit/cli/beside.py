"""Files in folders of finished photos that are no photos: `verify` cannot answer for them, and says so."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceedit.runner import Input

# Small pictures that are made from finished photos alone.
_HARMLESS = ".redacted.jpg"


def beside(arguments: Sequence[str], inputs: "Sequence[Input]") -> Iterator[Path]:
    """The files in the folders among the arguments, hidden ones too, that are neither inputs nor faceedit's reports."""
    from faceedit.gallery import FOLDER
    from faceedit.runner.targets import OWN

    known = {each.path for each in inputs}
    for argument in arguments:
        for folder, subfolders, names in os.walk(argument):
            subfolders.sort()
            links = [name for name in subfolders if Path(folder, name).is_symlink()]  # which nobody follows
            for name in sorted([*names, *links]):
                own = name in OWN or (Path(folder).name == FOLDER and name.endswith(_HARMLESS))
                if not own and Path(folder, name) not in known:
                    yield Path(folder, name)
