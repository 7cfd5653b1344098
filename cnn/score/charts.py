"""Charts as SVG, coloured by the page's own style, so that they follow its light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

from cnn.score.reliability import ReliabilityBin

_WIDTH, _HEIGHT = 520, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 14, 12, 44
_DOWN, _ACROSS = _HEIGHT - _TOP - _BOTTOM, _WIDTH - _LEFT - _RIGHT
_TICKS = 6
_SHARES = tuple(fifth / 5 for fifth in range(6))


@dataclass(frozen=True)
class Curve:
    """A named line through (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class _Axes:
    """From values to pixels: `x` and `y` are the ranges that are drawn."""

    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        down = 1 - (y - self.y[0]) / (self.y[1] - self.y[0])
        return round(_LEFT + across * _ACROSS, 1), round(_TOP + down * _DOWN, 1)


def epochs_chart(curves: Sequence[Curve], name: str, best: int | None = None) -> Markup:
    """Figures by epoch; a line marks the epoch `best`."""
    xs = [x for curve in curves for x, _ in curve.points]
    ys = [y for curve in curves for _, y in curve.points]
    across, up = _ticks(min(xs), max(xs), whole=True), _ticks(min(ys), max(ys))
    axes = _Axes((min(xs), max(max(xs), min(xs) + 1)), (up[0], up[-1]))
    parts = [_frame(axes, across, up, ("epoch", name))]
    if best is not None and min(xs) <= best <= max(xs):
        x, _ = axes.at(best, up[0])
        label = f'<text class="marked" x="{x - 5}" y="{_TOP + 14}" text-anchor="end">saved</text>'
        parts.append(f'<line class="saved" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_TOP + _DOWN}"/>{label}')
    parts += [_line(curve, number, axes) for number, curve in enumerate(curves)]
    ends = ", ".join(f"{curve.name} ends at {curve.points[-1][1]:.3g}" for curve in curves)
    return _svg(parts, f"{name} by epoch: {ends}")


def reliability_chart(before: Sequence[ReliabilityBin], after: Sequence[ReliabilityBin] | None) -> Markup:
    """Accuracy over confidence, a dot a bin, with 95 % whiskers; grey bars are the share of all faces in a bin.

    `before` is without a temperature and `after` with it; the bars and whiskers are those of the last that is there.
    """
    axes = _Axes((0.0, 1.0), (0.0, 1.0))
    shown = before if after is None else after
    parts = [_frame(axes, _SHARES, _SHARES, ("confidence", "accuracy")), _bars(shown, axes), _diagonal(axes)]
    kinds = [("before", 1, before)] if after is None else [("before", 1, before), ("after", 0, after)]
    for name, colour, bins in kinds:
        filled = [one for one in bins if one.faces]
        parts.append(_line(Curve(name, [(one.confidence, one.accuracy) for one in filled]), colour, axes))
        parts += [_dot(one, name, colour, axes) for one in filled]
    parts += [_whisker(one, 0 if after is not None else 1, axes) for one in shown if one.faces]
    return _svg(parts, "Accuracy over confidence; the table below holds the numbers")


def legend(names: Sequence[str], first: int = 0) -> Markup:
    """Which colour is whose."""
    items = [f'<span class="key c{first + number}">{escape(name)}</span>' for number, name in enumerate(names)]
    return Markup(f'<p class="legend">{" ".join(items)}</p>')


def _ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Round numbers that reach from at most `low` to at least `high`."""
    span = max(high - low, 1.0 if whole else 1e-3)
    power = 10.0 ** floor(log10(span / _TICKS))
    step = next(each * power for each in (1, 2, 5, 10) if each * power * _TICKS >= span * 0.999)
    step = max(step, 1.0) if whole else step
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    ticks = [round(number * step, 10) for number in range(first, max(last, first + 1) + 1)]
    return [tick for tick in ticks if low <= tick <= max(high, low + 1)] if whole else ticks


def _frame(axes: _Axes, across: Sequence[float], up: Sequence[float], names: tuple[str, str]) -> str:
    bottom, right, parts = _TOP + _DOWN, _LEFT + _ACROSS, []
    for tick in across:
        x, _ = axes.at(tick, up[0])
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x}" y="{bottom + 17}" text-anchor="middle">{tick:g}</text>')
    for tick in up:
        _, y = axes.at(across[0], tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 7}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    middle = f'x="{_LEFT + _ACROSS / 2}" y="{_HEIGHT - 6}" text-anchor="middle"'
    turned = f'transform="translate(12 {_TOP + _DOWN / 2}) rotate(-90)" text-anchor="middle"'
    parts.append(f'<text class="name" {middle}>{escape(names[0])}</text>')
    parts.append(f'<text class="name" {turned}>{escape(names[1])}</text>')
    return "".join(parts)


def _line(curve: Curve, colour: int, axes: _Axes) -> str:
    places = [axes.at(x, y) for x, y in curve.points]
    path, name = " ".join(f"{x},{y}" for x, y in places), escape(curve.name)
    line = f'<polyline class="curve c{colour}" points="{path}"><title>{name}</title></polyline>'
    if len(places) == 1:  # a line through one point shows nothing
        line += f'<circle class="dot c{colour}" cx="{places[0][0]}" cy="{places[0][1]}" r="3"/>'
    return line


def _diagonal(axes: _Axes) -> str:
    (x1, y1), (x2, y2) = axes.at(0, 0), axes.at(1, 1)
    return f'<line class="diagonal" x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"/>'


def _bars(bins: Sequence[ReliabilityBin], axes: _Axes) -> str:
    total, parts = sum(one.faces for one in bins), []
    for one in bins:
        (left, top), (right, bottom) = axes.at(one.low, one.faces / max(1, total)), axes.at(one.high, 0)
        area = f'x="{left}" y="{top}" width="{round(right - left - 1, 1)}" height="{round(bottom - top, 1)}"'
        parts.append(f'<rect class="share" {area}><title>{one.faces:,} faces</title></rect>')
    return "".join(parts)


def _dot(one: ReliabilityBin, name: str, colour: int, axes: _Axes) -> str:
    x, y = axes.at(one.confidence, one.accuracy)
    tip = f"{name}: confidence {one.confidence:.3f}, accuracy {one.accuracy:.3f}, {one.faces:,} faces"
    return f'<circle class="dot c{colour}" cx="{x}" cy="{y}" r="3.5"><title>{escape(tip)}</title></circle>'


def _whisker(one: ReliabilityBin, colour: int, axes: _Axes) -> str:
    (x, low), (_, high) = axes.at(one.confidence, one.accuracy_low), axes.at(one.confidence, one.accuracy_high)
    return f'<line class="whisker c{colour}" x1="{x}" x2="{x}" y1="{low}" y2="{high}"/>'


def _svg(parts: Sequence[str], label: str) -> Markup:
    head = f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
    return Markup(head + "".join(parts) + "</svg>")
