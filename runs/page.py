# ruff: noqa: E501 (HTML and style read better as they are)
"""The shell of every report: one HTML page without scripts, light and dark, for a phone and a desk, that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup


@dataclass(frozen=True)
class Table:
    """A table of the page; `best` are the numbers of the rows that are pointed out."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    best: Sequence[int] = ()


def page_environment(pages: Mapping[str, str], style: str = "") -> Environment:
    """Jinja with a report's own templates and style on top of the shell.

    A page extends ``page`` and fills its block ``body``; it gets `title`, `eyebrow`, `lead` and `date`. The macros of
    ``parts`` are ``table``, ``warn`` and ``facts``. Everything is escaped, and a name that is not given is an error.
    """
    loader = DictLoader({"page": _PAGE, "parts": _PARTS, **pages})
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    found.globals["style"] = Markup(_STYLE + _curves() + style)
    return found


def rate(value: float | None) -> str:
    """A share for a table: three digits, or a dash where there is none."""
    return "\u2013" if value is None else f"{value:.3f}"


def count(number: int, word: str) -> str:
    """A number with its word, in the plural where it must be.

    >>> count(1200, "face")
    '1,200 faces'
    """
    return f"{number:,} {word}{'s' * (number != 1)}"


def printable(text: str) -> str:
    """`text` with what UTF-8 cannot write replaced: on Linux a file may be called anything."""
    return text.encode("utf-8", "replace").decode("utf-8")


def now() -> str:
    """The time of day, for people."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _curves() -> str:
    return "\n".join(
        f".curve.c{n}, .whisker.c{n} {{ stroke: var(--c{n}); }} .dot.c{n} {{ fill: var(--c{n}); }} .key.c{n}::before {{ background: var(--c{n}); }}"
        for n in range(8)
    )


_STYLE = """
:root { color-scheme: light dark; --paper: #f6f7f9; --card: #ffffff; --ink: #17202a; --soft: #5b6775; --line: #dde2e8;
  --accent: #1f6feb; --good: #12824c; --bad: #c92a3c; --warn: #9a5b00; --warnpaper: #fff6e5; --code: #f0f2f5;
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
.facts td:last-child { text-align: left; overflow-wrap: anywhere; } .facts td:first-child { color: var(--soft); white-space: nowrap; width: 1%; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow-x: auto; margin: 0;
  font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.chart { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); stroke-width: 1; } .tick { fill: var(--soft); font-size: 12px; } .name { fill: var(--ink); font-size: 13px; }
.curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; } .dot { stroke: none; }
.marked { fill: var(--ink); font-size: 12.5px; font-weight: 600; paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
.legend { margin: 6px 0 0; font-size: 0.9rem; } .key { margin-right: 16px; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 16px; height: 3px; border-radius: 2px; background: currentColor; margin-right: 6px; vertical-align: middle; }
figcaption { color: var(--soft); font-size: 0.82rem; margin-top: 3px; overflow-wrap: anywhere; }
figcaption b { color: var(--ink); font-weight: 600; }
footer { color: var(--soft); font-size: 0.85rem; margin-top: 22px; }
@media (max-width: 520px) { main { padding: 18px 12px 40px; } section { padding: 14px; } .tiles { grid-template-columns: 1fr 1fr; }
  .tile { padding: 11px 12px; } .tile b { font-size: 1.45rem; } th, td { padding: 5px 5px; } table { font-size: 0.85rem; } .facts td:first-child { white-space: normal; width: 34%; } }
@media print { body { background: #fff; } section, .tile { break-inside: avoid; } }
"""

_PAGE = """<!doctype html>
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

_PARTS = """
{% macro table(one, name) %}<div class="scroll" tabindex="0" role="region" aria-label="{{ name }}"><table><thead><tr>{% for each in one.head %}<th scope="col">{{ each }}</th>{% endfor %}</tr></thead><tbody>
{% for row in one.rows %}<tr{% if loop.index0 in one.best %} class="best"{% endif %}>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% endmacro %}
{% macro warn(warnings) %}{% if warnings %}<section class="warnings"><h2>Before you trust these figures</h2><ul>{% for one in warnings %}<li>{{ one }}</li>{% endfor %}</ul></section>{% endif %}{% endmacro %}
{% macro facts(rows) %}<table class="facts"><tbody>
{% for name, value in rows %}<tr><td>{{ name }}</td><td>{{ value }}</td></tr>
{% endfor %}</tbody></table>{% endmacro %}"""
