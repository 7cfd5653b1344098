"""One pipeline, three doors: the table, `dvc.yaml`, and the flows name the same steps in the same order."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cnn.merge import merge
from flows import build_pair, train_both, train_cascade, train_cnn
from flows.commands.run_commands import flow_parameters
from flows.pipeline import CASCADE_LINE, CNN_LINE, PAIR_LINE, Layout, Step

ROOT = Path(__file__).parent.parent.parent
STEPS = CASCADE_LINE + CNN_LINE + PAIR_LINE


@pytest.fixture(scope="module")
def stages() -> dict[str, Any]:
    stages: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    return stages


def test_dvc_names_the_same_steps_in_the_same_order(stages: dict[str, Any]) -> None:
    assert list(stages) == [step.name for step in STEPS]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_stage_reads_and_writes_what_the_table_says(step: Step, stages: dict[str, Any]) -> None:
    stage = stages[step.name]
    reads = [read if read.startswith("data/") else f"work/{read}" for read in step.reads]
    outs = [out if isinstance(out, str) else next(iter(out)) for out in stage.get("outs", [])]
    assert stage["deps"] == reads
    assert outs == ([f"work/{step.writes}"] if step.writes else [])


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_each_stage_depends_on_its_own_parameters(step: Step, stages: dict[str, Any]) -> None:
    section = "registration" if step.writes is None else step.name
    assert stages[step.name].get("params", []) == ([section, *step.other_params] if step.params else [])


@pytest.mark.parametrize(
    ("module", "line"),
    [(train_cascade, CASCADE_LINE), (train_cnn, CNN_LINE), (train_both, PAIR_LINE), (build_pair, PAIR_LINE)],
    ids=["cascade", "cnn", "both", "pair"],
)
def test_each_flow_calls_the_steps_in_the_same_order(module: Any, line: tuple[Step, ...]) -> None:
    calls = [
        node.func.attr
        for node in sorted(ast.walk(ast.parse(inspect.getsource(module))), key=lambda node: getattr(node, "lineno", 0))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if isinstance(node.func.value, ast.Name) and node.func.value.id.endswith("_steps")
    ]
    assert calls == [step.name for step in line]


@pytest.mark.parametrize(
    ("flow", "line"),
    [
        (train_cascade.train_cascade, CASCADE_LINE),
        (train_cnn.train_cnn, CNN_LINE),
        (train_both.train_both, STEPS),
    ],
    ids=["cascade", "cnn", "both"],
)
def test_every_flow_takes_each_steps_parameters_by_its_name(flow: Any, line: tuple[Step, ...]) -> None:
    chosen = flow_parameters(ROOT / "params.yaml", line)
    accepted = set(inspect.signature(flow.fn).parameters)
    assert set(chosen) | {"data", "out", "restart", "cluster"} == accepted


@pytest.mark.parametrize("module", [train_cascade, train_cnn], ids=["cascade", "cnn"])
def test_each_flow_registers_its_model_with_the_version_of_its_own_data(module: Any) -> None:
    (call,) = re.findall(r"register_steps\.register_\w+\((.*)\)", inspect.getsource(module))
    assert call.endswith(", registration, data, origin")


@pytest.mark.parametrize("flow", [train_cascade.train_cascade, train_cnn.train_cnn, train_both.train_both])
def test_every_field_of_the_form_is_described_and_bounded(flow: Any) -> None:
    schema = flow.parameters.model_dump()
    for name, kind in schema["definitions"].items():
        for field, rule in kind["properties"].items():
            assert rule.get("description"), f"{name}.{field}"
    for name, rule in schema["properties"].items():
        assert rule.get("description") or "$ref" in rule or "allOf" in rule, name


def test_the_layout_finds_datasets_under_their_names(tmp_path: Path) -> None:
    layout = Layout(tmp_path, tmp_path / "work")
    assert (layout.fer2013, layout.ferplus, layout.affectnet) == (None, None, None)
    (tmp_path / "fer2013").mkdir()
    (tmp_path / "affectnet").mkdir()
    for name in ("fer2013.csv.xz", "fer2013new.csv"):
        (tmp_path / "fer2013" / name).touch()
    assert layout.fer2013 == tmp_path / "fer2013" / "fer2013.csv.xz"
    assert layout.ferplus == tmp_path / "fer2013" / "fer2013new.csv"
    assert layout.affectnet == tmp_path / "affectnet"
    (tmp_path / "mpi").mkdir()
    assert layout.datasets == {
        **{"fer2013": layout.fer2013, "ferplus": layout.ferplus, "affectnet": layout.affectnet},
        **{"ckplus": None, "mpi": tmp_path / "mpi", "folders": None},
    }


def test_the_layout_names_every_dataset_that_a_merge_takes() -> None:
    taken = {name for name, rule in inspect.signature(merge).parameters.items() if rule.kind is rule.KEYWORD_ONLY}
    assert set(Layout().datasets) == taken - {"report"}


def test_a_step_without_a_folder_has_no_output() -> None:
    with pytest.raises(KeyError, match="writes no folder"):
        Layout().output("register_cnn")
