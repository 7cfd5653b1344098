from __future__ import annotations

import io
import re
import sys
from dataclasses import dataclass

import pytest

from flows.commands.terminal import progress_bar, show
from runs.progress import Progress


def test_a_log_gets_the_first_line_and_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("train") as report:
        for done in range(1, 101):
            report(Progress(f"at {done}", done, 100))
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["train 1/100: at 1", "train 100/100: at 100"]


def test_without_a_total_the_message_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("train") as report:
        report(Progress("reading [all]"))
    assert capsys.readouterr().err == "train: reading [all]\n"


ROWS = (
    {"stage": 1, "hit_rate": 0.99512345, "positives": 900, "seconds": None},
    {"stage": 2, "hit_rate": 1.0, "positives": 900, "seconds": 12.5},
    {"stage": 3, "hit_rate": 0.9, "positives": 901, "seconds": 30.0},
)


def test_a_log_gets_one_line_a_row_at_once_and_none_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("train") as report:
        report(Progress("begins", 0, 3, table=ROWS[:1]))
        for done in (1, 2):
            report(Progress("works", done, 3, {"seconds_left": 75.0}, ROWS[: done + 1]))
            report(Progress("works", done, 3))
    begins, head, *rows = capsys.readouterr().err.splitlines()
    assert begins == "train 0/3: begins"
    assert head.split() == ["stage", "hit", "rate", "positives", "seconds"]
    assert [row.split() for row in rows] == [
        ["1", "0.9951", "900"],
        ["2", "1", "900", "12.5"],
        ["3", "0.9", "901", "30"],
    ]
    assert len({len(line) for line in (head, *rows)}) == 1


def test_the_time_to_go_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("train") as report:
        report(Progress("works", 1, 3, {"seconds_left": 75.0}))
    assert capsys.readouterr().err == "train 1/3: works; about 1 min 15 s to go\n"


class Terminal(io.StringIO):
    """Standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Not a fixture: pytest puts its own standard error back between set-up and call."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for name, value in {"TERM": "xterm", "COLUMNS": "120", "LINES": "12"}.items():
        monkeypatch.setenv(name, value)
    return terminal


def test_a_terminal_shows_the_bar_with_the_table_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with progress_bar("train") as report:
        report(Progress("works [hard]", 2, 3, {"seconds_left": 75.0}, ROWS))
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue()).split("train")[-1]
    lines = [line.split() for line in last.replace("\r", "").splitlines()]
    assert "2/3" in lines[0]
    assert " ".join(lines[1]) == "works [hard]; about 1 min 15 s to go"
    assert lines[2:6] == [
        ["stage", "hit", "rate", "positives", "seconds"],
        ["1", "0.9951", "900"],
        ["2", "1", "900", "12.5"],
        ["3", "0.9", "901", "30"],
    ]


def test_at_its_end_the_table_is_whole_though_the_screen_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    rows = tuple({"epoch": number, "loss": 0.5} for number in range(100, 140))
    with progress_bar("train") as report:
        report(Progress("done", 40, 40, table=rows))
    last = terminal.getvalue().split("train")[-1]
    assert all(str(number) in last for number in range(100, 140))


def test_an_error_leaves_the_terminal_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)

    def fail() -> None:
        with progress_bar("train") as report:
            report(Progress("works", 1, 3))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert terminal.getvalue().rstrip().endswith("\x1b[?25h")


def test_a_result_stands_below_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass
    class Result:
        hit_rate: float

    terminal = open_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stdout", terminal)
    with progress_bar("train") as report:
        report(Progress("works", 3, 3, table=ROWS))
        show(Result(0.5))
    assert terminal.getvalue().endswith("hit rate                 0.5\n")
    assert terminal.getvalue().split("train")[-1].count("positives") == 1


def test_a_result_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass
    class Size:
        width: int
        tilted: bool

    @dataclass
    class Result:
        skipped: dict[str, int]
        faces: dict[str, int]
        goal_reached: bool
        best: float | None
        window: Size
        pictures: tuple[str, ...] = ("a", "b")

    show(Result({}, {"Happy": 3, "Sad": 0}, True, None, Size(20, False)))
    assert [
        line.split(maxsplit=1) for line in capsys.readouterr().out.replace("goal reached", "goal").splitlines()
    ] == [
        ["skipped", "none"],
        ["faces", "Happy 3, Sad 0"],
        ["goal", "yes"],
        ["best", "none"],
        ["window", "width 20, tilted no"],
    ]
