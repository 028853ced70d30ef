"""What is measured: photos made from scikit-image's astronaut, models, the tutorial's way, and ours."""

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from faceedit.labels import PARTS

Pixels = NDArray[np.uint8]

# SegFormer-B5 as in jonathandinu/face-parsing. Time does not depend on the values of the weights.
B5 = {"hidden_sizes": [64, 128, 320, 512], "depths": [3, 6, 40, 3], "decoder_hidden_size": 768}
RECIPE = 'faceedit: 1\nsteps:\n  - effect: lipstick\n    color: "#a3123b"\n'
MEAN, DEVIATION = np.array((0.485, 0.456, 0.406), np.float32), np.array((0.229, 0.224, 0.225), np.float32)
LIPS = [PARTS.index("u_lip"), PARTS.index("l_lip")]


@functools.cache
def portrait() -> Image.Image:
    """The astronaut, 512 x 512, one face."""
    from skimage import data  # noqa: PLC0415 - slow to import

    return Image.fromarray(data.astronaut())


def photo(megapixels: float, faces: int = 1) -> Image.Image:
    """A 4:3 photo of this size with so many faces, side by side in rows."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    columns = int(np.ceil(faces**0.5 * 1.1))
    rows = -(-faces // columns)
    side = min(width // columns, height // rows)
    sheet = Image.new("RGB", (width, height), (118, 130, 140))
    one = portrait().resize((side, side), Image.Resampling.BICUBIC)
    for index in range(faces):
        sheet.paste(one, (index % columns * side, index // columns * side))
    return sheet


def jpeg(picture: Image.Image, path: Path) -> Path:
    """The picture as a JPEG file."""
    picture.save(path, quality=92)
    return path


def random_b5(folder: Path) -> Path:
    """A folder with SegFormer-B5 of random weights and the 19 names."""
    from transformers import SegformerConfig, SegformerForSemanticSegmentation  # noqa: PLC0415 - slow to import
    from transformers.utils import logging  # noqa: PLC0415 - likewise

    torch.manual_seed(0)
    logging.disable_progress_bar()
    SegformerForSemanticSegmentation(SegformerConfig(id2label=dict(enumerate(PARTS)), **B5)).save_pretrained(folder)
    size = {"size": {"height": 512, "width": 512}, "image_mean": MEAN.tolist(), "image_std": DEVIATION.tolist()}
    (folder / "preprocessor_config.json").write_text(json.dumps(size))
    return folder


class Tutorial:
    """The way of the tutorials: transformers' model in fp32, the whole photo, logits and effect at full size."""

    def __init__(self, folder: Path, size: int) -> None:
        from transformers import SegformerForSemanticSegmentation  # noqa: PLC0415 - slow to import
        from transformers.utils import logging  # noqa: PLC0415 - likewise

        logging.disable_progress_bar()
        self.net = SegformerForSemanticSegmentation.from_pretrained(folder, dtype=torch.float32).eval()
        self.size = size

    def forward(self, pixels: Pixels) -> torch.Tensor:
        """Logits (1, 19, h, w) for a photo resized to the model's square."""
        small = np.asarray(Image.fromarray(pixels).resize((self.size, self.size), Image.Resampling.BILINEAR))
        normal = ((small / np.float32(255) - MEAN) / DEVIATION).astype(np.float32)
        with torch.no_grad():
            logits: torch.Tensor = self.net(pixel_values=torch.from_numpy(normal).permute(2, 0, 1)[None]).logits
        return logits

    def edit(self, path: Path, out: Path) -> None:
        """Redden the lips of a JPEG."""
        pixels = np.asarray(Image.open(path).convert("RGB"))
        logits = self.forward(pixels)
        labels = full_size_labels(logits, pixels.shape[:2])
        mask = np.isin(labels, LIPS)[..., None].astype(np.float32) * 0.5
        edited = pixels * (1 - mask) + np.array((163, 18, 59), np.float32) * mask
        Image.fromarray(edited.astype(np.uint8)).save(out, quality=92)


def full_size_labels(logits: torch.Tensor, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Logits upsampled to the photo's size, then argmax, (H, W)."""
    large = torch.nn.functional.interpolate(logits, size=shape, mode="bilinear", align_corners=False)
    labels: NDArray[np.int64] = large.argmax(1)[0].numpy()
    return labels


class Ours:
    """A photo from file to file with one recipe, as the command line does it, but in this process.

    `precision` forces that of the engine openvino, also where a model's labels suffer from it.
    """

    def __init__(self, name: str, engine: Any, folder: Path, precision: Any = "auto", device: str = "cpu") -> None:
        from faceedit import models  # noqa: PLC0415 - measured where it is first wanted
        from faceedit.recipe import load_recipe  # noqa: PLC0415 - likewise
        from faceedit.registry import Registry  # noqa: PLC0415 - likewise
        from faceedit.segmentation.vino import OpenVino  # noqa: PLC0415 - likewise

        recipe = folder / "recipe.yaml"
        recipe.write_text(RECIPE)
        self.registry = Registry.installed()
        self.find = models.face_finder(name, self.registry, device=device, engine=engine)
        if precision != "auto":
            self.find = replace(self.find, segmenter=OpenVino(models.find(name), name, precision=precision))
        self.recipe = load_recipe(recipe, self.registry)

    def edit(self, path: Path, out: Path) -> int:
        """Redden the lips of a JPEG; how many faces there were."""
        from faceedit import images  # noqa: PLC0415 - see above
        from faceedit.engine import edit  # noqa: PLC0415 - likewise

        found = self.find(images.read(path))
        edited = edit(found, self.recipe, self.registry)
        images.write_atomic(out, images.encode(edited.photo, images.WriteOptions("jpeg")))
        return len(found.faces)
