"""The CNN line as a Prefect flow: labelled faces in, a registered expression network out."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from cnn.evaluate import EvaluateCnnParams
from cnn.merge import MergeParams
from cnn.train import CnnTrainParams
from flows.made_from import made_from
from flows.pipeline import Layout
from flows.run_folder import become_command, hold, run_folder
from tasks import cnn_steps, register_steps
from tasks.cluster import CnnClusterParams, flow_cluster
from tasks.publish_models import Registered, RegisterParams


@flow(name="train-cnn", description=__doc__)
def train_cnn(
    data: Path = Path("data"),
    out: Path | None = None,
    merge: MergeParams = MergeParams(),
    train_cnn: CnnTrainParams = CnnTrainParams(),
    evaluate_cnn: EvaluateCnnParams = EvaluateCnnParams(),
    registration: RegisterParams = RegisterParams(),
    cluster: CnnClusterParams = CnnClusterParams(),
    restart: bool = False,
) -> Registered:
    """Merge the datasets, train, measure and register the network.

    Args:
        data: The data folder, with any of `fer2013/`, `affectnet/`, `ckplus/`, `mpi/` and `folders/` in it.
        out: The run's folder; a new one below `work/runs/` when not given. The same folder again resumes.
        merge: How the datasets become five classes and three splits.
        train_cnn: How the network is trained.
        evaluate_cnn: How the network is measured.
        registration: Where the model is registered.
        cluster: Where pictures are read and the network is trained, if not in this process alone.
        restart: Start over when the folder holds a run of other inputs or parameters.
    """
    at = Layout(data, run_folder(out))
    with hold(at.work, "cnn_line", {}, {}, restart):  # its steps know by themselves what they were made from
        origin = made_from("cnn", at, (merge, train_cnn, evaluate_cnn))
        faces = at.output("merge")
        with flow_cluster(cluster):
            cnn_steps.merge(faces, merge, at.datasets)
        run, score = at.output("train_cnn"), at.output("evaluate_cnn")
        cnn_steps.train_cnn(faces, run, train_cnn, restart, cluster.training_processes)
        cnn_steps.evaluate_cnn(at.cnn, faces, score, evaluate_cnn)
        return register_steps.register_cnn(at.cnn, run, score, registration, data, origin)


if __name__ == "__main__":
    become_command("cnn")
