"""FER2013's own seven classes, so that a network of `cnn/models/` can be set beside published figures.

    python benchmarks/seven_classes.py fer2013.csv out --preset ferplus
    python benchmarks/seven_classes.py fer2013.csv out --set model=compact_resnet epochs=80

The factory itself merges into five classes; this trains one of its networks, by its trainer, on all that FER2013 calls
Training, less a tenth to choose the epoch by, and scores it on PublicTest, with 1, 2 and 6 views. Published figures are
mostly of PrivateTest, which is like it. Faces of Training that are pictures of PublicTest, or of that tenth, are left
out first: there are two thousand, so the figures of others, who keep them, flatter. Killed, the same command goes on.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import yaml

from cnn.augment import Augmentation
from cnn.batches import TrainingFaces
from cnn.checkpoint import best_model
from cnn.datasets.fer2013 import Fer2013Row, fer2013_rows
from cnn.duplicates.find import find_near_duplicates
from cnn.epochs import Training, train_epochs, validate
from cnn.logits import network_of
from cnn.merge_params import CORRELATIONS
from cnn.mixing import Mixing
from cnn.predict import probabilities
from cnn.train import with_suggestions
from cnn.train_params import CnnTrainParams
from cnn.views import Views, with_views
from flows.presets import find_preset
from runs.parameters import ParameterError
from runs.progress import Progress, Report
from runs.record import begin

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Sad", "Surprise", "Neutral")
_VALIDATION_SHARE = 0.1
_IGNORED = {"class_weighting", "sampling", "soft_targets", "vote_share"}


@dataclass(frozen=True)
class Faces:
    """`images` (n, 48, 48) uint8, `labels` (n,) of 0 to 6 and `split` (n,) of "train", "validation" and "test"."""

    images: np.ndarray
    labels: np.ndarray
    split: np.ndarray

    def of(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """The images and labels of one split."""
        return self.images[self.split == split], self.labels[self.split == split]


def main() -> None:
    """Train, or go on, and print the accuracy on PublicTest."""
    import keras

    asked = _arguments()
    params = _params(asked.preset, asked.set)
    faces = without_leaks(read(asked.fer2013))
    with begin(asked.out, "seven_classes", params, {"fer2013": asked.fer2013}):
        state = train_epochs(_training(faces, params), params, asked.out / "checkpoint", _lines())["state"]
    network = network_of(keras.saving.load_model(best_model(asked.out / "checkpoint", state), compile=False))
    images, labels = faces.of("test")
    for views in get_args(Views):
        found = validate(probabilities(with_views(network, views), images, 256), labels)
        told = f"accuracy {found['val_accuracy']:.3f}, balanced {found['val_balanced_accuracy']:.3f}"
        print(f"PublicTest, {len(labels)} faces, views of each {views}: {told}")


def read(fer2013: Path) -> Faces:
    """Read Training and PublicTest; a tenth of Training, the same each time, is for validation."""
    rows = [row for row in fer2013_rows(fer2013) if isinstance(row, Fer2013Row) and row.usage != "PrivateTest"]
    images = np.frombuffer(b"".join(row.pixels for row in rows), np.uint8).reshape(-1, 48, 48)
    drawn = np.random.default_rng(0).random(len(rows)) < _VALIDATION_SHARE
    learnt = np.where(drawn, "validation", "train")
    split = np.where([row.usage == "PublicTest" for row in rows], "test", learnt)
    return Faces(images, np.array([row.emotion for row in rows]), split)


def without_leaks(faces: Faces) -> Faces:
    """Leave out what is, exactly or nearly, a picture of a split that judges it."""
    rank = np.array([("train", "validation", "test").index(name) for name in faces.split])
    pairs = find_near_duplicates(lambda chosen: faces.images[chosen], len(faces.images), CORRELATIONS["normal"])
    first, second = pairs["first"].to_numpy(), pairs["second"].to_numpy()
    leaking = np.concatenate([first[rank[first] < rank[second]], second[rank[second] < rank[first]]])
    kept = np.setdiff1d(np.arange(len(rank)), leaking)
    print(f"{len(rank) - len(kept)} faces left out: they are pictures of a split that judges them", flush=True)
    return Faces(faces.images[kept], faces.labels[kept], faces.split[kept])


def _training(faces: Faces, params: CnnTrainParams) -> Training:
    images, labels = faces.of("train")
    targets = np.eye(len(CLASSES))[labels] * (1 - params.label_smoothing) + params.label_smoothing / len(CLASSES)
    learn = TrainingFaces(images, targets.astype(np.float32), np.ones(len(labels), np.float32))
    change = Augmentation(**{name: getattr(params, name) for name in Augmentation.__dataclass_fields__})
    return Training(learn, *faces.of("validation"), change, Mixing(params.mixup, params.cutmix, params.mixing_share))


def _params(name: str | None, overriding: list[str]) -> CnnTrainParams:
    sections = find_preset(name).sections if name else {}
    given = dict(pair.partition("=")[::2] for pair in overriding)
    values = sections.get("train_cnn", {}) | {key: yaml.safe_load(value) for key, value in given.items()}
    ignored = sorted(_IGNORED & values.keys())
    if ignored:
        raise ParameterError(
            f"`{ignored[0]}` is not heeded here: FER2013 alone has no votes, and classes as they come."
        )
    return with_suggestions(CnnTrainParams.from_plain(values))


def _lines() -> Report:
    told = 0

    def report(progress: Progress) -> None:
        nonlocal told
        if len(progress.table or ()) > told:
            told += 1
            print(progress.message, flush=True)

    return report


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fer2013", type=Path, help="FER2013's csv, compressed or not")
    parser.add_argument("out", type=Path, help="where the training keeps its state")
    parser.add_argument("--preset", help="a preset of `facefoundry presets` with a section `train_cnn`")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="parameters of the training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
