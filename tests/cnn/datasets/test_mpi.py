"""MPI: the folder is the label where it is clearly one of the five, and all else is counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cnn.datasets.mpi import ACTORS, CLEAR, EXPRESSIONS, NEAR, OTHERS, MpiParams, read_mpi
from cnn.datasets.reader import NOT_ASKED_FOR
from cnn.datasets.table import NOT_FIVE, LabelledFaces
from cnn.errors import InputError
from cnn.labels import EXPRESSIONS as CLASSES
from cnn.synthetic import write_mpi
from runs.skips import count_by_rule

Noise = Callable[[Path, int], None]


@pytest.fixture
def write(tmp_path: Path, write_noise: Noise) -> Callable[..., Path]:
    """Write pictures of noise called `names` into the folder `expression`."""

    def one(expression: str, *names: str) -> Path:
        for number, name in enumerate(names):
            write_noise(tmp_path / "mpi" / expression / name, number)
        return tmp_path / "mpi"

    return one


def read(folder: Path, **params: object) -> LabelledFaces:
    return read_mpi(folder, folder.parent, params=MpiParams(**({"face_box": "whole"} | params)))  # type: ignore[arg-type]


def frames(actor: str, expression: str, count: int) -> list[str]:
    return [f"{actor}_{expression}_{number:03}.png" for number in range(1, count + 1)]


def test_the_tables_are_a_partition_of_the_51() -> None:
    assert len(EXPRESSIONS) == len(set(EXPRESSIONS)) == 51
    assert len(CLEAR) + len(NEAR) + len(OTHERS) == 51
    assert set((CLEAR | NEAR).values()) <= set(CLASSES)
    assert len(ACTORS) == 10


def test_folder_is_the_label_and_the_name_the_subject(write: Callable[..., Path]) -> None:
    write("happy_laughing", "islf_happy_laughing_001.png")
    write("tired", "islf_tired_001.png", "mamm_tired_001.png")
    faces = read(write("Sad", "mamm_sad_001.png"))
    assert faces.table["expression"].tolist() == ["Sad", "Happy"]
    assert faces.table["subject"].tolist() == ["mamm", "islf"]
    assert [EXPRESSIONS[number] for number in faces.table["own_label"]] == ["sad", "happy_laughing"]
    assert count_by_rule(faces.skips) == {NOT_FIVE: 2}


@pytest.mark.parametrize(("expressions", "kept"), [("clear", ["Happy"]), ("near", ["Angry", "Happy", "Happy"])])
def test_near_expressions_are_taken_when_asked_for(
    write: Callable[..., Path], expressions: str, kept: list[str]
) -> None:
    for label in ("annoyed_bothered", "happy_satiated", "smiling_winning"):
        write(label, f"islf_{label}_001.png")
    assert read(write("bored"), expressions=expressions).table["expression"].tolist() == kept


@pytest.mark.parametrize(
    ("share", "kept"), [(0.5, [3, 4, 5, 6]), (1, [1, 2, 3, 4, 5, 6, 7, 8]), (0.25, [4, 5]), (0.01, [4])]
)
def test_middle_frames_of_each_actor(write: Callable[..., Path], share: float, kept: list[int]) -> None:
    folder = write("sad", *frames("islf", "sad", 8), *frames("kabf", "sad", 1))
    faces = read(folder, middle_share=share)
    names = [f"sad/islf_sad_{number:03}.png" for number in kept]
    assert faces.table["file"].tolist() == [*names, "sad/kabf_sad_001.png"]
    assert count_by_rule(faces.skips) == ({NOT_ASKED_FOR: 8 - len(kept)} if len(kept) < 8 else {})


@pytest.mark.parametrize(
    "name", ["abcd_sad_001.png", "islf_happy_laughing_001.png", "islf_sad.png", "sad_001.png", "islf_sad_x.png"]
)
def test_name_that_does_not_fit_is_skipped(write: Callable[..., Path], name: str) -> None:
    faces = read(write("sad", name, "islf_sad_002.png"))
    assert len(faces.table) == 1
    assert [(skip.rule[:27], skip.value) for skip in faces.skips] == [("picture must be called <act", name)]


def test_both_spellings_of_the_conversational_ones(write: Callable[..., Path]) -> None:
    write("I_do_not_know", "islf_I_do_not_know_001.png")
    write("I_dont_care", "islf_I_dont_care_001.png")
    assert count_by_rule(read(write("sad", "islf_sad_001.png")).skips) == {NOT_FIVE: 2}


def test_folder_of_another_name_is_reported_picture_by_picture(write: Callable[..., Path]) -> None:
    write("saad", *frames("islf", "saad", 2))
    faces = read(write("sad", "islf_sad_001.png"))
    assert count_by_rule(faces.skips) == {"folder must be one of the 51 expressions": 2}


def test_no_folder_of_the_database(write: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"`mpi`: .* holds none of the 51 folders"):
        read(write("happy", "1.png"))


def test_faces_are_found_in_the_photographs(tmp_path: Path) -> None:
    write_mpi(tmp_path, actors=1, seed=5, frames=1)
    table = read(tmp_path, face_box="detect").table
    assert table["expression"].tolist() == ["Happy", "Happy", "Sad"]
    assert table["box_width"].between(80, 200).all()
