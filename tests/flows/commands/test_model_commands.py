from __future__ import annotations

import json
from pathlib import Path

import pytest
from cyclopts import App

from cascade.model import CascadeModel, Feature, Node, Rectangle, Stage, WeakClassifier, read_cascade
from cascade.model.write import write_cascade
from flows.commands import model_commands

OLD = """<?xml version="1.0"?>
<opencv_storage><squares type_id="opencv-haar-classifier"><size>24 24</size><stages><_><trees><_><_>
  <feature><rects><_>0 0 24 24 -1.</_><_>6 6 12 12 4.</_></rects><tilted>0</tilted></feature>
  <threshold>1.3</threshold><left_val>-1.</left_val><right_val>1.</right_val></_></_></trees>
  <stage_threshold>0.</stage_threshold><parent>-1</parent><next>-1</next></_></stages></squares></opencv_storage>
"""


@pytest.fixture
def app() -> App:
    group = App(name="cascade", result_action="return_value")
    for command in (model_commands.inspect, model_commands.diff, model_commands.convert):
        group.command(command)
    return group


@pytest.fixture
def cascade(tmp_path: Path) -> Path:
    def write(name: str, threshold: float) -> Path:
        stump = WeakClassifier((Node(0, -1, 0, 1.5),), (-1.0, 1.0))
        feature = Feature((Rectangle(0, 0, 24, 20, -1.0), Rectangle(6, 5, 12, 10, 4.0)))
        write_cascade(CascadeModel("HAAR", 24, 20, (Stage(threshold, (stump,)),), (feature,)), tmp_path / name)
        return tmp_path / name

    write("other.xml", 0.25)
    return write("cascade.xml", 0.5)


def test_inspect_tells_the_window_and_the_stages(app: App, cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["inspect", str(cascade)])
    lines = capsys.readouterr().out.splitlines()
    assert "window height      20" in lines
    assert lines[-1].split() == ["1", "1", "1", "1", "0", "0.500000"]


def test_inspect_as_json(app: App, cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app(["inspect", str(cascade), "--json"])
    said = json.loads(capsys.readouterr().out)
    row = {"stage": 1, "weak_classifiers": 1, "nodes": 1, "features": 1, "tilted": 0, "threshold": 0.5}
    assert (said["window_width"], said["stages"], said["stage_table"]) == (24, 1, [row])


def test_diff_answers_with_its_status(app: App, cascade: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = str(cascade.with_name("other.xml"))
    assert app(["diff", str(cascade), str(cascade)]) == 0
    assert app(["diff", str(cascade), other]) == 1
    assert "stage 1, threshold: 0.5 | 0.25" in capsys.readouterr().out
    assert app(["diff", str(cascade), other, "--tolerance", "0.25"]) == 0


def test_convert_brings_the_old_format_into_the_new(app: App, tmp_path: Path) -> None:
    (tmp_path / "old.xml").write_text(OLD)
    app(["convert", str(tmp_path / "old.xml"), str(tmp_path / "new.xml")])
    assert "<stageType>BOOST</stageType>" in (tmp_path / "new.xml").read_text()
    assert read_cascade(tmp_path / "new.xml") == read_cascade(tmp_path / "old.xml")
