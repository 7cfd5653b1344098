"""`facefoundry cnn export`: a trained network as files for other runtimes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from cnn.export.step import ExportCnnParams, Exported, FormatName, export_cnn
from flows.commands.step_app import FLATTEN
from flows.commands.terminal import progress_bar, show


def export(
    model: Path,
    out: Path,
    *,
    format: Annotated[tuple[FormatName, ...], Parameter(negative="")] = ("onnx", "tflite"),
    faces: Path | None = None,
    params: Annotated[ExportCnnParams, FLATTEN] = ExportCnnParams(),
) -> None:
    """Export a network as ONNX and TFLite, and check every file against Keras, face by face.

    The files take float32 grey pixels of 0 to 255, (batch, 48, 48, 1), and give calibrated probabilities (batch, 5).
    A float32 file that gives other answers than Keras is not written.

    Parameters
    ----------
    model
        The `model.keras`.
    out
        The folder to write, whole or not at all: the files and `export.json`, which tells how far they agree.
    format
        What to write; give it again for more. `tflite-int8` computes in 8-bit integers, needs `--faces`, and loses some
        accuracy, which is said.
    faces
        What `facefoundry cnn merge` wrote: real faces to compare on. Without it: random pictures, and no accuracy.
    """
    with progress_bar("export_cnn") as report:
        result = export_cnn(model, out, format, params, faces=faces, report=report)
        show(result)
    print(f"\n{'file':<20} {'KiB':>7} {'furthest':>9} {'mean':>9} {'same':>7} {'accuracy':>9} {'lost':>8}")
    for one in result.exports:
        print(_line(one))


def _line(one: Exported) -> str:
    furthest = max(one.largest_difference.values())
    known = f"{one.accuracy:9.4f} {one.accuracy_lost:8.4f}" if one.accuracy is not None else f"{'':>9} {'':>8}"
    figures = f"{one.bytes / 1024:7.0f} {furthest:9.1e} {one.mean_difference:9.1e} {one.same_answers:7.2%}"
    return f"{one.file:<20} {figures} {known}".rstrip()
