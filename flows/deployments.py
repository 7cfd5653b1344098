"""What can be started from Prefect's page: one table, which `facefoundry up`, `serve` and `prefect.yaml` deploy.

A form begins with the values of `params.yaml` in the folder that serves it, or with a preset's: a deployment for each
preset, so that the form shows what will be used. One run of a deployment goes at a time, the next ones wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, get_type_hints

from flows.pipeline import SECTIONS
from flows.presets import find_preset
from flows.read_params import make_params, require_known_sections
from runs.parameters import Parameters
from tasks.publish_models import RegisterParams
from tasks.publish_params import refuse_password

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

TAG = "facefoundry"
"""All deployments of this program have it."""

HERE = "here"
"""The name of the deployments whose forms begin with the values of `params.yaml`."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A flow with a name, the values that its form begins with, and perhaps a schedule, switched off at first.

    `flow` names the module below `flows/` and the function in it. `cron` is in UTC. `given` are values of the
    flow's own parameters, not of its steps'.
    """

    flow: str
    name: str = HERE
    preset: str | None = None
    cron: str | None = None
    tags: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Its name on the server, ``FLOW/NAME``."""
        return f"{self.flow.replace('_', '-')}/{self.name}"

    @property
    def entrypoint(self) -> str:
        """Where a runner finds the flow: a module's path, whatever the current folder is."""
        return f"flows.{self.flow}.{self.flow}"

    @property
    def description(self) -> str:
        """What the form begins with, and where its schedule is switched on."""
        begins = f"The preset `{self.preset}`" if self.preset else "The values of `params.yaml`"
        words = [f"{begins}, each step's defaults where it has none."]
        words += [find_preset(self.preset).description] if self.preset else []
        words += ["Its schedule is off until you switch it on, beside."] if self.cron else []
        return " ".join(words)

    @property
    def all_tags(self) -> list[str]:
        """`tags` and those that every deployment of its kind has."""
        kinds = {TAG: True, "preset": self.preset is not None, "scheduled": self.cron is not None}
        return [*(tag for tag, holds in kinds.items() if holds), *self.tags]


def _new(line: str, folder: str) -> dict[str, str]:
    return {"line": line, "pictures": f"new/{folder}", "deployment": f"retrain/{HERE}"}


DEPLOYMENTS: tuple[Deployment, ...] = (
    Deployment(flow="train_both", tags=("cascade", "cnn")),
    Deployment(flow="train_cascade", tags=("cascade",)),
    Deployment(flow="train_cascade", name="frontal-face", preset="frontal-face", tags=("cascade",)),
    Deployment(flow="train_cascade", name="frontal-face-many", preset="frontal-face-many", tags=("cascade",)),
    Deployment(flow="train_cnn", tags=("cnn",)),
    Deployment(flow="train_cnn", name="ferplus", preset="ferplus", tags=("cnn",)),
    Deployment(flow="build_pair", tags=("pair",)),
    Deployment(flow="retrain", cron="0 3 * * 1", tags=("cascade", "cnn")),
    Deployment(
        flow="watch_drift", name="cascade", cron="0 5 * * *", tags=("cascade",), given=_new("cascade", "scenes")
    ),
    Deployment(flow="watch_drift", name="cnn", cron="30 5 * * *", tags=("cnn",), given=_new("cnn", "faces")),
    Deployment(
        flow="watch_drift", name="pair", cron="0 6 * * *", tags=("pair",), given=_new("pair", "expression_scenes")
    ),
    Deployment(flow="promote_model", tags=("cascade", "cnn", "pair")),
)


def make(where: str, sections: Mapping[str, Any], store: RegisterParams) -> list[RunnerDeployment]:
    """Make Prefect's deployments of the whole table.

    Parameters
    ----------
    where
        Where the sections are from, for errors.
    sections
        `params.yaml` as it is written. A preset's deployment takes the preset's, and only `registration` of these.
    store
        Where the runs register, of every deployment.

    Raises
    ------
    ParameterError
        A section or a value is wrong, or `store` names a password, which Prefect's page would show.
    """
    refuse_password(store)
    kinds = {deployment.flow: parameters_of(deployment.flow) for deployment in DEPLOYMENTS}
    require_known_sections(where, dict(sections), SECTIONS)
    return [_make(deployment, where, sections, kinds[deployment.flow], store) for deployment in DEPLOYMENTS]


def load(flow: str) -> Any:
    """The flow of that name; Prefect takes seconds to import."""
    return getattr(import_module(f"flows.{flow}"), flow)


def parameters_of(flow: str) -> dict[str, type[Parameters]]:
    """A flow's parameters that are steps' parameter objects, by name."""
    hints = get_type_hints(load(flow).fn)
    return {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Parameters)}


def _make(
    deployment: Deployment,
    where: str,
    sections: Mapping[str, Any],
    kinds: Mapping[str, type[Parameters]],
    store: RegisterParams,
) -> RunnerDeployment:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.types.entrypoint import EntrypointType

    if deployment.preset:
        where = f"preset {deployment.preset}"
        sections = {"registration": sections.get("registration"), **find_preset(deployment.preset).sections}
    made = make_params(where, dict(sections), dict(kinds))
    values = {name: _stored(one, store).as_dict() for name, one in made.items()}
    flow = load(deployment.flow)
    result: RunnerDeployment = flow.to_deployment(
        name=deployment.name,
        parameters={**deployment.given, **values},
        schedules=_schedules(deployment),
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        description=f"{flow.description}\n\n{deployment.description}",
        tags=deployment.all_tags,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    return result


def _stored(params: Parameters, store: RegisterParams) -> Parameters:
    """`params`, with the address of `store` where they are a store's; the rest of theirs stays."""
    if not isinstance(params, RegisterParams):
        return params
    return replace(params, tracking_uri=store.tracking_uri, artifact_location=store.artifact_location)


def _schedules(deployment: Deployment) -> list[Any] | None:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    if deployment.cron is None:
        return None
    schedule = CronSchedule(cron=deployment.cron, timezone="UTC")
    return [DeploymentScheduleCreate(schedule=schedule, active=False, slug=deployment.name)]
