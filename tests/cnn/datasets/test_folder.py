"""Class folders: both layouts, the classes' common names, and what lies where it should not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cnn.datasets.folder import ALIASES, UNKNOWN_FOLDER, FolderParams, read_folder
from cnn.datasets.picture_files import SPLITS
from cnn.datasets.table import NOT_FIVE, LabelledFaces
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS
from cnn.synthetic import write_class_folders
from runs.skips import count_by_rule

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, write_noise: Callable[[Path, int], None]) -> Write:
    """Write pictures of noise with these names."""

    def some(*names: str) -> Path:
        for number, name in enumerate(names):
            write_noise(tmp_path / "pictures" / name, number)
        return tmp_path / "pictures"

    return some


def read(folder: Path, **params: str) -> LabelledFaces:
    return read_folder(folder, folder.parent, params=FolderParams(**params))  # type: ignore[arg-type]


def test_classes_alone(write: Write) -> None:
    table = read(write("happy/b.png", "happy/a.jpg", "Sad/10.png", "Sad/9.png")).table
    assert table["file"].tolist() == ["Sad/9.png", "Sad/10.png", "happy/a.jpg", "happy/b.png"]
    assert table["expression"].tolist() == ["Sad", "Sad", "Happy", "Happy"]
    assert table["official_split"].tolist() == [""] * 4
    assert table["own_label"].tolist() == table["label"].tolist()


def test_splits_with_classes(write: Write) -> None:
    names = ("Train/happy/1.png", "validation/anger/1.png", "test/neutral/1.png", "sad/1.png", "sad/test/2.png")
    table = read(write(*names)).table
    found = dict(zip(table["file"], table["official_split"], strict=True))
    assert found == {
        "Train/happy/1.png": "training",
        "validation/anger/1.png": "validation",
        "test/neutral/1.png": "test",
        "sad/1.png": "",
        "sad/test/2.png": "test",
    }


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("HAPPY", "Happy"),
        ("Happiness", "Happy"),
        ("3_happy", "Happy"),
        ("04 - sadness", "Sad"),
        ("surprised", "Surprise"),
        ("Anger", "Angry"),
        (" neutral ", "Neutral"),
    ],
)
def test_common_names(write: Write, name: str, expression: str) -> None:
    assert read(write(f"{name}/1.png")).table["expression"].tolist() == [expression]


def test_tables_are_in_lower_case_and_name_every_class() -> None:
    assert all(name == name.lower() for name in (*ALIASES, *SPLITS))
    assert set(ALIASES.values()) == {*EXPRESSIONS, None}


def test_other_classes_are_no_faults_but_unknown_folders_are(write: Write) -> None:
    faces = read(write("happy/1.png", "fear/1.png", "Contempt/1.png", "hapy/1.png", "hapy/2.png", "7/1.png"))
    assert len(faces.table) == 1
    assert count_by_rule(faces.skips) == {UNKNOWN_FOLDER: 3, NOT_FIVE: 2}


def test_folders_in_a_class_are_read_too(write: Write) -> None:
    assert read(write("happy/anna/1.png", "happy/2.png")).table["file"].tolist() == ["happy/2.png", "happy/anna/1.png"]


def test_strays_are_reported(write: Write) -> None:
    folder = write("train/happy/1.png", "train/stray.png", "stray.png")
    (folder / "train" / "happy" / "notes.txt").write_text("x")
    (folder / "train" / "happy" / "Thumbs.db").write_text("x")
    (folder / "README").write_text("x")
    assert count_by_rule(read(folder).skips) == {
        "picture must lie in a class's folder": 2,
        "file must be a picture by its name": 1,
    }


def test_broken_pictures_are_skipped(write: Write) -> None:
    folder = write("sad/1.png", "sad/2.jpg", "sad/3.png")
    (folder / "sad" / "1.png").write_bytes(b"")
    (folder / "sad" / "2.jpg").write_bytes((folder / "sad" / "2.jpg").read_bytes()[:-9])
    faces = read(folder)
    assert len(faces.table) == 1
    assert {Path(skip.file).name for skip in faces.skips} == {"1.png", "2.jpg"}


def test_name_that_is_not_utf8(write: Write, tmp_path: Path) -> None:
    folder = write("sad/1.png")
    (folder / "sad" / "1.png").rename(folder / "sad" / "b\udcff.png")
    table = read(folder).table
    assert table["file"].tolist() == ["sad/b\\udcff.png"]
    table.drop(columns="landmarks").to_parquet(tmp_path / "t.parquet")


def test_link_to_elsewhere_is_not_followed(write: Write, tmp_path: Path) -> None:
    folder = write("sad/1.png")
    (folder / "happy").symlink_to(folder / "sad")
    (folder / "sad" / "again").symlink_to(folder)
    assert read(folder).table["file"].tolist() == ["sad/1.png"]


def test_folder_of_numbers_is_refused_by_name(write: Write) -> None:
    with pytest.raises(InputError, match=r"holds no class's folder, such as happy/. Got the folders 1, 2\."):
        read(write("1/a.png", "2/a.png"))


def test_faces_can_be_found_in_photographs(tmp_path: Path, write: Write) -> None:
    write_class_folders(tmp_path / "drawn", each=1, seed=1, splits=())
    assert len(read(tmp_path / "drawn").table) == 5
    assert len(read(write("happy/noise.png"), face_box="detect").table) == 0
