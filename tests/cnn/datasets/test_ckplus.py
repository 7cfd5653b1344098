"""CK+: the last frame bears the label, the first is Neutral, and a label that does not fit its sequence is a skip."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnn.datasets.ckplus import CkplusParams, read_ckplus
from cnn.datasets.face_boxes import NO_FACE
from cnn.datasets.reader import UNLABELLED
from cnn.datasets.table import NOT_FIVE, LabelledFaces
from cnn.errors import InputError
from cnn.synthetic import write_ckplus
from runs.skips import count_by_rule

Noise = Callable[[Path, int], None]


@pytest.fixture
def write(tmp_path: Path, write_noise: Noise) -> Callable[..., Path]:
    """Write a sequence of noise; `label` is the text of its file, `names` that file's frame."""

    def one(label: str | bytes | None, sequence: str = "001", frames: int = 3, names: int | None = None) -> Path:
        folder = tmp_path / "ckplus"
        place = f"S005/{sequence}"
        stem = f"S005_{sequence}_"
        (folder / "Emotion" / place).mkdir(parents=True)
        for frame in range(1, frames + 1):
            write_noise(folder / "cohn-kanade-images" / place / f"{stem}{frame:08}.png", frame)
        if label is not None:
            path = folder / "Emotion" / place / f"{stem}{names or frames:08}_emotion.txt"
            path.write_bytes(label if isinstance(label, bytes) else label.encode())
        return folder

    return one


def read(folder: Path, **params: str) -> LabelledFaces:
    return read_ckplus(folder, folder.parent, params=CkplusParams(**({"face_box": "whole"} | params)))  # type: ignore[arg-type]


def test_last_frame_is_the_apex_and_the_first_is_neutral(write: Callable[..., Path]) -> None:
    table = read(write("   5.0000000e+00\n")).table
    assert table["expression"].tolist() == ["Neutral", "Happy"]
    assert [file[-12:] for file in table["file"]] == ["00000001.png", "00000003.png"]
    assert table["own_label"].tolist() == [0, 5]
    assert table["subject"].tolist() == ["S005"] * 2
    assert table["official_split"].tolist() == [""] * 2


@pytest.mark.parametrize(("frames", "kept"), [("labelled", 3), ("all", 4), ("none", 1)])
def test_neutral_frames(write: Callable[..., Path], frames: str, kept: int) -> None:
    write("1.0")
    write("4.0", "002")
    faces = read(write(None, "003"), neutral_frames=frames)
    assert len(faces.table) == kept
    assert count_by_rule(faces.skips) == {NOT_FIVE: 1, UNLABELLED: 1}


def test_sequence_of_one_frame_has_no_neutral_one(write: Callable[..., Path]) -> None:
    assert read(write("7", frames=1)).table["expression"].tolist() == ["Surprise"]


@pytest.mark.parametrize(
    ("code", "expression"), [(0, "Neutral"), (1, "Angry"), (5, "Happy"), (6, "Sad"), (7, "Surprise")]
)
def test_codes(write: Callable[..., Path], code: int, expression: str) -> None:
    faces = read(write(f"   {code:.7e}\r\n"), neutral_frames="none")
    assert faces.table["expression"].tolist() == [expression]


BROKEN: dict[str, tuple[dict[str, object], str]] = {
    "empty": ({"label": ""}, "annotation must hold 1 numbers"),
    "two numbers": ({"label": "5.0 6.0"}, "annotation must hold 1 numbers"),
    "a word": ({"label": "happy"}, "each value must be a number"),
    "NaN": ({"label": "nan"}, "each value must be a number"),
    "half": ({"label": "5.5"}, "label must be 0 to 7"),
    "eight": ({"label": "8.0"}, "label must be 0 to 7"),
    "no text": ({"label": b"\xff\xfe5"}, "annotation must be text"),
    "another frame": ({"label": "5.0", "names": 2}, "label must name the last frame"),
    "a frame that is not there": ({"label": "5.0", "names": 4}, "label must name the last frame"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_label_is_skipped_and_named(write: Callable[..., Path], kind: str) -> None:
    arguments, rule = BROKEN[kind]
    write(**arguments)
    faces = read(write("6.0", "002"))
    assert faces.table["expression"].tolist() == ["Neutral", "Sad"]
    (skip,) = faces.skips
    assert rule in skip.rule
    assert skip.file.endswith("_emotion.txt")


def test_two_labels(write: Callable[..., Path]) -> None:
    folder = write("5.0")
    (folder / "Emotion" / "S005" / "001" / "S005_001_00000002_emotion.txt").write_text("6.0")
    assert [(skip.rule, skip.value) for skip in read(folder).skips] == [("sequence must have one label", "2 files")]


def test_label_without_any_frames(write: Callable[..., Path]) -> None:
    write("5.0")
    write("5.0", "002")
    folder = write("5.0", "003")
    shutil.rmtree(folder / "cohn-kanade-images" / "S005" / "002")
    (folder / "Emotion" / "S006" / "001").mkdir(parents=True)
    (folder / "Emotion" / "S006" / "001" / "S006_001_00000009_emotion.txt").write_text("5.0")
    faces = read(folder)
    assert len(faces.table) == 4
    skips = [(skip.rule, skip.value, Path(skip.file).name[:8]) for skip in faces.skips]
    assert skips == [("label must name the last frame", "no frame", name) for name in ("S005_002", "S006_001")]


def test_hidden_files_are_no_frames(write: Callable[..., Path]) -> None:
    folder = write("5.0")
    (folder / "cohn-kanade-images" / "S005" / "001" / ".DS_Store").write_bytes(b"x")
    (folder / "cohn-kanade-images" / "S005" / ".DS_Store").write_bytes(b"x")
    assert read(folder).skips == []


@pytest.mark.parametrize("missing", ["Emotion", "cohn-kanade-images"])
def test_missing_folder(tmp_path: Path, missing: str) -> None:
    for name in {"Emotion", "cohn-kanade-images"} - {missing}:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=f"`ckplus`: .* lacks {missing}/"):
        read(tmp_path)


def write_landmarks(folder: Path, frame: int, text: str) -> None:
    path = folder / "Landmarks" / "S005" / "001" / f"S005_001_{frame:08}_landmarks.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_landmarks_are_kept_and_may_give_the_box(write: Callable[..., Path]) -> None:
    folder = write("5.0", frames=1)
    points = np.linspace((10, 4), (50, 44), 68)
    write_landmarks(folder, 1, "\n".join(f"   {x:.7e}   {y:.7e}" for x, y in points))
    row = read(folder, face_box="landmarks").table.iloc[0]
    assert row["landmarks"] == pytest.approx(points.ravel(), abs=1e-4)
    assert row[["box_x", "box_y", "box_width", "box_height"]].tolist() == pytest.approx([8, 2, 44, 44], abs=1e-4)
    assert np.isnan(read(folder).table["box_x"][0])


def test_landmarks_that_are_broken_or_missing(write: Callable[..., Path]) -> None:
    folder = write("5.0")
    write_landmarks(folder, 3, "1 2 3")
    assert [skip.rule for skip in read(folder).skips] == ["annotation must hold 136 numbers"]
    rules = count_by_rule(read(folder, face_box="landmarks").skips)
    assert rules == {"annotation must hold 136 numbers": 1, "annotation must exist": 1}


def test_detected_box_is_the_drawn_one(tmp_path: Path) -> None:
    write_ckplus(tmp_path, subjects=1, seed=4, frames=1)
    boxes = read(tmp_path, face_box="detect").table[["box_x", "box_y", "box_width", "box_height"]].to_numpy()
    around = read(tmp_path, face_box="landmarks").table[["box_x", "box_y", "box_width", "box_height"]].to_numpy()
    assert len(boxes) == len(around) == 4
    centres, expected = boxes[:, :2] + boxes[:, 2:] / 2, around[:, :2] + around[:, 2:] / 2
    assert np.abs(centres - expected).max() < 0.15 * around[:, 2].min()


def test_noise_has_no_face(write: Callable[..., Path]) -> None:
    faces = read(write("5.0"), face_box="detect")
    assert len(faces.table) == 0
    assert count_by_rule(faces.skips) == {NO_FACE: 2}
