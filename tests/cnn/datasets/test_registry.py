"""One contract for all readers, on drawn faces in each dataset's layout; and the share of faults that stops a run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnn.datasets.reader import EXCLUSIONS, NO_MAJORITY, reader
from cnn.datasets.registry import READERS, check_skipped_share, faults, skipped_share
from cnn.datasets.table import COLUMNS, NOT_FIVE, FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS
from cnn.synthetic import (
    write_affectnet,
    write_affectnet_npy,
    write_affectnet_plus,
    write_ckplus,
    write_class_folders,
    write_fer2013,
    write_mpi,
)
from runs.parameters import ParameterError, Parameters
from runs.progress import Progress

ALL = set(EXPRESSIONS)
SIXTHS = {"train": 6, "validation": 6, "seed": 1}
"""Five classes and one beyond them in each split."""

WRITERS: dict[str, tuple[Callable[..., None], dict[str, int], set[str]]] = {
    "fer2013": (write_fer2013, {"train": 24, "test": 6, "seed": 1}, ALL),
    "ferplus": (write_fer2013, {"train": 24, "test": 6, "seed": 1}, ALL),
    "affectnet": (write_affectnet, {"train": 9, "validation": 1, "seed": 1}, ALL),
    "affectnet_npy": (write_affectnet_npy, SIXTHS, ALL),
    "affectnet_plus": (write_affectnet_plus, SIXTHS, ALL),
    "ckplus": (write_ckplus, {"subjects": 1, "frames": 2, "seed": 1}, ALL),
    "mpi": (write_mpi, {"actors": 1, "frames": 2, "seed": 1}, {"Happy", "Sad"}),
    "folder": (write_class_folders, {"each": 1, "seed": 1}, ALL),
}
"""How each layout is written, and the classes that the reader finds in it."""


@pytest.fixture(scope="module", params=sorted(READERS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def dataset(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(name)
    write, arguments, _ = WRITERS[name]
    write(folder, **arguments)
    return folder


@pytest.fixture(scope="module")
def faces(name: str, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> LabelledFaces:
    return READERS[name].read(dataset, tmp_path_factory.mktemp("scratch"))


def test_table_is_whole(name: str, dataset: Path, faces: LabelledFaces) -> None:
    table = faces.table
    assert {column: str(kind) for column, kind in table.dtypes.items()} == COLUMNS
    assert faces.images.shape == (len(table), 48, 48)
    assert set(table["expression"]) == WRITERS[name][2]
    assert set(table["source"]) == {name}
    assert [EXPRESSIONS[label] for label in table["label"]] == table["expression"].tolist()
    assert table["sha256"].tolist() == [hashlib.sha256(face.tobytes()).hexdigest() for face in faces.images]
    assert all(
        (dataset / file).exists() or (dataset / "Manually_Annotated_Images" / file).exists() for file in table["file"]
    )


def test_splits_are_the_stated_ones(name: str, faces: LabelledFaces) -> None:
    splits = READERS[name].splits
    assert set(splits.values()) <= {"train", "validation", "test"}
    assert set(faces.table["official_split"]) <= (set(splits) or {""})


def test_faces_are_lit(faces: LabelledFaces) -> None:
    assert np.asarray(faces.images).std(axis=(1, 2)).min() > 4


def test_every_skip_says_what_and_why(faces: LabelledFaces) -> None:
    for skip in faces.skips:
        assert skip.rule
        assert skip.remedy.endswith(".")
        assert Path(skip.file).stem not in skip.rule  # so that skips can be counted by rule


def test_reading_again_gives_the_same(name: str, dataset: Path, faces: LabelledFaces, tmp_path: Path) -> None:
    before = listing(dataset)
    again = READERS[name].read(dataset, tmp_path)
    columns = [column for column in COLUMNS if column != "landmarks"]
    assert again.table[columns].equals(faces.table[columns])
    assert again.skips == faces.skips
    assert np.array_equal(again.images, faces.images)
    assert listing(dataset) == before


def test_progress_is_reported(name: str, dataset: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    READERS[name].read(dataset, tmp_path, seen.append)
    assert seen


def test_missing_dataset(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`\w+` must be a (file or a )?folder that exists"):
        READERS[name].read(tmp_path / "nowhere", tmp_path)


def test_folder_of_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`\w+`: .* (holds|lacks)"):
        READERS[name].read(tmp_path, tmp_path)


def test_own_parameters_are_taken_and_others_refused(name: str, dataset: Path, tmp_path: Path) -> None:
    one = READERS[name]
    if one.params is not None:
        assert len(one.read(dataset, tmp_path, params=one.params()).table)
    with pytest.raises(ParameterError, match=f"`params` of the dataset {name} must be"):
        one.read(dataset, tmp_path, params=Parameters())


def test_help_is_one_line(name: str) -> None:
    one = READERS[name]
    assert one.name == name
    for text in (one.help, one.licence):
        assert text.endswith(".")
        assert "\n" not in text


def test_name_is_given_once() -> None:
    enter = reader("folder", help="x.", licence="x.", splits={})
    with pytest.raises(ValueError, match="'folder' is entered already"):
        enter(READERS["folder"].function)


def listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


def read(tmp_path: Path, kept: int, *rules: str) -> LabelledFaces:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        for number in range(kept):
            writer.add(bytes(2304), "Happy", official_split="", row=number, own_label=0)
        for rule in rules:
            writer.skip(Path("a.csv"), 7, rule, "value", "Mend it.")
        return writer.faces()


def test_share_counts_faults_only(tmp_path: Path) -> None:
    faces = read(tmp_path, 3, "broken", NOT_FIVE, NO_MAJORITY, NOT_FIVE)
    assert skipped_share(faces) == 1 / 4
    assert [skip.rule for skip in faults(faces.skips)] == ["broken"]
    assert skipped_share(read(tmp_path, 0, *EXCLUSIONS)) == 0


def test_too_many_faults_stop_with_the_list(tmp_path: Path) -> None:
    faces = read(tmp_path, 3, *["cut off"] * 30, "missing")
    with pytest.raises(InputError) as caught:
        check_skipped_share("x", faces, 0.2)
    message = str(caught.value)
    assert "`x`: at most 20% of the rows may be faulty (`max_skipped_share`). Got 91.2%: 31 of 34." in message
    assert "30 x cut off\n  1 x missing" in message
    assert message.count("a.csv:7: cut off (got value). Mend it.") == 20
    assert "and 11 more" in message


@pytest.mark.parametrize(("kept", "stops"), [(8, False), (7, True)])
def test_the_share_itself_is_allowed(tmp_path: Path, kept: int, stops: bool) -> None:
    faces = read(tmp_path, kept, "broken", "broken")
    if stops:
        with pytest.raises(InputError, match=r"Got 22\.2%"):
            check_skipped_share("x", faces)
    else:
        check_skipped_share("x", faces)
