"""F1 a part of labels as `faceedit segment` writes them: `python tests/found.py FOLDER [--names FILE] [--model lite]`.

FOLDER is one of labelled photos, as for `faceedit models evaluate`, which shows a model the whole photo. Here faces are
found first and their crops are shown, as in ordinary work.
"""

import argparse
from pathlib import Path

import numpy as np

import faceedit
from faceedit.evaluation import Tally
from faceedit.labelled import open_folder, read_names, read_pair


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--names", type=Path, help="only the photos whose names stand in this file")
    parser.add_argument("--model", default="lite")
    asked = parser.parse_args()
    folder = open_folder(asked.folder)
    pairs = (folder.only(read_names(asked.names)) if asked.names else folder).pairs
    tally = Tally()
    for pair in pairs:
        _, truth = read_pair(folder, pair)
        guess = faceedit.open(pair.photo, model=asked.model).labels()
        tally.add(guess, np.ones(guess.shape, np.float32), truth)
    result = tally.result()
    print("\n".join(f"{part:12s} {value:6.3f}" for part, value in result.f1.items()))
    print(f"{result.photos} photos, mean F1 without background {result.mean_f1:.3f}")


if __name__ == "__main__":
    main()
