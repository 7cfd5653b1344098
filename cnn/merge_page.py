# ruff: noqa: E501 (HTML reads better as it is)
"""The page that tells a merge: ``report.html``."""

from __future__ import annotations

import base64
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from jinja2 import Environment

from cnn.labels import EXPRESSIONS
from cnn.merge_rules import (
    CONFLICT,
    DUPLICATE,
    LEAK,
    LIMIT,
    NEAR_CONFLICT,
    NEAR_LEAK,
    PERSON_LEAK,
)
from cnn.score.pictures import jpeg_data
from cnn.store import SPLITS
from runs.page import Table, count, now, page_environment, printable
from runs.skips import Skip

_STYLE = ".sheet img { width: 100%; height: auto; border-radius: 8px; display: block; }"

_MERGE = """{% extends "page" %}{% import "parts" as parts %}{% block body %}
<div class="tiles">
{% for tile in tiles %}<div class="tile"><span>{{ tile.name }}</span><b>{{ tile.value }}</b><span>{{ tile.note }}</span></div>
{% endfor %}</div>
{{ parts.warn(warnings) }}
<section><h2>Faces by class</h2>
<div class="sheet"><img src="{{ counts_picture }}" alt="Faces by class and split, stacked by dataset"></div>
{{ parts.table(by_source, "Faces by source, split and class") }}
<h3>Beside the published full merge</h3>
<p class="note">The full merge of FER2013, FER+ and AffectNet, as published. Fewer faces here mean that datasets are missing or were cleaned.</p>
{{ parts.table(published, "Faces by class beside the published ones") }}
</section>
<section><h2>What would have leaked</h2>
<p class="note">Faces of training that are also in validation or test, and of validation that are also in test, were left out there. The test set stays as its authors made it.</p>
{{ parts.table(leaks, "Leaks that were found") }}
</section>
<section><h2>Copies and conflicts within a split</h2>
{{ parts.table(copies, "Duplicates and conflicts") }}
</section>
<section><h2>Near duplicates</h2>
<p class="note">{{ near_words }}</p>
{% if near.rows %}{{ parts.table(near, "Near duplicates by source and split") }}{% endif %}
{% if sheet %}<h3>Some of the pairs, the least sure first</h3><div class="sheet"><img src="{{ sheet }}" alt="Pairs of faces that count as one picture"></div>{% endif %}
</section>
<section><h2>Left out by the readers</h2>
<p class="note">Each one is in skipped.csv, with file, line and remedy.</p>
{{ parts.table(skipped, "Rows left out by rule") }}
</section>
<section><h2>Parameters</h2>
{{ parts.facts(facts) }}
</section>
{% endblock %}"""

_LEAKS = {
    LEAK: "the same pixels or the same photograph in another split",
    NEAR_LEAK: "the same picture, not quite the same pixels",
    PERSON_LEAK: "another picture of a person who is in another split",
}
_COPIES = {
    DUPLICATE: "identical to a face that stays",
    CONFLICT: "identical to faces with another label",
    NEAR_CONFLICT: "nearly identical to faces with another label",
}


def render_page(
    details: dict[str, Any],
    counts: pd.DataFrame,
    totals: pd.DataFrame,
    pairs: pd.DataFrame,
    skips: list[Skip],
    counts_picture: bytes,
    sheet: np.ndarray | None,
) -> str:
    """The whole page as HTML; names from files are escaped.

    Parameters
    ----------
    details
        The figures of `cnn.merge.Merged` and the `parameters`.
    counts, totals
        The results of `cnn.merge_report.count_faces` and `compare_with_published`.
    pairs, sheet
        The near duplicates and their contact sheet, where there is one.
    counts_picture
        ``counts.png``.
    """
    splits = details["by_split"]
    ours = {*_LEAKS, *_COPIES, LIMIT}
    context = {
        "eyebrow": "Merge report",
        "title": " + ".join(details["by_source"]),
        "lead": ", ".join(f"{splits.get(name, 0):,} {name}" for name in SPLITS) + ".",
        "date": now(),
        "tiles": _tiles(details),
        "warnings": _warnings(details, counts),
        "counts_picture": f"data:image/png;base64,{base64.b64encode(counts_picture).decode('ascii')}",
        "by_source": _by_source(counts),
        "published": _published(totals),
        "leaks": _told(details, _LEAKS),
        "copies": _told(details, _COPIES),
        "near_words": _near_words(details),
        "near": _near_table(pairs),
        "sheet": "" if sheet is None else jpeg_data(sheet),
        "skipped": _skipped([skip for skip in skips if skip.rule not in ours]),
        "facts": [(name, printable(str(value))) for name, value in details["parameters"].items()],
    }
    return _environment().get_template("merge").render(context)


@cache
def _environment() -> Environment:
    return page_environment({"merge": _MERGE}, _STYLE)


def _tiles(details: dict[str, Any]) -> list[dict[str, str]]:
    leaks = details["leaks"] + details["near_leaks"] + details["person_leaks"]
    near = f"{details['near_leaks']:,} of them nearly identical"
    read = details["faces"] + sum(details["skipped"].values())
    values = (
        ("Faces", f"{details['faces']:,}", f"of {read:,} rows and pictures"),
        ("Leaks removed", f"{leaks:,}", near),
        ("Duplicates removed", f"{details['duplicates']:,}", "identical, in one split"),
        ("Conflicts removed", f"{details['conflicts'] + details['near_conflicts']:,}", "one face, two labels"),
        ("Near duplicates", f"{details['near_pairs']:,}", "pairs"),
    )
    return [{"name": name, "value": value, "note": note} for name, value, note in values]


def _warnings(details: dict[str, Any], counts: pd.DataFrame) -> list[str]:
    found = []
    if details["parameters"]["near_duplicates"] == "off":
        found.append("Near duplicates were not looked for: the same picture may be in training and in test.")
    sizes = counts.groupby(["split", "expression"], as_index=False)["count"].sum()
    rows = sizes[(sizes["count"] == 0) & sizes["split"].isin(list(details["by_split"]))]
    empty = [f"{name} in {split}" for split, name in zip(rows["split"], rows["expression"], strict=True)]
    if empty:
        found.append(f"No face of {', '.join(empty)}.")
    missing = [split for split in SPLITS if split not in details["by_split"]]
    if missing:
        found.append(f"No face for {' and '.join(missing)}.")
    return found


def _by_source(counts: pd.DataFrame) -> Table:
    wide = counts.pivot(index=["source", "split"], columns="expression", values="count")[list(EXPRESSIONS)]
    rows = [
        (str(source), str(split), *(f"{value:,}" for value in values), f"{sum(values):,}")
        for (source, split), values in zip(wide.index, wide.to_numpy().tolist(), strict=True)
    ]
    return Table(("source", "split", *EXPRESSIONS, "all"), rows)


def _published(totals: pd.DataFrame) -> Table:
    ours, theirs = totals["count"].tolist(), totals["published"].tolist()
    names = [*totals["expression"], "all"]
    pairs = zip(names, [*ours, sum(ours)], [*theirs, sum(theirs)], strict=True)
    rows = [(name, f"{here:,}", f"{there:,}", f"{here / there:.3f}") for name, here, there in pairs]
    return Table(("class", "this merge", "published full merge", "ratio"), rows)


def _told(details: dict[str, Any], rules: dict[str, str]) -> Table:
    return Table(
        ("what", "faces left out"), [(words, f"{details['skipped'].get(rule, 0):,}") for rule, words in rules.items()]
    )


def _near_words(details: dict[str, Any]) -> str:
    strictness = details["parameters"]["near_duplicates"]
    if strictness == "off":
        return "Not looked for."
    settled = f"{count(details['near_conflict_groups'], 'group')} of near duplicates had conflicting labels"
    return (
        f"{count(details['near_pairs'], 'pair')} of faces are one picture, cropped, scaled, stamped or mirrored otherwise "
        f"({strictness}). All are in near_duplicates.csv; those of one person known by name are not counted. {settled}."
    )


def _near_table(pairs: pd.DataFrame) -> Table:
    sides = [
        (pairs[f"{side}_source"] + " " + pairs[f"{side}_official_split"]).str.strip() for side in ("first", "second")
    ]
    found = Counter(tuple(sorted(both)) for both in zip(*sides, strict=True))
    return Table(
        ("one face in", "the other in", "pairs"), [(*names, f"{number:,}") for names, number in found.most_common()]
    )


def _skipped(skips: list[Skip]) -> Table:
    found = Counter((printable(skip.file), skip.rule) for skip in skips).most_common(40)
    return Table(("file", "rule", "rows"), [(file, rule, f"{number:,}") for (file, rule), number in found])
