"""Figures that can be counted by hand."""

from cascade.annotations import formats
from cascade.annotations.records import Annotation
from cascade.annotations.summary import summarise


def test_counts_by_label_and_size(tmp_path, pictures):
    items = [
        Annotation(pictures[0], ((0, 0, 20, 20), (0, 0, 40, 10), (0, 0, 600, 300)), labels=("face", "car", "face")),
        Annotation(tmp_path / "gone.png", (), ignored=((1, 1, 5, 5),)),
    ]
    formats.write(tmp_path / "c.csv", items, format="csv_table")
    with (tmp_path / "c.csv").open("a") as stream:
        stream.write("a.png,1\n")
    summary, found, problems = summarise(tmp_path / "c.csv")
    assert (summary.format, summary.pictures, summary.empty, summary.missing) == ("csv_table", 2, 1, 1)
    assert (summary.boxes, summary.ignored, summary.labels) == (3, 1, {"face": 2, "car": 1})
    assert summary.sizes == ((20, 24, 2), (256, None, 1))
    assert summary.aspect == 2.0
    assert (summary.problems, len(found), len(problems)) == ({"broken row": 1}, 2, 1)


def test_nothing_to_count(tmp_path):
    formats.write(tmp_path / "c.json", [Annotation(tmp_path / "a.png", ())], format="coco")
    summary, _, _ = summarise(tmp_path / "c.json")
    assert (summary.boxes, summary.sizes, summary.aspect, summary.labels) == (0, (), None, {})
