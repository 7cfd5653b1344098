"""The table of deployments: every form is complete, begins with the right values, and `prefect.yaml` has the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
import yaml
from annotated_types import Ge, Gt, Le, Lt

from flows import deployments, watch_runs
from flows.deployments import DEPLOYMENTS, HERE, TAG
from flows.pipeline import SECTIONS
from flows.presets import all_presets
from runs.parameters import ParameterError, Parameters
from tasks.publish_models import RegisterParams

ROOT = Path(__file__).parent.parent.parent
STORE = RegisterParams(tracking_uri="http://127.0.0.1:5000")
WORDS = {Ge: ("minimum", "ge"), Gt: ("exclusiveMinimum", "gt"), Le: ("maximum", "le"), Lt: ("exclusiveMaximum", "lt")}
FLOWS = sorted({deployment.flow for deployment in DEPLOYMENTS})

pytestmark = pytest.mark.slow  # importing Prefect takes seconds


@pytest.fixture(scope="module")
def table() -> dict[str, Any]:
    """Prefect's deployments by full name, with a section of `params.yaml`."""
    made = deployments.make("params.yaml", {"train_cascade": {"num_stages": 7}}, STORE)
    return {one.full_name: one for one in made}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    """What each flow's form is made from."""
    from prefect.utilities.callables import parameter_schema

    return {flow: parameter_schema(deployments.load(flow)).model_dump_for_openapi() for flow in FLOWS}


@pytest.mark.parametrize("flow", FLOWS)
def test_every_field_of_a_form_has_a_description_and_a_default(schemas: dict[str, Any], flow: str) -> None:
    for name, shown in every_field(schemas[flow]):
        assert len(shown.get("description", "")) > 10, f"{flow}: {name} has no description"
        given = all(name in deployment.given for deployment in DEPLOYMENTS if deployment.flow == flow)
        assert "default" in shown or given, f"{flow}: {name} has no default"


@pytest.mark.parametrize("flow", FLOWS)
def test_bounds_and_choices_of_a_form_are_those_of_the_parameters(schemas: dict[str, Any], flow: str) -> None:
    forms = schemas[flow]["definitions"]
    for kind in deployments.parameters_of(flow).values():
        shown = forms[kind.__name__]["properties"]
        assert set(shown) == {field.name for field in fields(kind)}
        for name, hint in get_type_hints(kind, include_extras=True).items():
            if name in shown:
                told = {key: value for key, value in flat(shown[name]).items() if key in (*map(first, WORDS), "enum")}
                assert told == rules(hint), f"{flow}: {kind.__name__}.{name}"


def test_what_a_deployment_gives_is_asked_for_by_its_flow(schemas: dict[str, Any]) -> None:
    for deployment in DEPLOYMENTS:
        preset = all_presets()[deployment.preset].sections if deployment.preset else {}
        assert {*deployment.given, *preset} <= set(schemas[deployment.flow]["properties"]), deployment.full_name


def test_every_flow_is_watched() -> None:
    assert {deployment.full_name.split("/")[0] for deployment in DEPLOYMENTS} == set(watch_runs.FLOWS)


@pytest.mark.parametrize("flow", FLOWS)
def test_a_form_begins_with_the_defaults_of_the_steps(schemas: dict[str, Any], flow: str) -> None:
    for name, kind in deployments.parameters_of(flow).items():
        assert schemas[flow]["properties"][name]["default"] == kind().as_dict(), f"{flow}: {name}"
        for field in fields(kind):
            assert field.default is not MISSING or field.default_factory is not MISSING


def test_the_flows_bear_the_names_of_the_table(table: dict[str, Any]) -> None:
    assert list(table) == [deployment.full_name for deployment in DEPLOYMENTS]
    assert len(table) == len(DEPLOYMENTS)


def test_a_form_begins_with_params_yaml_or_with_a_preset(table: dict[str, Any]) -> None:
    assert table["train-cascade/here"].parameters["train_cascade"]["num_stages"] == 7
    for deployment in DEPLOYMENTS:
        if deployment.preset:
            sections = all_presets()[deployment.preset].sections
            values = table[deployment.full_name].parameters
            for section, given in sections.items():
                assert given.items() <= values[section].items()
            assert all_presets()[deployment.preset].description in table[deployment.full_name].description


def test_every_preset_has_a_deployment() -> None:
    assert {deployment.preset for deployment in DEPLOYMENTS} == {None, *all_presets()}


def test_every_form_registers_in_the_one_store(table: dict[str, Any]) -> None:
    for name, one in table.items():
        stores = [kind for kind in one.parameters.values() if "tracking_uri" in kind]
        assert [store["tracking_uri"] for store in stores] == [STORE.tracking_uri], name


def test_one_run_of_a_deployment_goes_at_a_time_and_the_next_waits(table: dict[str, Any]) -> None:
    for one in table.values():
        assert one.concurrency_limit == 1
        assert one.concurrency_options.collision_strategy.value == "ENQUEUE"


def test_a_schedule_is_off_until_somebody_switches_it_on(table: dict[str, Any]) -> None:
    for deployment in DEPLOYMENTS:
        schedules = table[deployment.full_name].schedules
        assert [(one.schedule.cron, one.active, one.slug) for one in schedules] == (
            [(deployment.cron, False, deployment.name)] if deployment.cron else []
        )


def test_a_password_goes_on_no_page() -> None:
    store = RegisterParams(tracking_uri="postgresql://me:secret@db/mlflow")
    with pytest.raises(ParameterError, match=r"must not hold a password.*postgresql://me:\*\*\*@db/mlflow"):
        deployments.make("params.yaml", {}, store)


def test_the_command_line_takes_the_sections_that_the_forms_take() -> None:
    kinds = {name for flow in FLOWS for name in deployments.parameters_of(flow)}
    assert kinds - {"cluster"} == SECTIONS  # a command has options for it


def test_a_section_that_no_flow_reads_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"my\.yaml: no step reads the section `train_cascad`"):
        deployments.make("my.yaml", {"train_cascad": {}}, STORE)


def test_prefect_yaml_has_the_same_deployments() -> None:
    written = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert [one["name"] for one in written] == [deployment.name for deployment in DEPLOYMENTS]
    for one, deployment in zip(written, DEPLOYMENTS, strict=True):
        assert one["entrypoint"] == f"flows/{deployment.flow}.py:{deployment.flow}"
        assert one["tags"] == deployment.all_tags
        assert one["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
        schedules = one.get("schedules", [])
        assert schedules == (
            [{"cron": deployment.cron, "timezone": "UTC", "active": False, "slug": deployment.name}]
            if deployment.cron
            else []
        )
        wanted = all_presets()[deployment.preset].sections if deployment.preset else deployment.given
        assert one.get("parameters", {}) == wanted


def test_the_names_say_where_the_values_are_from() -> None:
    for deployment in DEPLOYMENTS:
        assert TAG in deployment.all_tags
        if deployment.preset:
            assert deployment.name == deployment.preset
        elif not deployment.given:
            assert deployment.name == HERE


def every_field(schema: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema["properties"].items()
    for kind, form in schema["definitions"].items():
        yield from ((f"{kind}.{name}", shown) for name, shown in form["properties"].items())


def flat(shown: dict[str, Any]) -> dict[str, Any]:
    """A field that may be empty has its rules one level down."""
    parts = [part for part in shown.get("anyOf", []) if part.get("type") != "null"]
    return {**shown, **(parts[0] if len(parts) == 1 else {})}


def rules(hint: Any) -> dict[str, Any]:
    """What a form must say of a parameter's bounds and choices."""
    from types import UnionType
    from typing import Literal, Union

    if get_origin(hint) is Annotated:
        inner, *bounds = get_args(hint)
        told = {WORDS[type(one)][0]: getattr(one, WORDS[type(one)][1]) for one in bounds if type(one) in WORDS}
        return {**rules(inner), **told}
    if get_origin(hint) in (Union, UnionType):
        return {key: value for part in get_args(hint) for key, value in rules(part).items()}
    return {"enum": list(get_args(hint))} if get_origin(hint) is Literal else {}


def first(kind: type) -> str:
    return WORDS[kind][0]


def test_parameters_of_a_flow_are_its_steps() -> None:
    kinds = deployments.parameters_of("train_cascade")
    assert "data" not in kinds
    assert all(issubclass(kind, Parameters) for kind in kinds.values())
