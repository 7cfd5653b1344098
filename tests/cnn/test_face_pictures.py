"""The pictures are the store's faces, of the split and source asked for."""

from __future__ import annotations

import cv2
import numpy as np
import pandas as pd
import pytest

from cnn.errors import InputError
from cnn.face_pictures import FacePicturesParams, write_face_pictures
from cnn.store import load_faces
from runs.errors import RunMismatchError


@pytest.mark.parametrize(("split", "source"), [("train", None), ("train", "ferplus"), ("test", "affectnet")])
def test_every_chosen_face_is_there_to_the_grey_level(write_store, tmp_path, split, source):
    faces, out = write_store(30), tmp_path / "out"
    for _ in range(2):
        written = write_face_pictures(faces, out, FacePicturesParams(split=split, source=source))
    images, _, table = load_faces(faces).split(split)
    wanted = {
        f"0000/{row['source']}_{row['index']:07}.png": image
        for image, (_, row) in zip(images, table.iterrows(), strict=True)
        if source in (None, row["source"])
    }
    there = {path.relative_to(out).as_posix(): path for path in out.rglob("*.png")}
    assert there.keys() == wanted.keys()
    assert written.pictures == len(wanted) > 2
    for name, path in there.items():
        assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), wanted[name])


def test_a_border_repeats_the_edge(write_store, tmp_path):
    faces = write_store()
    plain, wide = (
        write_face_pictures(faces, tmp_path / str(border), FacePicturesParams(border=border)).out for border in (0, 12)
    )
    for path in plain.rglob("*.png"):
        face, bordered = (cv2.imread(str(one), cv2.IMREAD_GRAYSCALE) for one in (path, wide / path.relative_to(plain)))
        assert np.array_equal(bordered, np.pad(face, 12, mode="edge"))


def test_an_unknown_source_is_answered_with_those_there_are(write_store, tmp_path):
    with pytest.raises(InputError, match=r"`source` must be one of affectnet, ferplus. Got 'mpi'"):
        write_face_pictures(write_store(), tmp_path / "out", FacePicturesParams(source="mpi"))


def test_somebodys_folder_is_not_touched(write_store, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    with pytest.raises(RunMismatchError, match=r"thesis\.txt"):
        write_face_pictures(write_store(), tmp_path / "mine")
    assert (tmp_path / "mine/thesis.txt").read_text() == "x"


def test_a_strangers_store_cannot_lead_out_of_the_folder(write_store, tmp_path):
    faces = write_store()
    table = pd.read_parquet(faces / "faces.parquet")
    table.loc[0, "source"] = "../../outside/x"
    table.to_parquet(faces / "faces.parquet")
    with pytest.raises(InputError, match=r"`source` must be letters, .* Got '\.\./\.\./outside/x'"):
        write_face_pictures(faces, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_fer2013s_table_gives_the_faces_of_all_seven_classes(tmp_path):
    faces = np.random.default_rng(1).integers(0, 256, (14, 48, 48)).astype(np.uint8)
    usages = ["Training", "PublicTest"] * 7
    rows = [f"{number % 7},{' '.join(map(str, face.ravel()))},{usages[number]}" for number, face in enumerate(faces)]
    table = tmp_path / "fer2013.csv"
    table.write_text("\n".join(["emotion,pixels,Usage", *rows, "9,1 2 3,Training"]) + "\n")
    written = write_face_pictures(table, tmp_path / "out", FacePicturesParams(split="train"))
    there = sorted((tmp_path / "out").rglob("*.png"))
    assert written.pictures == len(there) == 7
    for path, face in zip(there, faces[::2], strict=True):
        assert np.array_equal(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), face)
    with pytest.raises(InputError, match="holds no face of the split 'test'"):
        write_face_pictures(table, tmp_path / "none", FacePicturesParams(split="test"))
