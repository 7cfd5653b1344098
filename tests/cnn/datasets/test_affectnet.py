"""AffectNet's csv form: box and order kept, and a named skip for every fault a row or its picture can have."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.datasets.affectnet import read_affectnet
from cnn.datasets.table import NOT_FIVE
from cnn.errors import InputError
from runs.progress import Progress

Write = Callable[..., Path]


POINTS = ";".join(f"{n}.5;{n}" for n in range(68))


def row(
    file: str = "1/0.jpg",
    box: str = "0,0,80,60",
    expression: object = 1,
    landmarks: str = "",
    feeling: str = "-2,-2",
) -> str:
    return f"{file},{box},{landmarks},{expression},{feeling}"


def test_reads_both_lists_in_order(tmp_path: Path, write_affectnet: Write) -> None:
    folder = write_affectnet([row(expression=6), row("1/1.jpg", expression=0)], [row("1/2.jpg", expression=3)])
    faces = read_affectnet(folder, tmp_path)
    assert faces.table["expression"].tolist() == ["Angry", "Neutral", "Surprise"]
    assert faces.table["official_split"].tolist() == ["training", "training", "validation"]
    assert faces.table["file"].tolist() == ["1/0.jpg", "1/1.jpg", "1/2.jpg"]
    assert faces.table["row"].tolist() == [2, 3, 2]
    assert faces.table["own_label"].tolist() == [6, 0, 3]
    assert faces.skips == []


def test_face_is_the_box_of_the_grey_picture(tmp_path: Path, write_affectnet: Write) -> None:
    folder = write_affectnet([row(box="10,5,48,48")])
    path = folder / "Manually_Annotated_Images" / "1" / "0.jpg"
    faces = read_affectnet(folder, tmp_path)
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert np.array_equal(faces.images[0], picture[5:53, 10:58])
    assert faces.table["original_sha256"][0] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_feeling_and_landmarks(tmp_path: Path, write_affectnet: Write) -> None:
    rows = [row(landmarks=POINTS, feeling="0.25,-1"), row(), row(landmarks="NULL", feeling="NULL,-2.0")]
    table = read_affectnet(write_affectnet(rows), tmp_path).table
    assert np.array_equal(table["landmarks"][0].reshape(68, 2), [(n + 0.5, n) for n in range(68)])
    assert table["landmarks"].tolist()[1:] == [None, None]
    assert (table["valence"][0], table["arousal"][0]) == (0.25, -1)
    assert table[["valence", "arousal"]][1:].isna().all(axis=None)


def test_box_is_kept_as_it_is_written(tmp_path: Path, write_affectnet: Write) -> None:
    table = read_affectnet(write_affectnet([row(box="-20,-10,48,58")]), tmp_path).table
    assert table[["box_x", "box_y", "box_width", "box_height"]].to_numpy().tolist() == [[-20, -10, 48, 58]]
    assert table["subject"].tolist() == [""]


def test_total_counts_the_rows_of_the_five_classes(tmp_path: Path, write_affectnet: Write) -> None:
    reports: list[Progress] = []
    read_affectnet(write_affectnet([row(), row(expression=4), row()], [row(expression=9)]), tmp_path, reports.append)
    assert [(report.done, report.total) for report in reports[1:]] == [(0, 2), (2, 2)]


def test_box_is_clipped_to_the_picture(tmp_path: Path, write_affectnet: Write) -> None:
    faces = read_affectnet(write_affectnet([row(box="-20,-10,48,58"), row(box="0,0,28,48")]), tmp_path)
    assert np.array_equal(faces.images[0], faces.images[1])


BROKEN = {
    "null box": (row(box="NULL,NULL,NULL,NULL"), "value must not be missing", "1/0.jpg,1,NULL,NULL,NULL,NULL"),
    "null file": (row(file="NULL"), "value must not be missing", "NULL,1,0,0,80,60"),
    "no label": (row(expression=""), "value must not be missing", "1/0.jpg,,0,0,80,60"),
    "unknown label": (row(expression=11), "expression must be 0 to 10", "11"),
    "word as label": (row(expression="happy"), "expression must be 0 to 10", "happy"),
    "fear": (row(expression=4), NOT_FIVE, "4"),
    "no face": (row(expression=10), NOT_FIVE, "10"),
    "half a row": ("1/0.jpg,0,0", "as many fields as the header", "3"),
    "fraction": (row(box="0.5,0,80,60"), "box must be four whole numbers", "0.5 0 80 60"),
    "huge": (row(box="9999999999,0,80,60"), "box must be four whole numbers", "9999999999 0 80 60"),
    "flat box": (row(box="0,0,80,0"), "box must be at least 1x1", "1/0.jpg: (0, 0, 80, 0)"),
    "box outside": (row(box="80,0,10,10"), "box must touch its picture", "1/0.jpg: (80, 0, 10, 10) in 80x60"),
    "missing": (row("1/9.jpg"), "picture must exist", "1/9.jpg"),
    "a folder": (row("1"), "picture must be a file", "1"),
    "upwards": (row("../training.csv"), "picture must lie in the picture folder", "../training.csv"),
    "upwards inside": (row("1/../../training.csv"), "picture must lie in the picture folder", "1/../../training.csv"),
    "absolute": (row("/etc/passwd"), "picture must lie in the picture folder", "/etc/passwd"),
    "null byte": (row("1/\0.jpg"), "picture must lie in the picture folder", "1/\0.jpg"),
    "short landmarks": (row(landmarks=POINTS[:-5]), "must be 68 x;y pairs", POINTS[:200]),
    "words as landmarks": (row(landmarks="x;y"), "must be 68 x;y pairs", "x;y"),
    "endless landmarks": (
        row(landmarks=POINTS.replace("7.5", "inf")),
        "must be 68 x;y",
        POINTS.replace("7.5", "inf")[:200],
    ),
    "far landmarks": (row(landmarks=POINTS.replace("7.5", "1e39")), "68 x;y", POINTS.replace("7.5", "1e39")[:200]),
    "valence": (row(feeling="1.01,0"), "valence must be a number from -1 to 1", "1.01"),
    "arousal": (row(feeling="0,-1.5"), "arousal must be a number from -1 to 1", "-1.5"),
    "no number": (row(feeling="high,0"), "valence must be a number", "'high'"),
    "nan": (row(feeling="0,nan"), "arousal must be a number", "'nan'"),
    "too long": (row("1/" + "9" * 300), "picture must be readable", "1/" + "9" * 300 + ": File name too long"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_row_is_skipped_and_named(tmp_path: Path, write_affectnet: Write, kind: str) -> None:
    line, rule, value = BROKEN[kind]
    folder = write_affectnet([row(), line, row("1/2.jpg")])
    faces = read_affectnet(folder, tmp_path)
    assert faces.table["row"].tolist() == [2, 4]
    (skip,) = faces.skips
    assert (skip.file, skip.line, skip.value) == (str(folder / "training.csv"), 3, value)
    assert rule in skip.rule


@pytest.mark.parametrize(
    ("kept", "rule"), [(slice(0), "must not be empty"), (slice(-9), "must be whole"), (slice(4, None), "must decode")]
)
def test_broken_picture_is_skipped(tmp_path: Path, write_affectnet: Write, kept: slice, rule: str) -> None:
    folder = write_affectnet([row(), row("1/1.jpg")])
    path = folder / "Manually_Annotated_Images" / "1" / "0.jpg"
    path.write_bytes(path.read_bytes()[kept])
    faces = read_affectnet(folder, tmp_path)
    assert faces.table["row"].tolist() == [3]
    assert [rule in skip.rule for skip in faces.skips] == [True]


def test_pipe_is_not_waited_for(tmp_path: Path, write_affectnet: Write) -> None:
    folder = write_affectnet([row("1/pipe.jpg")])
    os.mkfifo(folder / "Manually_Annotated_Images" / "1" / "pipe.jpg")
    assert [skip.rule for skip in read_affectnet(folder, tmp_path).skips] == ["picture must be a file"]


def test_list_without_header(tmp_path: Path, write_affectnet: Write) -> None:
    folder = write_affectnet([row()])
    (folder / "validation.csv").write_text(row("1/1.jpg") + "\n" + row("1/2.jpg") + "\n")
    assert read_affectnet(folder, tmp_path).table["row"].tolist() == [2, 1, 2]


def test_more_rows_than_a_batch_keep_their_order(tmp_path: Path, write_affectnet: Write) -> None:
    numbers = [n % 3 for n in range(300)]
    faces = read_affectnet(write_affectnet([row(f"1/{n}.jpg") for n in numbers]), tmp_path)
    assert faces.table["file"].tolist() == [f"1/{n}.jpg" for n in numbers]
    assert np.array_equal(faces.images[:3], faces.images[297:])


@pytest.mark.parametrize("missing", ["training.csv", "validation.csv"])
def test_missing_list(tmp_path: Path, write_affectnet: Write, missing: str) -> None:
    folder = write_affectnet([row()])
    (folder / missing).unlink()
    with pytest.raises(InputError, match=f"`affectnet`: .* lacks {missing}"):
        read_affectnet(folder, tmp_path)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`affectnet` must be a folder that exists"):
        read_affectnet(tmp_path / "nowhere", tmp_path)
