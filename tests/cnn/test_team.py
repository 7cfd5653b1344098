"""Two processes that train one network: to rounding, it is the network that one process trains."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn.errors import InputError, TrainingError
from cnn.team import Team, team_of

ROOT = Path(__file__).parents[2]

LEARN = """
import sys
import numpy as np
from cnn.team import team_of

def learn(team):
    import keras
    from cnn.fit import compile_model, fit_epoch
    from cnn.train_params import CnnTrainParams
    from cnn.training_twin import training_twin

    layers, random, found = keras.layers, np.random.default_rng(0), {}
    pixels = [random.uniform(0, 255, (8, 12, 12, 1)).astype(np.float32) for _ in range(2)]
    targets = [np.eye(5, dtype=np.float32)[random.integers(0, 5, 8)] for _ in range(2)]
    weights = [random.uniform(0.5, 1.5, 8).astype(np.float32) for _ in range(2)]
    keras.utils.set_random_seed(5)
    given = keras.Input((12, 12, 1))
    # No bias: normalisation takes its slope away, and Adam makes steps of what rounding leaves.
    x = layers.Conv2D(4, 3, use_bias=False)(layers.Rescaling(1 / 255)(given))
    x = layers.Dropout(0.4)(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(x))
    judged = keras.Model(given, layers.Dense(5, activation="softmax")(x))
    with team.scope():
        model = training_twin(judged, "float32", team)
        params = CnnTrainParams(epochs=2, learning_rate=0.01, warm_up_epochs=0.0)
        compile_model(model, params, 2, np.full(5, 0.2))
    for epoch in range(2):
        batches = iter(list(zip(pixels, targets, weights)))
        figures = fit_epoch(model, batches, steps=2, seed=(1, epoch), batch_end=lambda *_: None, team=team)
        found[f"figures {epoch}"] = np.array([figures["loss"], figures["accuracy"]])
    return found | {f"weights {number}": weight for number, weight in enumerate(model.get_weights())}
"""
TOGETHER = """
with team_of() as team:
    try:
        team.agree("the same")
        np.savez(sys.argv[1], **learn(team))
        team.agree(f"given to {team.index} alone")
    finally:
        team.sum(0)
"""


def start(number: int, ports: list[int], out: Path) -> subprocess.Popen[str]:
    task = {"type": "worker", "index": number}
    config = {"cluster": {"worker": [f"127.0.0.1:{port}" for port in ports]}, "task": task}
    own = {"TF_CONFIG": json.dumps(config), "TF_NUM_INTRAOP_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LEARN + TOGETHER, str(out)]
    return subprocess.Popen(command, env={**os.environ, **own}, stderr=subprocess.PIPE, text=True)


def free_ports(count: int) -> list[int]:
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, int, str]]:
    """Two workers that have learnt, and then were given different things: what each learnt, status and last words."""
    pytest.importorskip("tensorflow")
    ports, folder = free_ports(2), tmp_path_factory.mktemp("team")
    learnt = [folder / f"{number}.npz" for number in range(2)]
    workers = [start(number, ports, path) for number, path in enumerate(learnt)]
    try:
        said = [worker.communicate(timeout=1200)[1] for worker in workers]
        return [(path, worker.returncode, words) for path, worker, words in zip(learnt, workers, said, strict=True)]
    finally:
        for worker in workers:
            worker.kill()


@pytest.mark.slow
def test_two_workers_learn_what_one_process_learns(together: list[tuple[Path, int, str]]) -> None:
    learn: dict[str, object] = {}
    exec(LEARN, learn)
    alone = learn["learn"](Team())  # type: ignore[operator]
    for path, _, words in together:
        assert path.is_file(), words
        with np.load(path) as found:
            assert set(found) == set(alone)
            for name, values in alone.items():
                np.testing.assert_allclose(found[name], values, rtol=2e-4, atol=2e-6, err_msg=name)


@pytest.mark.slow
def test_workers_that_were_given_different_things_refuse(together: list[tuple[Path, int, str]]) -> None:
    for _, status, words in together:
        assert status == 1
        assert "All 2 workers must be given the same faces, parameters and run folder" in words


def test_without_the_variable_a_process_is_a_team_by_itself() -> None:
    team = team_of({})
    assert (team.index, team.count, team.is_chief) == (0, 1, True)
    with team, team.scope():
        assert team.sum(3.5) == 3.5
    assert team.agree("anything") is None


def test_who_takes_part_is_read_from_the_variable() -> None:
    config = {"cluster": {"worker": ["a:1", "b:2", "c:3"]}, "task": {"type": "worker", "index": 2}}
    team = team_of({"TF_CONFIG": json.dumps(config)})
    assert (team.index, team.count, team.is_chief) == (2, 3, False)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": "one"}}',
        '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_variable_that_cannot_be_followed_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError, match=r"`TF_CONFIG` must .*10\.0\.0\.5:2222"):
        team_of({"TF_CONFIG": text})


def test_the_shares_make_up_the_batch() -> None:
    batch = (np.arange(12).reshape(6, 2), np.arange(6), np.arange(6) / 2)
    shares = [Team(number, 3).share(batch) for number in range(3)]
    for part, whole in enumerate(batch):
        np.testing.assert_array_equal(np.concatenate([share[part] for share in shares]), whole)


def test_a_batch_that_cannot_be_shared_evenly_is_refused() -> None:
    Team(0, 3).check(9)
    with pytest.raises(InputError, match=r"A batch of 10 faces cannot be shared by 3 workers: change `batch_size`"):
        Team(0, 3).check(10)


def test_tensorflows_errors_are_put_plainly() -> None:
    class LostError(Exception):
        __module__ = "tensorflow.python.framework.errors_impl"

    with pytest.raises(TrainingError, match=r"Worker 1 of 2 has lost another.* Start all again"):
        Team(1, 2).__exit__(LostError, LostError("gone"), None)
    assert Team(1, 2).__exit__(ValueError, ValueError("ours"), None) is None
