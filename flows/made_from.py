"""What a line would make its model from now: asked when it is trained, and when somebody asks what has changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from flows.pipeline import CASCADE_LINE, CNN_LINE, Layout, Step
from runs.parameters import Parameters
from runs.progress import Report, silent
from tasks import changes
from tasks.publish_record import CASCADE, CNN, Line

LineName = Literal["cascade", "cnn"]

STEPS: dict[str, tuple[Step, ...]] = {"cascade": CASCADE_LINE, "cnn": CNN_LINE}
LINES: dict[str, Line] = {"cascade": CASCADE, "cnn": CNN}


def made_from(line: LineName, at: Layout, params: Sequence[Parameters], report: Report = silent) -> changes.MadeFrom:
    """Digest a line's inputs in the data folder, the parameters of its steps, and its code.

    Parameters
    ----------
    params
        Those of the line's steps, in any order; each step knows its own by their type.
    """
    by_type = {type(one): one for one in params}
    steps = {step.name: by_type[step.params] for step in STEPS[line] if step.params in by_type}
    return changes.made_from(LINES[line], at.data, _inputs(line, at), steps, report=report)


def _inputs(line: LineName, at: Layout) -> dict[str, Path | None]:
    if line == "cnn":
        return at.datasets
    return {"positives": at.positives, "negatives": at.negatives, "scenes": at.scenes}
