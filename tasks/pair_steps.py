"""The pair's step as a Prefect task. No domain logic: it calls one function of `pair/`."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from pair.evaluate import EvaluatePairParams, PairScore
from pair.evaluate import evaluate_pair as measure
from tasks.artifacts import show_pair_score, show_skips
from tasks.progress import run_report


@task(name="evaluate_pair", cache_policy=NO_CACHE, timeout_seconds=6 * 3600)
def evaluate_pair(
    cascade: Path,
    network: Path,
    scenes: Path,
    out: Path,
    params: EvaluatePairParams,
    cascade_score: Path | None = None,
) -> PairScore:
    """Measure a cascade and a network together, on scenes whose faces are labelled with expressions."""
    report = run_report("evaluate_pair")
    score = measure(cascade, network, scenes, out, params, cascade_score=cascade_score, report=report)
    show_pair_score(out)
    show_skips("evaluate_pair", out)
    return score
