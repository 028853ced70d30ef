"""Training on painted faces: it learns, it survives a kill, and it says what is wrong with a folder."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import SegformerForSemanticSegmentation

from faceedit.errors import ModelError, SetupError, UsageError
from faceedit.evaluation import evaluate
from faceedit.labelled import IGNORED, open_folder, read_pair, to_square
from faceedit.labels import ID, PARTS
from faceedit.training import Augment, Progress, TrainOptions, train
from faceedit.training import checkpoint as checkpoint_module
from faceedit.training.augment import Augmenter, sampling_weights
from faceedit.training.data import Loaded, load
from faceedit.training.loss import class_weights, segmentation_loss
from faceedit.training.model import best_device, learning_rate, logits_of, make_optimizers

TINY = {
    "hidden_sizes": [16, 32, 32, 32],
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 2, 2, 2],
    "decoder_hidden_size": 32,
    "drop_path_rate": 0.0,
}
CALM = Augment(flip=0.0, paste=0.0, border=0.0, turn=5.0, far=0.0, scale=(0.9, 1.1), shift=0.05, color=0.3, jpeg=0.0)
QUICK = TrainOptions(
    config=TINY,
    stages=((64, 1),),
    batch=4,
    lr=4e-3,
    ema=0.9,
    optimizer="adamw",
    device="cpu",
    threads=1,
    checks=1,
    augment=CALM,
)
FLOOR = 0.80
"""Mean F1 over the painted parts that the tiny model reaches on faces it never saw."""

PAINTED = ("skin", "nose", "l_eye", "r_eye", "mouth", "hair", "neck", "cloth")


def paint(seed: int, size: int = 96) -> tuple[np.ndarray, np.ndarray]:
    """A coloured face of ellipses on noise: (size, size, 3) uint8 and its label (size, size) uint8."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    middle = np.array([0.5, 0.45]) + random.uniform(-0.05, 0.05, 2)
    scale = random.uniform(0.85, 1.1)
    ids = np.zeros((size, size), np.uint8)

    def ellipse(part: str, right: float, down: float, wide: float, high: float) -> None:
        place = ((x - middle[0]) / scale - right) ** 2 / wide**2 + ((y - middle[1]) / scale - down) ** 2 / high**2
        ids[place <= 1] = ID[part]

    ellipse("cloth", 0, 0.6, 0.5, 0.25)
    ellipse("neck", 0, 0.33, 0.12, 0.15)
    ellipse("hair", 0, -0.07, 0.31, 0.36)
    ellipse("skin", 0, 0.03, 0.23, 0.31)
    ellipse("l_eye", 0.1, -0.05, 0.07, 0.05)
    ellipse("r_eye", -0.1, -0.05, 0.07, 0.05)
    ellipse("nose", 0, 0.08, 0.05, 0.08)
    ellipse("mouth", 0, 0.23, 0.12, 0.05)
    colors = random.uniform(0, 255, (19, 3))
    colors[ID["skin"]] = (220, 170, 140)
    colors[ID["neck"]] = (190, 140, 110)
    colors[ID["nose"]] = (240, 140, 120)
    colors[ID["hair"]] = (60, 40, 20)
    colors[ID["mouth"]] = (170, 30, 50)
    colors[ID["l_eye"]] = (40, 60, 160)
    colors[ID["r_eye"]] = (20, 130, 60)
    pixels = colors[ids] + random.normal(0, 12, (size, size, 3))
    return pixels.clip(0, 255).astype(np.uint8), ids


def write_folder(folder: Path, count: int, first: int = 0) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"face{number:03d}" for number in range(first, first + count)]
    for number, name in enumerate(names, first):
        pixels, ids = paint(number)
        Image.fromarray(pixels).save(folder / f"{name}.png")
        Image.fromarray(ids).save(folder / f"{name}.label.png")
    return names


def quiet(progress: Progress) -> None:
    pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six painted faces."""
    write_folder(tmp_path / "photos", 6)
    return tmp_path / "photos"


def test_training_learns_painted_faces(tmp_path: Path) -> None:
    """From scratch, a tiny model labels painted faces it never saw, and the folder says how it came about."""
    names = write_folder(tmp_path / "photos", 40)
    held = tmp_path / "held.txt"
    held.write_text("\n".join(names[-8:]))
    options = dataclasses.replace(
        QUICK, stages=((64, 50), (96, 8)), batch=8, validation=held, checks=2, optimizer="muon"
    )
    if not hasattr(torch.optim, "Muon"):
        options = dataclasses.replace(options, optimizer="adamw")
    told: list[Progress] = []
    out = train(tmp_path / "photos", tmp_path / "out", options, told.append)

    model = SegformerForSemanticSegmentation.from_pretrained(out, dtype=torch.float32)
    scored = evaluate(logits_of(model), tmp_path / "photos", names[-8:], size=96)
    mean = np.mean([scored.f1[part] for part in PAINTED])
    assert mean > FLOOR, scored.table()

    record = json.loads((out / "training.json").read_text())
    assert record["finished"]
    assert record["photos"] == 32
    assert record["validation_photos"] == 8
    assert record["options"]["seed"] == 0
    assert [check["size"] for check in record["history"]] == [64, 96]
    assert told[-1].done == 1.0
    assert told[-1].mean_f1 == pytest.approx(scored.mean_f1, abs=0.02)
    assert "validation mean F1" in told[-1].line()
    assert json.loads((out / "config.json").read_text())["id2label"] == {str(i): part for i, part in enumerate(PARTS)}
    assert not (out / checkpoint_module.NAME).exists()


def test_a_killed_run_goes_on_where_it_was(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run killed half-way and resumed ends with the very weights of a run that was left alone."""
    monkeypatch.setattr("faceedit.training.loop.SAVE_SECONDS", 0.0)
    monkeypatch.setattr("faceedit.training.loop.REPORT_SECONDS", 0.0)
    options = dataclasses.replace(QUICK, stages=((64, 4),))
    whole = train(folder, tmp_path / "whole", options, quiet)

    def kill(progress: Progress) -> None:
        if progress.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder, tmp_path / "killed", options, kill)
    with pytest.raises(UsageError, match="holds a training already"):
        train(folder, tmp_path / "killed", options, quiet)
    told: list[Progress] = []
    resumed = train(folder, tmp_path / "killed", dataclasses.replace(options, resume=True), told.append)
    assert told[0].step == 4
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()
    # A run that came to its end is left as it is.
    told.clear()
    assert train(folder, tmp_path / "killed", dataclasses.replace(options, resume=True), told.append) == resumed
    assert not told


def test_time_limit_ends_a_run(folder: Path, tmp_path: Path) -> None:
    """With `minutes`, the schedule follows the clock and reaches its end."""
    options = dataclasses.replace(QUICK, stages=((64, 1000), (32, 1000)), minutes=0.04)
    told: list[Progress] = []
    train(folder, tmp_path / "out", options, told.append)
    assert told[-1].done == 1.0
    assert told[-1].lr == pytest.approx(0.01 * options.lr, rel=0.1)
    assert told[-1].seconds < 30


def test_training_goes_on_from_a_model(folder: Path, tmp_path: Path) -> None:
    """A trained folder can be the start of another training, of its own shape."""
    first = train(folder, tmp_path / "first", QUICK, quiet)
    options = dataclasses.replace(QUICK, start=first, config={}, workers=2)
    second = train(folder, tmp_path / "second", options, quiet)
    config = json.loads((second / "config.json").read_text())
    assert config["hidden_sizes"] == TINY["hidden_sizes"]


def test_start_with_other_parts_is_refused(folder: Path, tmp_path: Path) -> None:
    """A model that labels other parts is no start."""
    first = train(folder, tmp_path / "first", QUICK, quiet)
    config = json.loads((first / "config.json").read_text())
    config["id2label"]["3"] = "spectacles"
    (first / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="labels other parts"):
        train(folder, tmp_path / "second", dataclasses.replace(QUICK, start=first), quiet)
    with pytest.raises(ModelError, match="cannot be trained further"):
        train(folder, tmp_path / "third", dataclasses.replace(QUICK, start=tmp_path / "nowhere"), quiet)


def test_damaged_checkpoint_is_named(folder: Path, tmp_path: Path) -> None:
    """A checkpoint that cannot be read is an error that names the file."""
    out = tmp_path / "out"
    out.mkdir()
    (out / checkpoint_module.NAME).write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match=checkpoint_module.NAME):
        train(folder, out, dataclasses.replace(QUICK, resume=True), quiet)


def test_checkpoint_holds_what_was_put_in(tmp_path: Path) -> None:
    """Tensors and facts come back from a checkpoint as they were; nothing else is left in the folder."""
    path = tmp_path / "one.safetensors"
    checkpoint_module.save(path, {"a/b": torch.arange(3)}, {"step": 4, "loss": 0.5})
    tensors, facts = checkpoint_module.load(path)
    assert tensors["a/b"].tolist() == [0, 1, 2]
    assert facts == {"step": 4, "loss": 0.5}
    assert [file.name for file in tmp_path.iterdir()] == ["one.safetensors"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stages": ()}, "stages"),
        ({"stages": ((50, 1),)}, "stages"),
        ({"batch": 1}, "batch"),
        ({"batch": 4, "workers": 3}, "batch"),
        ({"lr": 0.0}, "lr"),
        ({"ema": 1.0}, "ema"),
        ({"checks": 0}, "checks"),
        ({"minutes": 0.0}, "minutes"),
        ({"device": "abacus"}, "unknown device"),
        ({"optimizer": "guess"}, "unknown optimizer"),
        ({"validation": Path("nowhere.txt")}, "nowhere.txt"),
        ({"backdrops": Path("nowhere")}, "nowhere"),
    ],
)
def test_unfit_options_are_refused(folder: Path, tmp_path: Path, change: dict[str, object], said: str) -> None:
    """An option that cannot be used is named."""
    with pytest.raises(UsageError, match=said):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, **change), quiet)


def test_unfit_config_is_refused(folder: Path, tmp_path: Path) -> None:
    """A config of which no model can be made is an error for users."""
    with pytest.raises(ModelError, match="no SegFormer can be made"):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, config={"hidden_sizes": [3, 5, 7]}), quiet)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a cuda device")
def test_missing_device_is_refused() -> None:
    """A device that is not there is an error of the set-up."""
    with pytest.raises(SetupError, match="no cuda device"):
        best_device("cuda")


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    """A folder that is not there, and an empty one, are named."""
    with pytest.raises(UsageError, match="is not a folder"):
        train(tmp_path / "nowhere", tmp_path / "out", QUICK, quiet)
    with pytest.raises(UsageError, match=r"holds no NAME\.label\.png"):
        train(tmp_path, tmp_path / "out", QUICK, quiet)


def test_label_without_photo_is_refused(folder: Path) -> None:
    """A label needs its photo."""
    (folder / "face000.png").unlink()
    with pytest.raises(UsageError, match=r"face000\.label\.png has no photo"):
        open_folder(folder)


def test_sizes_must_agree(folder: Path) -> None:
    """A label has the size of its photo."""
    Image.new("L", (7, 5)).save(folder / "face000.label.png")
    with pytest.raises(UsageError, match="7x5, its photo 96x96"):
        load(open_folder(folder), 32)


def test_label_must_be_8_bit(folder: Path) -> None:
    """A colour picture is no label."""
    Image.new("RGB", (96, 96)).save(folder / "face000.label.png")
    with pytest.raises(UsageError, match="no 8-bit map"):
        load(open_folder(folder), 32)


def test_damaged_photo_is_named(folder: Path) -> None:
    """A photo that cannot be read is named."""
    (folder / "face000.png").write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"face000\.png cannot be read"):
        load(open_folder(folder), 32)


def test_names_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    """A validation name without a photo is an error, and so is leaving nothing to train on."""
    held = tmp_path / "held.txt"
    held.write_text("face000\nnobody\n")
    with pytest.raises(UsageError, match="nobody"):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, validation=held), quiet)
    held.write_text("".join(f"face{number:03d}\n" for number in range(6)))
    with pytest.raises(UsageError, match="0 photos are left"):
        train(folder, tmp_path / "out", dataclasses.replace(QUICK, validation=held), quiet)


def test_labels_json_translates_ids(folder: Path) -> None:
    """`labels.json` says what the ids mean; ids left out, -1 and 255 are ignored."""
    Image.fromarray(np.array([[0, 1], [7, 9]], np.uint8)).save(folder / "face000.label.png")
    Image.new("RGB", (2, 2)).save(folder / "face000.png")
    (folder / "labels.json").write_text('{"0": "hair", "1": "background", "7": -1}')
    opened = open_folder(folder)
    _, ids = read_pair(opened, opened.pairs[0])
    assert ids.tolist() == [[ID["hair"], 0], [IGNORED, IGNORED]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"0": "hairs"}', "hair"),
        ("[1]", "cannot be read"),
        ("{", "cannot be read"),
        ('{"300": "hair"}', "0 to 255"),
        ('{"0": 12}', "unknown part"),
        ('{"0": []}', "unknown part"),
    ],
)
def test_unfit_labels_json_is_refused(folder: Path, text: str, said: str) -> None:
    """A `labels.json` that cannot be used is an error with a hint."""
    (folder / "labels.json").write_text(text)
    with pytest.raises(UsageError) as caught:
        open_folder(folder)
    assert said in str(caught.value)


def test_oblong_photos_are_mirrored_to_squares() -> None:
    """The missing part of a square mirrors what is there, as often as need be."""
    assert to_square(np.array([[1, 2]])).tolist() == [[1, 2], [1, 2]]
    assert to_square(np.array([[1, 2, 3], [4, 5, 6]])).tolist() == [[1, 2, 3], [4, 5, 6], [4, 5, 6]]
    assert to_square(np.array([[1], [2], [3], [4]]))[0].tolist() == [1, 1, 1, 1]


# -- changes ----------------------------------------------------------------------------------------------------------


def loaded(labels: torch.Tensor) -> Loaded:
    """Photos whose red is ten times the class id."""
    photos = torch.zeros(len(labels), 3, *labels.shape[1:], dtype=torch.uint8)
    photos[:, 0] = labels * 10
    return Loaded(photos, labels)


STILL = Augment(
    flip=0.0,
    paste=0.0,
    backdrop=0.0,
    border=0.0,
    turn=0.0,
    far=0.0,
    scale=(1.0, 1.0),
    stretch=0.0,
    shift=0.0,
    color=0.0,
    grey=0.0,
    blur=0.0,
    noise=0.0,
    jpeg=0.0,
)
"""No change at all."""


def augmenter(labels: torch.Tensor, **changes: object) -> Augmenter:
    change = dataclasses.replace(STILL, **changes)
    return Augmenter(loaded(labels), labels.shape[1], change, torch.Generator().manual_seed(0))


def test_flip_swaps_left_and_right() -> None:
    """A mirrored left eye is a right eye, and so with brows and ears; other parts keep their ids."""
    labels = torch.tensor([[[ID["l_eye"], ID["r_ear"], ID["hair"], IGNORED]] * 4], dtype=torch.uint8)
    _, changed = augmenter(labels, flip=1.0).flip(loaded(labels).photos, labels)
    assert changed[0, 0].tolist() == [IGNORED, ID["hair"], ID["l_ear"], ID["r_eye"]]


def test_paste_brings_pixels_and_label() -> None:
    """Pasted glasses bring their pixels and their label, and nothing else."""
    labels = torch.ones(2, 4, 4, dtype=torch.uint8)
    labels[1, 2, 1:3] = ID["eye_g"]
    work = augmenter(labels, paste=1.0)
    pixels, changed = work.paste(work.photos.photos[:1], labels[:1].clone())
    assert changed[0].tolist() == labels[1].tolist()
    assert pixels[0, 0].tolist() == (labels[1] * 10).tolist()
    assert (labels[0] == 1).all()


def test_pasted_hat_covers_the_hair_above_it() -> None:
    """No hair stands out above a pasted hat."""
    labels = torch.full((2, 4, 1), ID["hair"], dtype=torch.uint8)
    labels[1, :, 0] = torch.tensor([0, ID["hat"], 1, 1])
    work = augmenter(labels, paste=1.0)
    _, changed = work.paste(work.photos.photos[:1], labels[:1].clone())
    assert changed[0, :, 0].tolist() == [0, ID["hat"], ID["hair"], ID["hair"]]


def test_pixels_and_labels_move_together() -> None:
    """After turns, scales and shifts the red still tells the class."""
    labels = torch.zeros(1, 64, 64, dtype=torch.uint8)
    labels[0, 16:48, 24:56] = ID["skin"]
    labels[0, 24:40, 32:44] = ID["cloth"]
    work = augmenter(labels, turn=20.0, far=0.5, scale=(0.6, 1.4), shift=0.1)
    pixels, changed = work.batch(torch.zeros(8, dtype=torch.int64))
    agree = (pixels[:, 0] * 255 / 10).round().long() == changed
    assert agree.float().mean() > 0.95
    assert pixels.dtype == torch.float32


def test_filled_borders_are_background() -> None:
    """What is filled in beyond the photo is labelled background; ignored pixels stay ignored."""
    labels = torch.full((4, 32, 32), ID["skin"], dtype=torch.uint8)
    labels[2:] = IGNORED
    _, changed = augmenter(labels, border=1.0, scale=(0.5, 0.5)).batch(torch.arange(4))
    assert (changed[:2, 0] == 0).all()
    assert (changed[:2, 16, 16] == ID["skin"]).all()
    assert (changed[2:] == IGNORED).all()


def test_backdrops_replace_the_background_only() -> None:
    """A backdrop is laid behind the face, never over it."""
    labels = torch.zeros(4, 32, 32, dtype=torch.uint8)
    labels[:, 8:24, 8:24] = ID["skin"]
    scenes = torch.full((1, 3, 32, 32), 200, dtype=torch.uint8)
    change = dataclasses.replace(STILL, backdrop=1.0)
    work = Augmenter(loaded(labels), 32, change, torch.Generator().manual_seed(0), scenes)
    pixels, changed = work.batch(torch.arange(4))
    assert torch.equal(changed, labels.long())
    assert (pixels[:, 1, 16, 16] < 0.01).all()
    assert torch.allclose(pixels[:, 1, 2, 2], torch.tensor(200 / 255))


def test_colors_stay_within_range() -> None:
    """Every change of light leaves pixels within 0..1 and labels alone."""
    labels = torch.randint(0, 19, (8, 32, 32), generator=torch.Generator().manual_seed(1)).byte()
    work = augmenter(labels, color=1.0, grey=0.5, blur=1.0, noise=1.0, jpeg=1.0)
    pixels, changed = work.batch(torch.arange(8))
    assert pixels.min() >= 0
    assert pixels.max() <= 1
    assert torch.equal(changed, labels.long())


def test_rare_parts_are_drawn_more_often() -> None:
    """A photo with a part that few show is drawn more often, one with common parts only once."""
    labels = torch.ones(20, 4, 4, dtype=torch.uint8)
    labels[3, 0, 0] = ID["hat"]
    weights = sampling_weights(labels)
    assert weights[0] == 1
    assert weights[3] == pytest.approx(2.0)


# -- loss and steps ---------------------------------------------------------------------------------------------------


def test_loss_falls_with_better_logits_and_ignores_the_unknown() -> None:
    """Right logits cost nearly nothing, wrong ones much, and ignored pixels nothing at all."""
    labels = torch.tensor([[[1, 2], [IGNORED, 13]]])
    right = torch.full((1, 19, 2, 2), -10.0)
    for row, column in ((0, 0), (0, 1), (1, 1)):
        right[0, labels[0, row, column], row, column] = 10.0
    weights = torch.ones(19)
    good = segmentation_loss(right, labels, weights)
    assert good < 0.01
    assert segmentation_loss(-right, labels, weights) > 1
    other = right.clone()
    other[0, :, 1, 0] = torch.arange(19.0)
    assert segmentation_loss(other, labels, weights) == good


def test_class_weights_favour_rare_parts() -> None:
    """A rare part weighs more; the average pixel weighs 1; ignored pixels do not count."""
    labels = torch.zeros(1, 10, 10, dtype=torch.uint8)
    labels[0, 0, 0] = ID["hat"]
    labels[0, 9] = IGNORED
    weights = class_weights(labels)
    assert weights[ID["hat"]] > weights[0]
    assert (89 * weights[0] + weights[ID["hat"]]) / 90 == pytest.approx(1.0)


def test_learning_rate_rises_and_falls() -> None:
    """Up in the first 3 %, then down to a hundredth."""
    rates = [learning_rate(done, 1.0) for done in (0.0, 0.015, 0.03, 0.5, 1.0)]
    assert rates == pytest.approx([0.01, 0.505, 1.0, 0.52, 0.01], abs=0.02)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_every_weight_is_stepped_once(kind: str) -> None:
    """The optimizers share all weights out among them."""
    if kind == "muon" and not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3), torch.nn.Linear(3, 2))
    optimizers = make_optimizers(model, kind, 1e-3, 0.1)
    stepped = [id(one) for optimizer in optimizers for group in optimizer.param_groups for one in group["params"]]
    assert sorted(stepped) == sorted(id(one) for one in model.parameters())
