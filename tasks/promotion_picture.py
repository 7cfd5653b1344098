"""The picture of a decision: both figures with their intervals, and the difference beside the margin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runs.paired_bootstrap import Comparison, Estimate
from tasks.promotion_params import Decision

_PAPER = {"facecolor": "white", "linewidth": 0, "pad": 1}
_INK, _GREY, _BLUE, _GREEN, _RED = "#1f2933", "#9aa5b1", "#1f6feb", "#1a9850", "#c92a3c"


def draw_decision(path: Path, decision: Decision, compared: Comparison) -> None:
    """Write a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 3.4), dpi=100, layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2)
    known = decision.champion_value is not None
    names = [f"champion {decision.champion}" if known else "knows nothing", f"challenger {decision.challenger}"]
    _draw(left, names, [compared.first, compared.second], [_GREY, _BLUE])
    left.set_title(f"{decision.figure} of {decision.model}", loc="left", color=_INK, fontsize=12, fontweight="bold")
    _draw(right, ["difference"], [compared.difference], [_GREEN if decision.promoted else _RED])
    right.axvline(0, color=_INK, lw=1)
    right.axvline(decision.margin or 0.0, color=_GREEN, lw=1, ls="--", label=f"margin {decision.margin:g}")
    right.legend(loc="upper right", frameon=False, fontsize=9, labelcolor=_INK)
    word = "promoted" if decision.promoted else "refused"
    right.set_title(f"Challenger less champion: {word}", loc="left", color=_INK, fontsize=12, fontweight="bold")
    figure.savefig(path)


def _draw(axes: Any, names: list[str], estimates: list[Estimate], colours: list[str]) -> None:
    for place, (one, colour) in enumerate(zip(estimates, colours, strict=True)):
        axes.plot([one.low, one.high], [-place, -place], "-", color=colour, lw=3, solid_capstyle="round")
        axes.plot([one.value], [-place], "o", color=colour, ms=9, mec="white", mew=1.2)
        words = f"{one.value:.4f}  ({one.low:.4f} to {one.high:.4f})"
        axes.annotate(
            words, (one.value, -place), (0, 10), textcoords="offset points", ha="center", color=_INK, bbox=_PAPER
        )
    axes.set_yticks([-place for place in range(len(names))], names)
    axes.set(ylim=(0.3 - len(names), 0.7))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(colors=_INK, length=3)
    axes.grid(axis="x", color=_GREY, alpha=0.25, lw=0.7)
    axes.margins(x=0.25)
