"""The loss of training: weighted cross entropy plus Dice over the batch."""

import torch
import torch.nn.functional as F  # noqa: N812, its usual name

from faceedit.labelled import IGNORED
from faceedit.labels import PARTS


def class_weights(labels: torch.Tensor, power: float) -> torch.Tensor:
    """Weights (19,) float32 proportional to frequency ** -power, 1 on the average pixel; labels (n, h, w) uint8."""
    counts = torch.bincount(labels.flatten().int(), minlength=256)[: len(PARTS)].double()
    share = counts / counts.sum().clamp(min=1)
    weights = share.clamp(min=1e-6) ** -power
    return (weights / (weights * share).sum()).float()


def segmentation_loss(logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Cross entropy with class weights plus 1 - Dice, the mean over the classes that the batch shows.

    Logits (n, 19, h, w) float32, labels (n, h, w) int64 with `IGNORED`. Dice pools the pixels of the whole batch, as
    the F1 it stands for pools those of all photos.
    """
    logs = F.log_softmax(logits, 1)
    known = labels != IGNORED
    entropy = F.nll_loss(logs, labels, weights, ignore_index=IGNORED, reduction="sum") / known.sum().clamp(min=1)
    probabilities = logs.exp() * known[:, None]
    target = torch.where(known, labels, 0)[:, None]
    right = probabilities.gather(1, target)[:, 0]  # probability of the true class, (n, h, w)
    flat = target.flatten()
    true = torch.bincount(flat, weights=known.flatten().float(), minlength=len(PARTS))
    hit = torch.zeros_like(true).index_add(0, flat, right.flatten())
    dice = (2 * hit + 1) / (probabilities.sum((0, 2, 3)) + true + 1)
    shown = true > 0
    return entropy + 1 - dice[shown].mean()
