"""Training of SegFormers on folders of labelled photos, and nothing else.

For users: `train`, told by `TrainOptions` and `Augment`, tells by `Progress`.
"""

from faceedit.training.augment import Augment
from faceedit.training.loop import train
from faceedit.training.options import LITE, Progress, TrainOptions

__all__ = ["LITE", "Augment", "Progress", "TrainOptions", "train"]
