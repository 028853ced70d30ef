"""Random changes of labelled photos, the loss, and the optimizers: pixels and labels stay together."""

import dataclasses

import pytest
import torch

from faceedit.labelled import IGNORED
from faceedit.labels import ID
from faceedit.training import Augment
from faceedit.training.augment import Augmenter, sampling_weights
from faceedit.training.data import Loaded
from faceedit.training.jewellery import draw_necklace
from faceedit.training.loss import class_weights, segmentation_loss
from faceedit.training.model import learning_rate, make_optimizers


def loaded(labels: torch.Tensor) -> Loaded:
    """Photos whose red is ten times the class id."""
    photos = torch.zeros(len(labels), 3, *labels.shape[1:], dtype=torch.uint8)
    photos[:, 0] = labels * 10
    return Loaded(photos, labels)


STILL = Augment(
    flip=0.0,
    paste=0.0,
    necklace=0.0,
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


def test_necks_are_shown_close_up_and_never_beyond_the_photo() -> None:
    """Around a necklace, else the neck, twice as large; a photo without either is shown whole."""
    labels = torch.zeros(3, 64, 64, dtype=torch.uint8)
    labels[:2, 40:48, 24:40] = ID["neck"]
    labels[1, 60:, 60:] = ID["neck_l"]
    labels[2, 8:24, 8:24] = ID["skin"]
    _, ids = augmenter(labels, close=1.0, close_up=(2.0, 2.0)).batch(torch.arange(3))
    assert [int((one == ID["neck"]).sum()) for one in ids] == [4 * 128, 4 * 8 * 8, 0]
    assert [int((one == ID["neck_l"]).sum()) for one in ids] == [0, 4 * 16, 0]
    assert torch.equal(ids[1, -8:, -8:], torch.full((8, 8), ID["neck_l"]))
    assert torch.equal(ids[2], labels[2].long())


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


@pytest.mark.parametrize("seed", range(6))
def test_a_necklace_is_drawn_on_the_neck_and_labelled(seed: int) -> None:
    """Pixels change on neck and clothes alone, most of it labelled (no shadow is); hair and face cover it."""
    labels = torch.full((192, 192), ID["background"], dtype=torch.uint8)
    labels[100:160, 60:132], labels[160:, 20:172], labels[20:100, 68:124] = ID["neck"], ID["cloth"], ID["skin"]
    labels[110:180, 120:132] = ID["hair"]
    pixels = torch.full((3, 192, 192), 150, dtype=torch.uint8)
    before = labels.clone()
    draw_necklace(pixels, labels, torch.Generator().manual_seed(seed))
    worn = labels == ID["neck_l"]
    assert 10 < int(worn.sum()) < 1500
    assert torch.isin(before[worn], torch.tensor([ID["neck"], ID["cloth"]])).all()
    assert (labels == before)[~worn].all()
    changed = (pixels.int() - 150).abs().amax(0) > 30
    assert torch.isin(before[changed], torch.tensor([ID["neck"], ID["cloth"]])).all()
    assert (changed & worn).sum() > 0.8 * changed.sum()


def test_a_photo_without_a_neck_wears_no_necklace() -> None:
    """Nothing changes where there is nothing to hang it on."""
    labels = torch.full((32, 32), ID["skin"], dtype=torch.uint8)
    pixels = torch.full((3, 32, 32), 150, dtype=torch.uint8)
    draw_necklace(pixels, labels, torch.Generator().manual_seed(0))
    assert (pixels == 150).all()
    assert (labels == ID["skin"]).all()


def test_class_weights_favour_rare_parts() -> None:
    """A rare part weighs more; the average pixel weighs 1; ignored pixels do not count."""
    labels = torch.zeros(1, 10, 10, dtype=torch.uint8)
    labels[0, 0, 0] = ID["hat"]
    labels[0, 9] = IGNORED
    weights = class_weights(labels, 0.35)
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
