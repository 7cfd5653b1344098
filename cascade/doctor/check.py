"""The step before training: check positives, negatives and parameters, say what is wrong, and how to mend it."""

from __future__ import annotations

import csv
import dataclasses
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cascade.collect import CollectParams

# The imports that look unused register the rules, in this order.
from cascade.doctor import rules_boxes, rules_lists, rules_pictures, rules_plan, rules_twins  # noqa: F401
from cascade.doctor.evidence import Evidence, gather
from cascade.doctor.findings import RULES, SEVERITIES, Finding, Severity, write_findings
from cascade.doctor.params import CheckParams
from cascade.doctor.supply import count_supply
from cascade.doctor.suspects import choose_suspects, save_suspects
from cascade.errors import InputError
from cascade.pictures import check_output
from cascade.plans.training import TrainingPlan, plan_training
from cascade.positives.params import SampleParams
from cascade.train_params import CascadeTrainParams
from runs.files import replacing_folder, write_json
from runs.progress import Progress, Report, silent

_LEFT_OUT_BY_COLLECT = frozenset({"broken_line", "broken_picture", "bad_box", "duplicate"})
_SHOWN = 5


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found, the gravest first, and the plan of the training."""

    findings: tuple[Finding, ...]
    positives: int
    positive_pictures: int
    negatives: int
    seconds: float
    plan: TrainingPlan
    evidence: Evidence = field(repr=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What would make the training fail or learn wrong."""
        return self._with("error")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What would make the cascade worse than it could be."""
        return self._with("warning")

    @property
    def notes(self) -> tuple[Finding, ...]:
        """What is good to know."""
        return self._with("note")

    def _with(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == severity)


def check(
    positives: Path,
    negatives: Path,
    out: Path | None = None,
    params: CheckParams = CheckParams(),
    samples: SampleParams = SampleParams(),
    training: CascadeTrainParams = CascadeTrainParams(),
    *,
    collect: CollectParams | None = None,
    report: Report = silent,
) -> Diagnosis:
    """Look at everything that a training will read. Nothing of it is changed.

    Parameters
    ----------
    positives
        Annotations of any format that `cascade.annotations.formats` knows, or a folder of pictures of the object.
    negatives
        A folder of pictures without the object, or a background file.
    out
        A folder for ``report.json findings.csv plan.csv`` and, where a known cascade finds something among the
        negatives, ``suspects.png``; written whole or not at all. None: nothing is written.
    collect
        `collect` comes next and is told this: what it leaves out (a broken picture, a box outside, a duplicate) only
        warns, and does not count. None: the training reads these very files.

    Raises
    ------
    InputError
        There is nothing to look at, or `out` holds somebody's files.
    """
    started = time.monotonic()
    if out is not None:
        check_output(out, positives, negatives)
    evidence = Evidence(positives, negatives, params, samples, training, collect)
    gather(evidence, report)
    diagnosis = _diagnose(evidence, started)
    if out is not None:
        _write(diagnosis, out)
    report(Progress(summarise(diagnosis), 1, 1))
    return diagnosis


def stop_on_errors(diagnosis: Diagnosis, out: Path) -> None:
    """Let a flow go no further where there are errors; `out` is where `check` wrote its findings.

    Raises
    ------
    InputError
        The first errors, and where the others are.
    """
    if diagnosis.errors:
        first = "\n".join(f"  {finding}" for finding in diagnosis.errors[:_SHOWN])
        raise InputError(f"{summarise(diagnosis)}; all are in {out / 'findings.csv'}. The first errors:\n{first}")


def one_a_rule(diagnosis: Diagnosis) -> list[str]:
    """The first finding of every rule that warns or stops, with how many more there are: the rarest rules first."""
    grave = [*diagnosis.errors, *diagnosis.warnings]
    counts = Counter(finding.rule for finding in grave)
    first = {finding.rule: finding for finding in reversed(grave)}
    more = {rule: f" ({count - 1} more like it)" if count > 1 else "" for rule, count in counts.items()}
    return [f"{first[rule]}{more[rule]}" for rule, _ in reversed(counts.most_common())]


def summarise(diagnosis: Diagnosis) -> str:
    """The counts in a few words.

    Returns
    -------
    Such as ``2 errors, 1 warning, 0 notes``.
    """
    counts = Counter(finding.severity for finding in diagnosis.findings)
    return ", ".join(f"{counts[name]} {name}{'s' * (counts[name] != 1)}" for name in SEVERITIES)


def _diagnose(evidence: Evidence, started: float) -> Diagnosis:
    supply, samples = count_supply(evidence), evidence.samples
    most = supply.positives * samples.copies
    evidence.plan = plan_training(min(most, samples.num or most), supply.negatives, evidence.training)
    return Diagnosis(
        findings=tuple(_judge(evidence)),
        positives=supply.positives,
        positive_pictures=len(evidence.positive_entries),
        negatives=len(supply.negatives),
        seconds=time.monotonic() - started,
        plan=evidence.plan,
        evidence=evidence,
    )


def _judge(evidence: Evidence) -> list[Finding]:
    found = []
    for name, rule in RULES.items():
        for finding in rule(evidence):
            forgiven = evidence.collect is not None and name in _LEFT_OUT_BY_COLLECT and finding.severity == "error"
            found.append(dataclasses.replace(finding, severity="warning") if forgiven else finding)
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _write(diagnosis: Diagnosis, out: Path) -> None:
    with replacing_folder(out.resolve()) as beside:
        write_findings(beside / "findings.csv", diagnosis.findings)
        _write_plan(beside / "plan.csv", diagnosis.plan)
        if choose_suspects(diagnosis.evidence):
            save_suspects(beside / "suspects.png", diagnosis.evidence)
        write_json(beside / "report.json", _report(diagnosis))


def _write_plan(path: Path, planned: TrainingPlan) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["stage", "positives", "windows", "source"])
        writer.writerows(dataclasses.astuple(stage) for stage in planned.stages)


def _report(diagnosis: Diagnosis) -> dict[str, Any]:
    counts = Counter(finding.severity for finding in diagnosis.findings)
    plan = dataclasses.asdict(diagnosis.plan)
    del plan["stages"]
    return {
        **{f"{name}s": counts[name] for name in SEVERITIES},
        "rules": dict(Counter(finding.rule for finding in diagnosis.findings).most_common()),
        "positives": diagnosis.positives,
        "positive_pictures": diagnosis.positive_pictures,
        "negatives": diagnosis.negatives,
        "seconds": round(diagnosis.seconds, 3),
        "plan": plan,
    }
