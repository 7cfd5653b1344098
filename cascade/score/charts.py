"""Line charts as SVG, coloured by the page's own style, so that they follow its light and dark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, log10

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 520, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 44
_LINEAR_BELOW = 0.05  # false alarms an image: the axis has its 0, and is logarithmic beyond
_COLOURS = 8

Transform = Callable[[float], float]


@dataclass(frozen=True)
class Curve:
    """A named line through (x, y); `tips` say what each point is, when the pointer rests on it."""

    name: str
    points: tuple[tuple[float, float], ...]
    tips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mark:
    """A point that is pointed out."""

    name: str
    x: float
    y: float


def alarms_chart(curves: Sequence[Curve], marks: Sequence[Mark] = (), budget: float | None = None) -> Markup:
    """Recall over false alarms an image, on an axis that has its 0 and is logarithmic."""
    highest = max([x for curve in curves for x, _ in curve.points] + [budget or 0.0, 0.5])

    def place(x: float) -> float:
        return log10(1 + x / _LINEAR_BELOW) / log10(1 + highest / _LINEAR_BELOW)

    wanted = [0.0, *(step * 10.0**power for power in range(-1, ceil(log10(highest)) + 1) for step in (1, 2, 5))]
    ticks = _spread([tick for tick in wanted if tick <= highest], place)
    return _chart(curves, marks, ticks, place, ("false alarms per image", "recall"), budget)


def precision_chart(curves: Sequence[Curve], marks: Sequence[Mark] = ()) -> Markup:
    """Precision over recall."""
    ticks = [number / 5 for number in range(6)]
    return _chart(curves, marks, ticks, lambda x: x, ("recall", "precision"), None)


def legend(names: Sequence[str]) -> Markup:
    """Which colour is whose; nothing for one curve."""
    items = [f'<span class="key c{n % _COLOURS}">{escape(name)}</span>' for n, name in enumerate(names)]
    return Markup('<p class="legend">' + " ".join(items) + "</p>") if len(names) > 1 else Markup()


def _spread(ticks: Sequence[float], place: Transform) -> list[float]:
    """The ticks that have room for their numbers."""
    kept: list[float] = []
    for tick in ticks:
        if not kept or place(tick) - place(kept[-1]) > 0.075:
            kept.append(tick)
    return kept


def _chart(
    curves: Sequence[Curve],
    marks: Sequence[Mark],
    ticks: Sequence[float],
    place: Transform,
    names: tuple[str, str],
    budget: float | None,
) -> Markup:
    def at(x: float, y: float) -> tuple[float, float]:
        across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
        return round(_LEFT + place(x) * across, 1), round(_TOP + (1 - y) * down, 1)

    parts = [_frame(ticks, at, names), "" if budget is None else _band(budget, at)]
    parts += [_line(curve, number, at) for number, curve in enumerate(curves)]
    parts += [_mark(mark, at) for mark in marks]
    label = escape(f"{names[1]} over {names[0]}")
    return Markup(f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">') + Markup(
        "".join(parts) + "</svg>"
    )


def _frame(ticks: Sequence[float], at: Callable[[float, float], tuple[float, float]], names: tuple[str, str]) -> str:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for tick in ticks:
        x, _ = at(tick, 0)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x}" y="{bottom + 17}" text-anchor="middle">{tick:g}</text>')
    for fifth in range(6):
        _, y = at(0, fifth / 5)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 7}" y="{y + 4}" text-anchor="end">{fifth / 5:g}</text>')
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text class="name" x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{names[0]}</text>'
    )
    parts.append(
        f'<text class="name" transform="translate(12 {middle}) rotate(-90)" text-anchor="middle">{names[1]}</text>'
    )
    return "".join(parts)


def _band(budget: float, at: Callable[[float, float], tuple[float, float]]) -> str:
    (left, top), (right, bottom) = at(0, 1), at(budget, 0)
    area = f'x="{left}" y="{top}" width="{round(right - left, 1)}" height="{round(bottom - top, 1)}"'
    return f'<rect class="band" {area}><title>at most {budget:g} false alarms an image</title></rect>'


def _line(curve: Curve, number: int, at: Callable[[float, float], tuple[float, float]]) -> str:
    places = [at(x, y) for x, y in curve.points]
    path = " ".join(f"{x},{y}" for x, y in places)
    line = (
        f'<polyline class="curve c{number % _COLOURS}" points="{path}"><title>{escape(curve.name)}</title></polyline>'
    )
    dots = [
        f'<circle class="dot c{number % _COLOURS}" cx="{x}" cy="{y}" r="3"><title>{escape(tip)}</title></circle>'
        for (x, y), tip in zip(places, curve.tips, strict=False)
    ]
    return line + "".join(dots)


def _mark(mark: Mark, at: Callable[[float, float], tuple[float, float]]) -> str:
    x, y = at(mark.x, mark.y)
    right = x < _WIDTH * 0.62
    text = f'x="{x + (11 if right else -11)}" y="{y + 18}" text-anchor="{"start" if right else "end"}"'
    return f'<circle class="mark" cx="{x}" cy="{y}" r="6"/><text class="marked" {text}>{escape(mark.name)}</text>'
