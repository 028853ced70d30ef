"""Print how our way compares with the tutorials': `python -m tests.benchmarks [--only forward,labels] [--runs 5]`."""

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from faceedit import models
from faceedit.geometry import Crop
from faceedit.photo import FaceMap, Photo
from faceedit.registry import Registry
from faceedit.runner import memory
from faceedit.segmentation import maps
from faceedit.segmentation.folder import Folder
from tests.benchmarks import alike, detection, forward, looks, mattes, runner
from tests.benchmarks.edges import NEAR, boundary_scores
from tests.benchmarks.measure import Contender, Cost, child, here, paired, show
from tests.benchmarks.subjects import RECIPE, Ours, Tutorial, full_size_labels, jpeg, photo, portrait, random_b5

TWELVE = 12.0
B5 = "B5, random weights"
# What the tutorial's way takes for each pixel: 19 logits, the largest's number, and the edited photo as floats.
TUTORIAL_BYTES = 19 * 4 + 8 + 2 * 12
CROP = Crop(224, 120, 280)
BARE_TYPER = "import typer; app = typer.Typer(); app.command()(lambda name: None); app(['--help'])"
LOAD = "from faceedit import models; models.load('lite', 'cpu', engine='{engine}')"


class Bench:
    """The sections of the table; each method is one."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.runs, self.folder, self.deface, self.labelled = options.runs, folder, options.deface, options.labelled
        self.photos, self.real, self.data = options.photos, options.real, options.data
        self.backdrops, self.sides = options.backdrops, tuple(int(side) for side in options.sides.split(","))
        self.engines = ["torch"] + (["openvino"] if importlib.util.find_spec("openvino") else [])
        self.models = {"lite": models.find("lite")}
        if "b5" in options.models:
            self.models[B5] = random_b5(folder / "b5")

    def forward(self) -> None:
        """One crop through the model."""
        for name, where in self.models.items():
            forward.engines(name, where, "openvino" in self.engines, self.runs)
        if B5 in self.models:
            forward.beside_b5(self.models["lite"], self.models[B5], self.runs)

    def labels(self) -> None:
        """Exact labels of a 12 MP photo that the crop fills."""
        found = maps(np.asarray(portrait()), [CROP], models.load("lite", "cpu"))[0].logits
        logits = torch.from_numpy(found.astype(np.float32))[None]
        whole = Photo(np.broadcast_to(np.uint8(0), (3000, 4000, 3)).copy())
        contenders = {"upsample + argmax": here(lambda: full_size_labels(logits, (3000, 4000)))}
        for title, angle in (("boundary cells", 0.0), ("boundary cells, tilted 20 degrees", 20.0)):
            face = FaceMap(found, Crop(2000, 1500, 4000, angle))
            contenders[title] = here(lambda face=face: face.labels(whole.box))
        show("Labels at 12 MP", paired(contenders, self.runs))

    def _edits(self, title: str, megapixels: float, faces: int = 1) -> None:
        path = jpeg(photo(megapixels, faces), self.folder / "photo.jpg")
        out = self.folder / "out.jpg"
        for name, where in self.models.items():
            contenders: dict[str, Contender] = {}
            if self.tutorial_fits(megapixels):
                tutorial = Tutorial(where, self.size(where))
                contenders["tutorial"] = here(lambda tutorial=tutorial: tutorial.edit(path, out))
            for engine, precision, device in self.ways:
                ours = Ours(str(where), engine, self.folder, precision, device)
                found = ours.edit(path, out)
                label = f"faceedit, {engine} {precision} on {device}, {found} found"
                contenders[label] = here(lambda ours=ours: ours.edit(path, out))
            show(f"{title}, {name}", paired(contenders, self.runs))

    @property
    def ways(self) -> list[tuple[str, str, str]]:
        """Engines, precisions and devices; bf16 is forced, as random weights never agree well enough for it."""
        ways = [(engine, "auto", "cpu") for engine in self.engines]
        ways += [("openvino", "bf16", "cpu")] * ("openvino" in self.engines)
        return ways + [("torch", "auto", "cuda")] * torch.cuda.is_available()

    @staticmethod
    def size(model: Path) -> int:
        """The edge of a model's crops."""
        return Folder.read(model, model.name).size

    @staticmethod
    def tutorial_fits(megapixels: float) -> bool:
        """Whether there is memory for the tutorial's way; says so where there is not."""
        fits = TUTORIAL_BYTES * megapixels * 1e6 <= memory.budget()
        if not fits:
            print(f"\n(no memory for the tutorial at {megapixels:.0f} MP: it is left out, 1 = the first of ours)")
        return fits

    def end_to_end(self) -> None:
        """Decode, find, label, lipstick, encode."""
        self._edits("End to end, 12 MP, one face", TWELVE)

    def faces(self) -> None:
        """The same with more faces."""
        for count in (4, 10):
            self._edits(f"End to end, 12 MP, {count} faces", TWELVE, count)

    def sizes(self) -> None:
        """The same at other sizes."""
        for megapixels in (24.0, 50.0, 100.0):
            self._edits(f"End to end, {megapixels:.0f} MP, one face", megapixels)

    def memory(self) -> None:
        """Peak memory and cost of whole processes, imports included; ours is the command line."""
        recipe = self.folder / "recipe.yaml"
        recipe.write_text(RECIPE)
        for megapixels, count in ((TWELVE, 1), (100.0, 10)):
            path = jpeg(photo(megapixels, count), self.folder / "photo.jpg")
            for name, where in self.models.items():
                contenders: dict[str, Contender] = {}
                if self.tutorial_fits(megapixels):
                    way = f"Tutorial(Path({str(where)!r}), {self.size(where)})"
                    contenders["tutorial"] = child([sys.executable, "-c", self._script(way, path)])
                for engine in self.engines:
                    command = [sys.executable, "-m", "faceedit", "apply", recipe, path, "-o", self.folder / "edited"]
                    command += ["--model", where, "--engine", engine, "--device", "cpu"]
                    contenders[f"faceedit apply, {engine}"] = self._fresh(child(command))
                title = f"A whole process, {megapixels:.0f} MP, {count} face(s), {name}"
                show(title, paired(contenders, min(self.runs, 3)))

    def _script(self, way: str, path: Path) -> str:
        imports = "from pathlib import Path; from tests.benchmarks.subjects import Tutorial"
        return f"{imports}; {way}.edit(Path({str(path)!r}), Path({str(self.folder / 'out.jpg')!r}))"

    def startup(self) -> None:
        """Python, a bare Typer program, and ours."""
        scripts = {
            "bare Typer --help": BARE_TYPER,
            "python": "",
            "faceedit --help": "import sys; sys.argv = ['faceedit', '--help']; from faceedit.cli import main; main()",
            "import torch": "import torch",
            "import transformers' SegFormer": "from transformers import SegformerForSemanticSegmentation",
        } | {f"load lite, {engine}": LOAD.format(engine=engine) for engine in self.engines}
        contenders = {name: child([sys.executable, "-c", script]) for name, script in scripts.items()}
        show("Start-up", paired(contenders, self.runs))

    def hair(self) -> None:
        """Opacity and colours of hair, where folders of labelled photos and of backdrops are given."""
        if not (self.labelled and self.backdrops):
            print("\n## Hair over other backgrounds: left out; name --labelled FOLDER and --backdrops FOLDER")
            return
        mattes.report(self.labelled, self.backdrops, 20)

    def peers(self) -> None:
        """A folder of three 12 MP photos, beside deface where its program is given."""
        if not self.deface:
            print("\n## A folder beside deface: left out; name its program with --deface PATH")
            return
        photos, recipe = self.folder / "photos", self.folder / "recipe.yaml"
        photos.mkdir(exist_ok=True)
        recipe.write_text(RECIPE)
        paths = [jpeg(photo(TWELVE, count), photos / f"{count}.jpg") for count in (1, 2, 4)]
        ours = [sys.executable, "-m", "faceedit", "apply", recipe, photos, "-o", self.folder / "edited"]
        contenders = {
            "deface --scale 640x360": child([self.deface, "--scale", "640x360", *paths]),
            "deface": child([self.deface, *paths]),
        } | {f"faceedit --engine {engine}": self._fresh(child([*ours, "--engine", engine])) for engine in self.engines}
        show("A folder of three 12 MP photos", paired(contenders, min(self.runs, 3)))

    def edges(self) -> None:
        """Boundary F-scores of masks on labelled photos, where their folder is given."""
        if not self.labelled:
            print("\n## Edges: left out; name a folder of labelled photos with --labelled FOLDER")
            return
        scores = boundary_scores(self.labelled, self.labelled / "validation.txt", models.load("lite", "cpu"))
        print(f"\n## Boundary F-score, {NEAR:.0f} px at 512, lite\n")
        print("| part | as the model gives it | refined |\n|---|--:|--:|")
        for part, (plain, drawn) in scores.items():
            print(f"| {part} | {plain:.3f} | {drawn:.3f} |")

    def detection(self) -> None:
        """Faces found, where the folder of photos with known faces is given."""
        if not self.data:
            print("\n## Faces found: left out; name a folder with wild/, noface/ and manifest.json with --data FOLDER")
            return
        detection.report(self.data, self.folder)

    def effects(self) -> None:
        """What effects cost, and how they keep their promises on labelled photos, where their folder is given."""
        segmenter = models.load("lite", "cpu")
        looks.costs(segmenter, Registry.installed(), self.runs)
        if not self.labelled:
            print("\n## Effects on labelled photos: left out; name their folder with --labelled FOLDER")
            return
        print("\n## Effects on labelled photos (ours / hard labels and hue in HSV)\n")
        print("\n".join(looks.table(looks.subjects(self.labelled, segmenter, most=150, each=12))))

    def same_look(self) -> None:
        """How much effects differ between copies of a photo of other sizes, where labelled photos are given."""
        if not self.labelled:
            print("\n## The same look at every size: left out; name a folder of labelled photos with --labelled FOLDER")
            return
        print("\n## The same look at every size: mean difference, of 255, where effects work (worst photo)\n")
        for line in alike.table(self.labelled, models.load("lite", "cpu"), self.runs, self.sides):
            print(line, flush=True)

    def runner(self) -> None:
        """Memory and overhead over many tiny photos, and two processes beside one on large photos."""
        runner.many(self.folder, self.photos)
        photos, recipe = self.folder / "large", self.folder / "recipe.yaml"
        photos.mkdir(exist_ok=True)
        recipe.write_text(RECIPE)
        for index in range(8):
            jpeg(photo(TWELVE, 1 + index % 2), photos / f"{index}.jpg")
        command = [sys.executable, "-m", "faceedit", "apply", recipe, photos, "-o", self.folder / "edited", "--jobs"]
        contenders = {f"--jobs {count}": self._fresh(child([*command, str(count)])) for count in (1, 2)}
        show("A folder of eight 12 MP photos, lite", paired(contenders, min(self.runs, 3), warm=False))

    def long_run(self) -> None:
        """Memory over many photos of people, where the folder of photos with known faces is given."""
        if not self.data:
            print("\n## Many photos of people: left out; name a folder with wild/ with --data FOLDER")
            return
        runner.real(self.folder, self.data / "wild", self.real)

    def _fresh(self, contender: Contender) -> Contender:
        def fresh() -> Cost:
            shutil.rmtree(self.folder / "edited", ignore_errors=True)
            return contender()

        return fresh


SECTIONS = (
    "startup",
    "forward",
    "labels",
    "end_to_end",
    "faces",
    "sizes",
    "memory",
    "peers",
    "edges",
    "detection",
    "effects",
    "same_look",
    "hair",
    "runner",
    "long_run",
)


def main() -> None:
    """Print the sections asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections, of " + ",".join(SECTIONS))
    parser.add_argument("--models", default="lite,b5", help="lite, b5 (random weights), or both")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="one makes CPU times steady on a busy machine")
    parser.add_argument("--photos", type=int, default=10_000, help="tiny photos of the section runner")
    parser.add_argument("--real", type=int, default=300, help="photos of people of the section long_run")
    parser.add_argument("--backdrops", type=Path, help="for hair: folder of pictures without people")
    parser.add_argument(
        "--sides", default="2048", help="for same_look: pixels of the larger copies' sides, such as 2048,6000"
    )
    parser.add_argument("--deface", help="the program deface of an environment of its own")
    parser.add_argument(
        "--data", type=Path, help="for detection and long_run: folder of wild/, noface/ and manifest.json"
    )
    parser.add_argument("--labelled", type=Path, help="a folder of labelled photos with a validation.txt")
    options = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != str(options.threads):  # read by numpy's BLAS only when it starts
        os.environ["OMP_NUM_THREADS"] = str(options.threads)
        os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks", *sys.argv[1:]])  # noqa: S606 - ourselves
    torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {os.cpu_count()} cores, {options.threads} thread(s), {options.runs} runs")
    print(f"graphics card: {torch.cuda.get_device_name() if torch.cuda.is_available() else 'none'}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # installed modules are compiled, so ours may be, too
        bench = Bench(options, Path(folder))
        for section in options.only.split(","):
            getattr(bench, section)()


if __name__ == "__main__":
    main()
