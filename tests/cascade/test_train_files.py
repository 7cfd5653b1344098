"""Whole and cut-off files in a training's folder."""

import re

import pytest

from cascade import train_files
from cascade.train_files import CascadeCounts
from cascade.train_output import StageRow

STUMP = "<_><internalNodes>0 -1 0 0.5</internalNodes><leafValues>-1. 1.</leafValues></_>"


def stage_xml(number, weak=2):
    head = f"<maxWeakCount>{weak}</maxWeakCount><stageThreshold>-1.</stageThreshold>"
    body = f"{head}<weakClassifiers>{STUMP * weak}</weakClassifiers>"
    return f"<opencv_storage><stage{number}>{body}</stage{number}></opencv_storage>\n"


def cascade_xml(stages=2, weak=3, said=None):
    stage = f"<_><weakClassifiers>{STUMP * weak}</weakClassifiers></_>"
    body = f"<stageNum>{said or stages}</stageNum><stages>{stage * stages}</stages><features><_/><_/></features>"
    return f"<opencv_storage><cascade>{body}</cascade></opencv_storage>\n"


OLD_FORMAT = """<opencv_storage><old type_id="opencv-haar-classifier"><size>20 20</size><stages>
<_><trees><_><_><feature><rects><_>1</_></rects></feature></_></_><_><_><feature><rects><_>2</_></rects></feature></_></_>
</trees></_><_><trees><_><_><feature><rects><_>1</_></rects></feature></_></_></trees></_></stages></old></opencv_storage>"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "params.xml").write_text("<opencv_storage><params/></opencv_storage>")
    for i in range(4):
        (tmp_path / f"stage{i}.xml").write_text(stage_xml(i, i + 1))
    return tmp_path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_whole_stages_are_counted_and_kept(folder):
    assert train_files.repair(folder) == train_files.count_whole_stages(folder) == 4
    assert len(names(folder)) == 5


@pytest.mark.parametrize("keep", [0, 1, 60, -2])
def test_a_cut_off_stage_and_all_after_it_are_deleted(folder, keep):
    path = folder / "stage2.xml"
    path.write_text(path.read_text()[:keep])
    (folder / "cascade.xml").write_text(cascade_xml())
    (folder / "training.json").write_text("{}")
    (folder / "stage notes.xml").touch()
    assert train_files.repair(folder) == 2
    assert names(folder) == ["params.xml", "stage notes.xml", "stage0.xml", "stage1.xml"]


def test_a_gap_ends_the_count(folder):
    (folder / "stage1.xml").unlink()
    assert train_files.repair(folder) == 1
    assert names(folder) == ["params.xml", "stage0.xml"]


def test_without_whole_parameters_nothing_can_be_resumed(folder):
    (folder / "params.xml").write_text("<opencv_storage>")
    assert train_files.repair(folder) == 0
    assert names(folder) == []


def test_a_stage_without_weak_classifiers_is_not_whole(folder):
    (folder / "stage0.xml").write_text(stage_xml(0, 0))
    assert train_files.count_stage(folder / "stage0.xml") is None


def test_a_cascade_is_counted_in_both_formats(tmp_path):
    path = tmp_path / "cascade.xml"
    path.write_text(cascade_xml())
    assert train_files.count_cascade(path) == CascadeCounts(2, 6, 2)
    path.write_text(OLD_FORMAT)
    assert train_files.count_cascade(path) == CascadeCounts(2, 3, 2)


@pytest.mark.parametrize(
    "text", ["", "<x", "<a/>", cascade_xml()[:-20], cascade_xml(0), cascade_xml(2, said=3), cascade_xml(2, said="x")]
)
def test_what_is_no_whole_cascade(tmp_path, text):
    (tmp_path / "cascade.xml").write_text(text)
    assert train_files.count_cascade(tmp_path / "cascade.xml") is None
    assert train_files.count_cascade(tmp_path / "none.xml") is None


def test_history_round_trip_keeps_unknown_figures_unknown(folder):
    rows = [StageRow(0, 1, 0.5, 0.25, 1e-7, 10, 20, 1.5), StageRow(1, 2)]
    train_files.write_history(folder, rows)
    assert train_files.read_history(folder, 2) == rows


def test_the_history_counts_from_1_and_is_read_where_it_counts_from_0(folder):
    rows = [StageRow(number, 9, seconds=1.0 + number) for number in range(3)]
    train_files.write_history(folder, rows)
    text = (folder / "history.csv").read_text()
    assert [line[:2] for line in text.splitlines()[1:]] == ["1,", "2,", "3,"]
    (folder / "history.csv").write_text(re.sub(r"^(\d)", lambda found: str(int(found[1]) - 1), text, flags=re.M))
    assert train_files.read_history(folder, 3) == rows


def test_a_lost_row_is_made_up_from_its_stage(folder):
    train_files.write_history(folder, [StageRow(0, 9, 1.0), StageRow(2, 7, 1.0)])
    assert train_files.read_history(folder, 4) == [
        StageRow(0, 9, 1.0),
        StageRow(1, 2),
        StageRow(2, 7, 1.0),
        StageRow(3, 4),
    ]


@pytest.mark.parametrize("text", ["", "nonsense\n1\n", "stage,weak_classifiers\nx,y\n", "\0", "stage\n1,2,3\n"])
def test_a_broken_history_is_made_up_too(folder, text):
    (folder / "history.csv").write_text(text)
    assert train_files.read_history(folder, 1) == [StageRow(0, 1)]


@pytest.mark.parametrize(
    ("training", "cascade"),
    [
        ("{", cascade_xml()),
        ('{"stages": 3}', cascade_xml()),
        ("[]", cascade_xml()),
        ('{"stages": 2}', cascade_xml()[:-9]),
    ],
)
def test_a_finished_training_needs_both_files_whole(tmp_path, training, cascade):
    (tmp_path / "training.json").write_text(training)
    (tmp_path / "cascade.xml").write_text(cascade)
    assert train_files.read_training(tmp_path) is None
    (tmp_path / "training.json").write_text('{"stages": 2}')
    (tmp_path / "cascade.xml").write_text(cascade_xml())
    assert train_files.read_training(tmp_path) == {"stages": 2}
