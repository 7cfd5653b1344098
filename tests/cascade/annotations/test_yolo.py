"""YOLO's folders: shares of the upright picture, layouts, class names, broken lines."""

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.annotations import yolo
from cascade.annotations.records import Annotation
from cascade.errors import InputError


def save_picture(path, width=200, height=100):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.zeros((height, width), np.uint8))
    return path


def save_labels(path, text="0 0.5 0.5 0.1 0.2\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_labels_beside_the_pictures(tmp_path):
    picture = save_picture(tmp_path / "a.png")
    save_labels(tmp_path / "a.txt", "1 0.5 0.5 0.1 0.2\n\n0 0.05 0.1 0.1 0.2 0.987\r\n")
    save_picture(tmp_path / "background.png")
    found = yolo.read(tmp_path)
    assert found == [
        Annotation(picture, ((90, 40, 20, 20), (0, 0, 20, 20)), labels=("1", "0")),
        Annotation(tmp_path / "background.png", ()),
    ]


@pytest.mark.parametrize("layout", ["{kind}/train/{name}", "train/{kind}/{name}", "{kind}/{name}"])
def test_pictures_in_images_parallel_to_labels(tmp_path, layout):
    picture = save_picture(tmp_path / layout.format(kind="images", name="a.png"))
    save_picture(tmp_path / layout.format(kind="images", name="b.png"))
    save_labels(tmp_path / layout.format(kind="labels", name="a.txt"))
    (tmp_path / "README.txt").write_text("Made with care.")
    (tmp_path / "data.yaml").write_text("names: {0: face}\n")
    found = yolo.read(tmp_path)
    assert [(item.picture, item.labels) for item in found] == [(picture, ("face",)), (picture.with_name("b.png"), ())]
    assert yolo.read(tmp_path / "data.yaml") == found


def test_a_turned_picture_is_measured_upright(tmp_path):
    data = cv2.imencode(".jpg", np.zeros((100, 200), np.uint8))[1].tobytes()
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    body = b"Exif\0\0II" + struct.pack("<HIH", 42, 8, 1) + entry + b"\0\0\0\0"
    (tmp_path / "a.jpg").write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])
    save_labels(tmp_path / "a.txt")
    assert yolo.read(tmp_path)[0].boxes == ((45, 80, 10, 40),)


BROKEN = [
    ("0 0.5 0.5 0.1", "broken line"),
    ("0 0.5 0.5 0.1 0.1 0.1 0.1", "broken line"),
    ("face 0.5 0.5 0.1 0.1", "broken line"),
    ("0 0.5 nan 0.1 0.1", "broken line"),
    ("0 0.5 1e300 0.1 0.1", "broken line"),
    ("2 0.5 0.5 0.1 0.1", "unknown class"),
    ("-1 0.5 0.5 0.1 0.1", "unknown class"),
]


@pytest.mark.parametrize(("line", "rule"), BROKEN)
def test_a_broken_line_is_reported_and_the_others_are_read(tmp_path, line, rule):
    save_picture(tmp_path / "a.png")
    file = save_labels(tmp_path / "a.txt", f"{line}\n1 0.5 0.5 0.1 0.2\n")
    (tmp_path / "classes.txt").write_text("car\nface\n")
    problems = []
    assert yolo.read(tmp_path, problems)[0].labels == ("face",)
    assert [(skip.file, skip.line, skip.rule) for skip in problems] == [(str(file), 1, rule)]
    with pytest.raises(InputError, match=rf"a\.txt:1: {rule}"):
        yolo.read(tmp_path)


def test_label_files_without_a_picture_and_pictures_that_are_none(tmp_path):
    save_picture(tmp_path / "a.png")
    save_labels(tmp_path / "lost.txt")
    (tmp_path / "b.png").write_bytes(b"text")
    save_labels(tmp_path / "b.txt")
    save_picture(tmp_path / "c.png")
    (tmp_path / "c.txt").mkdir()
    save_picture(tmp_path / "d.png")
    save_labels(tmp_path / "d.txt", "0 0.5 0.5 0.1 0.2\n" * 300_000)
    problems = []
    assert [item.picture.name for item in yolo.read(tmp_path, problems)] == ["a.png"]
    assert sorted(skip.rule for skip in problems) == [
        "label file without a picture",
        "not decodable",
        "not readable",
        "too large",
    ]


def test_a_folder_without_pictures(tmp_path):
    with pytest.raises(InputError, match="holds no picture with YOLO's labels"):
        yolo.read(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        yolo.read(tmp_path / "none")


NAMES = [
    ("names: [car, 'face']", ["car", "face"]),
    ("names:\n  0: car\n  2: face", ["car", "1", "face"]),
]


@pytest.mark.parametrize(("text", "names"), NAMES)
def test_names_from_yaml(tmp_path, text, names):
    save_picture(tmp_path / "a.png")
    save_labels(tmp_path / "a.txt", f"{len(names) - 1} 0.5 0.5 0.1 0.2")
    (tmp_path / "data.yaml").write_text(text)
    assert yolo.read(tmp_path)[0].labels == (names[-1],)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("names: 5", "needs `names`"),
        ("- a", "needs `names`"),
        ("names: {-1: a}", "needs `names`"),
        ("names: {999999999: a}", "needs `names`"),
        ("a: [", "not whole YAML"),
        ("a: !!python/object/apply:os.getcwd []", "not whole YAML"),
        ("# " + "x" * 2**20, "larger than 1024 KiB"),
    ],
)
def test_broken_lists_of_names(tmp_path, text, why):
    save_picture(tmp_path / "a.png")
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(InputError, match=why):
        yolo.read(tmp_path)


@given(
    st.tuples(st.integers(1, 600_000), st.integers(1, 600_000)),
    st.lists(st.tuples(*[st.integers(0, 600_000)] * 4), min_size=1, max_size=3).map(tuple),
)
def test_six_decimals_give_every_pixel_back(tmp_path_factory, size, boxes):
    folder = tmp_path_factory.mktemp("yolo")
    inside = tuple((x % size[0], y % size[1], w % size[0], h % size[1]) for x, y, w, h in boxes)
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", *size)
    (folder / "a.png").write_bytes(header)
    yolo.write(folder / "out", [Annotation(folder / "a.png", inside)])
    assert yolo.read(folder / "out")[0].boxes == inside


def test_what_is_written_is_a_dataset_that_yolo_trains_on(tmp_path, pictures):
    items = [
        Annotation(pictures[0], ((64, 48, 320, 240),), labels=("face: 'x'",)),
        Annotation(pictures[1], ((0, 0, 7, 9),), labels=("car",)),
    ]
    yolo.write(tmp_path / "out", items)
    assert (tmp_path / "out/labels/a.txt").read_text() == "1 0.350000 0.350000 0.500000 0.500000\n"
    assert (tmp_path / "out/images/a_2.jpg").resolve() == pictures[1]
    assert (tmp_path / "out/images/a_2.jpg").readlink().parts[0] == ".."
    assert (tmp_path / "out/classes.txt").read_text() == "car\nface: 'x'\n"
    (tmp_path / "out/classes.txt").unlink()
    assert {label for item in yolo.read(tmp_path / "out") for label in item.labels} == {"car", "face: 'x'"}


def test_what_cannot_be_written_is_reported(tmp_path, pictures):
    items = [
        Annotation(pictures[0], (), ignored=((1, 2, 3, 4),)),
        Annotation(tmp_path / "none.png", ()),
    ]
    problems = []
    yolo.write(tmp_path / "out", items, problems)
    assert [skip.rule for skip in problems] == ["ignored boxes lost", "missing file"]
    with pytest.raises(InputError, match="ignored boxes lost"):
        yolo.write(tmp_path / "other", items)
    with pytest.raises(InputError, match="cannot carry the label"):
        yolo.write(tmp_path / "other", [Annotation(pictures[0], ((1, 2, 3, 4),), labels=("a\nb",))])
    assert not (tmp_path / "other").exists()
