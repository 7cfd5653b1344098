from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cascade.errors import InputError
from cascade.evaluate import OUTPUTS, EvaluateCascadeParams, evaluate_cascade
from cascade.opencv import apps as opencv_apps
from cascade.vec.file import write_vec
from runs.parameters import ParameterError
from runs.progress import Progress
from runs.record import digest

Draw = Callable[..., NDArray[np.uint8]]
WriteScenes = Callable[..., Path]
LEFT, RIGHT, SMALL = (10, 10, 48, 48), (100, 60, 64, 64), (150, 5, 30, 30)


@pytest.fixture
def scenes(tmp_path: Path, draw_squares: Draw, write_scenes: WriteScenes) -> Path:
    """Three found objects, one missed, one false alarm, and a scene with nothing in it."""
    return write_scenes(
        tmp_path / "scenes",
        {
            "two.png": (draw_squares(200, 150, [LEFT, RIGHT]), [LEFT, RIGHT]),
            "alarm.png": (draw_squares(200, 150, [LEFT, SMALL]), [SMALL, (30, 90, 40, 40)]),
            "empty.png": (draw_squares(120, 90, []), []),
        },
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_known_scenes_give_known_figures(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out")
    assert (score.scenes, score.skipped, score.faces) == (3, 0, 4)
    assert (score.point.hits, score.point.misses, score.point.false_alarms) == (3, 1, 1)
    assert (score.point.recall, score.point.precision, score.point.f1) == (0.75, 0.75, 0.75)
    assert score.point.false_alarms_per_image == pytest.approx(1 / 3)
    assert [(one.name, one.hits, one.faces) for one in score.by_size] == [
        ("small", 1, 1),
        ("medium", 1, 2),
        ("large", 1, 1),
    ]
    assert sorted(path.name for path in score.out.iterdir()) == sorted(OUTPUTS)


def test_metrics_are_flat_and_true_and_the_settings_are_beside_them(
    square_cascade: Path, scenes: Path, tmp_path: Path
) -> None:
    params = EvaluateCascadeParams(iou=0.4)
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out", params)
    told = json.loads((tmp_path / "out" / "measured.json").read_text())
    assert told == {"parameters": params.as_dict(), "scenes": scenes.name}
    metrics = json.loads((tmp_path / "out/metrics.json").read_text())
    assert metrics == score.metrics()
    assert (metrics["recall"], metrics["recall_medium"], metrics["faces_large"]) == (0.75, 0.5, 1)
    assert metrics["recommended_within_budget"] is True
    assert metrics.pop("model_sha256") == digest(square_cascade)
    assert all(isinstance(value, int | float | None) for value in metrics.values())


def test_the_curve_is_what_opencv_does_at_each_setting(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    evaluate_cascade(square_cascade, scenes, tmp_path / "out", EvaluateCascadeParams(curve_points=90))
    curve = rows(tmp_path / "out/curve.csv")
    assert [int(row["min_neighbors"]) for row in curve] == list(range(1, 91))
    classifier = cv2.CascadeClassifier(str(square_cascade))
    pictures = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted(scenes.parent.glob("*.png"))]
    for row in curve[::8]:
        found = sum(len(classifier.detectMultiScale(p, 1.1, int(row["min_neighbors"]), 0, (20, 20))) for p in pictures)
        assert int(row["hits"]) + int(row["false_alarms"]) == found
    assert len({row["recall"] for row in curve}) > 2


def test_a_folder_stands_for_its_info_file(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    by_file = evaluate_cascade(square_cascade, scenes, tmp_path / "a").metrics()
    assert evaluate_cascade(square_cascade, scenes.parent, tmp_path / "b").metrics() == by_file


def test_the_same_twice_writes_the_same_bytes(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    for out in ("a", "b"):
        evaluate_cascade(square_cascade, scenes, tmp_path / out)
    for name in set(OUTPUTS) - {"report.html", "speed.json"}:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_scenes_without_objects_have_no_recall(
    square_cascade: Path, tmp_path: Path, draw_squares: Draw, write_scenes: WriteScenes
) -> None:
    info = write_scenes(
        tmp_path / "s", {"a.png": (draw_squares(90, 90, [LEFT]), []), "b.png": (draw_squares(90, 90, []), [])}
    )
    metrics = evaluate_cascade(square_cascade, info, tmp_path / "out").metrics()
    assert (metrics["recall"], metrics["average_precision"], metrics["recall_small"]) == (None, None, None)
    assert (metrics["false_alarms"], metrics["precision"]) == (1, 0.0)
    assert rows(tmp_path / "out/curve.csv")[0]["recall"] == ""
    assert "NaN" not in (tmp_path / "out/metrics.json").read_text()


def test_broken_scenes_are_reported_and_left_out(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    (scenes.parent / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with scenes.open("a") as stream:
        stream.write("broken.png 1 0 0 5 5\nabsent.png 0\ntwo.png 2 1 1\nempty.png 2 5 5 0 9 500 5 9 9\n")
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out")
    skipped = rows(tmp_path / "out/skipped.csv")
    assert (score.scenes, score.skipped, score.faces) == (3, 5, 4)
    assert {(row["rule"], row["line"]) for row in skipped} >= {
        ("missing file", "5"),
        ("wrong number of boxes", "6"),
        ("box without area in its picture", "3"),
    }
    assert any("broken.png" in row["value"] and row["line"] == "4" for row in skipped)


def test_names_that_are_not_utf_8(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff\xe9.png")
    (scenes.parent / "two.png").rename(scenes.parent / odd)
    scenes.write_bytes(os.fsencode(odd) + b" 2 10 10 48 48 100 60 64 64\n\xfe.png 0\n")
    told: list[Progress] = []
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out", report=told.append)
    assert (score.point.hits, score.skipped) == (2, 1)
    assert all(one.message.encode() for one in told)


def test_nothing_readable_is_an_error_and_leaves_the_old_result(
    square_cascade: Path, scenes: Path, tmp_path: Path, write_scenes: WriteScenes
) -> None:
    evaluate_cascade(square_cascade, scenes, tmp_path / "out")
    before = (tmp_path / "out/metrics.json").read_bytes()
    info = write_scenes(tmp_path / "gone", {"a.png": (None, [LEFT])})
    with pytest.raises(InputError, match=r"no scene can be evaluated; the first: .*missing file"):
        evaluate_cascade(square_cascade, info, tmp_path / "out")
    assert (tmp_path / "out/metrics.json").read_bytes() == before
    info.write_text("")
    with pytest.raises(InputError, match="the list is empty"):
        evaluate_cascade(square_cascade, info, tmp_path / "out")


def test_inputs_that_are_not_there(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        evaluate_cascade(tmp_path / "none.xml", scenes, tmp_path / "out")
    with pytest.raises(InputError, match="cannot be read"):
        evaluate_cascade(square_cascade, tmp_path / "none.lst", tmp_path / "out")
    odd = tmp_path / os.fsdecode(b"\xff.xml")
    odd.write_bytes(square_cascade.read_bytes())
    with pytest.raises(InputError, match=r"a file whose path is not UTF-8: '.*\\udcff\.xml'\. Rename"):
        evaluate_cascade(odd, scenes, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_files_of_somebody_else_are_never_replaced(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds files that no evaluation wrote"):
        evaluate_cascade(square_cascade, scenes, square_cascade.parent)
    with pytest.raises(InputError, match="choose a new folder"):
        evaluate_cascade(square_cascade, scenes, square_cascade)
    assert square_cascade.is_file()
    assert scenes.is_file()


def test_a_failure_in_the_last_file_leaves_nothing(
    square_cascade: Path, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cascade.evaluate.save_montage", full_disk)
    with pytest.raises(OSError, match="No space left"):
        evaluate_cascade(square_cascade, scenes, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_progress_names_each_scene(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    evaluate_cascade(square_cascade, scenes, tmp_path / "out", report=told.append)
    assert [(one.done, one.total) for one in told[:3]] == [(1, 3), (2, 3), (3, 3)]
    assert told[1].message == "alarm.png: 1 of 2 found, 1 false alarm"
    assert told[2].message == "empty.png: 0 of 0 found, 0 false alarms"


def test_the_reported_point_is_on_the_curve_wherever_it_is(square_cascade: Path, scenes: Path, tmp_path: Path) -> None:
    params = EvaluateCascadeParams(min_neighbors=500, curve_points=2)
    score = evaluate_cascade(square_cascade, scenes, tmp_path / "out", params)
    assert (score.point.min_neighbors, score.point.hits, score.point.precision) == (500, 0, None)
    assert [row["min_neighbors"] for row in rows(tmp_path / "out/curve.csv")] == ["1", "2", "500"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iou": 0}, "`iou` must be greater than 0"),
        ({"min_neighbors": 0}, "`min_neighbors` must be at least 1"),
        ({"min_size": 30, "max_size": 20}, "`max_size` must be at least `min_size` 30"),
        ({"false_alarm_budget": float("nan")}, "`false_alarm_budget` must be finite"),
    ],
)
def test_parameters_are_checked(options: dict[str, float], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        EvaluateCascadeParams(**options)  # type: ignore[arg-type]


def old_format(text: str) -> str:
    """The square cascade's stump as ``opencv_haartraining`` wrote it."""
    assert "<internalNodes>0 -1 0 1.3</internalNodes>" in text
    return """<?xml version="1.0"?>
<opencv_storage><squares type_id="opencv-haar-classifier"><size>24 24</size>
  <stages><_><trees><_><_>
    <feature><rects><_>0 0 24 24 -1.</_><_>6 6 12 12 4.</_></rects><tilted>0</tilted></feature>
    <threshold>1.3</threshold><left_val>-1.</left_val><right_val>1.</right_val></_></_></trees>
    <stage_threshold>0.</stage_threshold><parent>-1</parent><next>-1</next></_></stages></squares></opencv_storage>
"""


def test_a_cascade_in_the_old_format_has_the_same_figures(
    square_cascade: Path, square_text: str, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "old.xml").write_text(old_format(square_text), encoding="ascii")
    new = evaluate_cascade(square_cascade, scenes, tmp_path / "new").metrics()
    old = evaluate_cascade(tmp_path / "old.xml", scenes, tmp_path / "old").metrics()
    assert new.pop("model_sha256") != old.pop("model_sha256")
    assert old == new
    for name in ("curve.csv", "stages.csv", "sizes.csv", "montage.png"):
        assert (tmp_path / "old" / name).read_bytes() == (tmp_path / "new" / name).read_bytes(), name


@pytest.mark.opencv
def test_what_the_real_program_saves_in_the_old_format_is_evaluated(
    tmp_path: Path, draw_squares: Draw, write_scenes: WriteScenes
) -> None:
    """The same training saved in both formats finds the same, and both pages draw its features on its samples."""
    rng = np.random.default_rng(0)
    square = draw_squares(24, 24, [(0, 0, 24, 24)])
    samples = np.stack([cv2.add(square, rng.integers(0, 25, (24, 24), dtype=np.uint8)) for _ in range(60)])
    write_vec(tmp_path / "p.vec", samples)
    noise = rng.integers(0, 256, (8, 60, 60)).astype(np.uint8)
    for number, picture in enumerate(noise):
        cv2.imwrite(str(tmp_path / f"{number}.png"), cv2.GaussianBlur(picture, (0, 0), 2))
    (tmp_path / "bg.txt").write_text("".join(f"{number}.png\n" for number in range(8)))
    image = cv2.resize(noise[0], (200, 150), interpolation=cv2.INTER_CUBIC)
    for x, y, side, _ in (LEFT, RIGHT):
        image[y : y + side, x : x + side] = cv2.resize(samples[0], (side, side))
    info = write_scenes(tmp_path / "s", {"a.png": (image, [LEFT, RIGHT])})
    found = {}
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        values = {"data": name, "vec": "p.vec", "bg": "bg.txt", "num_pos": 55, "num_neg": 50, "num_stages": 2}
        values |= {"base_format_save": name == "old", "width": 24, "height": 24, "mode": "ALL", "max_depth": 2}
        subprocess.run(opencv_apps.command("opencv_traincascade", values), cwd=tmp_path, check=True, stdout=-3)
        text = (tmp_path / name / "cascade.xml").read_text()
        assert ("opencv-haar-classifier" in text) == (name == "old")
        cascade, out = tmp_path / name / "cascade.xml", tmp_path / f"{name} score"
        found[name] = evaluate_cascade(cascade, info, out, positives=tmp_path / "p.vec").metrics()
        assert 'aria-label="feature 1 of stage 1"' in (out / "report.html").read_text(encoding="utf-8")
    assert found["new"].pop("model_sha256") != found["old"].pop("model_sha256")
    assert found["old"] == found["new"]
    stages = rows(tmp_path / "old score/stages.csv")
    assert stages == rows(tmp_path / "new score/stages.csv")
    # Some windows are rejected and some accepted, so that the figures are of a cascade that decides.
    assert 0 < float(stages[-1]["rejected"]) < 1
    assert found["old"]["features_per_window"] > 0
