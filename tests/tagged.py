"""What `inspect` says of photos that people tagged: `python tests/tagged.py FOLDER [--model lite]`.

FOLDER has a manifest.json whose `files` name photos (`file`) and what is seen in them (`tags`, such as hat). Of the
photos with a tag it is counted in how many the inspector says so for some face, says `unknown`, or sees nothing. A
missing tag proves nothing, so what is said of untagged photos is listed for a look and not counted.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from faceedit_accessories import KINDS

from faceedit import images, models
from faceedit.calls import inspect
from faceedit.recipe import is_unknown
from faceedit.registry import Registry


def told(folder: Path, under: str, model: str) -> Iterator[tuple[str, set[str], set[str], set[str]]]:
    """Of each photo its name, its tags, the kinds that some face is said to wear, and those that cannot be told."""
    registry = Registry.installed()
    find = models.face_finder(model, registry, device="cpu")
    for record in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]:
        path = folder / record["file"]
        if record["file"].startswith(under) and path.is_file():
            found = inspect(find(images.read(path)), registry, KINDS)
            unknown = {each.kind for each in found if is_unknown(each)}
            said = {each.kind for each in found if not is_unknown(each)}
            yield path.name, {*(record.get("tags") or ())}, said, unknown - said


def main() -> None:
    """Print a table, and what is said of photos without the tag."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--under", default="wild/", help="only photos whose `file` begins so")
    parser.add_argument("--model", default="lite")
    options = parser.parse_args()
    torch.set_num_threads(1)
    photos = list(told(options.folder, options.under, options.model))
    print(f"{len(photos)} photos, model {options.model}\n")
    print("| tag | photos | said | unknown | not seen |\n|---|--:|--:|--:|--:|")
    for kind in KINDS:
        tagged = [(said, unknown) for _, tags, said, unknown in photos if kind in tags]
        if tagged:
            right, unsure = (sum(kind in each[which] for each in tagged) for which in (0, 1))
            print(f"| {kind} | {len(tagged)} | {right} | {unsure} | {len(tagged) - right - unsure} |")
    for kind in KINDS:
        lost = [name for name, tags, said, _ in photos if kind in tags and kind not in said]
        more = [name for name, tags, said, _ in photos if kind in said and kind not in tags]
        print(f"\n{kind}, not said though tagged: {', '.join(lost) or 'none'}")
        print(f"{kind}, said without the tag: {', '.join(more) or 'none'}")


if __name__ == "__main__":
    main()
