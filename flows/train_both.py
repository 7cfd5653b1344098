"""Both lines, one after the other: a registered cascade and a registered expression network."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from cascade.collect import CollectParams
from cascade.doctor.params import CheckParams
from cascade.evaluate import EvaluateCascadeParams
from cascade.samples import SampleParams
from cascade.train import CascadeTrainParams
from cnn.evaluate import EvaluateCnnParams
from cnn.merge import MergeParams
from cnn.train import CnnTrainParams
from flows.run_folder import run_folder
from flows.train_cascade import train_cascade as cascade_line
from flows.train_cnn import train_cnn as cnn_line
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
    registration: RegisterParams = RegisterParams(),
    restart: bool = False,
) -> list[Registered]:
    """Run the cascade line, then the CNN line.

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
        registration: Where the models are registered.
        restart: Start over when the folder holds a run of other inputs or parameters.
    """
    folder = run_folder(out)
    cascade_params = (check, collect, create_samples, train_cascade, evaluate_cascade)
    cascade = cascade_line(data, folder, *cascade_params, registration, restart=restart)
    network = cnn_line(data, folder, merge, train_cnn, evaluate_cnn, registration, restart=restart)
    return [cascade, network]


if __name__ == "__main__":
    train_both()
