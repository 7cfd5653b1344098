"""The files of FER2013, FER+ and AffectNet: to the letter of their formats, faults included."""

import csv
import hashlib

import cv2
import numpy as np
import pytest

from cnn.labels import FERPLUS_COLUMNS
from cnn.synthetic import crop_face, draw_face, write_affectnet, write_fer2013
from cnn.synthetic.fer2013 import draw_votes

TRAIN, TEST = 40, 14


@pytest.fixture(scope="module")
def fer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fer2013")
    write_fer2013(folder, train=TRAIN, test=TEST, seed=1)
    with (folder / "fer2013.csv").open(newline="") as pixels, (folder / "fer2013new.csv").open(newline="") as votes:
        return folder, list(csv.DictReader(pixels)), list(csv.DictReader(votes))


@pytest.fixture(scope="module")
def affectnet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("affectnet")
    write_affectnet(folder, train=14, validation=8, seed=1)
    return folder, _rows(folder / "training.csv"), _rows(folder / "validation.csv")


def _rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_fer2013_has_the_official_form(fer):
    folder, rows, _ = fer

    assert (folder / "fer2013.csv").read_text().splitlines()[0] == "emotion,pixels,Usage"
    assert [row["Usage"] for row in rows] == ["Training"] * TRAIN + ["PublicTest"] * TEST
    for row in rows:
        pixels = [int(value) for value in row["pixels"].split(" ")]
        assert len(pixels) == 48 * 48
        assert all(0 <= value <= 255 for value in pixels)
        assert 0 <= int(row["emotion"]) <= 6


def test_ferplus_has_the_official_form_row_for_row(fer):
    folder, rows, votes = fer

    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    assert (folder / "fer2013new.csv").read_text().splitlines()[0] == header
    assert [row["Usage"] for row in votes] == [row["Usage"] for row in rows]
    for index, row in enumerate(votes[:-1]):
        assert sum(int(row[name]) for name in FERPLUS_COLUMNS) == 10
        assert row["Image name"] == ("" if row["NF"] == "10" else f"fer{index:07d}.png")


def test_the_known_faults_of_the_real_data_are_there(fer):
    _, rows, votes = fer

    assert sum(row["Image name"] == "" for row in votes) >= 1
    tops = {max(FERPLUS_COLUMNS, key=lambda name: int(row[name])) for row in votes}
    assert tops & {"disgust", "fear", "contempt"}
    train = {row["pixels"] for row in rows[:TRAIN]}
    assert sum(row["pixels"] in train for row in rows[TRAIN:]) == 1
    assert len({row["pixels"] for row in rows}) == TRAIN + TEST - 1


def test_pictures_are_neither_flat_nor_all_alike(fer):
    _, rows, votes = fer
    faces = np.array(
        [row["pixels"].split() for row, vote in zip(rows, votes, strict=True) if vote["NF"] != "10"], float
    )

    assert faces.std(axis=1).min() > 4
    assert faces.std(axis=0).mean() > 15


@pytest.mark.parametrize("expression", ["Happy", "Sad", "Surprise", "Angry", "Fear", "Disgust", "Contempt"])
def test_votes_agree_on_the_clear_and_less_on_the_faint(expression):
    rng = np.random.default_rng(0)
    clear, faint = (np.mean([max(draw_votes(rng, expression, value)) for _ in range(200)]) for value in (1.0, 0.2))

    assert clear > 8.5
    assert faint < 7.5
    assert sum(draw_votes(rng, expression, 0.5)) == 10


def test_affectnet_has_the_official_form(affectnet):
    folder, training, validation = affectnet

    assert len(training) == 14 + 2
    assert len(validation) == 8
    for row in validation:
        image = cv2.imread(str(folder / "Manually_Annotated_Images" / row["subDirectory_filePath"]))
        x, y, width, height = (int(row[f"face_{name}"]) for name in ("x", "y", "width", "height"))
        assert image.shape[0] == image.shape[1] >= 140
        assert min(x, y) >= 0
        assert x + width <= image.shape[1]
        assert y + height <= image.shape[0]
        assert 0 <= int(row["expression"]) <= 10


def test_affectnet_landmarks_are_68_pairs_in_the_picture(affectnet):
    _, _, validation = affectnet
    faces = [row for row in validation if row["expression"] != "10"]

    assert faces
    for row in faces:
        values = np.array(row["facial_landmarks"].split(";"), float).reshape(68, 2)
        x, y, width, height = (int(row[f"face_{name}"]) for name in ("x", "y", "width", "height"))
        centre = values[17:].mean(axis=0)
        assert x < centre[0] < x + width
        assert y < centre[1] < y + height
        assert values[36, 0] < values[45, 0]
        assert -1 <= float(row["valence"]) <= 1
        assert -1 <= float(row["arousal"]) <= 1


def test_affectnet_feelings_fit_the_expression(affectnet):
    _, training, validation = affectnet
    rows = [row for row in training + validation if row["expression"] != "NULL"]
    valence = {number: [float(row["valence"]) for row in rows if row["expression"] == number] for number in ("1", "2")}

    assert min(valence["1"]) > max(valence["2"])


def test_affectnet_has_a_null_row_and_a_missing_file(affectnet):
    folder, training, _ = affectnet
    images = folder / "Manually_Annotated_Images"

    assert [row["face_x"] for row in training].count("NULL") == 1
    assert sum(not (images / row["subDirectory_filePath"]).exists() for row in training) == 1
    assert {"10"} <= {row["expression"] for row in training}


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    hashes = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_fer2013(tmp_path / name, train=4, test=2, seed=seed)
        write_affectnet(tmp_path / name, train=4, validation=1, seed=seed)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        hashes.append(hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest())

    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_progress_is_reported_to_the_end(tmp_path):
    seen = []
    write_fer2013(tmp_path, train=3, test=2, seed=0, report=seen.append)
    write_affectnet(tmp_path, train=2, validation=1, seed=0, report=seen.append)

    assert [(progress.done, progress.total) for progress in seen] == [(i, 5) for i in range(1, 6)] + [
        (i, 3) for i in range(1, 4)
    ]


@pytest.mark.parametrize("margin", [(0.7, 0.7), (1.1, 1.1), (2.6, 2.6)])
def test_a_crop_has_its_box_and_landmarks_in_its_own_pixels(margin):
    face = draw_face(np.random.default_rng(0), "Neutral", 128)
    crop = crop_face(np.random.default_rng(1), face, 96, margin)

    assert crop.image.shape == (96, 96, 3)
    x, y, width, height = crop.box
    assert min(x, y) >= 0
    assert max(x + width, y + height) <= 96
    assert width == pytest.approx(96 / max(1, margin[0]), abs=6)
    nose = crop.landmarks[30]
    assert x < nose[0] < x + width
    assert y < nose[1] < y + height
