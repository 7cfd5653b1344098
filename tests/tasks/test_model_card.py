"""The model card: every figure is the record's, what the record lacks is unknown, and what it says runs."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from cnn.datasets.registry import READERS
from cnn.labels import EXPRESSIONS
from tasks.cards.facts import CardFacts, read_records
from tasks.cards.text import block, plain
from tasks.model_card import model_card

TABLE = "ab" * 32
RUN = {"parameters": {"model": "reference", "epochs": 2}, "inputs": {"images": "cd" * 32, "table": TABLE}}
TRAINING = {"parameters": 1004805, "temperature": 0.84, "train_faces": 22080, "validation_faces": 2670}
FIGURES = {
    "faces": 3450,
    "accuracy": 0.6832,
    "accuracy_low": 0.6678,
    "accuracy_high": 0.6988,
    "recall_sad": 0.0079,
    "faces_sad": 381,
    "faces_ferplus": 3080,
    "accuracy_ferplus": 0.687,
}
COUNTS = {"ferplus": {"train": {"Happy": 7000, "Sad": 2500}, "test": {"Happy": 900}}}
MEASURED = {"parameters": {"split": "test"}, "faces": {"table_sha256": TABLE, "counts": COUNTS}}


def network(records: dict[str, Any] | None = None, **changes: Any) -> str:
    known = {"run.json": RUN, "training.json": TRAINING, "metrics.json": FIGURES, "measured.json": MEASURED}
    told: dict[str, Any] = {
        "name": "expression-cnn",
        "kind": "cnn",
        "tags": {"facefoundry.classes": json.dumps(EXPRESSIONS), "dvc.md5": "12.dir", "dvc.files": "7"},
        "files": {"model.keras": "ef" * 32},
        "records": known if records is None else records,
        "version": 3,
        "aliases": ["challenger"],
        "registered": "2026-11-21T10:41:57+00:00",
    }
    return model_card(CardFacts(**{**told, **changes}))


def cascade(**changes: Any) -> str:
    facts: dict[str, Any] = {"name": "face-cascade", "kind": "cascade", "tags": {}, "files": {}, **changes}
    return model_card(CardFacts(**facts))


def test_the_figures_are_the_records() -> None:
    card = network()
    for line in (
        "# expression-cnn, version 3",
        "Registered 2026-11-21T10:41:57+00:00. It is challenger.",
        "| accuracy | 0.683 | 0.668 to 0.699 |",
        "| Sad | 381 | 0.008 | - | unknown | unknown |",
        "| ferplus | 3,080 | 0.687 | unknown |",
        "| ferplus | train | 7,000 | 2,500 | 0 | 0 | 0 |",
        "- The data folder in DVC, when it was registered: 12.dir (7 files)",
        f"| `model.keras` | {'ef' * 32} |",
        f"- ferplus: {READERS['ferplus'].licence}",
        "epochs: 2",
    ):
        assert line in card.splitlines()
    assert "Measured on 3,450 faces of the split test." in card
    assert "1,004,805 weights" in card


def test_a_temperature_of_one_calibrates_nothing() -> None:
    for temperature, words in (
        (0.84, "They are calibrated on the validation faces, by the temperature 0.840."),
        (1.0, "They are not calibrated: the temperature is 1."),
        (None, "The record does not tell whether they are calibrated."),
    ):
        assert words in network({"training.json": {**TRAINING, "temperature": temperature}})


def test_views_are_told() -> None:
    words = "The model makes 6 views of the face and averages their answers."
    assert words in network({"training.json": TRAINING, "measured.json": {**MEASURED, "views": 6}})
    assert "views" not in network({"training.json": TRAINING, "measured.json": {**MEASURED, "views": 1}})


def test_a_card_is_short() -> None:
    assert len(network().splitlines()) < 110


def test_counts_of_another_merge_are_not_told_as_those_of_this_training() -> None:
    other = {**MEASURED, "faces": {"table_sha256": "99" * 32, "counts": COUNTS}}
    card = network({"run.json": RUN, "training.json": TRAINING, "metrics.json": FIGURES, "measured.json": other})
    assert "7,000" not in card
    assert "How many of them are of which dataset and class, the record does not tell." in card


@pytest.mark.parametrize("records", [{}, {"run.json": [], "metrics.json": "x", "measured.json": {"faces": [1]}}])
def test_what_the_record_does_not_tell_is_unknown(records: dict[str, Any]) -> None:
    for card in (network(records, tags={}), cascade(records=records)):
        assert "Unknown: the record of this run has no figures." in card
        assert "- The data folder in DVC, when it was registered: unknown" in card
        assert "- Code when it was registered, git commit: unknown" in card
        assert "None" not in card


def test_a_pair_names_its_parts_and_has_its_own_figures() -> None:
    found = {"scenes": 63, "faces": 326, "right_share": 0.5, "right_share_low": 0.4, "right_share_high": 0.6}
    tags = {"facefoundry.parts": '{"cascade": "face-cascade/3", "network": "expression-cnn/2"}'}
    records = {"metrics.json": {**found, "faces_sad": 9, "found_sad": 8, "right_sad": 2, "right_share_sad": 0.2222}}
    card = model_card(CardFacts(name="face-expression", kind="pair", tags=tags, files={}, records=records))
    assert "| faces found and rightly named, of all faces | 0.500 | 0.400 to 0.600 |" in card
    assert "| Sad | 9 | 8 | 2 | 0.222 |" in card
    assert (
        "- Those of the parts: see the cards of face-cascade/3 and expression-cnn/2, which `facefoundry pull` writes."
        in card
    )
    unknown = model_card(CardFacts(name="face-expression", kind="pair", tags={}, files={}))
    assert "cascade: unknown" in unknown
    assert "Unknown: the record of this run has no figures." in unknown


def test_uncommitted_changes_are_told() -> None:
    assert "- Code when it was registered, git commit: 12ab, with changes that are in no commit" in cascade(
        tags={"git.commit": "12ab", "git.dirty": "True"}
    )
    reason = {"dvc.md5": "unknown", "dvc.reason": "data.dvc does not exist"}
    words = "- The data folder in DVC, when it was registered: unknown (data.dvc does not exist)"
    assert words in cascade(tags=reason)


def test_the_operating_point_is_told_and_used() -> None:
    point = {"scale_factor": 1.2, "min_neighbors": 5, "min_size": 24, "max_size": 0}
    card = cascade(tags={"facefoundry.operating_point": json.dumps(point)})
    assert "`scale_factor` 1.200, `min_neighbors` 5, `min_size` 24, `max_size` 0." in card
    call = "boxes = detector.detectMultiScale(grey, scaleFactor=1.2, minNeighbors=5, minSize=(24, 24))"
    assert f"In OpenCV:\n\n```python\n{call}\n```\n\n## Data" in card
    assert f'cv2.CascadeClassifier("cascade.xml")\n{call}\n```' in card


def test_the_python_of_a_pair_has_its_operating_point_and_no_tags_writing() -> None:
    point = {"scale_factor": 1.2, "min_size": 24, "max_size": 0, "crop_down": 0.02, "min_neighbors": "os.abort()"}
    tags = {
        "facefoundry.operating_point": json.dumps(point),
        "facefoundry.parts": '{"cascade": "a/1", "network": "b/2"}',
    }
    card = model_card(CardFacts(name="face-expression", kind="pair", tags=tags, files={}))
    assert "PairParams(scale_factor=1.2, min_size=24, crop_down=0.02))" in card
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    ast.parse(code)


def test_a_point_beyond_the_budget_is_not_called_within_it() -> None:
    settings = {"parameters": {"false_alarm_budget": 0.5, "iou": 0.3}}
    found = {"recommended_min_neighbors": 9, "min_neighbors": 3}
    for within, words in (
        (True, "the highest recall within 0.50 false alarms a picture. It was chosen on these same scenes"),
        (False, "the fewest false alarms, as no setting keeps within 0.50 false alarms a picture."),
    ):
        metrics = {**found, "recommended_within_budget": within}
        card = cascade(records={"metrics.json": metrics, "measured.json": settings})
        assert words in card
        assert "By size, at `min_neighbors` 3 (the operating point has 9):" in card


def test_python_in_a_card_is_never_a_tags_writing() -> None:
    evil = {"scale_factor": "__import__('os').system('id')", "min_neighbors": True, "min_size": [1]}
    card = cascade(tags={"facefoundry.operating_point": json.dumps(evil)})
    assert "detectMultiScale(grey, scaleFactor=1.1, minNeighbors=3)" in card
    assert "In OpenCV:" not in card
    assert "system" not in card
    assert '"models:/a___evil__/VERSION"' in cascade(name='a")\nevil("')


def test_a_records_words_cannot_leave_their_place() -> None:
    assert plain("a\n## Licences\n| x | <img src=x>") == "a \\#\\# Licences \\| x \\| \\<img src=x\\>"
    assert plain("\udce9") == "?"
    assert plain("\x1b[31m") == "\\[31m"
    assert block("yaml", "a: '```'\n").startswith("````yaml\n")
    wanted = {"parameters": {"model": "x\n```\n# Evil"}}
    lines = network({"run.json": wanted, "metrics.json": FIGURES}).splitlines()
    assert "# Evil" not in [line for line in lines if not line.startswith(" ")]


def test_onnx_is_told_where_it_is() -> None:
    assert "readNetFromONNX" not in network()
    assert "facefoundry cnn export model.keras" in network()
    assert "readNetFromONNX" in network(files={"model.keras": "ef", "model.onnx": "ab"})


def test_records_are_read_from_their_folders(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"parameters": {"width": 20}}')
    (tmp_path / "metrics.json").write_text("[1]")
    (tmp_path / "training.json").write_text("no JSON")
    assert read_records(tmp_path, tmp_path / "none") == {"run.json": {"parameters": {"width": 20}}, "metrics.json": {}}
