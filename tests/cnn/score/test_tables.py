from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cnn.labels import EXPRESSIONS
from cnn.score.figures import CnnScore, score_answers
from cnn.score.params import EvaluateCnnParams
from cnn.score.reliability import Calibration, reliability
from cnn.score.tables import (
    bins_table,
    calibration_table,
    classes_table,
    command,
    confusion_rows,
    sources_table,
    splits_table,
    worst_pairs,
)


def score_of(pairs: dict[tuple[int, int], int], calibration: Calibration | None = None) -> CnnScore:
    """The score of so many faces of each (true, said)."""
    cells = [(true, said) for (true, said), count in pairs.items() for _ in range(count)]
    labels, said = (np.array(side) for side in zip(*cells, strict=True))
    return score_answers(np.eye(5)[said] * 0.9 + 0.02, labels, np.array(["ferplus"] * len(labels)), Path(), calibration)


SCORE = score_of({(0, 0): 90, (0, 4): 10, (1, 1): 60, (1, 4): 40, (4, 4): 1180, (4, 1): 20, (2, 2): 7})


def test_the_worst_pairs_are_told_once_in_words() -> None:
    assert worst_pairs(SCORE) == [
        "Sad is taken for Neutral in 40 of 100 faces (40%), the other way round in 20 of 1,200 faces (2%).",
        "Happy is taken for Neutral in 10 of 100 faces (10%), the other way round in 0 of 1,200 faces (0%).",
    ]


def test_a_tie_is_told_once_and_no_mistake_is_told_so() -> None:
    assert len(worst_pairs(score_of({(0, 1): 3, (1, 0): 3}))) == 1
    assert worst_pairs(score_of({(0, 0): 3})) == ["Nothing is taken for anything else."]


def test_each_class_has_its_counts_and_its_figures_with_bounds() -> None:
    table = classes_table(SCORE)
    sad, mean = table.rows[1], table.rows[-1]
    assert list(sad[:4]) == ["Sad", "100", "80", "60"]
    assert sad[4].startswith("0.600 (0.5")
    assert sad[5].startswith("0.750 (0.6")
    assert list(mean[:4]) == ["mean", "1,407", "1,407", "1,337"]
    assert mean[4].startswith(f"{SCORE.balanced_accuracy:.3f} (")


def test_the_confusion_matrix_tells_shares_and_counts() -> None:
    rows = confusion_rows(SCORE)
    assert [row["name"] for row in rows] == list(EXPRESSIONS)
    assert rows[1]["cells"][4] == {"kind": "wrong", "share": "40%", "faces": "40", "part": 20}
    assert rows[2]["cells"][2] == {"kind": "right", "share": "100%", "faces": "7", "part": 50}
    assert rows[3]["faces"] == "0"


def test_sources_and_splits() -> None:
    assert sources_table(SCORE).rows[0][:2] == ["ferplus", "1,407"]
    held = pd.DataFrame({"expression": ["Happy", "Happy", "Sad"], "split": ["train", "test", "train"]})
    rows = splits_table(held).rows
    assert rows[0] == ["Happy", "1", "0", "1", "2"]
    assert rows[-1] == ["all", "2", "0", "1", "3"]


def test_what_the_model_does_is_pointed_out() -> None:
    for stored in (False, True):
        table = calibration_table(score_of({(0, 0): 3}, Calibration(0.5, stored, 0.1, 0.05, 0.4, 0.3)))
        assert table.rows[1] == ("with temperature 0.500", "0.0500", "0.3000")
        assert table.best == [int(stored)]
    assert len(calibration_table(score_of({(0, 0): 3})).rows) == 1


def test_empty_bins_are_left_out() -> None:
    table = bins_table(reliability(np.array([[0.95, 0.05]] * 4), np.array([0, 0, 0, 1])))
    assert [list(row[:3]) for row in table.rows] == [["0.93 to 1.00", "4", "0.950"]]
    assert table.rows[0][3].startswith("0.750 (")


def test_the_command_can_be_typed_again() -> None:
    where = (Path("my runs/model.keras"), Path("faces"), Path("score"))
    assert command(*where, EvaluateCnnParams()) == "facefoundry cnn evaluate 'my runs/model.keras' faces score"
    changed = command(*where, EvaluateCnnParams(split="validation", batch_size=64, explained_faces=4))
    assert changed.endswith(" score --split validation --batch-size 64 --explained-faces 4")
