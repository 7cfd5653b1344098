"""A film's report: who showed what, and when, as one page, and as tables for other programs."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
from markupsafe import Markup, escape

from cnn.labels import EXPRESSIONS
from live.errors import OutputError
from live.outputs import Output, Shown
from live.report_template import STYLE, TEMPLATE
from live.timeline import FaceStory, Timeline
from runs.files import replacing_folder, write_text
from runs.page import Table, count, now, page_environment, printable

_FILES = ("report.html", "expressions.csv", "timeline.csv")
_MOST = 24
"""Faces that get a time line of their own: those that were in sight longest. The tables have them all."""
_WIDTH, _BAND, _AREA, _AXIS = 900, 12, 46, 20
_MOST_POINTS = 450


class Report(Output):
    """Gathers a film's faces and writes the report at the end.

    Parameters
    ----------
    path
        A file that ends in ``.html``; or a folder for ``report.html``, ``expressions.csv`` (seconds by face and
        expression) and ``timeline.csv`` (a line for each time that a face showed one expression). Whole or not at all.
    name
        What was watched.
    frame_rate
        Of the source: says how long its last frame lasts.

    Raises
    ------
    OutputError
        It cannot be written there, or would replace what no report wrote.
    """

    def __init__(self, path: Path, name: str, frame_rate: float | None) -> None:
        _check_place(path)
        self._path, self._name, self._frame = path, name, 1 / (frame_rate or 25.0)
        self.timeline = Timeline()
        self._frames = self._dark = self._empty = 0

    def take(self, shown: Shown) -> None:
        """Remember what the frame showed."""
        self._frames += 1
        self._dark += shown.dark
        self._empty += not shown.faces
        self.timeline.add(shown.frame.image, list(shown.faces), shown.frame.seconds or 0.0)

    def close(self, notes: Sequence[str] = ()) -> None:
        """Write the report; without a frame there is none, and an old one stays."""
        if not self._frames:
            return
        self.timeline.finish(self._frame)
        page = self._page(notes)
        if self._path.suffix == ".html":
            write_text(self._path, page)
            return
        with replacing_folder(self._path, known=_FILES) as folder:
            write_text(folder / "report.html", page)
            write_text(folder / "expressions.csv", _as_csv(("face", "expression", "seconds"), self._seconds()))
            write_text(folder / "timeline.csv", _as_csv(("face", "start", "end", "expression"), self._spans()))

    def _seconds(self) -> Iterable[Sequence[object]]:
        for story in self.timeline.faces.values():
            for expression, seconds in story.seconds.items():
                yield story.number, expression, round(seconds, 3)

    def _spans(self) -> Iterable[Sequence[object]]:
        for story in self.timeline.faces.values():
            for span in story.spans:
                yield story.number, round(span.start, 3), round(span.end, 3), span.expression

    def _page(self, notes: Sequence[str]) -> str:
        timeline = self.timeline
        stories = sorted(timeline.faces.values(), key=lambda story: -story.total)
        longest = sorted(stories[:_MOST], key=lambda story: story.number)
        first, last = timeline.first or 0.0, max(timeline.last, (timeline.first or 0.0) + 1e-3)
        return (
            page_environment({"report": TEMPLATE}, STYLE)
            .get_template("report")
            .render(
                title=printable(Path(self._name).name or self._name),
                eyebrow="Facefoundry: expressions over time",
                lead=f"{count(len(stories), 'face')} in {_clock(last - first)} ({count(self._frames, 'frame')}).",
                date=now(),
                warnings=[printable(note) for note in notes],
                tiles=self._tiles(),
                legend=_legend(),
                faces=[_shown_face(story, first, last) for story in longest],
                left_out=len(stories) - len(longest),
                table=_table(stories, timeline.totals()),
            )
        )

    def _tiles(self) -> list[tuple[str, str]]:
        totals = self.timeline.totals()
        most = max(totals, key=lambda name: totals[name])
        seen = sum(totals.values())
        said = f"{most}, {totals[most] / seen:.0%} of all faces' time" if seen else "no face was found"
        none = self._empty / self._frames if self._frames else 0.0
        black = f", {self._dark / self._frames:.0%} black" if self._dark else ""
        changes = sum(story.changes for story in self.timeline.faces.values())
        rate = f"{changes / seen:.2f} a second" if seen else "–"
        return [
            (said.split(",")[0], said.partition(",")[2].strip() or "in the whole film"),
            (f"{none:.0%}", f"of the frames show no face{black}"),
            (rate, "changes of expression, for each face in sight"),
        ]


def _check_place(path: Path) -> None:
    """Refuse at the beginning what would fail at the end of a long film."""
    page = path.suffix == ".html"
    if path.is_dir() if page else path.is_file():
        wanted = "a file, since it ends in .html, and there is a folder" if page else "a folder, or end in .html"
        raise OutputError(f"`--report` must be {wanted}. Got {path}. Choose another name.")
    if path.is_dir() and {one.name for one in path.iterdir()} - set(_FILES):
        raise OutputError(f"{path} holds files that no report wrote, and they are not touched. Choose another folder.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"`--report` {path} cannot be written: {error.strerror}.") from error


def _shown_face(story: FaceStory, first: float, last: float) -> dict[str, Any]:
    return {
        "number": story.number,
        "portrait": _picture(story),
        "seconds": _clock(story.total),
        "chart": _chart(story, first, last),
    }


def _picture(story: FaceStory) -> str:
    if story.portrait is None:
        return ""
    data = cv2.imencode(".jpg", story.portrait, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def _chart(story: FaceStory, first: float, last: float) -> Markup:
    """A band with the label over time, and below it the probabilities, one upon another."""
    across = _WIDTH / (last - first)

    def x(seconds: float) -> float:
        return (seconds - first) * across

    parts = [f'<rect class="bed" x="0" y="0" width="{_WIDTH}" height="{_BAND + _AREA}"/>']
    for span in story.spans:
        tip = f"{span.expression}, {_clock(span.start)} to {_clock(span.end)}"
        wide = max(1.0, x(span.end) - x(span.start))
        parts.append(
            f'<rect class="e{EXPRESSIONS.index(span.expression)}" x="{x(span.start):.1f}" y="0" width="{wide:.1f}" '
            f'height="{_BAND}"><title>{escape(tip)}</title></rect>'
        )
    for run in _runs(story):
        parts += _areas(run, x)
    for tick in _ticks(first, last):
        anchor = "start" if x(tick) < 20 else "end" if x(tick) > _WIDTH - 20 else "middle"
        parts.append(
            f'<text class="tick" x="{x(tick):.1f}" y="{_BAND + _AREA + 15}" text-anchor="{anchor}">'
            f"{_clock(tick)}</text>"
        )
    label = f"Expressions of face {story.number} over time"
    return Markup(
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_BAND + _AREA + _AXIS}" role="img" aria-label="{label}">'
        + "".join(parts)
        + "</svg>"
    )


def _runs(story: FaceStory) -> list[list[tuple[float, tuple[float, ...]]]]:
    """The samples, thinned, and parted where the face was out of sight."""
    step = -(-len(story.samples) // _MOST_POINTS)
    runs: list[list[tuple[float, tuple[float, ...]]]] = []
    for sample in story.samples[:: max(1, step)]:
        if runs and sample[0] - runs[-1][-1][0] < max(1, step) + 0.5:
            runs[-1].append(sample)
        else:
            runs.append([sample])
    return [run for run in runs if len(run) > 1]


def _areas(run: Sequence[tuple[float, tuple[float, ...]]], x: Any) -> list[str]:
    parts = []
    for number in range(len(EXPRESSIONS)):
        edges = [
            [(x(at), _BAND + 3 + (_AREA - 3) * (1 - sum(shares[:upto]))) for at, shares in run]
            for upto in (number, number + 1)
        ]
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in [*edges[1], *reversed(edges[0])])
        parts.append(f'<polygon class="e{number} soft" points="{points}"/>')
    return parts


def _ticks(first: float, last: float) -> list[float]:
    step = next((s for s in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600) if (last - first) / s <= 10), 7200)
    start = int(-(-first // step))
    return [number * step for number in range(start, int(last // step) + 1)]


def _legend() -> Markup:
    items = [f'<span class="swatch e{number}">{name}</span>' for number, name in enumerate(EXPRESSIONS)]
    return Markup('<p class="legend">' + " ".join(items) + "</p>")


def _table(stories: Sequence[FaceStory], totals: dict[str, float]) -> Table:
    rows = []
    for one in sorted(stories, key=lambda story: story.number):
        seconds = [f"{one.seconds[name]:.1f}" for name in EXPRESSIONS]
        rows.append([f"face {one.number}", *seconds, f"{one.total:.1f}", str(one.changes)])
    sums = [f"{totals[name]:.1f}" for name in EXPRESSIONS]
    changes = sum(one.changes for one in stories)
    rows.append(["all", *sums, f"{sum(totals.values()):.1f}", str(changes)])
    return Table(["seconds", *EXPRESSIONS, "in sight", "changes"], rows)


def _as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()


def _clock(seconds: float) -> str:
    """Seconds as a film's counter shows them.

    >>> _clock(7.25), _clock(75), _clock(3725)
    ('7.2 s', '1:15', '1:02:05')
    """
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds % 1 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
