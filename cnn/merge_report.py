"""What a merge did, for people and for DVC: counts as csv and picture, skips, near duplicates, totals, one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cnn.duplicates.search import Take
from cnn.labels import EXPRESSIONS
from cnn.merge_page import render_page
from cnn.merge_sheet import write_sheet
from cnn.store import SPLITS
from runs.files import replacing_file, write_json, write_text
from runs.skips import Skip, write_skips

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS: dict[str, str] = {
    "ferplus": "#2f6f9f",
    "fer2013": "#5aa0a0",
    "affectnet": "#e08e45",
    "affectnet_npy": "#f0b97d",
    "affectnet_plus": "#b8621b",
    "ckplus": "#8a5a9e",
    "mpi": "#6d8a3c",
    "folder": "#9a9a9a",
}
"""One color a dataset, apart in lightness as well, so that they differ in print and to the color-blind."""

PUBLISHED: dict[str, int] = {"Happy": 134_626, "Sad": 29_886, "Surprise": 18_608, "Angry": 28_168, "Neutral": 86_518}
"""Faces by class in the full merge of FER2013, FER+ and AffectNet, as its authors published them."""

_ALL = "all"


def write_reports(
    folder: Path, table: pd.DataFrame, skips: list[Skip], pairs: pd.DataFrame, take: Take, details: dict[str, Any]
) -> None:
    """Write all that `cnn.merge.merge` names besides the store into `folder`.

    Parameters
    ----------
    table
        The merged faces, with `source`, `split` and `expression`.
    pairs
        The near duplicates, as `near_duplicates.csv` has them.
    take
        Gives faces by the positions that `pairs` names.
    details
        What `report.json` is to say.
    """
    counts = count_faces(table)
    totals = compare_with_published(counts)
    csv = pd.concat([counts, totals]).astype({"published": "Int64"})
    write_text(folder / "counts.csv", csv.to_csv(index=False, lineterminator="\n"))
    draw_counts(folder / "counts.png", counts)
    write_skips(folder / "skipped.csv", skips)
    named = pairs.drop(columns=["first", "second"])
    write_text(folder / "near_duplicates.csv", named.to_csv(index=False, lineterminator="\n", float_format="%.3f"))
    sheet = write_sheet(folder / "near_duplicates.png", pairs, take)
    published = totals.set_index("expression")[["count", "published", "ratio"]].to_dict("index")
    write_json(folder / "report.json", {**details, "published_full_merge": published})
    page = render_page(details, counts, totals, pairs, skips, (folder / "counts.png").read_bytes(), sheet)
    write_text(folder / "report.html", page)


def count_faces(table: pd.DataFrame) -> pd.DataFrame:
    """Faces by `source`, `split` and `expression`, zeros included, as rows with a `count`."""
    sources = sorted(table["source"].unique(), key=list(COLORS).index)
    keys = [sources, list(SPLITS), list(EXPRESSIONS)]
    index = pd.MultiIndex.from_product(keys, names=["source", "split", "expression"])
    counted = table.groupby(["source", "split", "expression"]).size()
    return counted.reindex(index, fill_value=0).rename("count").reset_index()


def compare_with_published(counts: pd.DataFrame) -> pd.DataFrame:
    """A row a class for all sources and splits: `count`, what is `published`, and the first over the second."""
    totals = counts.groupby("expression")["count"].sum().reindex(list(EXPRESSIONS))
    published = pd.Series(PUBLISHED).reindex(totals.index)
    frame = pd.DataFrame({"count": totals, "published": published, "ratio": (totals / published).round(4)})
    frame = frame.rename_axis("expression").reset_index()
    return frame.assign(source=_ALL, split=_ALL)[["source", "split", "expression", "count", "published", "ratio"]]


def draw_counts(path: Path, counts: pd.DataFrame) -> None:
    """Draw the result of `count_faces`: a panel a split, a bar a class, stacked by dataset, with totals; and one of all
    splits beside what is published."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.6), dpi=120, layout="constrained")
    panels = figure.subplots(2, 2).ravel()
    for panel, split in zip(panels, SPLITS, strict=False):
        _draw_split(panel, split, counts[counts["split"] == split])
    _draw_published(panels[-1], compare_with_published(counts))
    for panel in panels[::2]:
        panel.set_ylabel("faces")
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
    _finish(panel, f"{split}: {bottom.sum():,}", bottom.max())


def _draw_published(panel: Axes, totals: pd.DataFrame) -> None:
    panel.bar(totals["expression"], totals["published"], 0.72, color="#e8e8e8", edgecolor="#8c8c8c", linestyle=":")
    panel.bar(totals["expression"], totals["count"], 0.5, color="#4a4a4a")
    for position, (ours, theirs) in enumerate(zip(totals["count"], totals["published"], strict=True)):
        highest = max(ours, theirs)
        text = f"{ours:,}\n{ours / theirs:.1%} of {theirs:,}"
        panel.annotate(text, (position, highest), (0, 3), textcoords="offset points", ha="center", fontsize=8)
    title = f"all splits, in light grey the published full merge: {totals['published'].sum():,}"
    _finish(panel, title, 1.1 * totals[["count", "published"]].to_numpy().max())


def _finish(panel: Axes, title: str, highest: float) -> None:
    panel.set_title(title, loc="left", fontsize=11)
    panel.spines[["top", "right", "left"]].set_visible(False)
    panel.tick_params(length=0)
    panel.yaxis.grid(color="#e4e4e4")
    panel.set_axisbelow(True)
    panel.set_ylim(0, max(highest * 1.1, 1))
    panel.yaxis.set_major_formatter("{x:,.0f}")
