"""The sample data: the layout that the steps expect, the same bytes every time, and nobody's files overwritten."""

import json

import cv2
import numpy as np
import pytest

from cascade.annotations.opencv_info import read
from cascade.boxes import is_inside
from cnn.merge import MergeParams, merge
from pair.labels import read_labelled_scenes
from runs.parameters import ParameterError
from runs.record import RunMismatchError, digest
from tasks.write_sample_data import MARKER, SampleDataParams, write_sample_data

SMALL = {
    "positives": 9,
    "negatives": 3,
    "scenes": 6,
    "expression_faces": 40,
    "expression_test_faces": 12,
    "affectnet_faces": 12,
    "affectnet_validation_faces": 6,
    "expression_scenes": 5,
}
PARAMS = SampleDataParams(**SMALL)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample") / "data"
    return write_sample_data(out, PARAMS)


@pytest.fixture
def tiny(tmp_path):
    params = SampleDataParams(**dict.fromkeys(SMALL, 1), seed=3)
    write_sample_data(tmp_path / "data", params)
    return tmp_path / "data", params


def test_everything_the_steps_expect_is_there(sample):
    names = {path.relative_to(sample.folder).as_posix() for path in sample.folder.rglob("*")}

    assert {
        "README.md",
        MARKER,
        "positives/info.lst",
        "negatives",
        "scenes/info.lst",
        "fer2013/fer2013.csv",
        "fer2013/fer2013new.csv",
        "affectnet/training.csv",
        "affectnet/validation.csv",
        "affectnet/Manually_Annotated_Images",
        "expression_scenes/labels.csv",
    } <= names
    assert sample.written
    assert "seed 7" in (sample.folder / "README.md").read_text()


@pytest.mark.parametrize("part", ["positives", "scenes"])
def test_info_files_name_pictures_with_boxes_inside(sample, part):
    annotations = read(sample.folder / part / "info.lst")

    boxes = 0
    for annotation in annotations:
        height, width = cv2.imread(str(annotation.picture)).shape[:2]
        assert all(is_inside(box, width, height) for box in annotation.boxes)
        assert all(min(box[2:]) >= 27 for box in annotation.boxes)
        boxes += len(annotation.boxes)
    assert boxes == {"positives": sample.positives, "scenes": sample.scene_faces}[part]


def test_the_counts_are_those_asked_for(sample):
    assert sample.positives == 9
    assert len(read(sample.folder / "scenes" / "info.lst")) == 6
    assert len(list((sample.folder / "negatives").iterdir())) == 3
    assert sample.expression_faces == 52
    assert len((sample.folder / "fer2013" / "fer2013.csv").read_text().splitlines()) == 53
    assert any(not annotation.boxes for annotation in read(sample.folder / "scenes" / "info.lst"))


def test_labelled_scenes_have_every_expression_with_boxes_inside(sample):
    scenes = read_labelled_scenes(sample.folder / "expression_scenes", None, [])

    assert [len(scene.boxes) for scene in scenes] == [3, 1, 4, 2, 0]
    assert sample.labelled_faces == 10
    assert np.bincount([label for scene in scenes for label in scene.labels]).tolist() == [2, 2, 2, 2, 2]
    for scene in scenes:
        height, width = cv2.imread(str(scene.picture)).shape[:2]
        assert all(is_inside(box, width, height) and min(box[2:]) >= 39 for box in scene.boxes)


def test_the_readers_take_it_and_report_its_faults(sample, tmp_path):
    merged = merge(
        tmp_path / "faces",
        MergeParams(),
        fer2013=sample.folder / "fer2013",
        ferplus=sample.folder / "fer2013",
        affectnet=sample.folder / "affectnet",
    )

    assert merged.faces > 45
    assert all(count > 0 for count in merged.by_class.values())
    assert len(merged.by_source) == 2
    assert merged.leaks >= 1
    assert sum(merged.skipped.values()) >= 6


def test_the_same_seed_writes_the_same_bytes(tiny, tmp_path):
    out, params = tiny
    write_sample_data(tmp_path / "again", params)

    assert digest(out) == digest(tmp_path / "again")


def test_the_same_again_does_nothing(tiny):
    out, params = tiny
    before = (out / MARKER).stat().st_mtime_ns
    again = write_sample_data(out, params)

    assert not again.written
    assert again.positives == 1
    assert (out / MARKER).stat().st_mtime_ns == before


def test_other_parameters_need_force(tiny):
    out, params = tiny
    other = SampleDataParams(**{**params.as_dict(), "seed": 4})
    before = digest(out)
    with pytest.raises(RunMismatchError, match=r"other parameters: seed was 3, now 4. Replace it with `force`"):
        write_sample_data(out, other)
    assert digest(out) == before


def test_force_replaces_sample_data(tiny):
    out, params = tiny
    before = digest(out / "positives")
    written = write_sample_data(out, SampleDataParams(**{**params.as_dict(), "seed": 4, "force": True}))

    assert written.written
    assert digest(out / "positives") != before
    assert json.loads((out / MARKER).read_text())["parameters"]["seed"] == 4


@pytest.mark.parametrize("force", [False, True])
def test_files_of_somebody_else_are_never_touched(tmp_path, force):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mine.txt").write_text("years of work")
    with pytest.raises(RunMismatchError, match="holds files that are not sample data"):
        write_sample_data(tmp_path / "data", SampleDataParams(**SMALL, force=force))
    assert (tmp_path / "data" / "mine.txt").read_text() == "years of work"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("name", ["positives/mine.png", "mine/a.txt"])
def test_sample_data_with_files_added_is_never_replaced(tiny, force, name):
    out, params = tiny
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_bytes(b"mine")
    with pytest.raises(RunMismatchError, match="was changed since the sample data was written"):
        write_sample_data(out, SampleDataParams(**{**params.as_dict(), "seed": 9, "force": force}))
    assert (out / name).read_bytes() == b"mine"


def test_a_removed_file_is_noticed(tiny):
    out, params = tiny
    (out / "scenes" / "info.lst").unlink()
    with pytest.raises(RunMismatchError, match="was changed"):
        write_sample_data(out, params)


def test_a_failure_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full_disk(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tasks.write_sample_data.write_affectnet", full_disk)
    threads = cv2.getNumThreads()
    with pytest.raises(OSError, match="No space left"):
        write_sample_data(tmp_path / "data", SampleDataParams(**dict.fromkeys(SMALL, 1)))
    assert list(tmp_path.iterdir()) == []
    assert cv2.getNumThreads() == threads


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "data").mkdir()
    assert write_sample_data(tmp_path / "data", SampleDataParams(**dict.fromkeys(SMALL, 1))).written


def test_parameters_are_checked():
    with pytest.raises(ParameterError, match="`positives` must be at least 1"):
        SampleDataParams(positives=0)


BOTTLES = SampleDataParams(**{**SMALL, "object": "bottle", "negatives": 5})


def test_bottles_come_in_the_same_layout_without_the_networks_datasets(tmp_path):
    sample = write_sample_data(tmp_path / "data", BOTTLES)

    assert sorted(entry.name for entry in sample.folder.iterdir()) == [
        "README.md",
        "negatives",
        "positives",
        MARKER,
        "scenes",
    ]
    assert (sample.positives, sample.negatives, sample.scenes) == (9, 5, 6)
    assert (sample.expression_faces, sample.affectnet_faces) == (0, 0)
    for part in ("positives", "scenes"):
        for annotation in read(sample.folder / part / "info.lst"):
            height, width = cv2.imread(str(annotation.picture)).shape[:2]
            assert all(is_inside(box, width, height) for box in annotation.boxes)
            assert all(0.35 < box[2] / box[3] < 0.45 and box[2] >= 16 and box[3] >= 40 for box in annotation.boxes)
    assert "9 bottles in pictures" in (sample.folder / "README.md").read_text()
    assert not write_sample_data(tmp_path / "data", BOTTLES).written
    with pytest.raises(RunMismatchError, match="object was 'bottle', now 'face'"):
        write_sample_data(tmp_path / "data", PARAMS)


def test_faces_of_the_time_before_bottles_are_known_again(sample):
    assert "object" not in json.loads((sample.folder / MARKER).read_text())["parameters"]
