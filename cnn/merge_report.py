"""What a merge did, for people and for DVC: counts as csv and picture, skips, totals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cnn.labels import EXPRESSIONS
from cnn.store import SPLITS
from runs.files import replacing_file, write_json, write_text
from runs.skips import Skip, write_skips

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS: dict[str, str] = {"ferplus": "#2f6f9f", "fer2013": "#5aa0a0", "affectnet": "#e08e45"}
"""One color a dataset, apart in lightness as well, so that they differ in print and to the color-blind."""


def write_reports(folder: Path, table: pd.DataFrame, skips: list[Skip], details: dict[str, Any]) -> None:
    """Write ``counts.csv``, ``counts.png``, ``skipped.csv`` and ``report.json`` (`details`) into `folder`.

    Parameters
    ----------
    table
        The merged faces, with `source`, `split` and `expression`.
    """
    counts = count_faces(table)
    write_text(folder / "counts.csv", counts.to_csv(index=False, lineterminator="\n"))
    draw_counts(folder / "counts.png", counts)
    write_skips(folder / "skipped.csv", skips)
    write_json(folder / "report.json", details)


def count_faces(table: pd.DataFrame) -> pd.DataFrame:
    """Faces by `source`, `split` and `expression`, zeros included, as rows with a `count`."""
    sources = sorted(table["source"].unique(), key=list(COLORS).index)
    keys = [sources, list(SPLITS), list(EXPRESSIONS)]
    index = pd.MultiIndex.from_product(keys, names=["source", "split", "expression"])
    counted = table.groupby(["source", "split", "expression"]).size()
    return counted.reindex(index, fill_value=0).rename("count").reset_index()


def draw_counts(path: Path, counts: pd.DataFrame) -> None:
    """Draw the result of `count_faces`: a panel a split, a bar a class, stacked by dataset, with totals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.2), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(SPLITS))
    for panel, split in zip(panels, SPLITS, strict=True):
        _draw_split(panel, split, counts[counts["split"] == split])
    panels[0].set_ylabel("faces")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    figure.suptitle(
        f"{counts['count'].sum():,} faces in five classes (each panel has its own scale)",
        x=0.01,
        ha="left",
        fontweight="bold",
    )
    with replacing_file(path) as beside:
        figure.savefig(beside)


def _draw_split(panel: Axes, split: str, counts: pd.DataFrame) -> None:
    bars = counts.pivot(index="expression", columns="source", values="count").loc[list(EXPRESSIONS)]
    bottom = bars.iloc[:, 0] * 0
    for source in [name for name in COLORS if name in bars]:
        panel.bar(bars.index, bars[source], 0.72, bottom=bottom, color=COLORS[source], label=source)
        bottom = bottom + bars[source]
    for position, total in enumerate(bottom):
        panel.annotate(f"{total:,}", (position, total), (0, 3), textcoords="offset points", ha="center", fontsize=9)
    panel.set_title(f"{split}: {bottom.sum():,}", loc="left", fontsize=11)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(length=0)
    panel.yaxis.grid(color="#e4e4e4")
    panel.set_axisbelow(True)
    panel.set_ylim(0, max(bottom.max() * 1.1, 1))
    panel.yaxis.set_major_formatter("{x:,.0f}")
