"""`facefoundry up`, `down` and `serve`: the factory behind Prefect's page."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from annotated_types import Ge

from cascade.errors import ToolFailedError
from flows import deployments
from flows.commands.store_commands import store_params
from flows.run_folder import make_prefect_home
from flows.run_server import answers, prefect_environment, prefect_server, start_turn
from flows.serve_runs import serve_runs
from flows.store_server import STORE
from flows.up import Service, keep_up, require_free_port
from flows.up_state import UP, Up, running_up
from runs.errors import RunMismatchError
from runs.lock import RunLock
from runs.progress import duration
from tasks.publish_params import RegisterParams, absolute, artifact_root, hide_password, refuse_password

_SECONDS_TO_END = 40
Port = Annotated[int, Ge(1)]


def serve(*, limit: Annotated[int, Ge(1)] = 2, store: str | None = None) -> None:
    """Serve the deployments on a Prefect server that is there already, until Ctrl-C.

    PREFECT_API_URL names the server. The forms begin with the values of `params.yaml` in this folder.

    Parameters
    ----------
    limit
        Runs at once, at most: a training takes all cores.
    store
        MLflow's store for the runs, in place of the one that `params.yaml` names.
    """
    serve_runs(RegisterParams(tracking_uri=store) if store else store_params(), limit)


def up(
    *,
    prefect_port: Port = 4200,
    mlflow_port: Port = 5000,
    limit: Annotated[int, Ge(1)] = 2,
    patience: Annotated[float, Ge(1)] = 600.0,
) -> None:
    """Start Prefect's server, MLflow's server and a runner of the deployments, and keep them up until Ctrl-C.

    All listen on this machine's loopback only. Databases, logs and the runs are below `work/`, and stay.

    Parameters
    ----------
    prefect_port
        Where Prefect's page is: http://127.0.0.1:4200.
    mlflow_port
        Where MLflow's page is: http://127.0.0.1:5000. It is not used when `params.yaml` names an MLflow server.
    limit
        Runs at once, at most: a training takes all cores.
    patience
        Seconds within which all must be up.
    """
    UP.mkdir(parents=True, exist_ok=True)
    with _alone():
        _refuse_another_server()
        store = store_params()
        own_store = not store.tracking_uri.startswith("http")
        if not own_store:
            refuse_password(store)
        at = Up(
            os.getpid(),
            f"http://127.0.0.1:{prefect_port}",
            f"http://127.0.0.1:{mlflow_port}" if own_store else store.tracking_uri,
        )
        require_free_port(prefect_port, "Prefect", "--prefect-port")
        services = [_prefect(at, prefect_port), _runner(at, limit)]
        if own_store:
            require_free_port(mlflow_port, "MLflow", "--mlflow-port")
            services.insert(1, _mlflow(at, mlflow_port, store))
        _keep_up(at, store, services, patience)


def _keep_up(at: Up, store: RegisterParams, services: list[Service], patience: float) -> None:
    say = _say(f"starting {', '.join(service.name for service in services)}; the first time takes longer")
    with ExitStack() as starting:
        starting.enter_context(start_turn(make_prefect_home()))
        started = time.monotonic()
        at.write()

        def ready() -> None:
            starting.close()
            _welcome(at, store, time.monotonic() - started)

        try:
            keep_up(services, UP, ready, say, patience)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("everything is down; databases, logs and runs stay for the next time") from None


def down() -> None:
    """End the `facefoundry up` of this folder, and wait until all that it started is gone."""
    found = running_up()
    if found is None:
        print(f"Nothing is up in {Path.cwd()}.")
        return
    os.kill(found.process, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_END
    while running_up() is not None:
        if time.monotonic() > deadline:
            raise ToolFailedError(f"Process {found.process} did not end within {_SECONDS_TO_END} s.")
        time.sleep(0.2)
    print("Everything is down.")


@contextmanager
def _alone() -> Iterator[None]:
    try:
        lock = RunLock(UP)
    except RunMismatchError:
        found = running_up()
        where = f" (process {found.process}): Prefect at {found.prefect}, MLflow on {found.store}" if found else ""
        raise RunMismatchError(
            f"`facefoundry up` runs in this folder already{where}. `facefoundry down` ends it."
        ) from None
    with lock:
        yield


def _refuse_another_server() -> None:
    named = os.environ.get("PREFECT_API_URL")
    if named:
        raise ToolFailedError(
            f"PREFECT_API_URL names a server already, {named}: `facefoundry serve` serves on it. Unset it to have one "
            "started here."
        )


def _prefect(at: Up, port: int) -> Service:
    make_prefect_home()
    command, environment = prefect_server(port), prefect_environment(at.prefect)
    return Service("prefect", command, environment, lambda: answers(f"{at.api}/health"))


def _mlflow(at: Up, port: int, store: RegisterParams) -> Service:
    """MLflow's server. Clients read and write the models' files themselves, as without it: one store, two doors."""
    files = artifact_root(store) or Path("work/mlflow/artifacts").absolute().as_uri()
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    kept = ["--no-serve-artifacts", "--default-artifact-root", files]
    command = [sys.executable, "-m", "flows.store_server", *where, *kept]
    address = absolute(store.tracking_uri)
    environment = {**os.environ, STORE: address, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return Service("mlflow", command, environment, lambda: answers(f"{at.store}/health"))


def _runner(at: Up, limit: int) -> Service:
    started = datetime.now(UTC).isoformat()
    command = [sys.executable, "-m", "flows.command_line", "serve", "--limit", str(limit), "--store", at.store]
    environment = {**os.environ, "PREFECT_API_URL": at.api}
    return Service("runner", command, environment, lambda: _polled(at.api, started), after=("prefect",))


def _polled(api: str, since: str) -> bool:
    """Whether a runner has asked for the runs of all deployments since then."""
    body = json.dumps({"deployments": {"tags": {"all_": [deployments.TAG]}}}).encode()
    request = urllib.request.Request(f"{api}/deployments/filter", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = json.load(answer)
    except OSError:
        return False
    polled = {f"{one['flow_id']}/{one['name']}" for one in found if (one["last_polled"] or "") > since}
    return len(polled) >= len(deployments.DEPLOYMENTS)


def _say(first: str) -> Callable[[str], None]:
    def say(line: str) -> None:
        print(f"facefoundry: {line}", file=sys.stderr, flush=True)

    say(first)
    return say


def _welcome(at: Up, store: RegisterParams, seconds: float) -> None:
    told = {
        "Prefect": (f"{at.prefect}/deployments", "start runs by a form, watch them, switch schedules on"),
        "MLflow": (f"{at.store}/#/models", f"runs, figures and models, on {hide_password(store.tracking_uri)}"),
        "Logs": (f"{UP}/*.log", ""),
    }
    width = max(len(address) for address, _ in told.values())
    print(f"\nFacefoundry is up, after {duration(seconds)}.\n")
    for name, (address, what) in told.items():
        print(f"  {name:<9}{address:<{width + 3}}{what}".rstrip())
    print("\nCtrl-C here, or `facefoundry down` in this folder, ends all of it.", flush=True)
