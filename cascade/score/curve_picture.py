"""The picture of an evaluation: recall over false alarms, and recall by the objects' size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cascade.score.matching import OperatingPoint
from cascade.score.sizes import SizeRecall

INK, GREY, BLUE, GREEN, ORANGE = "#1f2933", "#9aa5b1", "#1f6feb", "#1a9850", "#e8590c"


def save_curve(
    path: Path,
    points: Sequence[OperatingPoint],
    chosen: OperatingPoint,
    recommended: OperatingPoint,
    by_size: Sequence[SizeRecall],
    budget: float,
) -> None:
    """Write a PNG: the FROC curve (recall over false alarms an image, one point a `min_neighbors`) and recall by size.

    Parameters
    ----------
    points
        The curve, by rising `min_neighbors`. In a set without objects recall is drawn as 0.
    chosen, recommended
        The marked points.
    budget
        The allowed false alarms an image, drawn as a line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.0, 5.4), dpi=100, layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2, width_ratios=[2.4, 1])
    _draw_curve(left, points, chosen, recommended, budget)
    _draw_sizes(right, by_size, chosen)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK, length=3)
    figure.legend(loc="outside lower left", frameon=False, fontsize=10, labelcolor=INK, ncols=2, columnspacing=3)
    figure.savefig(path)


def _draw_curve(
    axes: Any, points: Sequence[OperatingPoint], chosen: OperatingPoint, recommended: OperatingPoint, budget: float
) -> None:
    axes.axvspan(0, budget, color=GREEN, alpha=0.07, lw=0)
    axes.annotate(
        f"at most {budget:g} per image", (0, 1), (6, -14), "axes fraction", "offset points", color=GREEN, fontsize=9
    )
    x, y = [point.false_alarms_per_image for point in points], [point.recall or 0.0 for point in points]
    axes.plot(x, y, "-", color=BLUE, lw=2, zorder=3)
    axes.plot(x, y, "o", color=BLUE, ms=3.5, zorder=3)
    _mark(axes, chosen, "o", ORANGE, "reported", 11)
    _mark(axes, recommended, "*", GREEN, "recommended", 17)
    _name_points(axes, points)
    _scale(axes, max(x), budget)
    axes.set(ylim=(0, 1.02), xlabel="false alarms per image", ylabel="recall")
    axes.set_title("Recall over false alarms, by min_neighbors", loc="left", color=INK, fontsize=12, fontweight="bold")
    axes.grid(color=GREY, alpha=0.25, lw=0.7)


def _mark(axes: Any, point: OperatingPoint, marker: str, colour: str, name: str, size: float) -> None:
    recall = "no objects" if point.recall is None else f"recall {point.recall:.3f}"
    label = f"{name}: min_neighbors {point.min_neighbors}, {recall}, {point.false_alarms} false alarms"
    place = ([point.false_alarms_per_image], [point.recall or 0.0])
    axes.plot(*place, marker, color=colour, ms=size, mec="white", mew=1.2, zorder=5, label=label, clip_on=False)


def _name_points(axes: Any, points: Sequence[OperatingPoint]) -> None:
    """Write `min_neighbors` beside points that are far enough apart."""
    last = (-1.0, -1.0)
    for point in points:
        place = (point.false_alarms_per_image, point.recall or 0.0)
        apart = abs(place[1] - last[1]) > 0.03 and (place[1] > 0.03 or point is points[0])
        if point.min_neighbors in (1, 2, 3, 5, 10, 20, 30, 50, 100) and apart:
            axes.annotate(
                str(point.min_neighbors), place, (7, -11), textcoords="offset points", color=INK, fontsize=9, zorder=6
            )
            last = place


def _scale(axes: Any, highest: float, budget: float) -> None:
    """Linear near zero, which must be on the axis, and logarithmic beyond."""
    axes.set_xscale("symlog", linthresh=0.1, linscale=0.6)
    top = max(highest, budget, 0.1) * 1.25
    ticks = [0, 0.05, *(step * 10.0**power for power in range(-1, 7) for step in (1, 2, 5))]
    axes.set_xticks([tick for tick in ticks if tick <= top], [f"{tick:g}" for tick in ticks if tick <= top])
    axes.set_xticks([], minor=True)
    axes.set_xlim(0, top)


def _draw_sizes(axes: Any, by_size: Sequence[SizeRecall], chosen: OperatingPoint) -> None:
    names = [f"{one.name}\n{one.range}" for one in by_size]
    bars = axes.bar(names, [one.recall or 0.0 for one in by_size], color=ORANGE, alpha=0.85, width=0.62)
    labels = ["none" if one.recall is None else f"{one.recall:.2f}\n{one.hits} of {one.faces}" for one in by_size]
    axes.bar_label(bars, labels, padding=3, color=INK, fontsize=10)
    axes.set(ylim=(0, 1.18), yticks=[0, 0.25, 0.5, 0.75, 1], ylabel="recall")
    axes.set_title(
        f"By size, at min_neighbors {chosen.min_neighbors}", loc="left", color=INK, fontsize=12, fontweight="bold"
    )
