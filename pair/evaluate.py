"""How good are a cascade and a network together: `evaluate_pair`, scene in, faces found and rightly named out."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from cnn.labels import EXPRESSIONS
from pair.errors import InputError
from pair.measure import SceneOutcome, confusion, measure_pair
from pair.montage import save_montage
from pair.page import render_report
from pair.params import EvaluatePairParams
from pair.point import at_point, recommended_point
from pair.score import PairScore, score_of
from runs.files import replacing_folder, write_json, write_text
from runs.progress import Report, silent
from runs.record import digest
from runs.skips import Skip, write_skips

__all__ = ["OUTPUTS", "EvaluatePairParams", "PairScore", "evaluate_pair", "measure_pair"]

OUTPUTS = (
    "report.html",
    "metrics.json",
    "measured.json",
    "classes.csv",
    "confusion.csv",
    "faces.csv",
    "montage.png",
    "skipped.csv",
)
"""The files of an evaluation; a folder that holds anything else is never replaced by one."""


def evaluate_pair(
    cascade: Path,
    network: Path,
    scenes: Path,
    out: Path,
    params: EvaluatePairParams = EvaluatePairParams(),
    *,
    cascade_score: Path | None = None,
    report: Report = silent,
) -> PairScore:
    """Measure a cascade and a network together on scenes whose faces are labelled with expressions.

    Parameters
    ----------
    cascade
        A ``cascade.xml``.
    network
        A ``model.keras`` or an ``.onnx`` export. To register the pair afterwards, measure the ``.keras`` file.
    scenes
        Annotations with labels in any format of `cascade.annotations`: a file, or a folder that holds one. Synonyms of
        the five expressions are known. Pictures are looked at in grey.
    out
        A folder that is written whole or not at all, over an earlier evaluation: ``report.html``, one page that tells
        everything; ``metrics.json``; ``measured.json`` (the settings, and what the scenes are called); ``classes.csv``
        (by expression), ``confusion.csv`` (counts, rows true, the last column not found), ``faces.csv`` (each face and
        each false alarm), ``montage.png``, ``skipped.csv``.
    cascade_score
        What `cascade.evaluate.evaluate_cascade` wrote of this cascade: unless `params.own_point` is off, pictures are
        searched as it recommends.

    Raises
    ------
    InputError
        No box of the scenes has the label of an expression, no scene is left, a file cannot be read, `out` holds
        files that no evaluation wrote, or `cascade_score` is of another cascade.
    """
    _require_own(out)
    if cascade_score is not None and params.own_point:
        params = at_point(params, *recommended_point(cascade_score, digest(cascade)))
    problems: list[Skip] = []
    outcomes = measure_pair(cascade, network, scenes, params, problems=problems, report=report)
    score = score_of(outcomes, (digest(cascade), digest(network)), out, params.pair(), len(problems))
    page = render_report(score, outcomes, (cascade, network, scenes), params, problems)
    with replacing_folder(out) as beside:
        write_text(beside / "report.html", page)
        write_json(beside / "metrics.json", score.metrics())
        write_json(beside / "measured.json", {"parameters": params.as_dict(), "scenes": scenes.absolute().name})
        _write_tables(beside, score, outcomes)
        save_montage(beside / "montage.png", outcomes, score, params.montage_scenes, params.montage_columns)
        write_skips(beside / "skipped.csv", problems)
    return score


def _require_own(out: Path) -> None:
    names = [entry.name for entry in out.iterdir()] if out.is_dir() else []
    strangers = [out.name] if out.is_file() else sorted(set(names) - set(OUTPUTS))
    if strangers:
        raise InputError(
            f"`out` holds files that no evaluation wrote: {out} ({strangers[0]}). They are not touched; "
            "choose a new folder."
        )


def _write_tables(folder: Path, score: PairScore, outcomes: Sequence[SceneOutcome]) -> None:
    rows = [(one.expression, one.faces, one.found, one.right, one.said, one.right_share) for one in score.by_class]
    _write(folder / "classes.csv", ("expression", "faces", "found", "right", "said", "right_share"), rows)
    counts = [(name, *row) for name, row in zip(EXPRESSIONS, confusion(outcomes).tolist(), strict=True)]
    _write(folder / "confusion.csv", ("true", *EXPRESSIONS, "not_found"), counts)
    head = ("picture", "x", "y", "width", "height", "true", "said", "score", *(name.lower() for name in EXPRESSIONS))
    _write(folder / "faces.csv", head, [row for one in outcomes for row in _face_rows(one)])


def _face_rows(one: SceneOutcome) -> list[tuple[object, ...]]:
    """A row a box, `true` empty where it is no face; then a row a face that was not found, by its true box."""
    at, picture = one.matched, ascii(str(one.picture))[1:-1]
    rows: list[tuple[object, ...]] = []
    for box, took, said, score, answer in zip(at.boxes, at.takes, one.said, at.scores, one.probabilities, strict=True):
        true = EXPRESSIONS[one.labels[took]] if took >= 0 else ""
        rows.append((picture, *box, true, EXPRESSIONS[said], score, *(f"{value:.4f}" for value in answer)))
    missed = [n for n, answer in enumerate(one.answers) if answer < 0]
    nothing = ("",) * (2 + len(EXPRESSIONS))
    return rows + [(picture, *at.truth[n], EXPRESSIONS[one.labels[n]], *nothing) for n in missed]


def _write(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])
