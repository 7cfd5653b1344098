"""Presets are whole, can be run with, and print as a file that means the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.train import CascadeTrainParams
from flows.command_line import app
from flows.commands.run_commands import RunOptions, command_line, flow_parameters
from flows.pipeline import CASCADE_LINE, CNN_LINE
from flows.presets import all_presets, as_params_file, combine, find_preset
from flows.read_params import PARAMS_FILE
from runs.parameters import ParameterError

LINE = CASCADE_LINE + CNN_LINE


@pytest.mark.parametrize("name", list(all_presets()))
def test_a_preset_means_the_same_by_name_and_as_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(as_params_file([find_preset(name)]))
    assert flow_parameters(path, LINE) == flow_parameters(PARAMS_FILE, LINE, (name,))


@pytest.mark.parametrize("name", [name for name in all_presets() if "train_cascade" in all_presets()[name].sections])
def test_samples_and_training_have_one_window(name: str) -> None:
    sections = find_preset(name).sections
    train, samples = sections["train_cascade"], sections["create_samples"]
    assert (train["width"], train["height"]) == (samples["width"], samples["height"])


def test_presets_of_both_lines_are_taken_together() -> None:
    chosen = flow_parameters(PARAMS_FILE, LINE, ("frontal-face", "ferplus"))
    train = chosen["train_cascade"]
    assert isinstance(train, CascadeTrainParams)
    assert train.mode == find_preset("frontal-face").sections["train_cascade"]["mode"] == "ALL"
    assert chosen["train_cnn"] == flow_parameters(PARAMS_FILE, LINE, ("ferplus",))["train_cnn"]


def test_a_preset_is_not_mixed_with_the_folders_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    PARAMS_FILE.write_text("collect: {min_width: 99}\n")
    assert flow_parameters(PARAMS_FILE, LINE, ("ferplus",))["collect"] != flow_parameters(PARAMS_FILE, LINE)["collect"]


def test_a_preset_and_a_file_named_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"`preset` and `params` exclude each other. Got ferplus and mine.yaml"):
        flow_parameters(Path("mine.yaml"), LINE, ("ferplus",))


def test_two_presets_for_one_step_are_refused() -> None:
    with pytest.raises(ParameterError, match="`preset` ferplus: another one has values for `merge` too"):
        combine([find_preset("ferplus")] * 2)


def test_an_unknown_preset_is_answered_with_those_there_are() -> None:
    with pytest.raises(ParameterError, match=r"`preset` must be one of frontal-face, .*ferplus. Got 'face'"):
        find_preset("face")


def test_the_command_that_resumes_names_the_presets() -> None:
    options = RunOptions(preset=("frontal-face", "ferplus"), restart=True)
    assert command_line("both", options) == "facefoundry run both --preset frontal-face --preset ferplus --restart"


def test_the_commands_list_and_print(capsys: pytest.CaptureFixture[str]) -> None:
    app("presets", result_action="return_value")
    assert "frontal-face" in capsys.readouterr().out
    app("presets show ferplus", result_action="return_value")
    assert capsys.readouterr().out == as_params_file([find_preset("ferplus")])
