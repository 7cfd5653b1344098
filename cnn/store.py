"""The merged faces on disk: what `cnn.merge` writes and training and evaluation load.

A store is a folder with ``images.npy``, (N, 48, 48) uint8, and ``faces.parquet``, N rows in the same order.
Stores written before the columns `cnn.datasets.table.OPTIONAL` were there load with them as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cnn.datasets.table import COLUMNS, IMAGE_SIZE, OPTIONAL
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS

IMAGES = "images.npy"
TABLE = "faces.parquet"
SPLITS: tuple[str, ...] = ("train", "validation", "test")
STORE_COLUMNS: tuple[str, ...] = ("index", "split", *COLUMNS)
"""A store's columns: those of the readers, the position in ``images.npy`` and the split."""

_ROWS = 1 << 16
"""Rows written at once."""

_REMEDY = "Merge again with `facefoundry cnn merge`."


@dataclass(frozen=True)
class FaceStore:
    """A merged dataset: `images` (N, 48, 48) uint8, mapped read-only, and a `table` of N rows (`STORE_COLUMNS`)."""

    images: np.ndarray
    table: pd.DataFrame

    def split(self, name: str) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
        """The faces of one split.

        Returns
        -------
        images, labels, table
            (n, 48, 48) uint8, a view of the mapped file where the split lies in one piece, as `cnn.merge` writes it;
            (n,) int64, positions in `EXPRESSIONS`; and the n rows of the table, numbered from 0.

        Raises
        ------
        InputError
            No such split, or it has no faces.
        """
        if name not in SPLITS:
            raise InputError(f"`split` must be one of {', '.join(map(repr, SPLITS))}. Got {name!r}.")
        positions = np.flatnonzero((self.table["split"] == name).to_numpy())
        if not positions.size:
            raise InputError(f"`split` {name!r} has no faces in this store. Choose another, or merge more data.")
        rows = self.table.iloc[positions].reset_index(drop=True)
        return _take(self.images, positions), rows["label"].to_numpy(np.int64), rows


def load_faces(folder: Path) -> FaceStore:
    """Open a merged store and check that its two files are whole and belong together.

    Parameters
    ----------
    folder
        What `cnn.merge.merge` wrote.

    Raises
    ------
    InputError
        The folder or one of its files is missing or cannot be read, or the files break a rule of the format.
    """
    images, table = _load_images(folder / IMAGES), _load_table(folder / TABLE)
    if len(images) != len(table):
        raise InputError(f"{folder}: {IMAGES} has {len(images)} faces and {TABLE} {len(table)} rows. {_REMEDY}")
    _check_values(folder / TABLE, table)
    return FaceStore(images, table)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a store's table, with the `STORE_COLUMNS` in their order, as parquet.

    `landmarks` become lists of 32-bit floats, whether or not a face has any; other columns keep their types.
    """
    import pyarrow
    from pyarrow import parquet

    columns = table[list(STORE_COLUMNS)]
    schema = pyarrow.Schema.from_pandas(columns.drop(columns="landmarks"), preserve_index=False)
    schema = schema.append(pyarrow.field("landmarks", pyarrow.list_(pyarrow.float32())))
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, max(1, len(columns)), _ROWS):
            part = columns.iloc[start : start + _ROWS]
            writer.write_table(pyarrow.Table.from_pandas(part, schema, preserve_index=False))


def _take(images: np.ndarray, positions: np.ndarray) -> np.ndarray:
    first, last = positions[0], positions[-1]
    in_one_piece = last - first + 1 == len(positions)
    return images[first : last + 1] if in_one_piece else images[positions]


def _load_images(path: Path) -> np.ndarray:
    try:
        images = np.load(path, mmap_mode="r")
    except Exception as error:  # numpy's parser raises half a dozen kinds for a damaged header
        raise InputError(f"{path}: cannot be read as an array of faces: {error}. {_REMEDY}") from error
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE) or images.dtype != np.uint8:
        found = f"{images.shape} {images.dtype}"
        raise InputError(f"{path}: must be (N, {IMAGE_SIZE}, {IMAGE_SIZE}) uint8. Got {found}. {_REMEDY}")
    return images


def _load_table(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # and pandas' parser of its own notes in the file any kind
        raise InputError(f"{path}: cannot be read as a table of faces: {error}. {_REMEDY}") from error
    missing = [name for name in STORE_COLUMNS if name not in table]
    if not set(missing) <= set(OPTIONAL):
        raise InputError(f"{path}: must have the columns {', '.join(missing)}. {_REMEDY}")
    return table.assign(**{name: OPTIONAL[name] for name in missing}).astype({name: COLUMNS[name] for name in missing})


def _check_values(path: Path, table: pd.DataFrame) -> None:
    rules = {
        "index": table["index"] == np.arange(len(table)),
        "split": table["split"].isin(SPLITS),
        "label": table["label"].isin(range(len(EXPRESSIONS))),
        "expression": table["expression"] == table["label"].map(dict(enumerate(EXPRESSIONS))),
    }
    for column, holds in rules.items():
        if not holds.all():
            row = int(np.argmin(holds.to_numpy()))
            raise InputError(f"{path}: row {row} has a wrong `{column}`. Got {table[column][row]}. {_REMEDY}")
