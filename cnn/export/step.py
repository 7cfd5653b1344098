"""Export a trained network and check every file against Keras: `export_cnn`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from annotated_types import Ge

from cnn.errors import CnnError, InputError
from cnn.export.folding import fold
from cnn.export.formats import FORMATS, OPSET, need_packages, write_onnx, write_tflite
from cnn.export.runtimes import RUNTIMES, Network, Port, ports_of
from cnn.labels import EXPRESSIONS
from cnn.logits import network_of, temperature_of
from cnn.predict import load_model, probabilities
from cnn.store import load_faces
from cnn.views import views_of, with_views
from runs.files import replacing_folder, write_json
from runs.parameters import ParameterError, Parameters
from runs.progress import Progress, Report, silent
from runs.record import digest

if TYPE_CHECKING:
    import keras

FormatName = Literal["onnx", "tflite", "tflite-int8"]
TOLERANCE = 1e-4
"""No probability of a float32 file may lie further from Keras's, on any face looked at."""

_RECORD = "export.json"
_FACE = (48, 48, 1)
_BATCH = 256
_PICTURES = 64
_PACKAGES = (
    "keras",
    "tensorflow",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
    "opencv-contrib-python-headless",
)


@dataclass(frozen=True, kw_only=True)
class ExportCnnParams(Parameters):
    """How to export, and what to check the files on."""

    split: Literal["train", "validation", "test"] = "validation"
    """The faces of the store that every file is compared with Keras on. Look at `test` at the end."""
    representative_faces: Annotated[int, Ge(1)] = 256
    """Training faces that give a full-integer file the ranges of its integers."""
    seed: Annotated[int, Ge(0)] = 1
    """Chooses these faces, and draws the pictures to compare on where no store is given."""


@dataclass(frozen=True)
class Exported:
    """One file, and how far it agrees with the model it was made of.

    `largest_difference` is by runtime: the largest distance of any probability from Keras's. The others are of the
    first runtime: `mean_difference`, `same_answers` (the share of faces with the same likeliest class), and, where
    labels are known, `accuracy` and `accuracy_lost`, what Keras has more. `opset` is None where there is none.
    """

    format: str
    file: str
    bytes: int
    sha256: str
    input: Port
    output: Port
    opset: int | None
    largest_difference: dict[str, float]
    mean_difference: float
    same_answers: float
    accuracy: float | None
    accuracy_lost: float | None


@dataclass(frozen=True)
class CnnExport:
    """What was exported: `accuracy` is Keras's own on the `faces` compared, None without a store."""

    folder: Path
    compared_on: str
    faces: int
    accuracy: float | None
    exports: tuple[Exported, ...]


@dataclass(frozen=True)
class _Truth:
    """The faces (n, 48, 48) to compare on, what Keras answers (n, 5), and the labels (n,) where there are any."""

    name: str
    images: np.ndarray
    answers: np.ndarray
    labels: np.ndarray | None

    def accuracy(self, answers: np.ndarray) -> float | None:
        return None if self.labels is None else float((answers.argmax(axis=1) == self.labels).mean())


def export_cnn(
    model: Path,
    out: Path,
    formats: Sequence[FormatName] = ("onnx", "tflite"),
    params: ExportCnnParams = ExportCnnParams(),
    *,
    faces: Path | None = None,
    report: Report = silent,
) -> CnnExport:
    """Write `model` in each of `formats`, compare every file with Keras in its runtimes, and record it all.

    All files take float32 grey pixels of 0 to 255, (batch, 48, 48, 1) with any batch, and give the probabilities of
    `EXPRESSIONS`, (batch, 5): scaling, views and the temperature of a calibrated model are inside. Faces of other sizes
    must be resized before, with averaging, as `cnn.preprocess.to_face` does.

    Parameters
    ----------
    model
        A ``.keras`` file written by `train_cnn`.
    out
        Written, or replaced whole where it holds an older export: ``model.onnx``, ``model.tflite``,
        ``model-int8.tflite``, and ``export.json``.
    formats
        ``"onnx"``, ``"tflite"`` (both float32) and ``"tflite-int8"``: full-integer arithmetic inside, float32 outside.
    faces
        A store written by `cnn.merge.merge`. Without one the files are compared on random pictures, no accuracy is
        known, and there is no int8: its ranges must come from faces.

    Raises
    ------
    InputError
        The model or the store is missing or damaged, int8 is asked for without faces, or a package is missing.
    CnnError
        A float32 file gave other answers than Keras. Nothing was written.
    RunMismatchError
        `out` holds other files; they are not touched.
    """
    names = tuple(dict.fromkeys(formats))
    _check(names, faces)
    need_packages()
    loaded = load_model(model)
    network = _network(loaded, model)
    truth = _truth(loaded, faces, params)
    lighter = with_views(fold(network), views_of(loaded))
    notes = {"classes": ",".join(EXPRESSIONS), "pixels": "0 to 255", "model_sha256": digest(model)}
    with replacing_folder(out, known=(_RECORD, *(one.file for one in FORMATS.values()))) as folder:
        exports = []
        for number, name in enumerate(names):
            report(Progress(f"writing and checking {FORMATS[name].file}", number, len(names)))
            _write(name, lighter, folder / FORMATS[name].file, notes, faces, params)
            exports.append(_compare(name, folder, truth))
        report(Progress("every file checked", len(names), len(names)))
        result = CnnExport(out, truth.name, len(truth.images), truth.accuracy(truth.answers), tuple(exports))
        write_json(folder / _RECORD, _record(result, loaded, notes))
    return result


def _check(formats: Sequence[str], faces: Path | None) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        got = repr(unknown[0]) if unknown else "none"
        raise ParameterError(f"`format` must be one of {', '.join(map(repr, FORMATS))}. Got {got}.")
    needing = [name for name in formats if FORMATS[name].needs_faces]
    if needing and faces is None:
        raise InputError(f"`{needing[0]}` needs faces for the ranges of its integers. Give a store (`--faces`).")


def _network(loaded: keras.Model, path: Path) -> keras.Model:
    network = network_of(loaded)
    if network.input_shape[1:] != _FACE:
        raise InputError(f"{path}: the network must take faces of {_FACE}. Got {network.input_shape[1:]}.")
    return network


def _truth(loaded: keras.Model, faces: Path | None, params: ExportCnnParams) -> _Truth:
    if faces is None:
        images = np.random.default_rng(params.seed).integers(0, 256, (_PICTURES, *_FACE[:2]), dtype=np.uint8)
        return _Truth("random pictures", images, probabilities(loaded, images, _BATCH), None)
    images, labels, _ = load_faces(faces).split(params.split)
    return _Truth(f"the {params.split} faces", images, probabilities(loaded, images, _BATCH), labels)


def _write(
    name: str,
    network: keras.Model,
    path: Path,
    notes: dict[str, str],
    faces: Path | None,
    params: ExportCnnParams,
) -> None:
    if name == "onnx":
        write_onnx(network, path, notes)
    elif name == "tflite" or faces is None:
        write_tflite(network, path)
    else:
        write_tflite(network, path, _representative(faces, params))


def _representative(faces: Path, params: ExportCnnParams) -> np.ndarray:
    images, _, _ = load_faces(faces).split("train")
    count = min(params.representative_faces, len(images))
    chosen = np.random.default_rng(params.seed).choice(len(images), count, replace=False)
    return images[np.sort(chosen)]


def _compare(name: str, folder: Path, truth: _Truth) -> Exported:
    about = FORMATS[name]
    path = folder / about.file
    answers = {runtime: _ask(RUNTIMES[runtime](path, 0), truth.images) for runtime in about.runtimes}
    largest = {runtime: float(np.abs(answer - truth.answers).max()) for runtime, answer in answers.items()}
    if not about.needs_faces and not all(one <= TOLERANCE for one in largest.values()):  # NaN is refused too
        raise CnnError(
            f"{about.file}: must give Keras's probabilities to within {TOLERANCE:g}. Got differences of {largest}. "
            "Nothing was written: export with other versions of the converters."
        )
    answer, expected = answers[about.runtimes[0]], truth.accuracy(truth.answers)
    accuracy = truth.accuracy(answer)
    given, made = ports_of(path)
    return Exported(
        format=name,
        file=about.file,
        bytes=path.stat().st_size,
        sha256=digest(path),
        input=given,
        output=made,
        opset=OPSET if path.suffix == ".onnx" else None,
        largest_difference=largest,
        mean_difference=float(np.abs(answer - truth.answers).mean()),
        same_answers=float((answer.argmax(axis=1) == truth.answers.argmax(axis=1)).mean()),
        accuracy=accuracy,
        accuracy_lost=None if accuracy is None or expected is None else expected - accuracy,
    )


def _ask(network: Network, images: np.ndarray) -> np.ndarray:
    return np.concatenate([network(images[start : start + _BATCH]) for start in range(0, len(images), _BATCH)])


def _record(result: CnnExport, loaded: keras.Model, notes: dict[str, str]) -> dict[str, Any]:
    plain = asdict(result)
    del plain["folder"]
    return {
        "model_sha256": notes["model_sha256"],
        "network": network_of(loaded).name,
        "parameters": loaded.count_params(),
        "temperature": temperature_of(loaded),
        "views": views_of(loaded),
        "classes": list(EXPRESSIONS),
        "pixels": "float32, grey, 0 to 255",
        "tolerance": TOLERANCE,
        **plain,
        "versions": {name: version(name) for name in _PACKAGES},
    }
