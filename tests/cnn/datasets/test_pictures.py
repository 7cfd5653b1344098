"""Pictures read by threads: in order, a window at a time, every fault named, and nothing decoded twice."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cnn.datasets import pictures
from cnn.datasets.picture_chunks import Face
from cnn.datasets.pictures import PictureFace, add_pictures, read_chunk
from cnn.datasets.table import FaceWriter, LabelledFaces
from cnn.errors import InputError
from cnn.preprocess import to_face
from runs.progress import Progress, silent
from runs.workers import Workers, work_on

MakeFaces = Callable[..., list[PictureFace]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "CHUNK", 4)


@pytest.fixture
def make_faces(tmp_path: Path) -> MakeFaces:
    """So many faces, each with a picture of its own: 60x50, without loss."""
    (tmp_path / "pictures").mkdir()

    def make(count: int, **changes: Any) -> list[PictureFace]:
        faces = []
        for number in range(count):
            path = tmp_path / "pictures" / f"{number}.png"
            cv2.imwrite(str(path), picture(number))
            values = {"official_split": "training", "own_label": number}
            given = {"row": number + 2, "expression": "Happy", "box": (number % 9, 1, 50, 48), "values": values}
            faces.append(PictureFace(path, path.name, **{**given, **changes}))
        return faces

    return make


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (50, 60)).astype(np.uint8)


def read(tmp_path: Path, faces: Any, report: Callable[[Progress], None] = silent, workers: int = 2) -> LabelledFaces:
    with FaceWriter(tmp_path / "some.pixels", "some") as writer:
        add_pictures(writer, faces, total=None, report=report, workers=workers)
        return writer.faces()


def kept(tmp_path: Path, faces: list[PictureFace]) -> int:
    """How many of the faces a further run does not read again."""
    reports: list[Progress] = []
    read(tmp_path, faces, reports.append)
    return int(reports[-1].figures["kept_pictures"])


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 4, 61])
def test_faces_are_those_of_the_pictures_in_order(
    tmp_path: Path, make_faces: MakeFaces, workers: int, count: int
) -> None:
    faces = make_faces(count)
    found = read(tmp_path, faces, workers=workers)
    assert found.table["file"].tolist() == [face.file for face in faces]
    assert found.table["row"].tolist() == [face.row for face in faces]
    assert found.table["box_x"].tolist() == [number % 9 for number in range(count)]
    for number, image in enumerate(found.images):
        assert np.array_equal(image, to_face(picture(number), (number % 9, 1, 50, 48)))
    assert found.skips == []


def test_digests_are_of_the_file_and_of_the_face(tmp_path: Path, make_faces: MakeFaces) -> None:
    (face,) = make_faces(1)
    found = read(tmp_path, [face])
    assert found.table["original_sha256"][0] == hashlib.sha256(face.path.read_bytes()).hexdigest()
    assert found.table["sha256"][0] == hashlib.sha256(found.images[0].tobytes()).hexdigest()


def test_whole_picture_has_no_box(tmp_path: Path, make_faces: MakeFaces) -> None:
    found = read(tmp_path, make_faces(1, box=None))
    assert np.array_equal(found.images[0], to_face(picture(0)))
    assert found.table[["box_x", "box_y", "box_width", "box_height"]].isna().all(axis=None)


def test_values_come_last(tmp_path: Path, make_faces: MakeFaces) -> None:
    values = {"official_split": "", "own_label": 1, "subject": "S005", "box_x": 7.5}
    row = read(tmp_path, make_faces(1, values=values)).table.iloc[0]
    assert (row["subject"], row["box_x"], row["box_width"]) == ("S005", 7.5, 50)


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    elif how == "huge":
        with path.open("wb") as stream:
            stream.truncate(1 << 40)
    elif how == "loop":
        path.symlink_to(path)
    elif how != "gone":
        path.write_bytes({"empty": b"", "half": data[:-20], "text": b"text", "bomb": data[:16] + b"\0\1" * 4}[how])


FAULTS = {
    "gone": ("picture must exist", "3.png"),
    "folder": ("picture must be a file", "3.png"),
    "pipe": ("picture must be a file", "3.png"),
    "huge": ("picture must have at most 200 MB", "3.png: 1099511627776 bytes"),
    "loop": ("picture must be readable", "3.png: Too many levels of symbolic links"),
    "empty": ("picture must not be empty", "3.png: 0 bytes"),
    "half": ("picture must be whole", "3.png: one cut off after"),
    "text": ("picture must decode", "3.png: 4 bytes that are no picture"),
    "bomb": ("picture must have at most 100 megapixels", "3.png: 65537x65537"),
}


@pytest.mark.parametrize("how", FAULTS)
def test_faulty_picture_is_skipped_and_named(tmp_path: Path, make_faces: MakeFaces, how: str) -> None:
    faces = make_faces(6, list_file=tmp_path / "list.csv")
    spoil(faces[3].path, how)
    found = read(tmp_path, faces)
    assert found.table["row"].tolist() == [2, 3, 4, 6, 7]
    assert np.array_equal(found.images[3], to_face(picture(4), (4, 1, 50, 48)))
    (skip,) = found.skips
    assert (skip.file, skip.line, skip.rule) == (str(tmp_path / "list.csv"), 5, FAULTS[how][0])
    assert skip.value.startswith(FAULTS[how][1])


def test_faults_are_kept_like_faces(tmp_path: Path, make_faces: MakeFaces) -> None:
    faces = make_faces(8)
    spoil(faces[3].path, "half")
    first = read(tmp_path, faces).skips
    again = read(tmp_path, faces).skips
    assert first == again
    assert len(first) == 1


def test_unreadable_picture_is_tried_again(tmp_path: Path, make_faces: MakeFaces) -> None:
    faces = make_faces(8)
    write_only = Path("/sys/bus/cpu/drivers_probe")
    if not write_only.is_file():
        pytest.skip(f"needs {write_only}, a file that nobody can read")
    faces[1].path.unlink()
    faces[1].path.symlink_to(write_only)
    assert [skip.rule for skip in read(tmp_path, faces).skips] == ["picture must be readable"]
    assert kept(tmp_path, faces) == 4


def test_picture_without_a_list_is_named_itself(tmp_path: Path, make_faces: MakeFaces) -> None:
    (face,) = make_faces(1, box=(60, 0, 5, 5))
    (skip,) = read(tmp_path, [face]).skips
    assert (skip.file, skip.line) == (str(face.path), 0)
    assert (skip.rule, skip.value) == ("box must touch its picture", "0.png: (60, 0, 5, 5) in 60x50")


def test_second_run_reads_nothing_again(tmp_path: Path, make_faces: MakeFaces) -> None:
    faces = make_faces(10)
    first = read(tmp_path, faces)
    pixels = first.images.tobytes()
    assert kept(tmp_path, faces) == 10
    again = read(tmp_path, faces)
    assert again.images.tobytes() == pixels
    assert again.table.equals(first.table)


def test_changed_picture_is_read_again_with_its_chunk(tmp_path: Path, make_faces: MakeFaces) -> None:
    faces = make_faces(12)
    read(tmp_path, faces)
    cv2.imwrite(str(faces[5].path), picture(99))
    assert kept(tmp_path, faces) == 8
    assert np.array_equal(read(tmp_path, faces).images[5], to_face(picture(99), (5, 1, 50, 48)))


def test_other_box_is_not_taken_for_the_same(tmp_path: Path, make_faces: MakeFaces) -> None:
    read(tmp_path, make_faces(4))
    assert kept(tmp_path, make_faces(4, box=(0, 0, 50, 50))) == 0


@pytest.mark.parametrize("kind", ["cut off", "changed", "empty"])
def test_broken_chunk_is_read_again(tmp_path: Path, make_faces: MakeFaces, kind: str) -> None:
    faces = make_faces(8)
    first = read(tmp_path, faces)
    pixels = first.images.tobytes()
    chunk = next((tmp_path / "some.pictures").iterdir())
    data = chunk.read_bytes()
    chunk.write_bytes({"cut off": data[:-1], "changed": data[:-1] + bytes([data[-1] ^ 1]), "empty": b""}[kind])
    assert kept(tmp_path, faces) == 4
    assert read(tmp_path, faces).images.tobytes() == pixels


def test_faces_are_drawn_a_window_ahead(tmp_path: Path, make_faces: MakeFaces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_SECONDS", 0)
    faces = make_faces(100)
    drawn, ahead = [], []

    def draw() -> Iterator[PictureFace]:
        for face in faces:
            drawn.append(face)
            yield face

    read(tmp_path, draw(), lambda progress: ahead.append(len(drawn) - progress.done), workers=2)
    assert len(drawn) == 100
    assert max(ahead) == 2 * 2 * 4


def test_error_of_the_source_passes_on(tmp_path: Path, make_faces: MakeFaces) -> None:
    def draw() -> Iterator[PictureFace]:
        yield from make_faces(30)
        raise RuntimeError("the list breaks off")

    with pytest.raises(RuntimeError, match="the list breaks off"):
        read(tmp_path, draw())


def test_progress_tells_speed_and_time_left(
    tmp_path: Path, make_faces: MakeFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_SECONDS", 0)
    reports: list[Progress] = []
    with FaceWriter(tmp_path / "some.pixels", "some") as writer:
        add_pictures(writer, make_faces(10), total=12, report=reports.append, workers=1)
    assert [(report.done, report.total) for report in reports] == [(0, 12), (4, 12), (8, 12), (10, 12), (10, 10)]
    assert reports[1].message.startswith("reading some: 4 pictures, ")
    assert reports[1].message.endswith(" a second, 0 s left")
    assert reports[-1].figures["pictures_per_second"] > 0


def test_few_reports_where_reading_is_fast(tmp_path: Path, make_faces: MakeFaces) -> None:
    reports: list[Progress] = []
    read(tmp_path, make_faces(40), reports.append)
    assert len(reports) <= 4


def test_workers_read_the_same_faces_and_skips(tmp_path: Path, make_faces: MakeFaces) -> None:
    faces = make_faces(30)
    faces[7].path.write_bytes(b"no picture")
    faces[8].path.unlink()
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here = read(tmp_path / "here", faces)
    with ThreadPoolExecutor(2) as pool, work_on(Workers(pool, 2)):
        there = read(tmp_path / "there", faces)
    assert (tmp_path / "there/some.pixels").read_bytes() == (tmp_path / "here/some.pixels").read_bytes()
    assert there.table.equals(here.table)
    assert there.skips == here.skips
    assert len(here.skips) == 2


def test_workers_find_relative_paths_and_what_was_read_before(
    tmp_path: Path, make_faces: MakeFaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    faces = [replace(face, path=face.path.relative_to(tmp_path)) for face in make_faces(9)]
    assert len(read(tmp_path, faces).table) == 9
    with ThreadPoolExecutor(1) as pool, work_on(Workers(pool, 1)):
        assert kept(tmp_path, faces) == 9
    chunk = read_chunk(next(tmp_path.glob("*.pictures")), faces[:4], tmp_path)
    assert [type(found) for found in chunk.found] == [Face] * 4


def test_a_worker_without_the_folder_says_so(tmp_path: Path, make_faces: MakeFaces) -> None:
    with pytest.raises(InputError, match=r"does not see .*nowhere\. Workers need the same file system"):
        read_chunk(tmp_path / "nowhere", make_faces(2))
