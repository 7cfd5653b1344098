# ruff: noqa: E501 (HTML and style read better as they are)
"""The expression report's own HTML and style, on the shell of `runs.page`."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from runs.page import page_environment

STYLE = """
.saved, .diagonal { stroke: var(--soft); stroke-width: 1.4; stroke-dasharray: 5 4; } .whisker { stroke-width: 1.4; opacity: 0.75; }
.share { fill: var(--soft); opacity: 0.25; }
.tile em { font-style: normal; color: var(--soft); font-size: 0.88rem; display: block; }
.confusion td { text-align: center; border: 2px solid var(--card); background: color-mix(in srgb, var(--shade, var(--accent)) var(--part), var(--card)); line-height: 1.25; min-width: 64px; }
.confusion td b { display: block; font-weight: 650; } .confusion td span { font-size: 0.8rem; color: inherit; opacity: 0.85; }
.confusion tbody th { text-align: left; border-bottom: 0; vertical-align: middle; } .confusion thead th { text-align: center; }
.confusion .wrong { --shade: var(--c1); } .confusion .sum { background: none; color: var(--soft); }
.words { margin: 10px 0 0; padding-left: 20px; max-width: 76ch; }
.faces { display: grid; grid-template-columns: repeat(auto-fill, minmax(112px, 1fr)); gap: 12px; }
.faces figure, .maps figure, .drawn { margin: 0; min-width: 0; } .faces img, .maps img { width: 100%; height: auto; display: block; border-radius: 6px; }
.faces .true { color: var(--good); font-weight: 600; } .faces .said { color: var(--bad); font-weight: 600; }
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 10px; margin-bottom: 8px; }
.drawn img { max-width: 100%; height: auto; display: block; image-rendering: pixelated; }
.blocks { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 16px; margin-top: 6px; }
.blocks img { width: 100%; }
.scroll td { white-space: nowrap; }
details { margin-top: 10px; } summary { cursor: pointer; color: var(--accent); }
"""

REPORT = """{% extends "page" %}{% import "parts" as parts %}
{% macro picture(one, kind) %}<figure class="{{ kind }}"><img src="{{ one.data }}" alt="{{ one.alt }}" width="{{ one.width }}" height="{{ one.height }}"><figcaption>{{ one.caption }}</figcaption></figure>{% endmacro %}
{% block body %}
<div class="tiles">
{% for tile in tiles %}<div class="tile"><span>{{ tile.name }}</span><b>{{ tile.value }}</b><em>{{ tile.note }}</em></div>
{% endfor %}</div>
{{ parts.warn(warnings) }}
<section><h2>Class by class</h2>
<p class="note">Recall: of the faces of a class, the share that is found. Precision: of the faces that are called so, the share that is. In brackets the interval of 95 %.</p>
{{ parts.table(classes, "Figures by class") }}
</section>
<section><h2>What is taken for what</h2>
<p class="note">Each row is one true class: the share of its faces that is called so, and how many they are.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="confusion"><thead><tr><th scope="col">true \\ said</th>{% for name in names %}<th scope="col">{{ name }}</th>{% endfor %}<th scope="col">faces</th></tr></thead><tbody>
{% for row in confusion %}<tr><th scope="row">{{ row.name }}</th>{% for cell in row.cells %}<td class="{{ cell.kind }}" style="--part:{{ cell.part }}%"><b>{{ cell.share }}</b><span>{{ cell.faces }}</span></td>{% endfor %}<td class="sum">{{ row.faces }}</td></tr>
{% endfor %}</tbody></table></div>
<ul class="words">{% for one in pairs %}<li>{{ one }}</li>{% endfor %}</ul>
</section>
<section><h2>How sure it may be</h2>
<p class="note">{{ sure_words }}</p>
<div class="two"><div>{{ reliability }}{{ reliability_legend }}</div><div>{{ parts.table(calibration, "Calibration") }}
<details><summary>The bins as numbers</summary>{{ parts.table(bins, "Bins of the reliability diagram") }}</details></div></div>
</section>
<section><h2>By source</h2>
{{ parts.table(sources, "Figures by source") }}
</section>
<section><h2>Training</h2>
{% if curves %}<div class="two">{% for one in curves %}<div><h3>{{ one.title }}</h3>{{ one.chart }}{{ one.legend }}</div>{% endfor %}</div>{% endif %}
<p class="note">{{ training_words }}</p>
{{ parts.facts(training) }}
</section>
<section><h2>The most confident mistakes</h2>
<p class="note">{{ mistake_words }}</p>
<div class="faces">
{% for one in mistakes %}<figure><img src="{{ one.data }}" alt="{{ one.alt }}" width="48" height="48"><figcaption><span class="true">{{ one.true }}</span>, said <span class="said">{{ one.said }}</span> {{ one.confidence }}<br><span title="{{ one.file }}">{{ one.place }}</span></figcaption></figure>
{% endfor %}</div>
</section>
<section><h2>What it looks at</h2>
<p class="note">{{ map_words }}</p>
{% for one in maps %}<h3>{{ one.name }}</h3><div class="maps">{% for each in one.pictures %}{{ picture(each, "") }}{% endfor %}</div>
{% endfor %}
</section>
<section><h2>What it has learned to see</h2>
<p class="note">{{ layer_words }}</p>
{% if filters %}<h3>First layer</h3>{{ picture(filters, "drawn") }}{% endif %}
{% if blocks %}<h3>One face, block by block</h3>{{ picture(face, "drawn") }}<div class="blocks">{% for one in blocks %}{{ picture(one, "drawn") }}{% endfor %}</div>{% endif %}
</section>
<section><h2>What was measured</h2>
{{ parts.facts(facts) }}
<h3>Faces by class and split</h3>
{{ parts.table(splits, "Faces by class and split") }}
<h3>Again</h3><pre tabindex="0">{{ command }}</pre>
</section>
{% endblock %}"""


@cache
def environment() -> Environment:
    """Jinja with the report's template; see `runs.page.page_environment`."""
    return page_environment({"report": REPORT}, STYLE)
