"""What a run ends with: where everything is, the figures reached, and the next commands to type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from flows.pipeline import Layout
from runs.parameters import Parameters
from tasks.publish_models import Registered

_CASCADE_FIGURES = (
    "recommended_min_neighbors",
    "recommended_recall",
    "recommended_false_alarms_per_image",
    "recommended_precision",
    "average_precision",
)
_CNN_FIGURES = ("faces", "accuracy", "balanced_accuracy", "macro_f1", "log_loss")
_PAIR_FIGURES = ("faces", "right_share", "found_share", "precision", "false_alarms_per_image")


def print_summary(layout: Layout, models: list[Registered], registration: Parameters) -> None:
    """Print the summary of a run of one line or of both; a line that did not run is left out."""
    console = Console(soft_wrap=True)
    for step, figures, pictures in (
        ("evaluate_cascade", _CASCADE_FIGURES, ("report.html", "montage.png")),
        ("evaluate_cnn", _CNN_FIGURES, ("report.html", "confusion.png", "montage.png")),
        ("evaluate_pair", _PAIR_FIGURES, ("report.html", "montage.png")),
    ):
        folder = layout.output(step)
        if (folder / "metrics.json").is_file():
            console.print(_figures(step, folder, figures))
            console.print("look at  " + "  ".join(str(folder / picture) for picture in pictures) + "\n")
    for path in (layout.cascade, layout.cnn):
        if path.is_file():
            console.print(f"file     {path}")
    for model in models:
        state = "registered" if model.created else "was there already"
        alias = f" @{model.alias}" if model.alias else ""
        console.print(f"model    {model.name} version {model.version}{alias}, {state}")
    console.print(f"store    {registration.as_dict()['tracking_uri']}\n")
    console.print(_NEXT, highlight=False)


_NEXT = """Next:
  . .venv/bin/activate
  facefoundry up                            runs, plots, the registry, and forms that start runs, in your browser
  facefoundry pull face-cascade work/pulled the model's files, its card, checksums
  facefoundry run both --data my/data       train on your own data: README.md says how to lay it out
  dvc repro                                 the same steps; after the first time only what has changed"""


def _figures(step: str, folder: Path, names: tuple[str, ...]) -> Table:
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    shown = [name for name in names if metrics.get(name) is not None]
    titles = [name.removeprefix("recommended_").replace("_", " ") for name in shown]
    table = Table(*titles, title=step, title_justify="left")
    table.add_row(*(f"{metrics[name]:.4g}" for name in shown))
    return table
