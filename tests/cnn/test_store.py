"""The store: what was merged comes back, mapped and read-only; anything half or foreign is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnn.errors import InputError
from cnn.store import IMAGES, SPLITS, TABLE, load_faces

WriteStore = Callable[..., Path]


def test_store_is_mapped_read_only(write_store: WriteStore) -> None:
    store = load_faces(write_store(6, 2, 2))
    assert isinstance(store.images, np.memmap)
    assert not store.images.flags.writeable
    assert store.images.shape == (10, 48, 48)
    assert len(store.table) == 10


def test_splits_partition_the_faces(write_store: WriteStore) -> None:
    store = load_faces(write_store(6, 3, 2))
    parts = [store.split(name) for name in SPLITS]
    assert np.array_equal(np.concatenate([images for images, _, _ in parts]), store.images)
    assert [len(labels) for _, labels, _ in parts] == [6, 3, 2]
    assert all(np.shares_memory(images, store.images) for images, _, _ in parts)
    assert parts[1][1].dtype == np.int64
    assert parts[1][2].index.tolist() == [0, 1, 2]


def test_scattered_split_is_gathered(write_store: WriteStore) -> None:
    folder = write_store(3, 3, 3)
    table = pd.read_parquet(folder / TABLE).assign(split=["train", "test", "validation"] * 3)
    table.to_parquet(folder / TABLE)
    store = load_faces(folder)
    images, labels, rows = store.split("test")
    assert np.array_equal(images, store.images[1::3])
    assert labels.tolist() == store.table["label"][1::3].tolist()
    assert rows["index"].tolist() == [1, 4, 7]


def test_unknown_split(write_store: WriteStore) -> None:
    with pytest.raises(InputError, match=r"`split` must be one of 'train', 'validation', 'test'\. Got 'tset'"):
        load_faces(write_store()).split("tset")


def test_empty_split(write_store: WriteStore) -> None:
    with pytest.raises(InputError, match="`split` 'validation' has no faces"):
        load_faces(write_store(4, 0, 4)).split("validation")


@pytest.mark.parametrize("name", [IMAGES, TABLE])
def test_missing_file(write_store: WriteStore, name: str) -> None:
    folder = write_store()
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"{name}: cannot be read .* Merge again"):
        load_faces(folder)


@pytest.mark.parametrize("name", [IMAGES, TABLE])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.5])
def test_half_a_file(write_store: WriteStore, name: str, share: float) -> None:
    path = write_store() / name
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=f"{name}: cannot be read"):
        load_faces(path.parent)


@pytest.mark.parametrize("images", [np.zeros((40, 48, 48)), np.zeros((40, 24, 24), np.uint8), np.zeros(3, np.uint8)])
def test_other_array(write_store: WriteStore, images: np.ndarray) -> None:
    folder = write_store()
    np.save(folder / IMAGES, images)
    with pytest.raises(InputError, match=r"must be \(N, 48, 48\) uint8. Got"):
        load_faces(folder)


def test_pickle_is_not_opened(write_store: WriteStore) -> None:
    folder = write_store()
    np.save(folder / IMAGES, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read as an array"):
        load_faces(folder)


def test_lengths_differ(write_store: WriteStore) -> None:
    folder = write_store()
    np.save(folder / IMAGES, np.zeros((39, 48, 48), np.uint8))
    with pytest.raises(InputError, match=r"images.npy has 39 faces and faces.parquet 40 rows"):
        load_faces(folder)


def test_missing_column(write_store: WriteStore) -> None:
    folder = write_store()
    pd.read_parquet(folder / TABLE).drop(columns=["sha256"]).to_parquet(folder / TABLE)
    with pytest.raises(InputError, match="must have the columns sha256"):
        load_faces(folder)


@pytest.mark.parametrize(
    ("column", "value"), [("index", 9), ("split", "training"), ("label", 5), ("expression", "Angry")]
)
def test_wrong_value(write_store: WriteStore, column: str, value: object) -> None:
    folder = write_store()
    table = pd.read_parquet(folder / TABLE)
    table.loc[2, column] = value
    table.to_parquet(folder / TABLE)
    with pytest.raises(InputError, match=f"row 2 has a wrong `{column}`. Got {value}\\."):
        load_faces(folder)
