"""The cascade line as a Prefect flow: pictures in, a registered cascade out."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from cascade.collect import CollectParams
from cascade.doctor.params import CheckParams
from cascade.evaluate import EvaluateCascadeParams
from cascade.samples import SampleParams
from cascade.train import CascadeTrainParams
from flows.made_from import made_from
from flows.pipeline import Layout
from flows.run_folder import become_command, hold, run_folder
from tasks import cascade_steps, register_steps
from tasks.cluster import ClusterParams, flow_cluster
from tasks.publish_models import Registered, RegisterParams


@flow(name="train-cascade", description=__doc__)
def train_cascade(
    data: Path = Path("data"),
    out: Path | None = None,
    check: CheckParams = CheckParams(),
    collect: CollectParams = CollectParams(),
    create_samples: SampleParams = SampleParams(),
    train_cascade: CascadeTrainParams = CascadeTrainParams(),
    evaluate_cascade: EvaluateCascadeParams = EvaluateCascadeParams(),
    registration: RegisterParams = RegisterParams(),
    cluster: ClusterParams = ClusterParams(),
    restart: bool = False,
) -> Registered:
    """Check, collect, describe, cut samples, train, measure and register a cascade.

    Args:
        data: The data folder, with `positives/`, `negatives/` and `scenes/` in it.
        out: The run's folder; a new one below `work/runs/` when not given. The same folder again resumes.
        check: What counts as a fault before training.
        collect: Which pictures to take.
        create_samples: How samples are cut to the window.
        train_cascade: The trainer's own options.
        evaluate_cascade: How the cascade is measured.
        registration: Where the model is registered.
        cluster: Where negatives are searched for, if not in this process alone.
        restart: Start over when the folder holds a run of other inputs or parameters.
    """
    at = Layout(data, run_folder(out))
    steps = (check, collect, create_samples, train_cascade, evaluate_cascade)
    origin = made_from("cascade", at, steps)
    made_with = {"collect": collect, "create_samples": create_samples, "train_cascade": train_cascade.recorded()}
    with hold(at.work, "cascade_line", made_with, {"positives": at.positives, "negatives": at.negatives}, restart):
        doctor = at.output("check")
        cascade_steps.check(at.positives, at.negatives, doctor, check, create_samples, train_cascade, collect)
        collected, described = at.output("collect"), at.output("describe")
        cascade_steps.collect(at.positives, at.negatives, collected, collect, create_samples.window)
        cascade_steps.describe(collected, described)
        cascade_steps.create_samples(at.info, at.vec, create_samples)
        run, score = at.output("train_cascade"), at.output("evaluate_cascade")
        with flow_cluster(cluster):
            cascade_steps.train_cascade(at.vec, at.background, run, train_cascade, restart)
        cascade_steps.evaluate_cascade(at.cascade, at.scenes, score, evaluate_cascade, at.vec)
        return register_steps.register_cascade(at.cascade, run, score, registration, data, origin)


if __name__ == "__main__":
    become_command("cascade")
