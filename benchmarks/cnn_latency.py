"""Ask the same trained network for faces in every runtime that it is exported to, and compare how long each takes.

    python benchmarks/cnn_latency.py model.keras --faces work/faces --threads 1

exports the network into a temporary folder and prints, for batches of 1 and of 64 faces, the median and the least
milliseconds of a call, faces a second, and how many times faster than `keras.predict` it is; without `--faces` there is
no int8. All take turns, a few calls each, so that other load on the machine meets all alike. `--unfolded` adds
the files as the converters make them by themselves, to show what folding the normalisations brings.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Ask = Callable[[np.ndarray], np.ndarray]
"""From faces (n, 48, 48) uint8 to probabilities (n, 5)."""

_CALLS = 5
_TITLES = {"onnxruntime": "ONNX Runtime", "opencv": "OpenCV DNN", "litert": "LiteRT"}


def candidates(asked: argparse.Namespace, folder: Path) -> dict[str, Ask]:
    """Everything that is measured, by its title."""
    from cnn.export.formats import FORMATS, write_onnx, write_tflite
    from cnn.export.runtimes import RUNTIMES
    from cnn.export.step import FormatName, export_cnn
    from cnn.logits import network_of
    from cnn.predict import load_model
    from cnn.views import views_of, with_views

    model = load_model(asked.model)
    formats: tuple[FormatName, ...] = ("onnx", "tflite", "tflite-int8") if asked.faces else ("onnx", "tflite")
    export_cnn(asked.model, folder / "files", formats, faces=asked.faces)
    found = in_keras(model)
    for name in formats:
        for runtime in FORMATS[name].runtimes:
            title = _TITLES[runtime] + (", int8" if FORMATS[name].needs_faces else "")
            found[title] = RUNTIMES[runtime](folder / "files" / FORMATS[name].file, asked.threads)
    if asked.unfolded:
        unfolded = with_views(network_of(model), views_of(model))
        write_onnx(unfolded, folder / "unfolded.onnx", {})
        write_tflite(unfolded, folder / "unfolded.tflite")
        for runtime, title in _TITLES.items():
            file = folder / ("unfolded.tflite" if runtime == "litert" else "unfolded.onnx")
            found[f"{title}, unfolded"] = RUNTIMES[runtime](file, asked.threads)
    return found


def in_keras(model: Any) -> dict[str, Ask]:
    """The ways to ask Keras itself."""
    import tensorflow as tf

    from cnn.batches import as_input

    compiled = tf.function(lambda faces: model(faces, training=False), reduce_retracing=True)
    return {
        "Keras predict": lambda faces: model.predict(as_input(faces), verbose=0),
        "Keras predict_on_batch": lambda faces: model.predict_on_batch(as_input(faces)),
        "Keras call": lambda faces: np.asarray(model(as_input(faces), training=False)),
        "Keras compiled call": lambda faces: compiled(as_input(faces)).numpy(),
    }


def measure(found: dict[str, Ask], faces: np.ndarray, seconds: float) -> dict[str, list[float]]:
    """Seconds of every call, by title: a few calls each in turn, for so many seconds together."""
    taken: dict[str, list[float]] = {title: [] for title in found}
    for ask in found.values():
        ask(faces)  # the first call compiles, traces and allocates
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for title, ask in found.items():
            for _ in range(_CALLS):
                began = time.perf_counter()
                ask(faces)
                taken[title].append(time.perf_counter() - began)
    return taken


def show(taken: dict[str, list[float]], batch: int) -> None:
    """Print one batch size's table."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\nbatch of {batch} (load of the machine now {load})")
    print(f"{'':<28} {'median ms':>10} {'least ms':>9} {'faces/s':>8} {'times predict':>14}")
    predict = float(np.median(taken["Keras predict"]))
    for title, times in taken.items():
        median = float(np.median(times))
        figures = f"{median * 1e3:10.2f} {min(times) * 1e3:9.2f} {batch / median:8.0f} {predict / median:14.1f}"
        print(f"{title:<28} {figures}")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--faces", type=Path, default=None, help="a store: it gives int8 its ranges")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 64])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to measure each batch size")
    parser.add_argument("--unfolded", action="store_true")
    asked = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(asked.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    pictures = np.random.default_rng(1).integers(0, 256, (max(asked.batch), 48, 48), dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        found = candidates(asked, Path(folder))
        print(f"{asked.threads} threads")
        for batch in asked.batch:
            show(measure(found, pictures[:batch], asked.seconds), batch)


if __name__ == "__main__":
    main()
