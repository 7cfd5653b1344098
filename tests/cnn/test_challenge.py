from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cnn.challenge import FaceOutcomes, compare_balanced_accuracy, measure_faces
from cnn.errors import InputError
from cnn.evaluate import EvaluateCnnParams, evaluate_cnn
from runs.paired_bootstrap import paired_bootstrap
from runs.progress import Progress
from runs.record import digest


def outcomes(
    labels: list[int], right: list[int], people: list[int] | None = None, sha256: str = "same"
) -> FaceOutcomes:
    numbers = np.arange(len(labels)) if people is None else np.array(people)
    return FaceOutcomes(np.array(labels), np.array(right, dtype=bool), numbers, sha256, "")


def test_the_figure_is_that_of_the_evaluation(
    small_model: Path, write_store: Callable[..., Path], tmp_path: Path
) -> None:
    said: list[Progress] = []
    faces = write_store(test=40)
    found = measure_faces(small_model, faces, report=said.append)
    score = evaluate_cnn(small_model, faces, tmp_path / "score", EvaluateCnnParams(explained_faces=0))
    compared = compare_balanced_accuracy(found, found)
    assert compared.second.value == pytest.approx(score.balanced_accuracy)
    assert found.right.mean() == pytest.approx(score.accuracy)
    assert found.table_sha256 == digest(faces / "faces.parquet")
    assert (str(found), said[-1].done, said[-1].total) == ("40 faces", 40, 40)


def test_the_difference_is_the_mean_over_the_classes_that_occur() -> None:
    """One class of eight faces, one of two: in the first two more are right, in the second one fewer."""
    labels = [0] * 8 + [3] * 2
    champion = outcomes(labels, [1, 1, 1, 1, 0, 0, 0, 0, 1, 1])
    challenger = outcomes(labels, [1, 1, 1, 1, 1, 1, 0, 0, 1, 0])
    found = compare_balanced_accuracy(champion, challenger)
    assert (found.first.value, found.second.value) == ((4 / 8 + 1) / 2, (6 / 8 + 1 / 2) / 2)
    assert found.difference.value == pytest.approx((2 / 8 - 1 / 2) / 2)
    assert found.units == 10


def test_faces_of_one_person_are_drawn_together() -> None:
    labels, won = [0] * 40, [0] * 10 + [1] * 30
    nobody = outcomes(labels, [0] * 40)
    alone = compare_balanced_accuracy(nobody, outcomes(labels, won))
    people = [10] * 10 + [11] * 10 + [12] * 10 + [13] * 10
    together = compare_balanced_accuracy(nobody, outcomes(labels, won, people))
    units = paired_bootstrap([[0, 0, 10]] + [[0, 10, 10]] * 3, lambda s: (s[:, 0] / s[:, 2], s[:, 1] / s[:, 2]))
    assert together.difference == units.difference
    assert together.units == 4
    assert together.difference.low < alone.difference.low


def test_people_are_told_by_source_and_name(small_model: Path, write_store: Callable[..., Path]) -> None:
    faces = write_store(test=6)
    table = pd.read_parquet(faces / "faces.parquet")
    table.loc[table.index[-6:], "subject"] = ["ann", "ann", "", "", "bob", "ann"]
    table.loc[table.index[-6:], "source"] = ["ckplus", "ckplus", "ckplus", "ckplus", "mpi", "mpi"]
    table.to_parquet(faces / "faces.parquet")
    people = measure_faces(small_model, faces).people
    assert people[0] == people[1]
    assert len(set(people)) == 5


def test_without_a_champion_it_is_one_that_always_says_the_same() -> None:
    """Of a draw that holds one class alone, the same answer is always right: chance is 1 of the classes drawn."""
    challenger = outcomes([0, 1, 2, 3] * 10, [1] * 40)
    found = compare_balanced_accuracy(None, challenger)
    assert (found.first.value, found.second.value, found.difference.value) == (0.25, 1.0, 0.75)


def test_the_digest_is_of_pixels_and_labels(small_model: Path, write_store: Callable[..., Path]) -> None:
    first, again, other = (write_store(name=name) for name in ("first", "again", "other"))
    relabelled = write_store(test=10, name="relabelled", missing=2)
    images = np.load(other / "images.npy")
    images[-1, 0, 0] += 1
    np.save(other / "images.npy", images)
    shas = [measure_faces(small_model, store).sha256 for store in (first, again, other, relabelled)]
    assert shas[0] == shas[1]
    assert len(set(shas)) == 3


def test_both_must_be_measured_on_the_same_faces() -> None:
    with pytest.raises(InputError, match="measured on different faces"):
        compare_balanced_accuracy(outcomes([0], [1]), outcomes([0], [1], sha256="other"))
