"""`check` and `plan` as a person types them, without a `params.yaml` and with one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from flows.commands.doctor_commands import check_app, plan_app
from runs.parameters import ParameterError

QUICK = ["--num-neg", "50", "--num-stages", "3", "--min-hit-rate", "0.999"]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("p", "n"):
        (tmp_path / name).mkdir()
        for number in range(6):
            cv2.imwrite(str(tmp_path / name / f"{number}.png"), rng.integers(0, 256, (40, 40), np.uint8))


def call(app, *words):
    return app(list(words), exit_on_error=False, result_action="return_value")


@pytest.mark.usefixtures("pictures")
def test_two_folders_are_enough(capsys):
    assert call(check_app, "p", "n", *QUICK) == 0
    said = capsys.readouterr().out
    assert "few positives (got 6)" in said
    assert "0 errors, 2 warnings, 0 notes in 6 objects in 6 pictures, 6 negatives" in said
    assert "all stages can be filled" in said


@pytest.mark.usefixtures("pictures")
def test_errors_are_status_1_and_the_rest_is_counted(tmp_path, capsys):
    for number in range(5):
        (tmp_path / "n" / f"{number}.png").write_bytes(b"broken")
    assert call(check_app, "p", "n", "out", *QUICK, "--fix", "mended") == 1
    said = capsys.readouterr().out
    assert said.count("error    n/") == 3
    assert "... and 2 more: not decodable" in said
    assert "All findings: out/findings.csv" in said
    assert (tmp_path / "mended" / "bg.txt").read_text(encoding="ascii") == "../n/5.png\n"


@pytest.mark.usefixtures("pictures")
def test_params_yaml_gives_both_windows(tmp_path, capsys):
    text = "create_samples: {width: 24, height: 24}\ntrain_cascade: {num_stages: 3}\ncheck: {few_positives: 0}\n"
    (tmp_path / "params.yaml").write_text(text, encoding="ascii")
    assert call(check_app, "p", "n") == 1
    said = capsys.readouterr().out
    assert "two different windows (got samples 24x24, training 20x20)" in said
    assert "few positives" not in said


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("check: {num_stages: 3}", "section `check`: `num_stages` is not known. Known are few_negatives,"),
        (
            "train_cascade: {few_positives: 3}",
            "section `train_cascade`: `few_positives` is not known. Known are accept",
        ),
        ("check: [1]", r"section `check` must hold names and values. Got \[1\]"),
        ("[1]", "params.yaml must hold one section a step. Got list"),
        ("check: {", "params.yaml is not YAML"),
        ("create_samples: {windth: 9}", "section `create_samples`: `windth` is not known. Known are blur,"),
    ],
)
def test_what_params_yaml_has_wrong_is_said(tmp_path, text, words):
    (tmp_path / "params.yaml").write_text(text, encoding="ascii")
    with pytest.raises(ParameterError, match=words):
        call(check_app, "p", "n")


@pytest.mark.usefixtures("pictures")
def test_plan_says_what_a_training_takes(capsys):
    assert call(plan_app, "1143", "n", "--num-neg", "5") == 0
    said = capsys.readouterr().out
    assert "1,143 samples; num_pos 1,000, at most 1,000" in said
    assert "not enough" in said
    assert "78,460" in said


@pytest.mark.usefixtures("pictures")
def test_plan_of_what_cannot_work_is_status_1(capsys):
    assert call(plan_app, "100", "n", "--num-pos", "100") == 1
    assert "num_pos 100, at most" in capsys.readouterr().out
