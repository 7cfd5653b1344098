# ruff: noqa: E501 (HTML and style read better as they are)
"""The page that tells an evaluation of the pair: ``report.html``."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2

from cnn.labels import EXPRESSIONS
from pair.measure import SceneOutcome, confusion
from pair.montage import choose, drawn
from pair.params import EvaluatePairParams
from runs.page import Table, count, now, page_environment, printable, rate
from runs.skips import Skip

if TYPE_CHECKING:
    from pair.score import PairScore

_FEW_SCENES, _FEW_FACES = 30, 100
_SIDE, _QUALITY = 520, 78
_STYLE = """
.scenes { columns: 320px; column-gap: 16px; } .scenes figure { break-inside: avoid; margin: 0 0 16px; } .scenes img { width: 100%; border-radius: 8px; display: block; }
.keys span { margin-right: 16px; } .keys i { display: inline-block; width: 13px; height: 13px; border: 2.5px solid; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
"""
_REPORT = """{% extends "page" %}{% import "parts" as parts %}{% block body %}
<div class="tiles">
{% for tile in tiles %}<div class="tile"><span>{{ tile.name }}</span><b>{{ tile.value }}</b><span>{{ tile.note }}</span></div>
{% endfor %}</div>
{{ parts.warn(warnings) }}
<section><h2>By expression</h2>
<p class="note">Right: found, and its expression named. Said: so many boxes were called so, false alarms too.</p>
{{ parts.table(classes, "Figures by expression") }}
<h3>What was said of each face</h3>
<p class="note">Rows are the true expressions.</p>
{{ parts.table(confusion, "What was said of each face") }}
</section>
<section><h2>Scenes</h2>
<p class="note keys">{{ scene_words }}<br><span><i style="border-color:#35d07f"></i>right</span><span><i style="border-color:#ffcd42"></i>wrongly named (the truth)</span><span><i style="border-color:#ff4d5e"></i>missed</span><span><i style="border-color:#be8cff"></i>no face</span></p>
<div class="scenes">
{% for one in scenes %}<figure><img src="{{ one.data }}" alt="{{ one.name }}: {{ one.words }}"><figcaption><b>{{ one.name }}</b>: {{ one.words }}</figcaption></figure>
{% endfor %}</div>
</section>
<section><h2>How it was measured</h2>{{ parts.facts(facts) }}
{% if skipped.rows %}<h3>Left out</h3>{{ parts.table(skipped, "Left out") }}{% endif %}</section>
{% endblock %}"""


def render_report(
    score: PairScore,
    outcomes: Sequence[SceneOutcome],
    inputs: tuple[Path, Path, Path],
    params: EvaluatePairParams,
    problems: Sequence[Skip],
) -> str:
    """The whole page as HTML; `inputs` are the cascade, the network and the scenes. Names from files are escaped."""
    context = {
        "eyebrow": "Pair report",
        "title": "Faces and their expressions",
        "lead": f"A cascade and a network together, on {count(score.scenes, 'scene')} with {count(score.faces, 'face')}.",
        "date": now(),
        "tiles": _tiles(score),
        "warnings": _warnings(score),
        "classes": _classes(score),
        "confusion": _confusion(outcomes),
        "scenes": [_scene(one) for one in choose(outcomes, params.montage_scenes)],
        "scene_words": f"{min(params.montage_scenes, len(outcomes))} of {len(outcomes)}: the most mistakes, and the most right.",
        "facts": _facts(score, inputs, params),
        "skipped": Table(("rule", "left out"), [(r, str(n)) for r, n in Counter(one.rule for one in problems).items()]),
    }
    return page_environment({"report": _REPORT}, _STYLE).get_template("report").render(context)


def _tiles(score: PairScore) -> list[dict[str, str]]:
    known = {one.name: f"95%: {one.low:.3f} to {one.high:.3f}" for one in score.intervals}
    values = (
        ("Found and rightly named", rate(score.right_share), known.get("right_share", "")),
        ("Found", rate(score.found_share), known.get("found_share", "")),
        ("Right of those found", rate(score.right_of_found), known.get("right_of_found", "")),
        ("Precision", rate(score.precision), known.get("precision", "")),
        ("False alarms an image", f"{score.false_alarms_per_image:.3g}", known.get("false_alarms_per_image", "")),
    )
    return [{"name": name, "value": value, "note": note} for name, value, note in values]


def _warnings(score: PairScore) -> list[str]:
    found = []
    if score.scenes < _FEW_SCENES or score.faces < _FEW_FACES:
        few = f"{count(score.scenes, 'scene')} with {count(score.faces, 'face')}"
        found.append(f"Only {few}: the intervals are wide. Measure on at least {_FEW_SCENES} and {_FEW_FACES}.")
    none = [one.expression for one in score.by_class if not one.faces]
    if none:
        found.append(f"The scenes show nobody who is {', '.join(none)}.")
    if score.skipped:
        found.append(f"{count(score.skipped, 'thing')} counted for nothing: see the end of the page.")
    return found


def _classes(score: PairScore) -> Table:
    head = ("expression", "faces", "found", "right", "share right", "said")
    rows = [
        (one.expression, *(f"{n:,}" for n in (one.faces, one.found, one.right)), rate(one.right_share), f"{one.said:,}")
        for one in score.by_class
    ]
    return Table(head, rows)


def _confusion(outcomes: Sequence[SceneOutcome]) -> Table:
    rows = [(name, *map(str, row)) for name, row in zip(EXPRESSIONS, confusion(outcomes).tolist(), strict=True)]
    return Table(("true", *EXPRESSIONS, "not found"), rows)


def _scene(one: SceneOutcome) -> dict[str, Any]:
    _, data = cv2.imencode(".jpg", drawn(one, _SIDE), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    words = f"{one.right} of {one.faces} right, {count(one.false_alarms, 'false alarm')}"
    address = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode('ascii')}"
    return {"name": printable(one.picture.name), "words": words, "data": address}


def _facts(score: PairScore, inputs: tuple[Path, Path, Path], params: EvaluatePairParams) -> list[tuple[str, str]]:
    cascade, network, scenes = (printable(str(path)) for path in inputs)
    files = [
        ("cascade", f"{cascade}, SHA-256 {score.cascade_sha256[:16]}"),
        ("network", f"{network}, SHA-256 {score.network_sha256[:16]}"),
    ]
    settings = [(name, printable(str(value))) for name, value in params.as_dict().items() if value is not None]
    return [*files, ("scenes", scenes), ("date", now()), ("OpenCV", cv2.__version__), *settings]
