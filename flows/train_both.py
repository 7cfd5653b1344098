"""Both lines, one after the other: a registered cascade, a registered expression network, and both as one model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from prefect import flow, get_run_logger

from cascade.collect import CollectParams
from cascade.doctor.params import CheckParams
from cascade.evaluate import EvaluateCascadeParams
from cascade.samples import SampleParams
from cascade.train import CascadeTrainParams
from cnn.evaluate import EvaluateCnnParams
from cnn.merge import MergeParams
from cnn.train import CnnTrainParams
from flows.pipeline import Layout
from flows.run_folder import become_command, run_folder
from flows.train_cascade import train_cascade as cascade_line
from flows.train_cnn import train_cnn as cnn_line
from pair.params import EvaluatePairParams
from tasks import pair_steps, register_steps
from tasks.cluster import ClusterParams, CnnClusterParams
from tasks.publish_models import Registered, RegisterParams


@flow(name="train-both", description=__doc__)
def train_both(
    data: Path = Path("data"),
    out: Path | None = None,
    check: CheckParams = CheckParams(),
    collect: CollectParams = CollectParams(),
    create_samples: SampleParams = SampleParams(),
    train_cascade: CascadeTrainParams = CascadeTrainParams(),
    evaluate_cascade: EvaluateCascadeParams = EvaluateCascadeParams(),
    merge: MergeParams = MergeParams(),
    train_cnn: CnnTrainParams = CnnTrainParams(),
    evaluate_cnn: EvaluateCnnParams = EvaluateCnnParams(),
    evaluate_pair: EvaluatePairParams = EvaluatePairParams(),
    registration: RegisterParams = RegisterParams(),
    cluster: CnnClusterParams = CnnClusterParams(),
    restart: bool = False,
) -> list[Registered]:
    """Run the cascade line, then the CNN line; then measure and register both as one, where there are scenes for it.

    Args:
        data: The data folder, laid out as `facefoundry sample-data` writes it.
        out: The run's folder; a new one below `work/runs/` when not given. The same folder again resumes.
        check: What counts as a fault before training.
        collect: Which pictures to take.
        create_samples: How samples are cut to the window.
        train_cascade: The cascade trainer's own options.
        evaluate_cascade: How the cascade is measured.
        merge: How the datasets become five classes and three splits.
        train_cnn: How the network is trained.
        evaluate_cnn: How the network is measured.
        evaluate_pair: How both are measured together, on `expression_scenes/` in the data folder.
        registration: Where the models are registered.
        cluster: Where pictures and negatives are worked on and the network is trained, if not in this process alone.
        restart: Start over when the folder holds a run of other inputs or parameters.
    """
    folder = run_folder(out)
    cascade_params = (check, collect, create_samples, train_cascade, evaluate_cascade)
    mining = ClusterParams(processes=cluster.processes, scheduler=cluster.scheduler)
    cascade = cascade_line(data, folder, *cascade_params, registration, mining, restart=restart)
    network = cnn_line(data, folder, merge, train_cnn, evaluate_cnn, registration, cluster, restart=restart)
    at = Layout(data, folder)
    if at.expression_scenes is None:
        get_run_logger().info("Both were not measured together: %s has no expression_scenes/. See docs/pair.md.", data)
        return [cascade, network]
    score, parts = at.output("evaluate_pair"), (_reference(cascade), _reference(network))
    measured = at.output("evaluate_cascade")
    pair_steps.evaluate_pair(at.cascade, at.cnn, at.expression_scenes, score, evaluate_pair, measured)
    return [cascade, network, register_steps.register_pair(score, replace(registration, model_name=None), *parts, data)]


def _reference(model: Registered) -> str:
    return f"{model.name}/{model.version}"


if __name__ == "__main__":
    become_command("both")
