"""Finding faces: where they were drawn, in this process and in others alike; and what a dead process leaves."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from cnn.datasets import face_boxes
from cnn.datasets.face_boxes import NO_FACE, add_faces, with_found_boxes
from cnn.datasets.face_finder import find_face
from cnn.datasets.pictures import PictureFace
from cnn.datasets.table import FaceWriter
from cnn.errors import CnnError
from cnn.synthetic import crop_face, draw_face
from runs.progress import Progress


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A face, a wall, a file that is no picture, a missing one, and a face again."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / f"{number}.png" for number in range(5)]
    for number in (0, 4):
        rng = np.random.default_rng(number)
        cv2.imwrite(str(paths[number]), crop_face(rng, draw_face(rng, "Happy", 272), 320, (2.0, 2.4)).image)
    cv2.imwrite(str(paths[1]), np.full((200, 200), 90, np.uint8))
    paths[2].write_bytes(b"no picture")
    return paths


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[FaceWriter]:
    with FaceWriter(tmp_path / "pixels", "x") as writer:
        yield writer


def faces(paths: list[Path]) -> list[PictureFace]:
    return [PictureFace(path, path.name, 0, "Happy", None, {}) for path in paths]


@pytest.mark.parametrize("side", [320, 1500])
def test_box_is_where_the_face_was_drawn(tmp_path: Path, side: int) -> None:
    rng = np.random.default_rng(7)
    crop = crop_face(rng, draw_face(rng, "Neutral", 272), side, (2.2, 2.2))
    cv2.imwrite(str(tmp_path / "face.jpg"), crop.image)
    found = find_face(tmp_path / "face.jpg")
    assert found == pytest.approx(crop.box, abs=0.1 * side)


def test_largest_of_two_faces(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    image = crop_face(rng, draw_face(rng, "Neutral", 272), 400, (2.2, 2.2)).image
    small = cv2.resize(image, (240, 240), interpolation=cv2.INTER_AREA)
    both = np.hstack([np.vstack([small, np.full((160, 240, 3), 90, np.uint8)]), image])
    cv2.imwrite(str(tmp_path / "two.png"), both)
    found = find_face(tmp_path / "two.png")
    assert found
    assert found[0] > 240


@pytest.mark.parametrize("shape", [(1, 3000), (3000, 1), (1, 1)])
def test_no_face_in_a_line(tmp_path: Path, shape: tuple[int, int]) -> None:
    cv2.imwrite(str(tmp_path / "line.png"), np.full(shape, 90, np.uint8))
    assert find_face(tmp_path / "line.png") is None


def test_huge_file_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(1 << 40)  # a hole: takes no space
    assert find_face(tmp_path / "huge.png") == ()


@pytest.mark.parametrize("workers", [0, 2])
def test_each_picture_gets_its_box_in_order(pictures: list[Path], writer: FaceWriter, workers: int) -> None:
    found = list(with_found_boxes(writer, faces(pictures), workers=workers))
    assert [face.file for face in found] == ["0.png", "2.png", "3.png", "4.png"]
    assert [face.box for face in found] == [find_face(pictures[0]), None, None, find_face(pictures[4])]
    assert [(skip.rule, skip.value) for skip in writer.skips] == [(NO_FACE, "1.png")]


@pytest.mark.slow
def test_processes_end_when_nobody_wants_more(pictures: list[Path], writer: FaceWriter) -> None:
    found = with_found_boxes(writer, faces(pictures[:1] * 50), workers=2)
    next(found)
    started = children()
    assert len(started) == 2
    found.close()
    assert children() == []


@pytest.mark.slow
def test_processes_end_with_an_error(pictures: list[Path], writer: FaceWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_boxes, "_FEW", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr("cnn.datasets.pictures.CHUNK", 1)
    monkeypatch.setattr("cnn.datasets.pictures._SECONDS", 0)

    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop") as caught:
        add_faces(writer, faces(pictures[:1] * 50), find=True, report=stop)
    assert children() == []
    assert caught.tb  # which holds on to every generator on the way


@pytest.mark.slow
def test_death_of_a_process_is_told(pictures: list[Path], writer: FaceWriter) -> None:
    found = with_found_boxes(writer, faces(pictures[:1] * 50), workers=2)
    next(found)
    for child in children():
        os.kill(child, signal.SIGKILL)
    with pytest.raises(CnnError, match=r"process that searches faces died at .*0\.png"):
        list(found)
    assert children() == []


@pytest.mark.slow
def test_finders_end_with_their_killed_owner(pictures: list[Path]) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from cnn.datasets.face_boxes import with_found_boxes\n"
        "from cnn.datasets.pictures import PictureFace\n"
        "faces = [PictureFace(Path(sys.argv[1]), 'a', 0, 'Happy', None, {})] * 50\n"
        "found = with_found_boxes(None, faces, workers=2)\n"
        "next(found)\n"
        "print(Path(f'/proc/self/task/{os.getpid()}/children').read_text(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(pictures[0])], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(done.stdout.split()) == 2
    assert all(ends(int(one)) for one in done.stdout.split())


def ends(process: int) -> bool:
    """Whether a process that is not our child ends within some seconds."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    with os.fdopen(handle):
        return bool(select.select([handle], [], [], 20)[0])


def children() -> list[int]:
    """The processes of `face_finder` that this one started."""
    tasks = Path("/proc/self/task").glob("*/children")
    found = [int(word) for task in tasks for word in task.read_text().split()]
    return [one for one in found if b"face_finder" in Path(f"/proc/{one}/cmdline").read_bytes()]
