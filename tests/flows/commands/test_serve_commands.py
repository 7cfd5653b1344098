"""`facefoundry up` for real: its pages in Chromium, a run through the form, and nothing left however it ends."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from cascade.errors import ToolFailedError
from flows.commands import serve_commands
from flows.deployments import DEPLOYMENTS, TAG
from runs.parameters import ParameterError

PROGRAM = str(Path(sys.executable).parent / "facefoundry")
QUICK = {
    "train_cascade": {"feature_type": "LBP", "num_stages": 7, "num_neg": 200, "num_threads": 2},
    "evaluate_cascade": {"traced_megapixels": 0.0, "montage_scenes": 2},
}
MINUTES = 10 * 60.0
SECONDS = 60.0

pytestmark = [pytest.mark.prefect, pytest.mark.mlflow, pytest.mark.slow, pytest.mark.timeout(1500)]


class Factory:
    """A running `facefoundry up` in a stranger's folder."""

    def __init__(self, place: Path, process: subprocess.Popen[str], prefect: str, mlflow: str) -> None:
        self.place, self.process, self.prefect, self.mlflow = place, process, prefect, mlflow

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.prefect}/api/{path}", data, {"Content-Type": "application/json"})
        request.method = method or request.get_method()
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or "null")

    def command(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        told = {**os.environ, **environment}
        return subprocess.run([PROGRAM, *words], cwd=self.place, env=told, capture_output=True, text=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, small_sample_data: Path) -> Path:
    place = tmp_path_factory.mktemp("stranger")
    (place / "data").symlink_to(small_sample_data)
    (place / "params.yaml").write_text(yaml.safe_dump(QUICK))
    return place


@pytest.fixture(scope="module")
def factory(place: Path) -> Iterator[Factory]:
    with up(place) as started:
        yield started


@contextmanager
def up(place: Path) -> Iterator[Factory]:
    ports = free_ports()
    command = [PROGRAM, "up", "--prefect-port", str(ports[0]), "--mlflow-port", str(ports[1])]
    environment = {name: value for name, value in os.environ.items() if name not in ("PREFECT_API_URL", "PREFECT_HOME")}
    with (place / "up.txt").open("w") as log:
        process = subprocess.Popen(command, cwd=place, env=environment, stdout=log, stderr=log, text=True)
    try:
        wait_for(lambda: process.poll() is not None or "Facefoundry is up" in said(place), MINUTES)
        assert process.poll() is None, said(place)
        yield Factory(place, process, *(f"http://127.0.0.1:{port}" for port in ports))
    finally:
        process.terminate()
        process.wait(60)
        wait_for(lambda: not processes_in(place), SECONDS)


def test_it_says_where_everything_is(factory: Factory) -> None:
    wait_for(lambda: "ends all of it" in said(factory.place), SECONDS)
    for words in (factory.prefect, factory.mlflow, "work/up/*.log", "mlflow is up, after"):
        assert words in said(factory.place)
    for address in (factory.prefect, factory.mlflow):
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert answer.status == 200


def test_everything_listens_on_loopback_only(factory: Factory) -> None:
    found = listening(factory.place)
    assert {f"0100007F:{int(address.rsplit(':', 1)[1]):04X}" for address in (factory.prefect, factory.mlflow)} <= found
    assert {one.split(":")[0] for one in found} == {"0100007F"}, "127.0.0.1 alone"


def test_a_page_of_somebody_elses_may_not_start_runs(factory: Factory) -> None:
    """A browser asks before it sends what such a page wants to send."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    allowed = {}
    for page in (factory.prefect, factory.prefect.replace("127.0.0.1", "localhost"), "https://elsewhere.example"):
        request = urllib.request.Request(f"{factory.prefect}/api/flow_runs/", headers={**asked, "Origin": page})
        request.method = "OPTIONS"
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                allowed[page] = answer.headers["Access-Control-Allow-Origin"]
        except urllib.error.HTTPError as refused:
            allowed[page] = refused.headers["Access-Control-Allow-Origin"]
    assert list(allowed.values()) == [*list(allowed)[:2], None]


def test_every_deployment_is_served(factory: Factory) -> None:
    served = factory.ask("deployments/filter", {"deployments": {"tags": {"all_": [TAG]}}})
    assert len(served) == len(DEPLOYMENTS)
    assert {one["status"] for one in served} == {"READY"}


def test_another_one_in_the_same_folder_is_refused_and_told_where_it_is(factory: Factory) -> None:
    done = factory.command("up", PREFECT_API_URL="")
    assert done.returncode == 1
    assert f"runs in this folder already (process {factory.process.pid}): Prefect at {factory.prefect}" in done.stderr


def test_a_parameter_outside_its_bounds_is_refused_by_the_server(factory: Factory) -> None:
    deployment = factory.ask("deployments/name/train-cascade/here")["id"]
    path, wrong = f"deployments/{deployment}/create_flow_run", {"train_cascade": {"num_stages": 0}}
    with pytest.raises(urllib.error.HTTPError, match="409"):
        factory.ask(path, {"parameters": wrong, "state": {"type": "SCHEDULED"}})


@pytest.mark.chromium
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_a_run_is_started_through_the_form_and_shows_what_it_found(factory: Factory) -> None:
    deployment = factory.ask("deployments/name/train-cascade/here")["id"]
    with chromium() as page:
        page.goto(f"{factory.prefect}/deployments/deployment/{deployment}")
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").first.click()
        stages = field(page, "Num Stages").locator("input")
        assert stages.input_value() == "7", "the form begins with params.yaml"
        assert field(page, "Feature Type").get_by_text("LBP", exact=True).count() == 1
        assert "Stages to train at most" in field(page, "Num Stages").inner_text()
        stages.fill("0")
        page.get_by_role("button", name="Submit").click()
        page.get_by_text("0 is less than the minimum of 1").first.wait_for()
        stages.fill("5")
        page.get_by_role("button", name="Submit").click()
        run = the_run_of(factory, deployment)
        assert run["parameters"]["train_cascade"]["num_stages"] == 5
        page.goto(f"{factory.prefect}/runs/flow-run/{run['id']}")
        page.get_by_text("Completed", exact=True).first.wait_for(timeout=1000 * MINUTES)
        shown = {one["key"]: one for one in artifacts(factory, run["id"])}
        assert {"progress-train-cascade", "table-train-cascade", "cascade-figures", "model-face-cascade"} <= set(shown)
        page.goto(f"{factory.prefect}/artifacts/artifact/{shown['cascade-montage']['id']}")
        page.wait_for_function("[...document.images].some(image => image.naturalWidth > 100)")
        page.goto(f"{factory.prefect}/artifacts/artifact/{shown['model-face-cascade']['id']}")
        assert page.get_by_role("link", name="face-cascade version 1").get_attribute("href", timeout=1000 * SECONDS)
        href = page.get_by_role("link", name="its MLflow run").get_attribute("href")
        assert href.startswith(f"{factory.mlflow}/#/runs/")
        page.goto(href)
        page.get_by_text("recommended_recall").first.wait_for()


def test_the_server_and_the_file_are_one_store(factory: Factory) -> None:
    with urllib.request.urlopen(f"{factory.mlflow}/api/2.0/mlflow/model-versions/search", timeout=60) as answer:
        by_server = json.load(answer)["model_versions"]
    by_file = json.loads(factory.command("models", "--json").stdout)
    assert [(one["name"], int(one["version"])) for one in by_server] == [("face-cascade", 1)]
    assert [(one["name"], int(one["version"])) for one in by_file] == [("face-cascade", 1)]


def test_a_run_from_the_command_line_is_on_the_same_page(factory: Factory) -> None:
    """In the folder of the run before, where there is one: it trains nothing again."""
    five = {**QUICK, "train_cascade": {**QUICK["train_cascade"], "num_stages": 5}}
    (factory.place / "five.yaml").write_text(yaml.safe_dump(five))
    made = next((factory.place / "work" / "runs").glob("*"), Path("work/by_hand"))
    done = factory.command("run", "cascade", "--out", str(made), "--params", "five.yaml")
    assert done.returncode == 0, done.stderr
    assert f"this run is on the page of `facefoundry up`, {factory.prefect}" in done.stderr
    flows = factory.ask("flow_runs/filter", {"flow_runs": {"deployment_id": {"is_null_": True}}})
    assert [run["state_type"] for run in flows if run["parent_task_run_id"] is None] == ["COMPLETED"]


def test_a_kill_leaves_no_process_and_the_next_start_has_everything(factory: Factory) -> None:
    deployment = factory.ask("deployments/name/retrain/here")
    path = f"deployments/{deployment['id']}/schedules/{deployment['schedules'][0]['id']}"
    assert deployment["schedules"][0]["active"] is False
    factory.ask(path, {"active": True}, "PATCH")
    before = factory.ask("flow_runs/count", {"deployments": {"name": {"any_": ["here"]}}})
    assert len(processes_in(factory.place)) > 6
    factory.process.kill()
    factory.process.wait()
    wait_for(lambda: not processes_in(factory.place), SECONDS)
    with up(factory.place) as again:
        assert again.ask("deployments/name/retrain/here")["schedules"][0]["active"] is True
        assert again.ask("flow_runs/count", {"deployments": {"name": {"any_": ["here"]}}}) >= before
        done = again.command("down")
        assert done.stdout == "Everything is down.\n"
        assert again.process.wait(SECONDS) == 143
        wait_for(lambda: not processes_in(factory.place), SECONDS)


def test_what_is_in_the_way_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with pytest.raises(ToolFailedError, match="names a server already, http://127"):
        serve_commands.up()
    monkeypatch.delenv("PREFECT_API_URL")
    secret = {"registration": {"tracking_uri": "https://me:secret@mlflow.example"}}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(secret))
    with pytest.raises(ParameterError, match=r"must not hold a password.*https://me:\*\*\*@mlflow\.example"):
        serve_commands.up()
    serve_commands.down()
    assert capsys.readouterr().out == f"Nothing is up in {tmp_path}.\n"


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_default_timeout(120_000)
        try:
            yield page
        finally:
            browser.close()


def field(page: Any, name: str) -> Any:
    """The innermost box of the form that bears this name."""
    return page.locator(".schema-form-property:not(:has(.schema-form-property))").filter(has_text=f"{name} (Optional)")


def the_run_of(factory: Factory, deployment: str) -> Any:
    found: list[Any] = []

    def started() -> bool:
        found[:] = factory.ask("flow_runs/filter", {"deployments": {"id": {"any_": [deployment]}}})
        return bool(found)

    wait_for(started, SECONDS)
    return found[0]


def artifacts(factory: Factory, run: str) -> Any:
    return factory.ask("artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run]}}})


def free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for listener in (one, other):
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in (one, other)]


def said(place: Path) -> str:
    return (place / "up.txt").read_text()


def processes_in(place: Path) -> list[str]:
    """The command lines of the processes whose working folder this is."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == place:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def listening(place: Path) -> set[str]:
    """The addresses, as the kernel writes them, that the processes whose working folder this is listen on."""
    held = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == place:
                held |= {(process / "fd" / name).readlink().name for name in os.listdir(process / "fd")}
    told = "".join(Path(f"/proc/net/{kind}").read_text() for kind in ("tcp", "tcp6"))
    lines = [line.split() for line in told.splitlines()]
    return {line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in held}


def wait_for(holds: Callable[[], Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
