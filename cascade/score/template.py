# ruff: noqa: E501 (HTML and style read better as they are)
"""The report page's HTML and style: one file without scripts, light and dark, for a phone and a desk."""

from __future__ import annotations

from functools import cache

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #ffffff; --ink: #17202a; --soft: #5b6775; --line: #dde2e8;
  --accent: #1f6feb; --good: #12824c; --bad: #c92a3c; --warn: #9a5b00; --warnpaper: #fff6e5; --code: #f0f2f5;
  --hit: #35d07f; --miss: #ff4d5e; --alarm: #ffa21a;
  --c0: #1f6feb; --c1: #d9480f; --c2: #12824c; --c3: #8a3ffc; --c4: #c2255c; --c5: #0b7285; --c6: #846300; --c7: #5b6775; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1318; --card: #181e25; --ink: #e8edf2; --soft: #9aa7b5;
  --line: #2b343e; --accent: #6cabff; --good: #4fd08a; --bad: #ff7b88; --warn: #ffc565; --warnpaper: #2a2213;
  --code: #10151b; --c0: #6cabff; --c1: #ff9a5a; --c2: #4fd08a; --c3: #b99bff; --c4: #ff8fb7; --c5: #4fd0e0;
  --c6: #e3c04a; --c7: #9aa7b5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif;
  -webkit-text-size-adjust: 100%; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; margin: 4px 0 6px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 4px; } h3 { font-size: 1rem; margin: 14px 0 4px; }
.eyebrow { color: var(--accent); font-weight: 600; font-size: 0.85rem; margin: 0; }
.lead, .note { color: var(--soft); margin: 0 0 12px; } .note { font-size: 0.9rem; max-width: 76ch; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px; margin-top: 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); gap: 12px; margin-top: 18px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; }
.tile b { display: block; font-size: 1.8rem; line-height: 1.2; font-variant-numeric: tabular-nums; letter-spacing: -0.02em; }
.tile span { color: var(--soft); font-size: 0.88rem; display: block; }
.warnings { background: var(--warnpaper); border-color: transparent; border-left: 4px solid var(--warn); }
.warnings ul { margin: 4px 0 0; padding-left: 20px; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 20px; }
.two > * { min-width: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; text-align: right; border-bottom: 1px solid var(--line); padding: 6px 8px; vertical-align: bottom; }
td { text-align: right; padding: 5px 8px; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, .left { text-align: left; } tr:last-child td { border-bottom: 0; }
td:first-child { overflow-wrap: anywhere; } tr.best td { font-weight: 650; color: var(--good); }
.bar { min-width: 90px; width: 30%; } .bar i { display: block; height: 9px; border-radius: 3px; background: var(--accent); min-width: 1px; }
.facts td:last-child { text-align: left; overflow-wrap: anywhere; } .facts td:first-child { color: var(--soft); white-space: nowrap; width: 1%; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow-x: auto; margin: 0;
  font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.chart { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); stroke-width: 1; } .tick { fill: var(--soft); font-size: 12px; } .name { fill: var(--ink); font-size: 13px; }
.curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; } .dot { stroke: none; }
.band { fill: var(--good); opacity: 0.09; } .mark { fill: none; stroke: var(--ink); stroke-width: 2.2; }
.marked { fill: var(--ink); font-size: 12.5px; font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.legend { margin: 6px 0 0; font-size: 0.9rem; } .key { margin-right: 16px; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 16px; height: 3px; border-radius: 2px; background: currentColor; margin-right: 6px; vertical-align: middle; }
CURVES
.features { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 12px; }
.features figure, .scenes figure { margin: 0; } .features svg { width: 100%; height: auto; display: block; border-radius: 6px; image-rendering: pixelated; }
figcaption { color: var(--soft); font-size: 0.82rem; margin-top: 3px; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); font-weight: 600; }
.light { fill: #ffffff; fill-opacity: 0.75; stroke: #000; stroke-opacity: 0.5; } .dark { fill: #000000; fill-opacity: 0.72; stroke: #fff; stroke-opacity: 0.5; }
.light, .dark { stroke-width: 1; vector-effect: non-scaling-stroke; }
.scenes { columns: 300px; column-gap: 16px; } .scenes figure { break-inside: avoid; margin-bottom: 16px; }
.scenes svg { width: 100%; height: auto; max-height: 480px; display: block; border-radius: 8px; background: #000; }
.scenes rect { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; }
.hit { stroke: var(--hit); } .miss { stroke: var(--miss); stroke-dasharray: 5 4; } .alarm { stroke: var(--alarm); }
.boxes span { display: inline-block; margin-right: 16px; color: var(--ink); } .boxes i { display: inline-block; width: 13px; height: 13px; border: 2.5px solid; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
footer { color: var(--soft); font-size: 0.85rem; margin-top: 22px; }
@media (max-width: 520px) { main { padding: 18px 12px 40px; } section { padding: 14px; } .tiles { grid-template-columns: 1fr 1fr; }
  .tile { padding: 11px 12px; } .tile b { font-size: 1.45rem; } th, td { padding: 5px 5px; } table { font-size: 0.85rem; } .facts td:first-child { white-space: normal; width: 34%; } }
@media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
"""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ title }}</title>
<style>{{ style }}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">{{ eyebrow }}</p>
<h1>{{ title }}</h1>
<p class="lead">{{ lead }}</p>
</header>
{% block body required %}{% endblock %}
<footer>Made by Facefoundry on {{ date }}. This page needs nothing but itself.</footer>
</main>
</body>
</html>
"""

REPORT = """{% extends "page" %}{% import "parts" as parts %}{% block body %}
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
<div class="scroll">{{ parts.table(points) }}</div>
</section>
<section><h2>By size</h2>
<p class="note">An object's size is the square root of its box's area.</p>
<div class="two"><div>{{ size_chart }}{{ size_legend }}</div><div class="scroll">{{ parts.table(sizes) }}</div></div>
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
{% if worst.rows %}<h3>The most mistakes</h3><div class="scroll">{{ parts.table(worst) }}</div>{% endif %}
</section>
{{ parts.told(facts, skipped) }}
{% endblock %}"""

COMPARISON = """{% extends "page" %}{% import "parts" as parts %}{% block body %}
{{ parts.warn(warnings) }}
<section><h2>Side by side</h2>
<p class="note">{{ table_words }}</p>
<div class="scroll">{{ parts.table(recalls) }}</div>
<h3>Cost</h3><div class="scroll">{{ parts.table(costs) }}</div>
</section>
<section><h2>Curves</h2>
<p class="note">Each point is a setting of min_neighbors: rest the pointer on it.</p>
<div class="two"><div><h3>Recall over false alarms</h3>{{ roc }}</div><div><h3>Precision over recall</h3>{{ precision }}</div></div>
{{ legend }}
</section>
{{ parts.told(facts, skipped) }}
{% endblock %}"""

PARTS = """
{% macro table(one) %}<table><thead><tr>{% for name in one.head %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in one.rows %}<tr{% if loop.index0 in one.best %} class="best"{% endif %}>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>{% endmacro %}
{% macro warn(warnings) %}{% if warnings %}<section class="warnings"><h2>Before you trust these figures</h2><ul>{% for one in warnings %}<li>{{ one }}</li>{% endfor %}</ul></section>{% endif %}{% endmacro %}
{% macro told(facts, skipped) %}<section><h2>What was measured</h2><table class="facts"><tbody>
{% for name, value in facts %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>
{% endfor %}</tbody></table>
{% if skipped.rows %}<h3>Left out</h3><div class="scroll">{{ table(skipped) }}</div>{% endif %}
</section>{% endmacro %}"""


@cache
def environment() -> Environment:
    """Jinja with these templates; everything is escaped, and a name that is not given is an error."""
    pages = {"page": PAGE, "report": REPORT, "comparison": COMPARISON, "parts": PARTS}
    found = Environment(loader=DictLoader(pages), autoescape=True, undefined=StrictUndefined)
    found.globals["style"] = _style()
    return found


def _style() -> Markup:
    curves = [
        f".curve.c{n} {{ stroke: var(--c{n}); }} .dot.c{n} {{ fill: var(--c{n}); }} .key.c{n}::before {{ background: var(--c{n}); }}"
        for n in range(8)
    ]
    return Markup(STYLE.replace("CURVES", "\n".join(curves)))
