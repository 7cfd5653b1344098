"""The layouts of AffectNet's npy form, AffectNet+, CK+, MPI and class folders: to the letter, faults included."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.synthetic import write_affectnet_npy, write_affectnet_plus, write_ckplus, write_class_folders, write_mpi
from cnn.synthetic.sequences import CKPLUS_CODES, MPI_SHOWS


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_affectnet_npy(tmp_path: Path) -> None:
    write_affectnet_npy(tmp_path, train=2, validation=1, seed=1)
    annotations = [f"{number}_{end}.npy" for number in (0, 1) for end in ("aro", "exp", "lnd", "val")]
    assert sorted(path.name for path in (tmp_path / "train_set" / "images").iterdir()) == [f"{n}.jpg" for n in range(4)]
    assert names(tmp_path / "train_set" / "annotations") == sorted([*annotations, "3_exp.npy", "4_exp.npy"])
    assert names(tmp_path / "val_set") == [
        "annotations/0_aro.npy",
        "annotations/0_exp.npy",
        "annotations/0_lnd.npy",
        "annotations/0_val.npy",
        "images/0.jpg",
    ]
    label = np.load(tmp_path / "val_set" / "annotations" / "0_exp.npy", allow_pickle=False)
    points = np.load(tmp_path / "val_set" / "annotations" / "0_lnd.npy", allow_pickle=False)
    assert (label.dtype.kind, str(label)) == ("U", "1")
    assert points.shape == (136,)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.load(tmp_path / "train_set" / "annotations" / "3_exp.npy", allow_pickle=False)


def test_affectnet_plus(tmp_path: Path) -> None:
    write_affectnet_plus(tmp_path, train=3, validation=0, seed=1)
    keys = [list(json.loads((tmp_path / "train_set" / f"{n}.json").read_text())) for n in range(3)]
    assert [one[:2] for one in keys] == [
        ["Human-Label", "Soft-Label"],
        ["human-label", "soft-label"],
        ["HUMAN-LABEL", "SOFT-LABEL"],
    ]
    soft = json.loads((tmp_path / "train_set" / "0.json").read_text())["Soft-Label"]
    assert len(soft) == 8
    assert soft.index(max(soft)) == 1
    assert min(soft) >= 0
    with pytest.raises(json.JSONDecodeError):
        json.loads((tmp_path / "train_set" / "4.json").read_text())


def test_ckplus(tmp_path: Path) -> None:
    write_ckplus(tmp_path, subjects=1, seed=1, frames=2)
    sequences = sorted((tmp_path / "cohn-kanade-images" / "S005").iterdir())
    assert len(sequences) == 8
    for number, code in enumerate(CKPLUS_CODES.values(), start=1):
        place = f"S005/{number:03}"
        stem = f"S005_{number:03}_"
        assert names(tmp_path / "cohn-kanade-images" / place) == [f"{stem}00000001.png", f"{stem}00000002.png"]
        (label,) = (tmp_path / "Emotion" / place).iterdir()
        assert (label.name, float(label.read_text())) == (f"{stem}00000002_emotion.txt", code)
    assert names(tmp_path / "Emotion" / "S005" / "008") == []
    landmarks = np.loadtxt(tmp_path / "Landmarks" / "S005" / "001" / "S005_001_00000001_landmarks.txt")
    assert landmarks.shape == (68, 2)


def test_a_sequence_moves_one_face(tmp_path: Path) -> None:
    write_mpi(tmp_path, actors=1, seed=1, frames=3)
    rest, apex, back = (
        cv2.imread(str(tmp_path / "happy_laughing" / f"islf_happy_laughing_00{n}.png"), cv2.IMREAD_GRAYSCALE)
        for n in (1, 2, 3)
    )
    assert cv2.absdiff(rest, back).mean() < 2 < cv2.absdiff(rest, apex).mean() < 30


def test_mpi(tmp_path: Path) -> None:
    write_mpi(tmp_path, actors=2, seed=1, frames=1)
    assert names(tmp_path) == sorted(f"{one}/{actor}_{one}_001.png" for one in MPI_SHOWS for actor in ("islf", "kabf"))


@pytest.mark.parametrize(("splits", "first"), [((), "3_anger/0.png"), (("test", "train"), "test/3_anger/0.png")])
def test_class_folders(tmp_path: Path, splits: tuple[str, ...], first: str) -> None:
    write_class_folders(tmp_path, each=1, seed=1, splits=splits)
    assert names(tmp_path)[0] == first
    assert len(names(tmp_path)) == 6 * max(1, len(splits))


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    hashes = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        folder = tmp_path / name
        write_affectnet_npy(folder / "npy", train=1, validation=0, seed=seed)
        write_affectnet_plus(folder / "plus", train=1, validation=0, seed=seed)
        write_mpi(folder / "mpi", actors=1, seed=seed, frames=1)
        hashes.append(hashlib.sha256(b"".join((folder / one).read_bytes() for one in names(folder))).hexdigest())
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]
