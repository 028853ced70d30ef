"""Documents and adapters within the editors themselves: `python -m tests.editors [gimp krita darktable]`.

Each editor opens the PSD and OpenRaster documents of the sample photos, tells its layers and flattens them, which is
compared with the finished photos; then the adapter of samples/editors runs in it. Debian: `apt install
--no-install-recommends gimp krita darktable python3-pyqt5 xvfb xauth`. GIMP before 3 reads no OpenRaster and has no
Python. An editor elsewhere that sees this machine's /tmp is named with its command, as in
`--gimp "chroot /srv/trixie gimp-console" --faceedit "chroot /host faceedit"`.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from psd_tools import PSDImage

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
EDITORS, PHOTOS = ROOT / "samples" / "editors", ROOT / "samples" / "photos"
DOCUMENTS = ("portrait.psd", "group.psd", "portrait.ora", "group.ora")
STEPS = """faceedit: 1
steps:
  - {effect: smooth}
  - {effect: lipstick, name: Red lips}
  - {effect: background_blur}
"""
RECIPE = STEPS + "outputs:\n" + "".join(f"  {kind}: {{format: {kind}, folder: .}}\n" for kind in ("png", "psd", "ora"))
MASKS = "faceedit: 1\nsteps:\n  - {effect: masks, missing: skip, parts: [%s]}\noutput: {what: extras}\n"
KRITA_PARTS = "skin, hair, lips, eyes, brows, cloth, background"
PATIENCE = 240  # seconds


@dataclass(frozen=True)
class Check:
    """A folder with the documents, and the command that adapters call as `faceedit`."""

    folder: Path
    faceedit: str

    def run(self, command: str, **more: str) -> str:
        """What an editor says that runs with a home and a display of its own; "" where it is not installed."""
        if not shutil.which(shlex.split(command)[0]):
            return ""
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "HOME": str(self.folder), "PATH": path, "FACEEDIT_CHECK": str(self.folder)}
        env |= {"FACEEDIT_EDITORS": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder), **more}
        whole = ["xvfb-run", "-a", "timeout", "-k", "5", str(PATIENCE), *shlex.split(command)]
        return subprocess.run(whole, env=env, cwd=self.folder, capture_output=True, text=True).stdout or " "

    def prepare(self) -> None:
        """Make the documents, the finished photos, and the program `faceedit` for adapters."""
        program = self.folder / "faceedit"
        program.write_text(f'#!/bin/sh\nexec {self.faceedit} "$@"\n')
        program.chmod(0o755)
        for path in (*EDITORS.iterdir(), PHOTOS / "portrait.jpg", PHOTOS / "team" / "group.jpg"):
            shutil.copy(path, self.folder)
        (self.folder / "recipe.yaml").write_text(STEPS)
        (self.folder / "documents.yaml").write_text(RECIPE)
        ours("apply", self.folder / "documents.yaml", *self.folder.glob("*.jpg"), "-o", self.folder)

    def masks(self, photo: str, parts: str = "") -> dict[str, float]:
        """The mean of each mask of a photo, as `faceedit masks` writes it."""
        recipe, out = self.folder / "means.yaml", self.folder / f"means of {photo} {parts}"
        recipe.write_text(MASKS % parts)
        ours("apply", recipe, self.folder / photo, "-o", out)
        return {path.name.split(".mask-")[1].removesuffix(".png"): mean(path) for path in out.glob("*.mask-*.png")}

    def told(self) -> list[list[str]]:
        """What a script within an editor told, and forget it."""
        path = self.folder / "told.txt"
        lines = [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []
        path.unlink(missing_ok=True)
        return lines


def ours(*arguments: object) -> None:
    """Run faceedit."""
    subprocess.run([sys.executable, "-m", "faceedit", *map(str, arguments), "-q"], check=True)


def mean(path: Path) -> float:
    """The mean of a mask, 0..1."""
    with Image.open(path) as picture:
        values = np.asarray(picture)
    return float(values.mean() / (255 if values.dtype == np.uint8 else 1))


def documents(check: Check, editor: str, lines: list[list[str]]) -> None:
    """Compare the layers that an editor told, and what it made of them."""
    for name in DOCUMENTS:
        seen, photo = check.folder / f"{name}.png", check.folder / f"{name.split('.')[0]}.png"
        if not seen.exists():
            print(f"| {editor} | {name} | not opened | |")
            continue
        true = [layer.name for layer in PSDImage.open(check.folder / f"{name.split('.')[0]}.psd").descendants()]
        # Editors number layers of one name.
        names = [re.sub(r" #\d+$", "", line[1]) for line in lines if line[0] == name]
        layers = f"{len(names)}, as written" if sorted(names) == sorted(true) else f"{names} instead of {true}"
        with Image.open(seen) as one, Image.open(photo) as other:
            apart = np.abs(np.asarray(one.convert("RGB")).astype(int) - np.asarray(other)).max()
        print(f"| {editor} | {name} | {layers} | {apart} |", flush=True)
        seen.unlink()


def adapter(editor: str, found: dict[str, float], true: dict[str, float]) -> None:
    """Compare the masks that an adapter brought with those that faceedit writes."""
    if not found:
        print(f"{editor}: the adapter brought no masks")
        return
    apart = max(abs(found.get(name, 0) - true.get(name, 0)) for name in {*found, *true})
    print(
        f"{editor}: the adapter brought {len(found)} of {len(true)} masks, means at most {apart:.4f} apart", flush=True
    )


def gimp(check: Check, command: str) -> None:
    """GIMP: script-fu in version 2, Python and the plug-in in version 3."""
    version = re.search(r"version (\d)\.\d+(\.\d+)?", check.run(f"{command} --version"))
    if not version:
        print("gimp: not installed")
    elif version[1] == "2":
        script = check.folder / "in_gimp2.scm"
        script.write_text(f'(define folder "{check.folder}")\n{(HERE / script.name).read_text()}')
        check.run(f"{command} -n -i -d -f -s --batch-interpreter plug-in-script-fu-eval -b '(load \"{script}\")'")
        documents(check, f"GIMP{version[0].removeprefix('version')}", check.told())
        print("gimp: the plug-in is for version 3 and was not run")
    else:
        home = check.folder / ".config" / "GIMP" / f"{version[0].split()[1][:3]}" / "plug-ins" / "gimp_faceedit"
        home.mkdir(parents=True)
        shutil.copy(EDITORS / "gimp_faceedit.py", home)
        script = f"exec(open('{shutil.copy(HERE / 'in_gimp3.py', check.folder)}').read())"
        check.run(f'{command} -n -i -d -f --batch-interpreter python-fu-eval -b "{script}" --quit')
        lines = check.told()
        documents(check, f"GIMP{version[0].removeprefix('version')}", lines)
        found = {name: float(value) for kind, name, *rest in lines if kind == "mask" for value in rest}
        adapter("gimp", found, {word(name): value for name, value in check.masks("portrait.jpg").items()})


def krita(check: Check, command: str) -> None:
    """Krita, whose kritarunner ends in a crash after its work is done."""
    said = check.run(f"{command} -s in_krita -f run", PYTHONPATH=f"{HERE}{os.pathsep}{check.folder}")
    if not said:
        print("krita: not installed")
        return
    lines = check.told()
    documents(check, "Krita", lines)
    found = {name: float(value) for kind, name, *rest in lines if kind == "mask" for value in rest}
    adapter("krita", found, {word(name): value for name, value in check.masks("portrait.jpg", KRITA_PARTS).items()})


def word(name: str) -> str:
    """How adapters call a mask: of the file's "0-hair", "face 0 hair"."""
    return f"face {name.replace('-', ' ', 1)}"


def darktable(check: Check, command: str) -> None:
    """darktable, which exports through the adapter's storage."""
    script = HERE / "in_darktable.lua"
    own = f"--configdir {check.folder}/config --cachedir {check.folder}/cache --library :memory:"
    if not check.run(f"{command} {own} --luacmd 'dofile(\"{script}\")'"):
        print("darktable: not installed")
        return
    done = check.folder / "results" / "exported.jpg"
    print(f"darktable: the picture was {'edited and written' if done.exists() else 'not written'}")
    paths = (check.folder / "results" / "masks").glob("*.mask-*.pfm")
    found = {path.name.split(".mask-")[1].removesuffix(".pfm"): mean(path) for path in paths}
    adapter("darktable", found, check.masks("exported.jpg") if found else {})


CHECKS: dict[str, tuple[Callable[[Check, str], None], str]] = {
    "gimp": (gimp, "gimp"),
    "krita": (krita, "kritarunner"),
    "darktable": (darktable, "darktable"),
}


def main() -> None:
    """Print what each editor made of the documents, and what came of its adapter."""
    parser = argparse.ArgumentParser(prog="python -m tests.editors", description=__doc__)
    parser.add_argument("editors", nargs="*", default=[*CHECKS], help=", ".join(CHECKS))
    for name, (_, command) in CHECKS.items():
        parser.add_argument(f"--{name}", default=command, help=f"its command; {command} by default")
    parser.add_argument("--faceedit", default=f"{sys.executable} -m faceedit", help="what adapters call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        check = Check(Path(name), options.faceedit)
        check.prepare()
        print("| editor | document | layers | flattened, greatest difference of 255 |\n|---|---|---|--:|", flush=True)
        for editor in options.editors:
            CHECKS[editor][0](check, getattr(options, editor))


if __name__ == "__main__":
    main()
