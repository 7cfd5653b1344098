# ruff: noqa: E501 (HTML and style read better as they are)
"""The cascade reports' own HTML and style, on the shell of `runs.page`."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment

from runs.page import page_environment

STYLE = """
:root { --hit: #35d07f; --miss: #ff4d5e; --alarm: #ffa21a; }
.bar { min-width: 90px; width: 30%; } .bar i { display: block; height: 9px; border-radius: 3px; background: var(--accent); min-width: 1px; }
.band { fill: var(--good); opacity: 0.09; } .mark { fill: none; stroke: var(--ink); stroke-width: 2.2; }
.features { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 12px; }
.features figure, .scenes figure { margin: 0; } .features svg { width: 100%; height: auto; display: block; border-radius: 6px; image-rendering: pixelated; }
.light { fill: #ffffff; fill-opacity: 0.75; stroke: #000; stroke-opacity: 0.5; } .dark { fill: #000000; fill-opacity: 0.72; stroke: #fff; stroke-opacity: 0.5; }
.light, .dark { stroke-width: 1; vector-effect: non-scaling-stroke; }
.scenes { columns: 300px; column-gap: 16px; } .scenes figure { break-inside: avoid; margin-bottom: 16px; }
.scenes svg { width: 100%; height: auto; max-height: 480px; display: block; border-radius: 8px; background: #000; }
.scenes rect { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.hit { stroke: var(--hit); } .miss { stroke: var(--miss); stroke-dasharray: 5 4; } .alarm { stroke: var(--alarm); }
.boxes span { display: inline-block; margin-right: 16px; color: var(--ink); } .boxes i { display: inline-block; width: 13px; height: 13px; border: 2.5px solid; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
"""

REPORT = """{% extends "page" %}{% import "parts" as parts %}{% import "told" as told %}{% block body %}
<div class="tiles">
{% for tile in tiles %}<div class="tile"><span>{{ tile.name }}</span><b>{{ tile.value }}</b><span>{{ tile.note }}</span></div>
{% endfor %}</div>
{{ parts.warn(warnings) }}
<section><h2>The operating point to use</h2>
<p class="note">{{ point_words }}</p>
<div class="two"><div><h3>Python</h3><pre>{{ python }}</pre></div><div><h3>C++</h3><pre>{{ cpp }}</pre></div></div>
</section>
<section><h2>What it finds, and at what price</h2>
<p class="note">Each point is a setting of min_neighbors: rest the pointer on it. The shaded part keeps the budget of
{{ budget }} false alarms an image.</p>
<div class="two"><div><h3>Recall over false alarms</h3>{{ roc }}</div><div><h3>Precision over recall</h3>{{ precision }}</div></div>
{{ parts.table(points, "Operating points") }}
</section>
<section><h2>By size</h2>
<p class="note">An object's size is the square root of its box's area.</p>
<div class="two"><div>{{ size_chart }}{{ size_legend }}</div>{{ parts.table(sizes, "Recall by size") }}</div>
</section>
<section><h2>What each stage rejects</h2>
{% if stages %}<p class="note">{{ stage_words }}</p>
<div class="scroll"><table><thead><tr><th>stage</th><th>weak classifiers</th><th>windows that come to it</th><th class="left">share</th><th></th><th>rejected of these</th></tr></thead><tbody>
{% for row in stages %}<tr><td>{{ row.stage }}</td><td>{{ row.weak }}</td><td>{{ row.reached }}</td><td class="bar"><i style="width:{{ row.width }}%"></i></td><td>{{ row.share }}</td><td>{{ row.rejected }}</td></tr>
{% endfor %}</tbody></table></div>{% else %}<p class="note">{{ stage_words }}</p>{% endif %}
</section>
{% if features %}<section><h2>The first features</h2>
<p class="note">{{ feature_words }}</p>
<div class="features">
{% for one in features %}<figure><svg viewBox="0 0 {{ window[0] }} {{ window[1] }}" role="img" aria-label="feature {{ one.number }} of stage {{ one.stage }}"><image href="{{ mean }}" width="{{ window[0] }}" height="{{ window[1] }}"/>{% for shape in one.shapes %}<polygon class="{{ 'light' if shape.light else 'dark' }}" points="{% for x, y in shape.points %}{{ x }},{{ y }} {% endfor %}"/>{% endfor %}</svg><figcaption>stage {{ one.stage }}, feature {{ one.number }}</figcaption></figure>
{% endfor %}</div></section>{% endif %}
<section><h2>Scenes</h2>
<p class="note boxes">{{ scene_words }} <br><span><i class="hit" style="border-color:var(--hit)"></i>found</span><span><i style="border-color:var(--miss);border-style:dashed"></i>missed</span><span><i style="border-color:var(--alarm)"></i>false alarm</span></p>
<div class="scenes">
{% for tile in scenes %}<figure><svg viewBox="0 0 {{ tile.width }} {{ tile.height }}" role="img" aria-label="{{ tile.name }}"><image href="{{ tile.data }}" width="{{ tile.width }}" height="{{ tile.height }}"/>{% for one in tile.boxes %}<rect class="{{ one.kind }}" x="{{ one.box[0] }}" y="{{ one.box[1] }}" width="{{ one.box[2] }}" height="{{ one.box[3] }}"/>{% endfor %}</svg><figcaption><b>{{ tile.name }}</b>: {{ tile.caption }}</figcaption></figure>
{% endfor %}</div>
{% if worst.rows %}<h3>The most mistakes</h3>{{ parts.table(worst, "Scenes with the most mistakes") }}{% endif %}
</section>
{{ told.told(facts, skipped) }}
{% endblock %}"""

COMPARISON = """{% extends "page" %}{% import "parts" as parts %}{% import "told" as told %}{% block body %}
{{ parts.warn(warnings) }}
<section><h2>Side by side</h2>
<p class="note">{{ table_words }}</p>
{{ parts.table(recalls, "Recall side by side") }}
<h3>Cost</h3>{{ parts.table(costs, "Cost") }}
</section>
<section><h2>Curves</h2>
<p class="note">Each point is a setting of min_neighbors: rest the pointer on it.</p>
<div class="two"><div><h3>Recall over false alarms</h3>{{ roc }}</div><div><h3>Precision over recall</h3>{{ precision }}</div></div>
{{ legend }}
</section>
{{ told.told(facts, skipped) }}
{% endblock %}"""

TOLD = """{% import "parts" as parts %}
{% macro told(facts, skipped) %}<section><h2>What was measured</h2>{{ parts.facts(facts) }}
{% if skipped.rows %}<h3>Left out</h3>{{ parts.table(skipped, "Left out") }}{% endif %}
</section>{% endmacro %}"""


@cache
def environment() -> Environment:
    """Jinja with the reports' templates; see `runs.page.page_environment`."""
    return page_environment({"report": REPORT, "comparison": COMPARISON, "told": TOLD}, STYLE)
