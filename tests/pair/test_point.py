"""At which settings a pair is searched: its cascade's own where those are given, and nobody else's."""

from __future__ import annotations

import json
import shutil

import pytest

from pair.errors import InputError
from pair.evaluate import EvaluatePairParams, evaluate_pair
from pair.point import at_point, cascade_file, pulled_point, recommended_point
from runs.record import digest

FIGURES = {"scale_factor": 1.2, "min_size": 24, "max_size": None, "recommended_min_neighbors": 2}


@pytest.fixture
def cascade_score(cascade, tmp_path):
    folder = tmp_path / "cascade_score"
    folder.mkdir()
    (folder / "metrics.json").write_text(json.dumps({"model_sha256": digest(cascade), **FIGURES}))
    return folder


def test_an_evaluation_is_searched_as_its_cascade_does_best(cascade, network, scenes, cascade_score, tmp_path):
    told = evaluate_pair(cascade, network, scenes, tmp_path / "told", cascade_score=cascade_score)
    assert (
        told.searched.as_dict() == EvaluatePairParams(scale_factor=1.2, min_neighbors=2, min_size=24).pair().as_dict()
    )
    assert json.loads((tmp_path / "told/measured.json").read_text())["parameters"]["min_neighbors"] == 2
    given = EvaluatePairParams(own_point=False, min_neighbors=5)
    own = evaluate_pair(cascade, network, scenes, tmp_path / "own", given, cascade_score=cascade_score)
    assert own.searched == given.pair()


def test_figures_of_another_cascade_are_refused(cascade, network, scenes, cascade_score, tmp_path):
    other = shutil.copyfile(cascade, tmp_path / "other.xml")
    other.write_text(f"{other.read_text()}\n")
    with pytest.raises(InputError, match="has the figures of another cascade"):
        evaluate_pair(other, network, scenes, tmp_path / "out", cascade_score=cascade_score)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", [None, "no JSON", "[]", '{"model_sha256": "a"}'])
def test_what_is_no_evaluation_is_told(cascade_score, text):
    (cascade_score / "metrics.json").unlink()
    if text is not None:
        (cascade_score / "metrics.json").write_text(text)
    with pytest.raises(InputError, match=r"is no evaluation of a cascade .* The step `evaluate_cascade` writes it"):
        recommended_point(cascade_score, "a")


@pytest.mark.parametrize(("told", "size"), [({"max_size": 0}, None), ({"max_size": 90}, 90), ({}, 70)])
def test_a_greatest_size_of_nothing_is_the_whole_picture(told, size, tmp_path):
    assert at_point(EvaluatePairParams(max_size=70), told, tmp_path).max_size == size


def test_a_point_without_sense_names_its_file(tmp_path):
    with pytest.raises(InputError, match=r"MODEL\.json: the operating point breaks a rule: `scale_factor` must be"):
        at_point(EvaluatePairParams(), {"scale_factor": 0.5}, tmp_path / "MODEL.json")


def write_pulled(folder, cascade, point, sha256=None):
    """A folder as `facefoundry pull` writes it."""
    folder.mkdir()
    shutil.copyfile(cascade, folder / "cascade.xml")
    files = {"cascade.xml": {"sha256": sha256 or digest(cascade)}}
    (folder / "MODEL.json").write_text(json.dumps({"operating_point": point, "files": files}))
    return folder


def test_a_pulled_cascade_tells_how_it_is_searched(cascade, tmp_path):
    point = {"scale_factor": 1.2, "min_neighbors": 6, "min_size": 24, "max_size": 0, "crop_scale": 1.1, "other": 1}
    folder = write_pulled(tmp_path / "pulled", cascade, point)
    known = {"scale_factor": 1.2, "min_neighbors": 6, "min_size": 24, "crop_scale": 1.1}
    assert pulled_point(folder) == pulled_point(folder / "cascade.xml") == known
    assert cascade_file(folder) == cascade_file(folder / "cascade.xml") == folder / "cascade.xml"
    assert pulled_point(cascade) == pulled_point(tmp_path) == {}


def test_a_pulled_cascade_without_a_point_gives_none(cascade, tmp_path):
    assert pulled_point(write_pulled(tmp_path / "pulled", cascade, None)) == {}


@pytest.mark.parametrize(
    ("point", "sha256", "words"),
    [
        ({"min_neighbors": 2}, "ab", "tells of another cascade than the cascade.xml beside it"),
        ({"scale_factor": 0.5}, None, "the operating point breaks a rule: `scale_factor` must be"),
        (3, None, "tells of no pulled cascade"),
    ],
)
def test_what_a_pulled_folder_may_not_tell(cascade, tmp_path, point, sha256, words):
    folder = write_pulled(tmp_path / "pulled", cascade, point, sha256)
    with pytest.raises(InputError, match=rf"MODEL\.json:? {words}"):
        pulled_point(folder)
