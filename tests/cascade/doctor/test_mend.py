"""The mended lists are sound by the doctor's own judgement, and every change is told."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.annotations import opencv_info
from cascade.boxes import is_inside
from cascade.doctor.check import check
from cascade.doctor.look import Look
from cascade.doctor.mend import clip, fix
from cascade.errors import InputError


def changes_of(folder):
    with (folder / "changes.csv").open(encoding="utf-8") as stream:
        return [(row["line"], row["change"]) for row in csv.DictReader(stream)]


def test_all_that_can_be_mended_is(patient, tmp_path):
    patient.replace_line(patient.info, 1, "p0.png 2 -1 6 40 40 5 6 0 9")
    patient.replace_line(patient.info, 2, "p1.png 1 60 6 40 40")
    (patient.root / "p2.png").unlink()
    (patient.root / "p3.png").write_bytes((patient.root / "p4.png").read_bytes())
    (patient.root / "n3.png").write_bytes((patient.root / "p5.png").read_bytes())
    patient.replace_line(patient.background, 7, "")
    patient.background.write_bytes(patient.background.read_bytes().replace(b"\n", b"\r\n"))
    before = {path: path.read_bytes() for path in patient.root.iterdir()}

    mended = fix(patient.examine(), tmp_path / "out")

    assert changes_of(tmp_path / "out") == [
        ("7", "left out: empty line"),
        ("0", "Unix line ends"),
        ("1", "clipped"),
        ("1", "left out: zero-size box"),
        ("2", "left out: box outside the picture"),
        ("3", "left out: missing file"),
        ("5", "left out: duplicate"),
        ("4", "left out: duplicate"),
    ]
    assert (mended.positives, mended.negatives, mended.changes) == (7, 8, 8)
    assert opencv_info.read(mended.info)[0].boxes == ((0, 6, 39, 40),)
    found = check(mended.info, mended.background, None, patient.check, patient.samples, patient.training)
    assert found.findings == ()
    assert {path: path.read_bytes() for path in patient.root.iterdir()} == before


def test_what_is_sound_stays_as_it_is(patient, tmp_path):
    mended = fix(patient.examine(), tmp_path / "out")
    assert mended.changes == 0
    given, kept = opencv_info.read(patient.info), opencv_info.read(mended.info)
    assert [(item.picture.name, item.boxes) for item in kept] == [(item.picture.name, item.boxes) for item in given]
    assert [path.resolve() for path in opencv_info.read_background(mended.background)] == [
        path.resolve() for path in opencv_info.read_background(patient.background)
    ]


def test_nothing_left_is_an_error(patient, tmp_path):
    for picture in patient.root.glob("n*.png"):
        picture.write_bytes(b"broken")
    diagnosis = patient.examine()
    with pytest.raises(InputError, match="Nothing sound is left of the negatives"):
        fix(diagnosis, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@given(st.tuples(*[st.integers(-50, 150)] * 2, *[st.integers(-5, 150)] * 2))
def test_a_clipped_box_is_the_part_inside(box):
    look = Look(width=80, height=60)
    clipped = clip(box, look)
    inside = {
        (x, y)
        for x in range(box[0], box[0] + box[2])
        for y in range(box[1], box[1] + box[3])
        if is_inside((x, y, 1, 1), 80, 60)
    }
    assert len(inside) == (0 if clipped is None else clipped[2] * clipped[3])
    assert clipped is None or is_inside(clipped, 80, 60)
