"""AffectNet's npy form: text or numbers alike, the unknown stays unknown, and each fault is a named skip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn.datasets.affectnet_npy import read_affectnet_npy
from cnn.datasets.table import NOT_FIVE, LabelledFaces
from cnn.errors import InputError

Noise = Callable[[Path, int], None]

POINTS = np.arange(136, dtype=float)


@pytest.fixture
def write(tmp_path: Path, write_noise: Noise) -> Callable[..., Path]:
    """Write picture `number` of a set with its annotations; one given as None is not written."""

    def one(number: int = 0, name: str = "train_set", **annotations: Any) -> Path:
        folder = tmp_path / "affectnet"
        write_noise(folder / name / "images" / f"{number}.jpg", number)
        (folder / name / "annotations").mkdir(exist_ok=True)
        given = {"exp": "1", "val": "0.5", "aro": "-0.25", "lnd": POINTS} | annotations
        for end, value in given.items():
            if value is not None:
                path = folder / name / "annotations" / f"{number}_{end}.npy"
                np.save(path, np.array(value), allow_pickle=True)
        return folder

    return one


def read(folder: Path) -> LabelledFaces:
    return read_affectnet_npy(folder, folder.parent)


def test_both_sets_in_the_order_of_the_numbers(write: Callable[..., Path]) -> None:
    for number, label in ((10, "3"), (9, "0"), (2, "6")):
        write(number, exp=label)
    table = read(write(1, "val_set", exp="2")).table
    assert table["file"].tolist() == [f"train_set/images/{n}.jpg" for n in (2, 9, 10)] + ["val_set/images/1.jpg"]
    assert table["expression"].tolist() == ["Angry", "Neutral", "Surprise", "Sad"]
    assert table["own_label"].tolist() == [6, 0, 3, 2]
    assert table["official_split"].tolist() == ["training"] * 3 + ["validation"]


def test_annotations_as_text_and_as_numbers_are_the_same(write: Callable[..., Path]) -> None:
    write(0)
    write(1, val=np.float32(0.5), exp=np.int64(1), aro=[-0.25], lnd=POINTS.astype(str).reshape(68, 2))
    table = read(write(2, exp=1.0)).table
    assert table["own_label"].tolist() == [1] * 3
    assert table["valence"].tolist() == [0.5] * 3
    assert table["arousal"].tolist() == [-0.25] * 3
    for points in table["landmarks"]:
        assert np.array_equal(points, POINTS)


def test_unknown_stays_unknown(write: Callable[..., Path]) -> None:
    row = read(write(val="-2", aro=-2.0, lnd=None)).table.iloc[0]
    assert np.isnan(row["valence"])
    assert np.isnan(row["arousal"])
    assert row["landmarks"] is None
    assert np.isnan(read(write(1, val=None)).table.iloc[1]["valence"])


BROKEN = {
    "no label": ({"exp": None}, "annotation must exist", "0_exp.npy"),
    "an object as label": ({"exp": {"a": 1}}, "not Python objects", "0_exp.npy: object"),
    "label 8": ({"exp": "8"}, "expression must be 0 to 7", "0_exp.npy: 8"),
    "half a label": ({"exp": 0.5}, "expression must be 0 to 7", "0_exp.npy: 0.5"),
    "a word as label": ({"exp": "happy"}, "each value must be a number", "0_exp.npy: 'happy'"),
    "two labels": ({"exp": [1, 2]}, "annotation must hold 1 numbers", "0_exp.npy: 2"),
    "fear": ({"exp": "4"}, NOT_FIVE, "4"),
    "fear with a fault": ({"exp": "4", "val": "9"}, NOT_FIVE, "4"),
    "valence outside": ({"val": "1.5"}, "valence must be a number from -1 to 1", "0_val.npy: 1.5"),
    "arousal is null": ({"aro": "NULL"}, "each value must be a number", "0_aro.npy: 'NULL'"),
    "67 landmarks": ({"lnd": POINTS[:134]}, "annotation must hold 136 numbers", "0_lnd.npy: 134"),
    "infinite landmark": ({"lnd": [np.inf] * 136}, "each value must be", "0_lnd.npy: inf"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_annotation_is_skipped_and_named(write: Callable[..., Path], kind: str) -> None:
    annotations, rule, value = BROKEN[kind]
    write(0, **annotations)
    folder = write(1)
    faces = read(folder)
    assert faces.table["file"].tolist() == ["train_set/images/1.jpg"]
    (skip,) = faces.skips
    assert rule in skip.rule
    assert (skip.file, skip.value) == (str(folder / "train_set" / "images" / "0.jpg"), value)


def test_broken_picture_is_skipped(write: Callable[..., Path]) -> None:
    path = write(0) / "train_set" / "images" / "0.jpg"
    path.write_bytes(path.read_bytes()[:-20])
    faces = read(write(1))
    assert len(faces.table) == 1
    assert [skip.rule for skip in faces.skips] == ["picture must be whole"]


def test_label_without_its_picture(write: Callable[..., Path]) -> None:
    (write(0) / "train_set" / "images" / "0.jpg").unlink()
    faces = read(write(1))
    assert [(Path(skip.file).name, skip.rule) for skip in faces.skips] == [
        ("0_exp.npy", "annotation must have its picture")
    ]


def test_one_set_alone(write: Callable[..., Path]) -> None:
    assert read(write(0, "val_set")).table["official_split"].tolist() == ["validation"]


def test_set_without_annotations(write: Callable[..., Path]) -> None:
    folder = write(0)
    for path in (folder / "train_set" / "annotations").iterdir():
        path.unlink()
    (folder / "train_set" / "annotations").rmdir()
    with pytest.raises(InputError, match="lacks train_set/annotations"):
        read(folder)
