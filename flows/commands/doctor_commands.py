"""`facefoundry cascade check` and `plan`: the doctor before training, and what the training will take."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from cascade.collect import CollectParams
from cascade.doctor.check import Diagnosis, summarise
from cascade.doctor.check import check as examine
from cascade.doctor.findings import Finding
from cascade.doctor.mend import fix as mend
from cascade.doctor.params import CheckParams
from cascade.plans.training import TrainingPlan, count_samples, plan_training
from cascade.positives.params import SampleParams
from cascade.train_params import CascadeTrainParams
from flows.commands.step_app import FLATTEN, section
from flows.commands.terminal import progress_bar, show
from flows.read_params import PARAMS_FILE, params_here

_SHOWN = 3
_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_WIDTH = 110


_TRAINING = section("train_cascade", CascadeTrainParams)

check_app = App(name="check", config=(section("check", CheckParams), _TRAINING))
plan_app = App(name="plan", config=_TRAINING)


@check_app.default
def check(
    positives: Path,
    negatives: Path,
    out: Path | None = None,
    *,
    fix: Path | None = None,
    before_collect: Annotated[bool, Parameter(negative="")] = False,
    params: Annotated[CheckParams, FLATTEN] = CheckParams(),
    training: Annotated[CascadeTrainParams, FLATTEN] = CascadeTrainParams(),
) -> int:
    """Say what would go wrong in a training, before an hour is lost. Status 1 when there are errors.

    The files are looked at and not changed. The options of the training (`--width`, `--num-stages` ...) are those of
    `facefoundry cascade train`.

    Parameters
    ----------
    positives
        Annotations in any format, or a folder of pictures of the object.
    negatives
        A folder of pictures without the object, or a `bg.txt`.
    out
        A folder to write: `findings.csv`, `report.json`, `plan.csv`, and `suspects.png` where there are any.
    fix
        A folder for new lists, `info.lst` and `bg.txt`, of what is sound; `changes.csv` tells every change.
    before_collect
        `facefoundry cascade collect` comes next: what it leaves out only warns, and does not count.
    """
    looked_at = (positives, negatives, out, params, _samples(training), training)
    collect = params_here("collect", CollectParams) if before_collect else None
    with progress_bar("check") as report:
        diagnosis = examine(*looked_at, collect=collect, report=report)
    console = _console()
    _print_findings(console, diagnosis)
    _print_plan(console, diagnosis.plan, brief=True)
    if out is not None:
        console.print(f"All findings: {out / 'findings.csv'}", markup=False, soft_wrap=True)
    if fix is not None:
        show(mend(diagnosis, fix))
    return 1 if diagnosis.errors else 0


@plan_app.default
def plan(
    positives: str,
    negatives: Path,
    *,
    training: Annotated[CascadeTrainParams, FLATTEN] = CascadeTrainParams(),
) -> int:
    """Say what a training needs: positives and negative windows by stage, memory, time. Status 1 when it cannot work.

    Parameters
    ----------
    positives
        How many samples there are, or a `.vec` file.
    negatives
        A folder of pictures without the object, or a `bg.txt`.
    """
    planned = plan_training(count_samples(positives), negatives, training)
    _print_plan(_console(), planned, brief=False)
    return 0 if planned.enough_positives and planned.stages_filled > 0 else 1


def _samples(training: CascadeTrainParams) -> SampleParams:
    """What `create_samples` is told in `params.yaml`; without one, the training's window."""
    if not PARAMS_FILE.is_file():
        return SampleParams(width=training.width, height=training.height)
    return params_here("create_samples", SampleParams)


def _console() -> Console:
    """Standard output; in a log or a pipe without colours, and in one width."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)


def _print_findings(console: Console, diagnosis: Diagnosis) -> None:
    """The first few of each rule; a table would break the long lines."""
    counts = Counter(finding.rule for finding in diagnosis.findings)
    shown: Counter[str] = Counter()
    for finding in diagnosis.findings:
        shown[finding.rule] += 1
        if shown[finding.rule] <= _SHOWN:
            _print_finding(console, finding)
        elif shown[finding.rule] == counts[finding.rule]:
            console.print(f"         ... and {counts[finding.rule] - _SHOWN} more: {finding.rule}", style="dim")
    seen = f"{diagnosis.positives} objects in {diagnosis.positive_pictures} pictures, {diagnosis.negatives} negatives"
    console.print(f"\n{summarise(diagnosis)} in {seen}; {diagnosis.seconds:.1f} s", style="bold")


def _print_finding(console: Console, finding: Finding) -> None:
    console.print(f"{finding.severity:<8}", style=_STYLES[finding.severity], end=" ")
    console.print(str(finding), markup=False, soft_wrap=True)


def _print_plan(console: Console, planned: TrainingPlan, *, brief: bool) -> None:
    if not brief:
        console.print(_stage_table(planned))
    for name, value in _plan_lines(planned):
        console.print(f"{name:<18} {value}", markup=False, soft_wrap=True)


def _stage_table(planned: TrainingPlan) -> Table:
    table = Table("stage", "positives up to it", "negative windows to look at", "from")
    for column in table.columns[:3]:
        column.justify = "right"
    for stage in planned.stages:
        style = "red" if stage.source == "not enough" else None
        table.add_row(str(stage.stage), f"{stage.positives:,}", f"{stage.windows:,}", stage.source, style=style)
    return table


def _plan_lines(planned: TrainingPlan) -> list[tuple[str, str]]:
    cost, windows = planned.cost, planned.windows
    upto = f"filled up to stage {planned.stages_filled}, then not enough"
    filled = "all stages can be filled" if planned.fills_all_stages else upto
    return [
        ("positives", f"{planned.samples:,} samples; num_pos {planned.num_pos:,}, at most {planned.largest_num_pos:,}"),
        ("formula", planned.formula),
        (
            "negatives",
            f"{windows.pictures:,} pictures, {windows.one_pass:,} windows in the first pass, "
            f"{windows.all_passes:,} with those of later ones",
        ),
        ("num_neg", f"{planned.num_neg:,}: {filled}; at most {planned.largest_num_neg:,} for all stages"),
        ("features", f"{planned.features:,}"),
        ("memory", f"{cost.memory / 2**30:.2f} GB" + ("" if cost.buffers_hold_all else "; the caches hold a part")),
        (
            "time, very roughly",
            f"{_hours(cost.seconds_low)} to {_hours(cost.seconds_high)}, say {_hours(cost.seconds)}",
        ),
    ]


def _hours(seconds: float) -> str:
    """A duration in two digits of its largest unit.

    Examples
    --------
    >>> _hours(114), _hours(600), _hours(456_000)
    ('110 s', '10 min', '130 h')
    """
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds:.2g}'):g} s"
