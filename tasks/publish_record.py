"""What is told of a model when it is registered, read from the folders of its training and its evaluation.

No MLflow here: `read_record` turns two folders into plain parameters, figures and files, and says which
step makes a file that is missing.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cascade.evaluate import EvaluateCascadeParams
from runs.record import digest
from tasks.publish_figures import flatten, is_number, read_history

PROJECT = Path(__file__).resolve().parents[1]
"""Where the factory's own files lie: the rooms, `mlflow/`, the lock."""

_MAIN_PACKAGES = ("mlflow", "numpy", "opencv-contrib-python-headless", "tensorflow", "keras", "scikit-learn", "dvc")
_HEADLINE = ("right_share", "recall", "false_alarms_per_image", "balanced_accuracy", "accuracy")
_SHOWN = ("*.html", "*.png", "*.csv", "*.json")


class PublishError(Exception):
    """A model cannot be registered or pulled; the message names the file or the store, and the remedy."""


@dataclass(frozen=True)
class Line:
    """One line of models: what it is called, the steps that make its files, and the files that must be there."""

    kind: str
    model_name: str
    file: str
    """What the model's file is called when it leaves the registry."""
    train: str
    evaluate: str
    score_files: tuple[str, ...]
    rooms: tuple[str, ...]
    """The packages whose source decides what is trained."""


CASCADE = Line(
    kind="cascade",
    model_name="face-cascade",
    file="cascade.xml",
    train="train_cascade",
    evaluate="evaluate_cascade",
    score_files=("metrics.json", "curve.csv", "curve.png", "montage.png"),
    rooms=("cascade", "runs"),
)
CNN = Line(
    kind="cnn",
    model_name="expression-cnn",
    file="model.keras",
    train="train_cnn",
    evaluate="evaluate_cnn",
    score_files=("metrics.json", "confusion.csv", "confusion.png"),
    rooms=("cnn", "runs"),
)
PAIR = Line(
    kind="pair",
    model_name="face-expression",
    file="cascade.xml",
    train="register_pair",
    evaluate="evaluate_pair",
    score_files=("metrics.json", "classes.csv", "confusion.csv", "montage.png"),
    rooms=("pair", "cascade", "cnn", "runs"),
)
_RUN_FILES = ("run.json", "training.json", "history.csv")


@dataclass(frozen=True)
class Record:
    """A model's history as plain values.

    `history` holds ``(name, value, step)``; `figures` is `metrics.json` as it was read; `files` are the
    plots and tables to keep beside the model, by the folder that they belong to. No figure is NaN.
    """

    params: dict[str, str]
    metrics: dict[str, float]
    history: list[tuple[str, float, int]]
    figures: dict[str, Any]
    files: dict[str, list[Path]]

    def headline(self) -> dict[str, float]:
        """The few figures that a list of models shows, by their short names."""
        # A cascade is registered at the operating point that is recommended, so its figures are those.
        best = {name: self.metrics.get(f"recommended_{name}", self.metrics.get(name)) for name in _HEADLINE}
        return {name: value for name, value in best.items() if value is not None}


def read_record(model: Path, run: Path, score: Path, line: Line) -> Record:
    """Read a trainer's folder and an evaluation's folder.

    Parameters
    ----------
    model
        The model's own file, which the evaluation must have measured.
    run
        With `run.json`, `training.json` and `history.csv`, whose first column is the stage or the epoch.
    score
        With `metrics.json` and the plots and tables of `line`.

    Raises
    ------
    PublishError
        A file is missing, empty or no JSON object, or the figures are another model's; the message names the file
        and the step that makes it.
    """
    require_file(model, line.train)
    for name in _RUN_FILES:
        require_file(run / name, line.train)
    for name in line.score_files:
        require_file(score / name, line.evaluate)
    made, training = _read_json(run / "run.json", line.train), _read_json(run / "training.json", line.train)
    training = {name: value for name, value in training.items() if name != "settings"}  # those are in run.json
    figures = _read_json(score / "metrics.json", line.evaluate)
    _require_own_figures(figures, score / "metrics.json", model, line.evaluate)
    told = {**flatten(made.get("parameters", {})), **flatten({"inputs": made.get("inputs", {})})}
    speed = _read_json(score / "speed.json", line.evaluate) if (score / "speed.json").is_file() else {}
    found = {**flatten({"training": training, "speed": speed}), **flatten(figures)}
    told |= {name: value for name, value in found.items() if isinstance(value, (str, bool))}
    return Record(
        params={name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()},
        metrics={name: float(value) for name, value in found.items() if is_number(value)},
        history=read_history(run / "history.csv"),
        figures=figures,
        files={"training": _shown(run), "evaluation": _shown(score)},
    )


def read_score(score: Path, line: Line) -> Record:
    """Read an evaluation's folder alone, of a model that was not trained but put together.

    Raises
    ------
    PublishError
        A file is missing or empty, or `metrics.json` is no JSON object; the message names the step that makes it.
    """
    for name in line.score_files:
        require_file(score / name, line.evaluate)
    figures = _read_json(score / "metrics.json", line.evaluate)
    metrics = {name: float(value) for name, value in flatten(figures).items() if is_number(value)}
    told = {name: value for name, value in flatten(figures).items() if isinstance(value, str)}
    return Record(params=told, metrics=metrics, history=[], figures=figures, files={"evaluation": _shown(score)})


def operating_point(figures: Mapping[str, Any], place: Path) -> dict[str, float | int]:
    """The detector's settings that the evaluation recommends, as the registered model's defaults.

    `scale_factor`, `min_neighbors`, and `min_size` and `max_size` in pixels; `max_size` 0 is the whole picture.

    Parameters
    ----------
    figures
        `metrics.json` as read. `recommended_min_neighbors` must be there; what else is not was not changed from
        the evaluation's defaults.
    place
        Where the figures were read, for the message.

    Raises
    ------
    PublishError
        The figures lack the recommendation, or it is no number.
    """
    usual = EvaluateCascadeParams()
    try:
        return {
            "scale_factor": float(figures.get("scale_factor", usual.scale_factor)),
            "min_neighbors": int(figures["recommended_min_neighbors"]),
            "min_size": int(figures.get("min_size", usual.min_size)),
            "max_size": int(figures.get("max_size", usual.max_size) or 0),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise PublishError(
            f"{place} must give `recommended_min_neighbors` and the other settings as numbers ({error!r}). "
            "The step `evaluate_cascade` writes it: run that again."
        ) from error


def require_file(path: Path, step: str) -> Path:
    """`path`, when it is a file with something in it.

    Raises
    ------
    PublishError
        It is not; the message names the step that makes it.
    """
    try:
        if path.is_file() and path.stat().st_size > 0:
            return path
    except OSError as error:
        raise PublishError(f"{path} cannot be read ({error.strerror}).") from error
    state = "is empty" if path.is_file() else "does not exist"
    raise PublishError(f"{path} {state}. The step `{step}` makes it: run that first, or name the folder it wrote.")


def content_digest(model: Path, run: Path, extra: Mapping[str, Any]) -> str:
    """SHA-256 of what makes a model what it is: its bytes, `extra`, and the parameters and inputs it was trained with.

    `run.json` is in it and `training.json` is not, as that tells times.
    """
    parts = (digest(model), digest(run / "run.json"), json.dumps(extra, sort_keys=True))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def source_digest(rooms: Iterable[str]) -> str:
    """SHA-256 of the Python source of some of the factory's packages."""
    total = hashlib.sha256()
    for path in sorted(path for room in rooms for path in (PROJECT / room).rglob("*.py")):
        total.update(f"{path.relative_to(PROJECT).as_posix()}\0{digest(path)}\n".encode())
    return total.hexdigest()


def environment() -> dict[str, Any]:
    """The interpreter, the platform and the versions of the main packages."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": {name: found for name in _MAIN_PACKAGES if (found := _version(name))},
    }


def _read_json(path: Path, step: str) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PublishError(f"{path} is no JSON ({error}). The step `{step}` makes it: run that again.") from error
    if not isinstance(value, dict):
        raise PublishError(f"{path} must hold a JSON object, not {type(value).__name__}. The step `{step}` makes it.")
    return value


def _require_own_figures(figures: Mapping[str, Any], place: Path, model: Path, step: str) -> None:
    told, own = str(figures.get("model_sha256", "")), digest(model)
    if told != own:
        whose = f"are of another model (SHA-256 {told[:12]}, not {own[:12]})" if told else "do not say of which model"
        raise PublishError(
            f"The figures in {place} {whose}, and would be registered as those of {model}. "
            f"Run the step `{step}` again on {model}, or name the folder that it wrote."
        )


def _shown(folder: Path) -> list[Path]:
    return sorted(path for pattern in _SHOWN for path in folder.glob(pattern) if not path.name.startswith("."))


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
