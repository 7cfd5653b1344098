from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from annotated_types import Ge

from flows.commands.run_commands import flow_parameters
from flows.pipeline import CASCADE_LINE
from flows.read_params import read_params
from runs.parameters import ParameterError, Parameters


@dataclass(frozen=True, kw_only=True)
class Sample(Parameters):
    """Parameters of a step."""

    epochs: Annotated[int, Ge(1)] = 3
    rate: float = 0.5


KINDS = {"train": Sample, "other": Sample}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return path


def test_sections_become_parameter_objects_and_absent_ones_take_defaults(tmp_path: Path) -> None:
    path = written(tmp_path, "train:\n  epochs: 7\nsomebody_elses: 1\n")
    assert read_params(path, KINDS) == {"train": Sample(epochs=7), "other": Sample()}


@pytest.mark.parametrize("text", ["", "train:\n"])
def test_an_empty_file_or_section_is_all_defaults(tmp_path: Path, text: str) -> None:
    assert read_params(written(tmp_path, text), KINDS)["train"] == Sample()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train:\n  epoch: 7\n", r"section `train`: `epoch` is not known. Known are epochs,"),
        ("train:\n  epochs: 0\n", r"section `train`: `epochs` must be at least 1. Got 0"),
        ("train:\n  epochs: many\n", "`epochs` must be of type int. Got 'many'"),
        ("train: 3\n", "section `train` must hold names and values. Got 3"),
        ("- 1\n", "must hold one section a step. Got list"),
        ("train: [\n", "is not YAML"),
    ],
)
def test_a_fault_names_file_section_and_rule(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ParameterError, match=f"params.yaml.*{words}"):
        read_params(path, KINDS)


def test_yaml_cannot_make_objects(tmp_path: Path) -> None:
    path = written(tmp_path, "train: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(ParameterError, match="is not YAML"):
        read_params(path, KINDS)


def test_a_section_that_no_step_reads_is_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("trian_cascade:\n  num_stages: 5\n", encoding="ascii")
    with pytest.raises(ParameterError, match=r"no step reads the section `trian_cascade`\. Known are check, collect,"):
        flow_parameters(tmp_path / "params.yaml", CASCADE_LINE)
