"""`facefoundry pair ...` as it is typed."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from flows.commands.pair_commands import pair_app
from pair.errors import InputError
from runs.record import digest


@pytest.fixture
def picture(scene, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("[b]two.png", scene)
    cv2.imwrite("none.png", np.zeros_like(scene))
    return "[b]two.png"


def call(*words):
    pair_app([str(word) for word in words], result_action="return_value")


def test_the_table_fits_a_terminal_and_tells_each_face(cascade, network, picture, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    call("find", cascade, network, picture, "none.png", "--min-neighbors", "2")
    head, *rows = capsys.readouterr().out.splitlines()
    words = head.split()
    assert words == ["picture", "box", "score", "expression", "Happy", "Sad", "Surprise", "Angry", "Neutral"]
    assert sorted(row.split()[6] for row in rows) == ["Happy", "Neutral"]
    assert all(row.startswith("[b]two.png") and len(row) <= 80 and "…" not in row for row in rows)


def test_programs_get_one_object_a_face(cascade, network, picture, capsys):
    call("find", cascade, network, "none.png", picture, "--json", "--min-neighbors", "2")
    faces = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(face["expression"] for face in faces) == ["Happy", "Neutral"]
    for face in faces:
        assert face["picture"] == picture
        assert max(face["probabilities"], key=face["probabilities"].get) == face["expression"]


def test_nobody_is_told_and_no_picture_is_an_error(cascade, network, picture, capsys):
    call("find", cascade, network, "none.png")
    assert capsys.readouterr().out == "No face was found.\n"
    with pytest.raises(InputError, match=r"absent\.png: "):
        call("find", cascade, network, "absent.png")


def test_an_evaluation_takes_its_settings_from_params_and_from_the_cascades_figures(
    cascade, network, scenes, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("evaluate_pair: {min_neighbors: 4, crop_scale: 1.1}\n")
    (tmp_path / "metrics.json").write_text(
        json.dumps({"model_sha256": digest(cascade), "recommended_min_neighbors": 2})
    )
    call("evaluate", cascade, network, scenes, "alone")
    call("evaluate", cascade, network, scenes, "told", "--cascade-score", ".")
    points = [json.loads((tmp_path / out / "metrics.json").read_text()) for out in ("alone", "told")]
    assert [(one["min_neighbors"], one["crop_scale"]) for one in points] == [(4, 1.1), (2, 1.1)]
    assert "right_share" in capsys.readouterr().out.replace(" ", "_")


@pytest.fixture
def pulled(cascade, tmp_path):
    """A folder as `facefoundry pull` writes it, of a cascade that was registered with settings that find nothing."""
    folder = tmp_path / "pulled"
    folder.mkdir()
    shutil.copyfile(cascade, folder / "cascade.xml")
    point = {"min_neighbors": 400, "scale_factor": 1.3, "max_size": 0}
    told = {"operating_point": point, "files": {"cascade.xml": {"sha256": digest(cascade)}}}
    (folder / "MODEL.json").write_text(json.dumps(told))
    return folder


def test_a_pulled_cascade_is_searched_as_it_was_registered_and_options_override(pulled, network, picture, capsys):
    for cascade in (pulled, pulled / "cascade.xml"):
        call("find", cascade, network, picture)
        assert capsys.readouterr().out == "No face was found.\n"
    call("find", pulled, network, picture, "--min-neighbors", "2", "--scale-factor", "1.1", "--json")
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("options", "yaml", "point"),
    [
        ([], "", (400, 1.3)),
        (["--min-neighbors", "4"], "", (4, 1.3)),
        ([], "evaluate_pair: {min_neighbors: 5}", (5, 1.3)),
        (["--no-own-point"], "", (3, 1.1)),
        ([], "evaluate_pair: {own_point: false}", (3, 1.1)),
    ],
)
def test_an_evaluation_of_a_pulled_cascade(pulled, network, scenes, tmp_path, monkeypatch, options, yaml, point):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(yaml)
    call("evaluate", pulled, network, scenes, "out", *options)
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert (found["min_neighbors"], found["scale_factor"]) == point
