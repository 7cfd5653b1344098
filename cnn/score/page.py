"""The page that tells an evaluation of the network: ``report.html``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from cnn.labels import EXPRESSIONS
from cnn.score import exhibits, tables
from cnn.score.charts import Curve, epochs_chart, legend, reliability_chart
from cnn.score.figures import CnnScore
from cnn.score.intervals import Interval, by_name
from cnn.score.measured import Measured
from cnn.score.params import EvaluateCnnParams
from cnn.score.reliability import reliability
from cnn.score.template import environment
from cnn.score.training import TrainingRecord
from cnn.store import TABLE
from cnn.views import views_of
from runs.page import count, now, printable
from runs.progress import duration
from runs.record import digest

_FEW_FACES = 100
_KNOWS_NOTHING = 1.609  # the logarithm of five
_CURVES = {
    "Loss": {"loss": "training", "val_loss": "validation"},
    "Accuracy": {"accuracy": "training", "val_accuracy": "validation", "val_balanced_accuracy": "validation, balanced"},
}
_LEARNING = (
    "The training's own figures are taken while it learns, with augmentation, dropout and softened targets: they may "
    "well be worse than those of the validation."
)
_FLATTERED = {
    "train": "Measured on the faces that it learned from: the figures say nothing of other faces.",
    "validation": "Measured on the validation faces, on which its epoch and its temperature were chosen: a little "
    "flattered.",
}


def render_report(
    score: CnnScore, measured: Measured, training: TrainingRecord, faces: Path, params: EvaluateCnnParams
) -> str:
    """The whole page as HTML; names from files are escaped."""
    context = {
        "eyebrow": "Expression network report",
        "title": printable("/".join(measured.path.parts[-2:])),
        "lead": f"Measured on {count(score.faces, f'{params.split} face')} of {count(len(score.sources), 'source')}.",
        "date": now(),
        "tiles": _tiles(score),
        "warnings": _warnings(score, training, params),
        "classes": tables.classes_table(score),
        "names": EXPRESSIONS,
        "confusion": tables.confusion_rows(score),
        "pairs": tables.worst_pairs(score),
        "sources": tables.sources_table(score),
        "mistakes": exhibits.mistakes(measured),
        "mistake_words": _mistake_words(score),
        "splits": tables.splits_table(measured.everything),
        "facts": _facts(measured, faces, params),
        "command": printable(tables.command(measured.path, faces, score.folder, params)),
        **_sure(score, measured),
        **_training(training),
        **exhibits.maps(measured, params.explained_faces),
        **exhibits.layers(measured),
    }
    return environment().get_template("report").render(context)


def _tiles(score: CnnScore) -> list[dict[str, str]]:
    known, found = by_name(score.intervals), score.calibration
    shares = (("Accuracy", "accuracy"), ("Balanced accuracy", "balanced_accuracy"), ("Macro F1", "macro_f1"))
    tiles = [(name, f"{getattr(score, figure):.3f}", _around(known[figure])) for name, figure in shares]
    other = f"without its temperature {found.error_before:.3f}" if found and found.stored else "not calibrated"
    tiles.append(("Calibration error", f"{score.calibration_error:.3f}", other))
    tiles.append(("Log loss", f"{score.log_loss:.3f}", f"knowing nothing gives {_KNOWS_NOTHING}"))
    return [{"name": name, "value": value, "note": note} for name, value, note in tiles]


def _around(interval: Interval) -> str:
    return f"95 %: {interval.low:.3f} to {interval.high:.3f}"


def _warnings(score: CnnScore, training: TrainingRecord, params: EvaluateCnnParams) -> list[str]:
    found = [_FLATTERED[params.split]] if params.split in _FLATTERED else []
    if training.same_faces is False:
        found.append(
            "The model was trained on another store than this one: faces measured here may be among those that it "
            "learned from."
        )
    few = [f"{name} {sum(row)}" for name, row in zip(EXPRESSIONS, score.counts, strict=True) if sum(row) < _FEW_FACES]
    if few:
        found.append(f"Few faces of some classes ({', '.join(few)}): their figures, and the mean of all, vary much.")
    found.append("The intervals tell what other faces of the same kind could change, not what another training would.")
    return found


def _mistake_words(score: CnnScore) -> str:
    wrong = score.faces - sum(row[number] for number, row in enumerate(score.counts))
    return f"{wrong:,} of {score.faces:,} faces are answered wrongly. Look for labels that are wrong themselves."


def _sure(score: CnnScore, measured: Measured) -> dict[str, Any]:
    found, labels = score.calibration, measured.labels
    before = reliability(measured.before, labels)
    after = None if measured.after is None else reliability(measured.after, labels)
    names = ["without a temperature"] if found is None else [f"with temperature {found.temperature:.3f}", "without"]
    return {
        "reliability": reliability_chart(before, after),
        "reliability_legend": legend(names, first=1 if found is None else 0),
        "calibration": tables.calibration_table(score),
        "bins": tables.bins_table(before if after is None else after),
        "sure_words": _sure_words(score),
    }


def _sure_words(score: CnnScore) -> str:
    diagram = (
        "On the dashed line the answers are as sure as they are right; below it too sure, above it too humble. "
        "Grey: the share of the faces. Whiskers: 95 %."
    )
    found = score.calibration
    if found is None:
        return f"{diagram} The model has no temperature, and the store has too few validation faces to fit one."
    kind = "surer" if found.temperature < 1 else "humbler"
    if found.stored:
        return f"{diagram} The model divides its logits by {found.temperature:.3f}, which makes it {kind}."
    return (
        f"{diagram} No temperature is stored in the model. Fitted on the validation faces it would be "
        f"{found.temperature:.3f}, and the answers {kind}: `facefoundry cnn calibrate` stores it."
    )


def _training(training: TrainingRecord) -> dict[str, Any]:
    curves = []
    for title, columns in _CURVES.items():
        lines = [Curve(name, points) for column, name in columns.items() if (points := training.curve(column))]
        if lines:
            chart = epochs_chart(lines, title.lower(), training.best_epoch)
            curves.append({"title": title, "chart": chart, "legend": legend([line.name for line in lines])})
    words = _LEARNING if curves else "No history.csv lies beside the model, so there are no curves."
    return {"curves": curves, "training": _training_facts(training), "training_words": words}


def _training_facts(training: TrainingRecord) -> list[tuple[str, str]]:
    told, names = training.told, ("train_faces", "validation_faces", "epochs", "best_epoch", "parameters", "backend")
    rows = [(name.replace("_", " "), told[name]) for name in names if name in told]
    if training.seconds is not None:
        rows.append(("time", duration(training.seconds)))
    settings = ", ".join(f"{name} {value}" for name, value in training.parameters.items() if value is not None)
    rows += [("settings", settings)] if settings else []
    return [(name, printable(f"{value:,}" if isinstance(value, int) else str(value))) for name, value in rows]


def _facts(measured: Measured, faces: Path, params: EvaluateCnnParams) -> list[tuple[str, str]]:
    import keras

    shape = f"{measured.model.name}, {measured.model.count_params():,} parameters"
    backend = keras.backend.backend()
    sources = ", ".join(f"{name} {held:,}" for name, held in measured.table["source"].value_counts().items())
    rows = [
        ("model", f"{measured.path}, SHA-256 {measured.sha256[:16]}"),
        ("network", shape),
        ("views of a face", str(views_of(measured.model))),
        ("faces", f"{faces}, table's SHA-256 {digest(faces / TABLE)[:16]}"),
        ("of", sources),
        ("date", now()),
        ("software", f"Keras {keras.__version__} on {backend} {import_module(backend).__version__}"),
        *((name.replace("_", " "), str(value)) for name, value in params.as_dict().items()),
    ]
    return [(name, printable(value)) for name, value in rows]
