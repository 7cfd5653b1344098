"""Generated faces in the layout of a merged store: a bright bar whose height on the face tells the class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnn.labels import EXPRESSIONS
from cnn.store import STORE_COLUMNS

WriteStore = Callable[..., Path]


def bars(labels: np.ndarray, seed: int = 0) -> np.ndarray:
    """Faces (n, 48, 48) whose bright bar sits at a height that depends on the label."""
    images = np.random.default_rng(seed).integers(0, 60, (len(labels), 48, 48)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[5 + 8 * label : 12 + 8 * label, 8:40] += 150
    return images


def store_table(labels: np.ndarray, splits: list[str], sources: list[str]) -> pd.DataFrame:
    """A store's table for faces with these labels; nobody has voted."""
    numbers = np.arange(len(labels))
    known = {
        "index": numbers,
        "split": splits,
        "label": labels,
        "expression": [EXPRESSIONS[label] for label in labels],
        "source": sources,
        "row": numbers + 2,
        "file": "",
        "own_label": 0,
    }
    table = pd.DataFrame(known).reindex(columns=list(STORE_COLUMNS))
    text = ["official_split", "sha256", "original_sha256", "subject"]
    table[text] = table[text].astype("object").fillna("")
    return table


@pytest.fixture
def write_store(tmp_path: Path) -> WriteStore:
    """Write a store of `train`, `validation` and `test` faces, classes in turn, and return its folder."""

    def write(train: int = 20, validation: int = 10, test: int = 10, *, name: str = "faces", missing: int = -1) -> Path:
        splits = ["train"] * train + ["validation"] * validation + ["test"] * test
        labels = np.arange(len(splits)) % len(EXPRESSIONS)
        labels[labels == missing] = (missing + 1) % len(EXPRESSIONS)
        sources = ["ferplus" if number % 3 else "affectnet" for number in range(len(splits))]
        folder = tmp_path / name
        folder.mkdir()
        np.save(folder / "images.npy", bars(labels))
        store_table(labels, splits, sources).to_parquet(folder / "faces.parquet")
        return folder

    return write


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved network of two convolutions with the preprocessing around it, untrained: fast to ask."""
    keras = pytest.importorskip("keras")
    from cnn.models import with_preprocessing

    keras.utils.set_random_seed(1)
    layers = keras.layers
    seen = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(8, 3, strides=2, activation="relu"),
        layers.Conv2D(6, 5, strides=2),
    ]
    last = [layers.GlobalAveragePooling2D(), layers.Dense(5, kernel_initializer="normal", activation="softmax")]
    path = tmp_path_factory.mktemp("small") / "model.keras"
    with_preprocessing(keras.Sequential([keras.Input((48, 48, 1)), *seen, *last], name="small")).save(path)
    return path
