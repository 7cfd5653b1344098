"""`facefoundry watch-drift` and `notify`: is the champion still good, and who is told when a run fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from cascade.evaluate import EvaluateCascadeParams
from cnn.evaluate import EvaluateCnnParams
from flows.commands.step_app import FLATTEN, step_command
from flows.commands.store_commands import store_params
from flows.mendable import tell_once
from flows.read_params import params_here
from flows.run_folder import make_prefect_home
from flows.run_server import use_own_server
from flows.watch_runs import FLOWS
from pair.params import EvaluatePairParams
from runs.parameters import ParameterError
from tasks.drift_verdict import DriftParams
from tasks.notify import ADDRESS, TOLD, notify_failures, notify_nobody
from tasks.publish_params import refuse_password


def watch_drift(
    line: Literal["cascade", "cnn", "pair"],
    pictures: Path,
    *,
    retrain: Annotated[bool, Parameter(negative="")] = False,
    params: Annotated[DriftParams, FLATTEN] = DriftParams(),
) -> None:
    """Measure the champion on newly labelled pictures, and say whether it is worse than when it was registered.

    Parameters
    ----------
    line
        The champion of which line.
    pictures
        Annotated scenes for a cascade; class folders, or a store of merged faces, for a network; scenes whose boxes are
        labelled with expressions for the pair.
    retrain
        Where it has drifted, retrain it at once, with `data/` and `params.yaml`; for the pair, both of its parts.
    """
    if not pictures.exists():
        raise ParameterError(f"`pictures` must be there. Got {pictures}.")
    registration = store_params()
    refuse_password(registration)
    use_own_server(make_prefect_home())
    from flows.watch_drift import watch_drift as flow  # now, not above: Prefect takes seconds to import

    tell_once()
    told: Any = {
        "then": "retrain" if retrain else "tell",
        "evaluate_cascade": params_here("evaluate_cascade", EvaluateCascadeParams),
        "evaluate_cnn": params_here("evaluate_cnn", EvaluateCnnParams),
        "evaluate_pair": params_here("evaluate_pair", EvaluatePairParams),
        "registration": registration,
    }
    state: Any = flow(line=line, pictures=pictures, drift=params, **told, return_state=True)
    print(state.result().reason)


watch_drift_app = step_command(watch_drift, "drift", "watch-drift")


def notify(*, off: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Have the Prefect server that PREFECT_API_URL names tell of failed runs.

    It posts JSON to the address in the environment variable FACEFOUNDRY_NOTIFY_URL, which is an environment variable as
    it is a secret: a command's options are everybody's to read.

    Parameters
    ----------
    off
        Tell nobody any more, and forget the address.
    """
    from prefect.settings import PREFECT_API_URL

    api, address = PREFECT_API_URL.value(), os.environ.get(ADDRESS, "")
    if not api:
        raise ParameterError(
            "No Prefect server is named. Set PREFECT_API_URL to one, such as http://127.0.0.1:4200/api."
        )
    if off:
        print("Nobody is told any more." if notify_nobody(api) else "Nobody was told.")
        return
    if not address:
        raise ParameterError(f"{ADDRESS} must hold the webhook's address. It is not set.")
    notify_failures(api, address, FLOWS)
    print(f"{api} tells of runs of deployments that end as {', '.join(TOLD)}.")
