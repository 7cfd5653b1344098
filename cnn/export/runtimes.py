"""The runtimes that exports are made for, each as one function: from a file to a network that answers about faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cnn.batches import as_input

Network = Callable[[np.ndarray], np.ndarray]
"""From faces (n, 48, 48) uint8, n of any size, to probabilities (n, 5) float32."""


@dataclass(frozen=True)
class Port:
    """The input or the output of an export, as its file has it."""

    name: str
    shape: tuple[int | str, ...]
    type: str


def open_onnx_runtime(path: Path, threads: int = 0) -> Network:
    """Open an ONNX file in ONNX Runtime, on the processor; with 0 `threads` it takes one for each core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda faces: np.asarray(session.run(None, {name: as_input(faces)})[0])


def open_opencv(path: Path, threads: int = 0) -> Network:
    """Open an ONNX file in OpenCV's DNN module; `threads` are those of all of OpenCV, 0 leaves them as they are.

    It asks for the new engine: the classic one ends the process when the size of the batch changes.
    """
    if threads:
        cv2.setNumThreads(threads)
    net = cv2.dnn.readNetFromONNX(str(path), engine=cv2.dnn.ENGINE_NEW)

    def ask(faces: np.ndarray) -> np.ndarray:
        net.setInput(as_input(faces))
        return np.array(net.forward())

    return ask


def open_litert(path: Path, threads: int = 0) -> Network:
    """Open a TFLite file in LiteRT, which is TensorFlow Lite's new name; with 0 `threads` it takes one."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads or None)
    place, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    ready: tuple[int, ...] = ()

    def ask(faces: np.ndarray) -> np.ndarray:
        nonlocal ready
        pixels = as_input(faces)
        if pixels.shape != ready:
            interpreter.resize_tensor_input(place, pixels.shape, strict=True)
            interpreter.allocate_tensors()
            ready = pixels.shape
        interpreter.set_tensor(place, pixels)
        interpreter.invoke()
        return np.array(interpreter.get_tensor(result))

    return ask


RUNTIMES: dict[str, Callable[[Path, int], Network]] = {
    "onnxruntime": open_onnx_runtime,
    "opencv": open_opencv,
    "litert": open_litert,
}


def ports_of(path: Path) -> tuple[Port, Port]:
    """The input and the output of an ``.onnx`` or ``.tflite`` file; "batch" stands where any number of faces may."""
    return _onnx_ports(path) if path.suffix == ".onnx" else _tflite_ports(path)


def _onnx_ports(path: Path) -> tuple[Port, Port]:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given, made = (
        Port(one.name, tuple(one.shape), one.type.removeprefix("tensor(float)") or "float32")
        for one in (session.get_inputs()[0], session.get_outputs()[0])
    )
    return given, made


def _tflite_ports(path: Path) -> tuple[Port, Port]:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(path)).get_signature_runner()
    given, made = (
        Port(name, tuple("batch" if size < 0 else int(size) for size in one["shape_signature"]), one["dtype"].__name__)
        for ((name, one),) in (runner.get_input_details().items(), runner.get_output_details().items())
    )
    return given, made
