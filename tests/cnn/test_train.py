from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cnn.checkpoint import best_model, load_checkpoint
from cnn.epochs import _Loop
from cnn.errors import InputError, TrainingError
from cnn.store import load_faces
from cnn.train import CnnTrainParams, _exit_on_sigterm, _training, train_cnn
from runs.parameters import ParameterError
from runs.progress import Progress, silent
from runs.record import RunMismatchError

WriteStore = Callable[..., Path]
QUICK: dict[str, Any] = {"batch_size": 10, "warm_up_epochs": 0.0, "seed": 3}
ROOT = Path(__file__).parents[2]


def train_apart(faces: Path, out: Path, params: CnnTrainParams) -> subprocess.Popen[bytes]:
    """Train in a process of its own, which writes what it says into ``out.log``."""
    code = (
        "import json, sys; from pathlib import Path; from cnn.train import *; faces, out = map(Path, sys.argv[1:3]); "
    )
    code += "train_cnn(faces, out, CnnTrainParams(**json.loads(sys.argv[3])))"
    command = [sys.executable, "-c", code, str(faces), str(out), json.dumps(params.as_dict())]
    with out.with_suffix(".log").open("wb") as log:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)


def wait_for_epochs(out: Path, epochs: int, child: subprocess.Popen[bytes]) -> None:
    state, deadline = out / "checkpoint" / "state.json", time.monotonic() + 300
    while not state.exists() or json.loads(state.read_text())["epochs"] < epochs:
        assert child.poll() is None, out.with_suffix(".log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def keras_backend() -> str:
    import keras

    return str(keras.backend.backend())


def weights(model: Path) -> list[np.ndarray]:
    import keras

    return keras.saving.load_model(model).get_weights()


@pytest.mark.parametrize(
    ("faces", "message"),
    [
        ({"missing": 2}, r"every expression needs faces in the train split.*none of Surprise"),
        ({"train": 8}, r"the train split needs 10 faces\. Got 8"),
        ({"validation": 0}, r"`split` 'validation' has no faces"),
        ({"train": 0}, r"`split` 'train' has no faces"),
    ],
)
def test_faces_that_cannot_be_learnt_from(
    write_store: WriteStore, tmp_path: Path, faces: dict[str, int], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train_cnn(write_store(**faces), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_seed_that_keras_cannot_take_is_refused() -> None:
    with pytest.raises(ParameterError, match="`seed` must be at most 4294967295"):
        CnnTrainParams(seed=2**32)


@pytest.mark.slow
def test_a_killed_training_goes_on_and_ends_as_if_it_had_not_been(write_store: WriteStore, tmp_path: Path) -> None:
    # 6 steps an epoch: the average is updated within it too; the validated weights are the average's.
    mixed = {"erasing": 0.5, "mixup": 0.5, "cutmix": 1.0, "sampling": "balanced", "precision": "bfloat16"}
    faces, params = write_store(train=60), CnnTrainParams(epochs=5, **mixed, **QUICK)
    child = train_apart(faces, tmp_path / "killed", params)
    wait_for_epochs(tmp_path / "killed", 2, child)
    child.kill()
    assert child.wait(timeout=60) == -signal.SIGKILL
    assert not (tmp_path / "killed" / "model.keras").exists()
    resumed = train_cnn(faces, tmp_path / "killed", params)
    whole = train_cnn(faces, tmp_path / "whole", params)
    assert (resumed.epochs, resumed.best_epoch) == (whole.epochs, whole.best_epoch)
    histories = [pd.read_csv(run.folder / "history.csv") for run in (whole, resumed)]
    same = ["epoch", "loss", "accuracy", "learning_rate", "val_loss", "val_accuracy"]
    if keras_backend() == "tensorflow":
        pd.testing.assert_frame_equal(histories[0][same], histories[1][same], check_exact=True)
    for one, other in zip(weights(whole.model), weights(resumed.model), strict=True):
        np.testing.assert_allclose(one, other, rtol=0 if keras_backend() == "tensorflow" else 1e-4)


@pytest.mark.slow
def test_a_training_writes_everything_and_a_finished_one_returns_at_once(
    write_store: WriteStore, tmp_path: Path
) -> None:
    faces, out, said = write_store(), tmp_path / "run", list[Progress]()
    trained = train_cnn(faces, out, CnnTrainParams(epochs=1, **QUICK), report=said.append)
    names = ["curves.png", "history.csv", "model.keras", "run.json", "training.json"]
    assert sorted(file.name for file in out.iterdir()) == names
    said_of_it = json.loads((out / "training.json").read_text())
    assert (said_of_it["parameters"], said_of_it["trainable_parameters"]) == (1_004_805, 1_003_013)
    assert (said_of_it["train_faces"], said_of_it["validation_faces"]) == (20, 10)
    assert trained.accuracy == said_of_it["val_accuracy"]
    own = {"learning_rate": 1e-3, "dropout": 0.3, "conv_dropout": 0.05}
    for told in (said_of_it["settings"], json.loads((out / "run.json").read_text())["parameters"]):
        assert {name: told[name] for name in own} == own
    # What is the network's own may as well be given.
    assert train_cnn(faces, out, CnnTrainParams(epochs=1, **own, **QUICK)) == trained
    assert (said[-1].done, said[-1].total) == (2, 2)
    assert {"loss", "val_accuracy", "val_balanced_accuracy", "samples_per_second"} <= said[-1].figures.keys()
    before = {file: file.stat().st_mtime_ns for file in out.iterdir()}
    assert train_cnn(faces, out, CnnTrainParams(epochs=1, **QUICK)) == trained
    assert {file: file.stat().st_mtime_ns for file in out.iterdir()} == before
    with pytest.raises(RunMismatchError, match=r"parameters\.epochs was 1, now 2"):
        train_cnn(faces, out, CnnTrainParams(epochs=2, **QUICK))


@pytest.mark.slow
@pytest.mark.parametrize("train", [10, 30, 50])
def test_what_is_saved_has_learnt_however_few_the_steps(write_store: WriteStore, tmp_path: Path, train: int) -> None:
    import keras

    from cnn.models import build

    trained = train_cnn(write_store(train=train), tmp_path / "run", CnnTrainParams(epochs=1, **QUICK))
    keras.utils.set_random_seed(QUICK["seed"])
    kernels = [
        [weight for weight in model if weight.ndim > 1]
        for model in (build("reference").get_weights(), weights(trained.model))
    ]
    for first, saved in zip(*kernels, strict=True):
        assert not np.allclose(first, saved, atol=1e-5)


@pytest.mark.slow
def test_a_restart_behind_a_link_gives_the_new_model(write_store: WriteStore, tmp_path: Path) -> None:
    faces, out = write_store(), tmp_path / "run"
    (tmp_path / "big").mkdir()
    out.symlink_to(tmp_path / "big")
    train_cnn(faces, out, CnnTrainParams(epochs=1, **QUICK))
    again = train_cnn(faces, out, CnnTrainParams(epochs=2, activation="gelu", **QUICK), restart=True)
    assert again.epochs == 2
    assert json.loads((out / "training.json").read_text())["settings"]["activation"] == "gelu"
    assert out.is_symlink()


@pytest.mark.slow
def test_weights_that_explode_in_the_last_batch_are_named(
    write_store: WriteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cnn.epochs

    monkeypatch.setattr(cnn.epochs, "probabilities", lambda _, images, __: np.full((len(images), 5), np.nan))
    with pytest.raises(TrainingError, match="The validation loss is nan in epoch 1, batch 2 of 2"):
        train_cnn(write_store(), tmp_path / "run", CnnTrainParams(epochs=2, **QUICK))


@pytest.mark.slow
def test_the_bars_are_learnt_and_the_saved_model_knows_them(write_store: WriteStore, tmp_path: Path) -> None:
    from cnn.predict import Expressions

    faces = write_store(train=80, validation=20)
    calm = {"mirror": False, "shift": 0.0, "rotation": 0.0, "scale": 0.0, "dropout": 0.1}
    trained = train_cnn(faces, tmp_path / "run", CnnTrainParams(epochs=8, weight_averaging=0.5, **calm, **QUICK))
    assert trained.accuracy >= 0.9
    assert Expressions(trained.model).temperature == 1  # with so few faces to calibrate on
    pictures, labels = np.load(faces / "images.npy"), pd.read_parquet(faces / "faces.parquet")["label"]
    answers = Expressions(trained.model).predict(list(pictures[80:100]))
    assert (answers.argmax(axis=1) == labels[80:100]).mean() == pytest.approx(trained.accuracy)


@pytest.mark.slow
def test_a_loss_that_explodes_stops_with_epoch_and_batch(write_store: WriteStore, tmp_path: Path) -> None:
    params = CnnTrainParams(epochs=9, learning_rate=1e30, optimizer="adam", **QUICK)
    with pytest.raises(TrainingError, match=r"The loss is (nan|inf) in epoch \d, batch \d of 2"):
        train_cnn(write_store(), tmp_path / "run", params)
    assert not (tmp_path / "run" / "model.keras").exists()


@pytest.mark.slow
def test_a_loss_that_is_no_number_leaves_the_epoch_before(write_store: WriteStore, tmp_path: Path) -> None:
    faces, params = write_store(), CnnTrainParams(epochs=3, **QUICK)
    training = _training(load_faces(faces), params, faces)
    loop = _Loop(training, params, tmp_path / "checkpoint", silent)
    loop.start()
    loop.run_epoch()
    training.faces.targets[:] = np.nan
    with pytest.raises(TrainingError, match=r"The loss is nan in epoch 2, batch 1 of 2\. Lower `learning_rate`"):
        loop.run_epoch()
    state, arrays = load_checkpoint(loop.checkpoint) or pytest.fail("no checkpoint")
    assert state.epochs == 1
    assert all(np.isfinite(array).all() for group in arrays.values() for array in group)
    assert best_model(loop.checkpoint, state).is_file()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, -signal.SIGINT)]
)
def test_a_signal_ends_cleanly_and_the_finished_epochs_stay(
    write_store: WriteStore, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    faces, params = write_store(), CnnTrainParams(epochs=5000, batch_size=10)
    child = train_apart(faces, tmp_path / "run", params)
    wait_for_epochs(tmp_path / "run", 1, child)
    with pytest.raises(RunMismatchError, match=f"run is in use: process {child.pid} "):
        train_cnn(faces, tmp_path / "run", params)
    child.send_signal(number)
    assert child.wait(timeout=60) == status, (tmp_path / "run.log").read_text()
    loaded = load_checkpoint(tmp_path / "run" / "checkpoint")
    assert loaded is not None
    assert loaded[0].epochs >= 1
    assert not [file for file in (tmp_path / "run" / "checkpoint").iterdir() if file.name.startswith(".")]


@pytest.mark.parametrize(
    ("word", "kind"), [("KeyboardInterrupt", KeyboardInterrupt), ("SystemExit", SystemExit), ("Timeout", RuntimeError)]
)
def test_a_signal_that_tensorflow_made_another_error_of_is_itself_again(word: str, kind: type[BaseException]) -> None:
    mismatch = "MISMATCH of original and normalized active exception types: ORIGINAL InvalidArgumentError REPLACED BY "
    with pytest.raises(kind), _exit_on_sigterm():
        raise RuntimeError(f"pybind11::error_already_set: {mismatch}{word}: <EMPTY MESSAGE>")


@pytest.mark.slow
def test_what_is_saved_is_calibrated_on_the_validation_faces(write_store: WriteStore, tmp_path: Path) -> None:
    from cnn.calibrate import fit_temperature
    from cnn.predict import Expressions

    faces = write_store(train=40, validation=100)
    params = CnnTrainParams(model="mini_xception", epochs=2, weight_averaging=0.5, **QUICK)
    trained = train_cnn(faces, tmp_path / "run", params)
    told = json.loads((trained.folder / "training.json").read_text())
    images, labels, _ = load_faces(faces).split("validation")
    expressions = Expressions(trained.model)
    assert expressions.temperature == pytest.approx(told["temperature"], rel=1e-5)
    wanted = fit_temperature(expressions.predict(list(images), calibrated=False), labels)
    assert expressions.temperature == pytest.approx(wanted, rel=1e-4)
    assert told["settings"]["dropout"] == 0.0
