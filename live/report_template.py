# ruff: noqa: E501 (HTML and style read better as they are)
"""The page of `report.py`."""

from __future__ import annotations

STYLE = """
.e0 { --own: var(--c6); } .e1 { --own: var(--c0); } .e2 { --own: var(--c3); } .e3 { --own: var(--c4); } .e4 { --own: var(--c7); }
svg .e0, svg .e1, svg .e2, svg .e3, svg .e4 { fill: var(--own); } svg .soft { opacity: 0.55; } .bed { fill: var(--code); }
.swatch { margin-right: 16px; white-space: nowrap; }
.swatch::before { content: ""; display: inline-block; width: 12px; height: 12px; border-radius: 3px; background: var(--own); margin-right: 6px; vertical-align: -1px; }
.face { display: grid; grid-template-columns: 72px 1fr; gap: 14px; align-items: start; margin-top: 16px; }
.face img, .face .nobody { width: 72px; height: 72px; border-radius: 8px; display: block; background: var(--code); }
.face p { margin: 4px 0 0; font-size: 0.82rem; color: var(--soft); text-align: center; } .face b { color: var(--ink); }
@media (max-width: 520px) { .face { grid-template-columns: 52px 1fr; gap: 8px; } .face img, .face .nobody { width: 52px; height: 52px; } .face .tick { font-size: 26px; } }
"""

TEMPLATE = """{% extends "page" %}{% import "parts" as parts %}{% block body %}
{{ parts.warn(warnings) }}
<div class="tiles">{% for figure, words in tiles %}<div class="tile"><b>{{ figure }}</b><span>{{ words }}</span></div>{% endfor %}</div>
<section><h2>Face by face</h2>
<p class="note">The band is the label; below it are the five probabilities, one upon another, smoothed over time. Empty: the face was not in sight. A face that was away for long comes back under a new number.</p>
{{ legend }}
{% for one in faces %}<div class="face"><div>{% if one.portrait %}<img src="{{ one.portrait }}" alt="face {{ one.number }}">{% else %}<div class="nobody"></div>{% endif %}<p><b>{{ one.number }}</b> {{ one.seconds }}</p></div>{{ one.chart }}</div>
{% else %}<p>No face was found. Faces must look at the camera, and be larger than a twelfth of the picture's shorter side, or than <code>--min-face</code>.</p>{% endfor %}
{% if left_out %}<p class="note">{{ left_out }} more that were in sight for a shorter time are in the table.</p>{% endif %}
</section>
<section><h2>Seconds by expression</h2>{{ parts.table(table, "Seconds by expression and face") }}</section>
{% endblock %}"""
