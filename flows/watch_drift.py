"""Measure the champion on newly labelled pictures, and have it retrained where it has become worse than it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from prefect import flow, get_run_logger
from prefect.deployments import run_deployment
from prefect.states import Completed, State

from cascade.evaluate import EvaluateCascadeParams
from cnn.evaluate import EvaluateCnnParams
from flows.read_params import params_here
from flows.retrain import retrain
from pair.params import EvaluatePairParams
from runs.lock import RunLock
from tasks import drift_steps
from tasks.drift_verdict import Drift, DriftParams
from tasks.promotion_params import PromotionParams
from tasks.publish_params import RegisterParams, refuse_password

WATCHED = Path("work/drift")


@flow(name="watch-drift", description=__doc__)
def watch_drift(
    line: Literal["cascade", "cnn", "pair"],
    pictures: Path,
    then: Literal["tell", "retrain"] = "tell",
    deployment: str | None = None,
    drift: DriftParams = DriftParams(),
    evaluate_cascade: EvaluateCascadeParams = EvaluateCascadeParams(),
    evaluate_cnn: EvaluateCnnParams = EvaluateCnnParams(),
    evaluate_pair: EvaluatePairParams = EvaluatePairParams(),
    registration: RegisterParams = RegisterParams(),
    out: Path = WATCHED,
) -> State[Drift | None]:
    """Compare the champion's figures of now with those of its registration.

    Args:
        line: The champion of which line; pair: of cascade and network together.
        pictures: Newly labelled pictures, in the same forms as for training: annotated scenes for a cascade; class
            folders, or a store of merged faces, for a network; scenes whose boxes are labelled with expressions for the
            pair. Where nothing is there, nothing is decided.
        then: What to do when it has drifted. tell: the run ends as Drifted. retrain: and retraining begins; for the
            pair, of both its parts. Where that fails, so does this run.
        deployment: The deployment that retrains, such as `retrain/here`; when not given, this run itself retrains,
            with `data/` and `params.yaml`.
        drift: How much worse is drift.
        evaluate_cascade: How boxes are matched; the operating point is the champion's own.
        evaluate_cnn: How the network is measured.
        evaluate_pair: How boxes are matched; the operating point is the champion's own.
        registration: Where the champion is registered.
        out: The folder for the evaluation.
    """
    refuse_password(registration)
    if not pictures.exists():
        message = f"There are no new pictures at {pictures}: nothing is decided."
        get_run_logger().info(message)
        return Completed(message=message, data=None)
    here = out / line
    here.mkdir(parents=True, exist_ok=True)
    with RunLock(here):
        if line == "cascade":
            found = drift_steps.watch_cascade(pictures, here, drift, registration, evaluate_cascade)
        elif line == "cnn":
            found = drift_steps.watch_cnn(pictures, here, drift, registration, evaluate_cnn)
        else:
            found = drift_steps.watch_pair(pictures, here, drift, registration, evaluate_pair)
    found = drift_steps.record_drift(found, registration)
    if found.state != "drifted":
        return Completed(message=found.reason, data=found)
    if then == "retrain":
        _retrain(line, deployment, registration)
    return Completed(name="Drifted", message=found.reason, data=found)


def _retrain(line: Literal["cascade", "cnn", "pair"], deployment: str | None, registration: RegisterParams) -> None:
    which: Literal["cascade", "cnn", "both"] = "both" if line == "pair" else line
    if deployment is None:
        registration = replace(registration, model_name=None) if line == "pair" else registration
        promotion = params_here("promotion", PromotionParams)
        retrain(line=which, registration=registration, promotion=promotion)
        return
    run: Any = run_deployment(deployment, parameters={"line": which}, timeout=0, as_subflow=False)
    get_run_logger().info(f"{deployment} is asked to retrain: run {run.name}")
