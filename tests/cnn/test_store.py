"""The store: what was merged comes back, mapped and read-only; anything half or foreign is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest

from cnn import store
from cnn.datasets.table import NUMBER_COLUMNS, OPTIONAL
from cnn.errors import InputError
from cnn.store import IMAGES, SPLITS, STORE_COLUMNS, TABLE, load_faces, write_table

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


@pytest.mark.parametrize(("old", "new"), [(b"'shape': (", b"'shape': (("), (b"}", b"{"), (b"|u1", b"|z1")])
def test_damaged_header(write_store: WriteStore, old: bytes, new: bytes) -> None:
    path = write_store() / IMAGES
    data = path.read_bytes()
    path.write_bytes(data[:128].replace(old, new)[:128] + data[128:])
    with pytest.raises(InputError, match=f"{IMAGES}: cannot be read"):
        load_faces(path.parent)


@pytest.mark.parametrize(("old", "new"), [(b"numpy_type", b"numpy_kind"), (b'"name"', b'"kame"')])
def test_damaged_notes_of_pandas(write_store: WriteStore, old: bytes, new: bytes) -> None:
    path = write_store() / TABLE
    table = pyarrow.parquet.read_table(path)
    notes = table.schema.metadata[b"pandas"]
    assert old in notes
    pyarrow.parquet.write_table(table.replace_schema_metadata({b"pandas": notes.replace(old, new)}), path)
    with pytest.raises(InputError, match=f"{TABLE}: cannot be read"):
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


def test_older_store_loads_with_the_newer_columns_unknown(write_store: WriteStore) -> None:
    folder = write_store()
    pd.read_parquet(folder / TABLE).drop(columns=list(OPTIONAL)).to_parquet(folder / TABLE)
    table = load_faces(folder).table
    assert set(STORE_COLUMNS) == set(table)
    assert {str(table[name].dtype) for name in NUMBER_COLUMNS} == {"float32"}
    assert table[list(NUMBER_COLUMNS)].isna().all(axis=None)
    assert set(table["subject"]) == {""}
    assert set(table["landmarks"]) == {None}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("rows_at_once", [2, 100])
def test_table_keeps_its_landmarks_and_types(
    write_store: WriteStore, monkeypatch: pytest.MonkeyPatch, known: bool, rows_at_once: int
) -> None:
    monkeypatch.setattr(store, "_ROWS", rows_at_once)
    folder = write_store(2, 1, 0)
    table = load_faces(folder).table
    landmarks = [np.arange(136, dtype=np.float32) if known else None, None, None]
    table["landmarks"] = pd.Series(landmarks, dtype="object")
    write_table(folder / TABLE, table.assign(group=1)[["group", *table.columns[::-1]]])
    again = load_faces(folder).table
    assert again.columns.tolist() == list(STORE_COLUMNS)
    assert pyarrow.parquet.read_schema(folder / TABLE).field("landmarks").type == pyarrow.list_(pyarrow.float32())
    assert (again["landmarks"][0] is not None) == known
    assert not known or again["landmarks"][0].tolist() == list(range(136))
    assert again["landmarks"].tolist()[1:] == [None, None]
    pd.testing.assert_frame_equal(again.drop(columns="landmarks"), table[list(STORE_COLUMNS)].drop(columns="landmarks"))
