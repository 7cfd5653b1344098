"""The rule by which a challenger is promoted, and decisions as text; and a network compared for real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cnn.challenge import FaceOutcomes
from cnn.labels import EXPRESSIONS
from cnn.store import STORE_COLUMNS
from runs.paired_bootstrap import Comparison, Estimate
from runs.record import digest
from tasks.promotion import Decision, HeldOut, PromotionParams, decide
from tasks.promotion_compare import judge
from tasks.promotion_measure import CONTESTS
from tasks.publish_models import RegisterParams, register_cnn


def compared(value: float, low: float, high: float, units: int = 100) -> Comparison:
    return Comparison(Estimate(0.5, 0.4, 0.6), Estimate(0.5 + value, 0.4, 0.7), Estimate(value, low, high), units)


@pytest.mark.parametrize(
    ("value", "low", "high", "units", "promoted", "word"),
    [
        (0.03, 0.001, 0.06, 100, True, "Promoted: it is at least the margin of 0.02, and the interval is above 0."),
        (0.02, 0.001, 0.06, 100, True, "Promoted"),
        (0.019, 0.018, 0.02, 100, False, "Refused: it is less than the margin of 0.02."),
        (0.03, 0.0, 0.06, 100, False, "Refused: it may be chance, as the interval reaches 0."),
        (0.03, -0.01, 0.07, 100, False, "Refused: it may be chance"),
        (-0.03, -0.06, -0.01, 100, False, "Refused: it is less than the margin"),
        (0.5, 0.5, 0.5, 9, False, "from 9 scenes). Refused: that is fewer than the 10 scenes that `fewest` asks for."),
        (0.5, 0.5, 0.5, 10, True, "Promoted"),
    ],
)
def test_the_rule(value: float, low: float, high: float, units: int, promoted: bool, word: str) -> None:
    decided, reason = judge(compared(value, low, high, units), PromotionParams(margin=0.02), "recall")
    assert decided is promoted
    assert word in reason
    assert (
        f"The challenger's recall is {0.5 + value:.4f}, the champion's 0.5000: a difference of {value:+.4f}" in reason
    )


def test_the_reason_says_what_was_drawn_and_under_what_the_figure_holds() -> None:
    params = PromotionParams(false_alarm_budget=0.25)
    cascade, network = CONTESTS["cascade"], CONTESTS["cnn"]
    _, reason = judge(compared(0.3, 0.1, 0.4), params, "recall", condition=cascade.condition(params))
    assert reason.startswith("With at most 0.25 false alarms an image, the challenger's recall is 0.8000")
    assert "+0.4000, from 100 scenes)" in reason
    assert network.condition(params) == ""
    faces = FaceOutcomes(np.zeros(7, np.int64), np.ones(7, np.bool_), np.arange(7), "", "")
    assert [network.drawn_from(faces, units) for units in (7, 3)] == ["faces", "people"]


def test_with_a_margin_of_nothing_an_equal_is_refused_all_the_same() -> None:
    decided, reason = judge(compared(0.0, 0.0, 0.0), PromotionParams(margin=0), "recall")
    assert not decided
    assert "it may be chance" in reason


def test_a_decision_as_text_and_back() -> None:
    decision = Decision("face-cascade", 3, None, True, "why", figure="recall", challenger_value=0.5, low=-0.25)
    assert Decision.from_json(decision.as_json()) == decision
    later = {**json.loads(decision.as_json()), "added_later": 1}
    assert Decision.from_json(json.dumps(later)) == decision
    for text in ('"text"', "[]", '{"model": "m"}', "no json"):
        with pytest.raises(ValueError, match=r"is no decision|Expecting value"):
            Decision.from_json(text)


@pytest.mark.slow
@pytest.mark.mlflow
def test_networks_are_compared_by_balanced_accuracy(
    run: Path, score: Path, params: RegisterParams, measured: Callable[[Path], None], tmp_path: Path
) -> None:
    """The champion always says the same, the challenger tells black from white; it was trained on another merge."""
    faces = write_faces(tmp_path / "faces")
    told = json.loads((run / "run.json").read_text())
    for slope, table in ((0.0, digest(faces / "faces.parquet")), (9.0, "another")):
        (run / "run.json").write_text(json.dumps({**told, "inputs": {"table": table}}))
        model = save_network(tmp_path / "model.keras", slope)
        measured(model)
        register_cnn(model, run, score, params)
    decision = decide("expression-cnn", HeldOut(faces=faces), PromotionParams(), params)
    assert (decision.figure, decision.champion_value, decision.challenger_value) == ("balanced accuracy", 0.5, 1.0)
    assert decision.promoted
    assert decision.held_out == f"20 faces of {faces}"
    assert decision.warning.startswith("Version 2 was trained on another merge of faces than this one")


def save_network(path: Path, slope: float) -> Path:
    import keras

    dense = keras.layers.Dense(len(EXPRESSIONS), activation="softmax")
    inside = [keras.layers.Rescaling(1 / 255), keras.layers.GlobalAveragePooling2D(), dense]
    model = keras.Sequential([keras.Input((None, None, 1)), *inside])
    bias = np.zeros(len(EXPRESSIONS), np.float32)
    bias[0] = 0.5 * 9
    dense.set_weights([np.eye(1, len(EXPRESSIONS), 1, dtype=np.float32) * slope, bias])
    model.save(path)
    return path


def write_faces(folder: Path) -> Path:
    """A store of twenty test faces: black ones of the first expression, white ones of the second."""
    import pandas as pd

    labels = np.arange(20) % 2
    known = {"index": np.arange(20), "split": "test", "label": labels, "row": np.arange(20), "own_label": 0}
    names = {"expression": [EXPRESSIONS[label] for label in labels], "source": "ferplus"}
    table = pd.DataFrame({**known, **names}).reindex(columns=list(STORE_COLUMNS))
    text = ["official_split", "sha256", "original_sha256", "subject", "file"]
    table[text] = table[text].astype("object").fillna("")
    folder.mkdir()
    np.save(folder / "images.npy", np.repeat(labels * 255, 48 * 48).astype(np.uint8).reshape(-1, 48, 48))
    table.to_parquet(folder / "faces.parquet")
    return folder
