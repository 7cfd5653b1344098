from __future__ import annotations

import pytest

from flows.terminal import progress_bar
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
