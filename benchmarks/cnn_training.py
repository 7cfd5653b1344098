"""How many faces a second the expression network learns from, by backend, threads, batch size and precision.

    python benchmarks/cnn_training.py --backends tensorflow torch jax --threads 1 4 --batch-sizes 64 256

trains, alternately in one process for each backend and number of threads: the network as Keras writes it ("plain"),
and as the trainer does ("float32", "bfloat16": `cnn.training_twin`), on one batch in memory ("synthetic": Keras's own
`fit` and nothing else) and by the trainer's whole pipeline ("real": drawing, augmentation, averaged weights, watching).
Each figure is the median of the rounds, each ratio the median of the rounds' ratios. Where other work shares the
machine, believe the ratios and the faces for each second of processor time ("/core"). NumPy's matrix product stands
beside them for scale. The faces are noise, which costs as much as faces.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Run = Callable[[], int]
Rates = dict[str, np.ndarray]
Batch = tuple[np.ndarray, np.ndarray, np.ndarray]
VARIANTS = ("plain", "float32", "bfloat16")
THREADS = ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
TITLES = "backend threads batch variant real synthetic ratio to-first real/core ratio/core to-first/core GFLOP/s matmul"


def main() -> None:
    """Print one line for each backend, number of threads, batch size and variant."""
    asked = arguments()
    if asked.measure:
        print(json.dumps(measure(asked)))
        return
    print(f"model {asked.model}, {asked.rounds} rounds of {asked.seconds:g} s, faces a second:\n")
    print(line(TITLES.split()), line(["---"] * len(TITLES.split())), sep="\n", flush=True)
    for backend, threads in itertools.product(asked.backends, asked.threads):
        if importlib.util.find_spec(backend) is None:
            print(line([backend, threads, "not installed here", *[""] * 10]), flush=True)
            continue
        for row in measure_apart(backend, threads):
            print(line([backend, threads, *row]), flush=True)


def arguments() -> argparse.Namespace:
    """What is asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="reference")
    parser.add_argument("--backends", nargs="+", default=["tensorflow"], choices=["tensorflow", "torch", "jax"])
    parser.add_argument("--threads", nargs="+", type=int, default=[os.cpu_count()])
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[64])
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="about so long for each measurement of a round")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure_apart(backend: str, threads: int) -> list[list[Any]]:
    """Measure in a process of its own, as backend and threads are fixed when it starts."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": "."}
    environment |= dict.fromkeys(THREADS, str(threads))
    command = [sys.executable, __file__, *sys.argv[1:], "--measure"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    rows: list[list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return rows


def measure(asked: argparse.Namespace) -> list[list[Any]]:
    """One row for each batch size and variant: what `TITLES` says after the threads."""
    rows = []
    for size in asked.batch_sizes:
        runs: dict[str, Run] = {"matmul": matmul}
        for variant in asked.variants:
            runs |= trainings(asked, variant, size)
        rates = alternately(runs, asked.rounds)
        rows += [summary(asked, rates, variant, size) for variant in asked.variants]
    return rows


def alternately(runs: dict[str, Run], rounds: int) -> Rates:
    """Every run in turn; (2, rounds) by name: what it did a second, and a second of processor time."""
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            began, core = time.perf_counter(), time.process_time()
            done = run()
            rates[name].append((done / (time.perf_counter() - began), done / (time.process_time() - core)))
    return {name: np.transpose(values[1:]) for name, values in rates.items()}  # the first round warms up


def summary(asked: argparse.Namespace, rates: Rates, variant: str, size: int) -> list[Any]:
    """The row of one variant."""
    from cnn.models import architecture

    real, synthetic, first = (
        rates[name] for name in (f"{variant} real", f"{variant} synthetic", asked.variants[0] + " real")
    )
    (speed, core), ratio, gain = (np.median(values, axis=1) for values in (real, real / synthetic, real / first))
    figures = [f"{speed:.0f}", f"{np.median(synthetic[0]):.0f}", f"{ratio[0]:.2f}", f"{gain[0]:.2f}"]
    figures += [f"{core:.0f}", f"{ratio[1]:.2f}", f"{gain[1]:.2f}"]
    work = 3 * architecture(asked.model).flops * speed / 1e9
    return [size, variant, *figures, f"{work:.0f}", f"{np.median(rates['matmul'][0]) / 1e9:.0f}"]


def trainings(asked: argparse.Namespace, variant: str, size: int) -> dict[str, Run]:
    """What runs the real pipeline and the synthetic batch, with one model for both."""
    from cnn.fit import compile_model
    from cnn.models import build
    from cnn.train_params import CnnTrainParams
    from cnn.training_twin import training_twin

    params = CnnTrainParams(batch_size=size, epochs=1000)
    model = build(asked.model, dropout=params.dropout, conv_dropout=params.conv_dropout)
    model = model if variant == "plain" else training_twin(model, variant)
    compile_model(model, params, 1000, np.full(5, 0.2))
    batches = Real(model, params)
    model.fit(repeated(size), steps_per_epoch=2, verbose=0)
    began = time.perf_counter()
    model.fit(repeated(size), steps_per_epoch=2, verbose=0)
    steps = max(3, round(asked.seconds * 2 / (time.perf_counter() - began)))

    def synthetic() -> int:
        model.fit(repeated(size), steps_per_epoch=steps, verbose=0)
        return steps * size

    return {f"{variant} real": lambda: batches.learn(steps), f"{variant} synthetic": synthetic}


class Real:
    """The trainer's own pipeline around a compiled model."""

    def __init__(self, model: Any, params: Any) -> None:
        from cnn.batches import TrainingFaces
        from cnn.fit import AverageWeights

        random = np.random.default_rng(1)
        count = 8192
        targets = np.eye(5, dtype=np.float32)[random.integers(0, 5, count)]
        images = random.integers(0, 256, (count, 48, 48), np.uint8)
        self.faces = TrainingFaces(images, targets, np.ones(count, np.float32))
        self.model, self.params = model, params
        self.average = AverageWeights(params.weight_averaging, model.get_weights(), 1000)
        self.epoch = 0

    def learn(self, steps: int) -> int:
        """Learn `steps` batches of a new epoch; returns the faces."""
        from cnn.batches import epoch_batches
        from cnn.fit import EpochWatch, fit_epoch
        from cnn.train import _augmentation
        from runs.progress import silent

        size, self.epoch = self.params.batch_size, self.epoch + 1
        watch = EpochWatch(epoch=0, epochs=1, steps=steps, batch_size=size, report=silent)

        def batch_end(batch: int, logs: dict[str, Any]) -> None:
            watch.batch_end(batch, logs)
            self.average.batch_end(batch, self.model)

        batches = epoch_batches(self.faces, _augmentation(self.params), batch_size=size, seed=1, epoch=self.epoch)
        fit_epoch(self.model, batches, steps=steps, seed=(1, self.epoch), batch_end=batch_end)
        return steps * size


def repeated(size: int) -> Iterator[Batch]:
    """One batch in memory, again and again."""
    random = np.random.default_rng(2)
    faces = random.uniform(0, 255, (size, 48, 48, 1)).astype(np.float32)
    targets = np.eye(5, dtype=np.float32)[random.integers(0, 5, size)]
    while True:
        yield faces, targets, np.ones(size, np.float32)


def matmul(side: int = 2048) -> int:
    """Multiply two float32 matrices by NumPy; returns the floating-point operations."""
    matrix = np.random.default_rng(3).random((side, side), np.float32)
    matrix @ matrix
    return 2 * side**3


def line(cells: Any) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
