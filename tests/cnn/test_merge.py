"""The merge end to end on generated csv files whose every face is known, and on everything that can be wrong."""

from __future__ import annotations

import csv
import hashlib
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.errors import InputError
from cnn.labels import FERPLUS_COLUMNS
from cnn.merge import MergeParams, merge
from cnn.merge_rules import CONFLICT, DUPLICATE, LEAK, NEAR_CONFLICT, NEAR_LEAK
from cnn.store import SPLITS, load_faces
from runs.errors import RunMismatchError
from runs.parameters import ParameterError
from runs.progress import Progress

COLUMN = {3: "happiness", 4: "sadness", 5: "surprise", 0: "anger", 6: "neutral"}
Row = tuple[int, int, str]


def face(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (48, 48)).astype(np.uint8)


def write_fer2013(folder: Path, rows: Sequence[Row]) -> Path:
    """Rows are (face, emotion, usage); FER+ agrees with FER2013, unanimously."""
    folder.mkdir(exist_ok=True)
    faces, votes = ["emotion,pixels,Usage"], [",".join(["Usage", "Image name", *FERPLUS_COLUMNS])]
    for number, emotion, usage in rows:
        faces.append(f"{emotion},{' '.join(map(str, face(number).ravel()))},{usage}")
        counts = [10 if name == COLUMN[emotion] else 0 for name in FERPLUS_COLUMNS]
        votes.append(",".join([usage, f"fer{number}.png", *map(str, counts)]))
    (folder / "fer2013.csv").write_text("\n".join(faces))
    (folder / "fer2013new.csv").write_text("\n".join(votes))
    return folder


def write_affectnet(folder: Path, faces: dict[str, Sequence[tuple[int, int]]]) -> Path:
    """(face, expression) by list; the pictures are PNGs of 48x48, so that the face is theirs exactly."""
    pictures = folder / "Manually_Annotated_Images" / "1"
    pictures.mkdir(parents=True)
    for name in ("training.csv", "validation.csv"):
        lines = [
            "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
        ]
        for number, expression in faces.get(name, ()):
            cv2.imwrite(str(pictures / f"{number}.png"), face(number))
            lines.append(f"1/{number}.png,0,0,48,48,,{expression},-2,-2")
        (folder / name).write_text("\n".join(lines))
    return folder


MANY: list[Row] = [(n, (3, 4, 5, 0, 6)[n % 5], "PublicTest" if n >= 100 else "Training") for n in range(120)]


@pytest.fixture(scope="module")
def fer2013(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fer2013(tmp_path_factory.mktemp("raw") / "fer2013", MANY)


def test_store_holds_the_faces_that_were_given(tmp_path: Path, fer2013: Path) -> None:
    affectnet = write_affectnet(
        tmp_path / "affectnet", {"training.csv": [(500, 1), (501, 2)], "validation.csv": [(502, 6)]}
    )
    merged = merge(tmp_path / "faces", fer2013=fer2013, ferplus=fer2013, affectnet=affectnet)
    store = load_faces(tmp_path / "faces")
    assert merged.faces == len(store.images) == 123
    assert merged.by_split == {"train": 92, "validation": 10, "test": 21}
    assert merged.by_source == {"ferplus": 120, "affectnet": 3}
    shas = [hashlib.sha256(image.tobytes()).hexdigest() for image in store.images]
    assert store.table["sha256"].tolist() == shas
    expected = {hashlib.sha256(face(number).tobytes()).hexdigest() for number in [*range(120), 500, 501, 502]}
    assert set(shas) == expected


def test_every_face_keeps_label_row_and_source(tmp_path: Path, fer2013: Path) -> None:
    merge(tmp_path / "faces", fer2013=fer2013, ferplus=fer2013)
    store = load_faces(tmp_path / "faces")
    for position, row in enumerate(store.table.itertuples()):
        number, emotion, usage = MANY[int(row.row) - 2]
        assert np.array_equal(store.images[position], face(number))
        assert (row.own_label, row.official_split, row.source) == (emotion, usage, "ferplus")


def test_splits_lie_in_one_piece_and_are_stratified(tmp_path: Path, fer2013: Path) -> None:
    merge(tmp_path / "faces", fer2013=fer2013, ferplus=fer2013)
    table = load_faces(tmp_path / "faces").table
    assert table["split"].drop_duplicates().tolist() == list(SPLITS)
    assert table[table["split"] == "validation"].groupby("label").size().tolist() == [2] * 5


def test_same_input_same_bytes_and_another_seed_another_validation(tmp_path: Path, fer2013: Path) -> None:
    for name, seed in {"a": 0, "b": 0, "c": 1}.items():
        merge(tmp_path / name, MergeParams(seed=seed), fer2013=fer2013, ferplus=fer2013)
    for file in ("images.npy", "faces.parquet", "counts.csv", "skipped.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    tables = [load_faces(tmp_path / name).split("validation")[2] for name in "ac"]
    assert set(tables[0]["sha256"]) != set(tables[1]["sha256"])


def test_private_test_makes_public_test_validation(tmp_path: Path) -> None:
    rows = [(n, 3, ("Training", "PublicTest", "PrivateTest")[n % 3]) for n in range(9)]
    folder = write_fer2013(tmp_path / "raw", rows)
    assert merge(tmp_path / "a", fer2013=folder).by_split == {"train": 3, "validation": 3, "test": 3}
    params = MergeParams(ferplus_public_test="test", validation_fraction=0)
    assert merge(tmp_path / "b", params, fer2013=folder).by_split == {"train": 3, "test": 6}


def test_copies_and_conflicts_are_settled_and_reported(tmp_path: Path) -> None:
    rows = [
        (1, 3, "Training"), (1, 3, "PublicTest"),  # a leak
        (2, 4, "Training"), (2, 4, "Training"),  # a duplicate
        (3, 3, "Training"), (3, 4, "Training"),  # a tie
        (4, 5, "Training"), (4, 5, "Training"), (4, 6, "PublicTest"),  # test against two
        (5, 0, "Training"), (6, 0, "PublicTest"),
    ]  # fmt: skip
    folder = write_fer2013(tmp_path / "raw", rows)
    merged = merge(tmp_path / "faces", MergeParams(validation_fraction=0), fer2013=folder, ferplus=folder)
    assert merged.skipped == {CONFLICT: 4, LEAK: 1, DUPLICATE: 1}
    assert (merged.leaks, merged.duplicates, merged.conflicts, merged.conflict_groups) == (1, 1, 4, 2)
    table = load_faces(tmp_path / "faces").table
    assert list(zip(table["row"], table["split"], strict=True)) == [
        (4, "train"), (11, "train"), (3, "test"), (10, "test"), (12, "test"),
    ]  # fmt: skip


def test_copies_across_datasets(tmp_path: Path) -> None:
    folder = write_fer2013(tmp_path / "raw", [(1, 3, "Training"), (2, 3, "PublicTest")])
    affectnet = write_affectnet(tmp_path / "affectnet", {"training.csv": [(2, 1)], "validation.csv": [(1, 1)]})
    merge(tmp_path / "faces", fer2013=folder, ferplus=folder, affectnet=affectnet)
    table = load_faces(tmp_path / "faces").table
    assert table[["source", "official_split", "split"]].to_numpy().tolist() == [
        ["ferplus", "PublicTest", "test"],
        ["affectnet", "validation", "test"],
    ]


def portrait(number: int) -> np.ndarray:
    """A smooth picture of 64x64 with fine structure, to cut faces from."""
    noise = np.random.default_rng(number).normal(size=(64, 64)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5) + 6 * cv2.GaussianBlur(noise, (0, 0), 6)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def write_class_folders(folder: Path, pictures: dict[str, np.ndarray]) -> Path:
    for name, picture in pictures.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), picture)
    return folder


def test_near_duplicates_leave_training_and_settle_their_conflicts(tmp_path: Path) -> None:
    faces = {number: portrait(number)[8:56, 8:56] for number in range(12)}
    folder = write_class_folders(
        tmp_path / "folders",
        {f"train/happy/{number}.png": picture for number, picture in faces.items()}
        | {
            "test/happy/0.png": portrait(0)[9:57, 7:55],
            "test/sad/1.png": faces[1][:, ::-1],
            "train/sad/2.png": cv2.convertScaleAbs(faces[2], alpha=0.8, beta=20),
        },
    )
    params = MergeParams(validation_fraction=0)
    merged = merge(tmp_path / "faces", params, folders=folder)
    assert merged.skipped == {NEAR_CONFLICT: 3, NEAR_LEAK: 1}
    assert (merged.near_pairs, merged.near_leaks, merged.near_conflicts, merged.near_conflict_groups) == (3, 1, 3, 2)
    assert merged.by_split == {"train": 9, "test": 2}
    assert {path.name for path in (tmp_path / "faces").iterdir()} >= {"near_duplicates.png", "near_duplicates.csv"}
    with (tmp_path / "faces" / "near_duplicates.csv").open(newline="") as stream:
        pairs = list(csv.DictReader(stream))
    assert [(row["first_split"], row["second_split"], row["mirrored"]) for row in pairs].count(("", "", "False")) == 1
    assert [row["mirrored"] for row in pairs].count("True") == 1
    off = merge(tmp_path / "off", MergeParams(validation_fraction=0, near_duplicates="off"), folders=folder)
    assert (off.faces, off.near_pairs, off.skipped) == (15, 0, {})


def test_a_folder_without_splits_gets_a_test(tmp_path: Path) -> None:
    pictures = {f"{name}/{n}.png": portrait(n + 100 * len(name)) for name in ("sad", "happy") for n in range(20)}
    merged = merge(tmp_path / "faces", folders=write_class_folders(tmp_path / "folders", pictures))
    assert merged.by_split == {"train": 32, "validation": 4, "test": 4}


def test_too_many_faults_stop_the_merge_with_the_list(tmp_path: Path) -> None:
    affectnet = write_affectnet(tmp_path / "affectnet", {"training.csv": [(1, 1), (2, 1), (3, 1)]})
    (affectnet / "Manually_Annotated_Images" / "1" / "2.png").unlink()
    with pytest.raises(InputError, match=r"`affectnet`: at most 20% .* Got 33.3%(.|\n)*1/2\.png"):
        merge(tmp_path / "faces", affectnet=affectnet)
    assert merge(tmp_path / "faces", MergeParams(max_skipped_share=0.5), affectnet=affectnet).faces == 2


def test_report_says_what_the_result_says(tmp_path: Path, fer2013: Path) -> None:
    progress: list[Progress] = []
    merged = merge(tmp_path / "faces", fer2013=fer2013, report=progress.append)
    report = json.loads((tmp_path / "faces" / "report.json").read_text())
    assert report["by_split"] == merged.by_split
    assert report["parameters"] == MergeParams().as_dict()
    assert {path.name for path in (tmp_path / "faces").iterdir()} == {
        "images.npy", "faces.parquet", "counts.csv", "counts.png", "skipped.csv", "report.json", "report.html",
        "near_duplicates.csv",
    }  # fmt: skip
    assert progress[-1].message == f"merged 120 faces into {tmp_path / 'faces'}"
    assert progress[-1].done == progress[-1].total == 120


def test_at_most(tmp_path: Path, fer2013: Path) -> None:
    assert merge(tmp_path / "faces", MergeParams(max_faces=30), fer2013=fer2013).faces == 30


def test_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"`fer2013`, `ferplus` .* or `folders`. Got none"):
        merge(tmp_path / "faces")


def test_votes_without_faces(tmp_path: Path, fer2013: Path) -> None:
    with pytest.raises(InputError, match="`ferplus` holds votes without faces: give `fer2013` too"):
        merge(tmp_path / "faces", ferplus=fer2013)


@pytest.mark.parametrize("argument", ["fer2013", "affectnet"])
def test_absent_dataset(tmp_path: Path, argument: str) -> None:
    with pytest.raises(InputError, match=f"`{argument}` must be a .*folder that exists"):
        merge(tmp_path / "faces", **{argument: tmp_path / "nowhere"})


def test_dataset_without_a_usable_face_says_why(tmp_path: Path) -> None:
    affectnet = write_affectnet(tmp_path / "affectnet", {"training.csv": [(1, 4), (2, 7)]})
    with pytest.raises(InputError, match=r"`affectnet`: no usable face is left\. class must be one of the five: 2"):
        merge(tmp_path / "faces", affectnet=affectnet)


def test_all_faces_in_dispute(tmp_path: Path) -> None:
    folder = write_fer2013(tmp_path / "raw", [(1, 3, "Training"), (1, 4, "Training")])
    with pytest.raises(InputError, match="No face is left"):
        merge(tmp_path / "faces", fer2013=folder)


def test_failed_merge_leaves_the_older_one(tmp_path: Path, fer2013: Path) -> None:
    merge(tmp_path / "faces", fer2013=fer2013)
    before = (tmp_path / "faces" / "images.npy").read_bytes()
    folder = write_fer2013(tmp_path / "raw", [(1, 3, "Training"), (1, 4, "Training")])
    with pytest.raises(InputError, match="No face is left"):
        merge(tmp_path / "faces", fer2013=folder)
    assert (tmp_path / "faces" / "images.npy").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "raw", ".faces.reading"}  # for the next run
    merge(tmp_path / "faces", fer2013=fer2013)
    assert {path.name for path in tmp_path.iterdir()} == {"faces", "raw"}


def test_full_disk_leaves_no_store(tmp_path: Path, fer2013: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # the faces need 276,480 bytes
    try:
        with pytest.raises(InputError, match=r"`out`: .*faces is not written: .* Free space"):
            merge(tmp_path / "faces", fer2013=fer2013)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "faces").exists()


def test_folder_of_somebody_else_is_not_replaced(tmp_path: Path, fer2013: Path) -> None:
    merge(tmp_path / "faces", fer2013=fer2013)
    (tmp_path / "faces" / "thesis.txt").write_text("precious")
    with pytest.raises(RunMismatchError, match=r"holds files that no step wrote \(thesis.txt\)"):
        merge(tmp_path / "faces", fer2013=fer2013)
    assert (tmp_path / "faces" / "thesis.txt").read_text() == "precious"


@pytest.mark.slow
def test_killed_merges_leave_nothing_behind_after_a_whole_one(tmp_path: Path, fer2013: Path) -> None:
    code = (
        "import os, signal, sys, cnn.merge as m; from pathlib import Path\n"
        "if sys.argv[3] == 'kill': m.write_reports = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "m.merge(Path(sys.argv[1]), fer2013=Path(sys.argv[2]))"
    )
    for how, status, entries in (("kill", -9, 2), ("kill", -9, 2), ("live", 0, 1)):
        command = [sys.executable, "-c", code, str(tmp_path / "out" / "faces"), str(fer2013), how]
        assert subprocess.run(command, cwd=Path(__file__).parents[2], check=False).returncode == status
        assert len(list((tmp_path / "out").iterdir())) == entries
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["faces"]


@pytest.mark.parametrize("wrong", [{"validation_fraction": 1.0}, {"max_faces": 0}, {"ferplus_public_test": "train"}])
def test_wrong_parameters(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=f"`{next(iter(wrong))}` must be"):
        MergeParams(**wrong)  # type: ignore[arg-type]
