"""A challenger and a champion, pulled from the registry and measured on the same data: the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs.paired_bootstrap import Comparison
from runs.progress import Progress, Report
from tasks import publish_mlflow
from tasks.promotion_measure import CONTESTS, Contest, loads
from tasks.promotion_params import HeldOut, PromotionParams
from tasks.publish_params import RegisterParams
from tasks.publish_pull import pull
from tasks.publish_record import PublishError
from tasks.publish_versions import TAG

_Version = Any  # mlflow.entities.model_registry.ModelVersion


@dataclass(frozen=True)
class Verdict:
    """Whether a challenger is to be champion, why, and the figures as `Decision` names them."""

    promoted: bool
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)
    compared: Comparison | None = None


def compare(
    challenger: _Version,
    champion: _Version | None,
    champion_number: int | None,
    held_out: HeldOut,
    params: PromotionParams,
    store: RegisterParams,
    scratch: Path,
    report: Report,
) -> Verdict:
    """Measure both on the same data, and judge.

    Parameters
    ----------
    champion, champion_number
        The registered version, None where there is none or it is gone, and what the alias says, None where there is
        no alias.
    scratch
        A folder for the two models.

    Raises
    ------
    PublishError
        The data were not given, or the challenger's kind is not known.
    CascadeError, CnnError
        The data cannot be read.
    """
    contest = _contest(challenger)
    data = contest.data_of(held_out, challenger.name)
    wrong = _bring(challenger, contest, store, scratch / "challenger", report)
    if wrong:
        return Verdict(False, f"The challenger cannot be used: {wrong}", {"figure": contest.figure})
    lost = _why_no_champion(champion, champion_number) or _bring(champion, contest, store, scratch / "champion", report)
    first = None
    if not lost:
        first = contest.measure(scratch / "champion", data, params, _named("champion", report))
    second = contest.measure(scratch / "challenger", data, params, _named("challenger", report))
    compared = contest.compare(first, second, params)
    words = {"drawn": contest.drawn_from(second, compared.units), "condition": contest.condition(params)}
    promoted, reason = judge(compared, params, contest.figure, lost, **words)
    figures = _figures(contest, compared, params, f"{second} of {data}", second.sha256, known=not lost)
    figures["warning"] = _trained_elsewhere(second, [v for v in (champion, challenger) if v is not None], store)
    return Verdict(promoted, reason, figures, compared)


def judge(
    compared: Comparison,
    params: PromotionParams,
    figure: str,
    lost: str = "",
    *,
    drawn: str = "scenes",
    condition: str = "",
) -> tuple[bool, str]:
    """Whether the second of a comparison is better by the rule, and a sentence that says why.

    Parameters
    ----------
    lost
        Why the first could not be measured; empty where it was.
    drawn
        What the units of the comparison are.
    condition
        What the sentence begins with: under what the figure holds.
    """
    one, other, by = compared.first, compared.second, compared.difference
    against = "a model that knows nothing" if lost else "the champion's"
    told = (
        f"{condition}{'the' if condition else 'The'} challenger's {figure} is {other.value:.4f}, {against} "
        f"{one.value:.4f}: a difference of {by.value:+.4f} ({params.confidence:.0%} interval {by.low:+.4f} to "
        f"{by.high:+.4f}, from {compared.units} {drawn})."
    )
    told = f"The champion cannot be measured: {lost} {told}" if lost else told
    if compared.units < params.fewest:
        return False, f"{told} Refused: that is fewer than the {params.fewest} {drawn} that `fewest` asks for."
    if by.value < params.margin:
        return False, f"{told} Refused: it is less than the margin of {params.margin:g}."
    if by.low <= 0:
        return False, f"{told} Refused: it may be chance, as the interval reaches 0. More held-out data would tell."
    return True, f"{told} Promoted: it is at least the margin of {params.margin:g}, and the interval is above 0."


def damage(name: str, number: int, store: RegisterParams, scratch: Path) -> str:
    """Why a version's file cannot be had as it was registered; empty where it can."""
    try:
        pull(f"{name}/{number}", scratch, store)
    except PublishError as error:
        return str(error)
    return ""


def _contest(version: _Version) -> Contest:
    kind = version.tags.get(TAG + "kind", "")
    if kind not in CONTESTS:
        raise PublishError(
            f"{version.name} version {version.version} is of kind {kind!r}, and only {', '.join(CONTESTS)} can be "
            "compared. Promote it by hand."
        )
    return CONTESTS[kind]


def _bring(version: _Version, contest: Contest, store: RegisterParams, folder: Path, report: Report) -> str:
    """Pull a version; returns why it cannot be used, empty where it can."""
    report(Progress(f"fetching {version.name} version {version.version}"))
    return damage(version.name, int(version.version), store, folder) or loads(contest, folder)


def _why_no_champion(champion: _Version | None, number: int | None) -> str:
    if champion is not None:
        return ""
    return "there is none." if number is None else f"version {number} is no longer in the registry."


def _named(who: str, report: Report) -> Report:
    return lambda progress: report(Progress(f"{who}: {progress.message}", progress.done, progress.total))


def _figures(
    contest: Contest, compared: Comparison, params: PromotionParams, held_out: str, sha256: str, *, known: bool
) -> dict[str, Any]:
    by = compared.difference
    beside = {"champion_value": compared.first.value, "difference": by.value, "low": by.low, "high": by.high}
    return {
        "figure": contest.figure,
        "challenger_value": compared.second.value,
        **(beside if known else {}),
        "margin": params.margin,
        "held_out": held_out,
        "held_out_sha256": sha256,
    }


def _trained_elsewhere(outcomes: Any, versions: list[_Version], store: RegisterParams) -> str:
    """Which networks were trained on another merge than the one they are measured on; empty where none was."""
    own = getattr(outcomes, "table_sha256", None)
    other = [v.version for v in versions if own is not None and _trained_on(v, store) not in (own, "")]
    if not other:
        return ""
    return (
        f"Version {' and '.join(map(str, other))} was trained on another merge of faces than this one: faces that are "
        "tested here may be among those, unless the datasets' own splits keep them apart."
    )


def _trained_on(version: _Version, store: RegisterParams) -> str:
    """The SHA-256 of the merged faces that a network was trained on; empty where its run is gone or does not tell."""
    try:
        with publish_mlflow.open_store(store.tracking_uri) as client:
            return str(client.get_run(version.run_id).data.params.get("inputs.table", ""))
    except PublishError:
        return ""
