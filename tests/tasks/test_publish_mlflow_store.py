"""Stores that are away, made twice at once, or damaged: clear errors, and nothing that was registered is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.publish_mlflow_store import StoreFailedError, open_store
from tasks.publish_models import PublishError, RegisterParams, list_models, pull, register_cascade
from tasks.register_steps import RETRY_SECONDS

ROOT = Path(__file__).parent.parent.parent
REGISTER = """
import sys
from pathlib import Path
from tasks.publish_models import RegisterParams, register_cascade
import mlflow
cascade, run, score, store = map(Path, sys.argv[1:5])
print("ready", flush=True)
sys.stdin.readline()
print(register_cascade(cascade, run, score, RegisterParams(tracking_uri=f"sqlite:///{store}")).version)
"""

pytestmark = pytest.mark.mlflow


def test_a_server_that_is_away_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StoreFailedError, match=r"refused.*Is the server up\? When it is, the same command works"):
        list_models("http://127.0.0.1:9")


def test_a_password_is_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(StoreFailedError, match=r"http://me:\*\*\*@127\.0\.0\.1:9 failed") as failed:
        list_models("http://me:hush@127.0.0.1:9")
    assert "hush" not in str(failed.value)


def test_a_registration_waits_for_its_server_for_three_minutes() -> None:
    assert sum(RETRY_SECONDS) > 180


def test_a_store_that_is_there_is_left_as_it_is(params: RegisterParams, tmp_path: Path) -> None:
    path = tmp_path / "a store" / "mlflow.db"
    before = path.stat().st_ino
    with open_store(params.tracking_uri) as client:
        assert len(client.search_experiments()) == 1
    assert path.stat().st_ino == before
    assert sorted(os.listdir(path.parent)) == ["mlflow.db"]


@pytest.mark.slow
def test_two_that_register_at_once_in_a_new_store_both_succeed(
    cascade: Path, run: Path, score: Path, measured: Callable[[Path], None], tmp_path: Path
) -> None:
    other = tmp_path / "other.xml"
    other.write_text(cascade.read_text() + "<!-- another -->\n")
    scores = [score, tmp_path / "other score"]
    subprocess.run(["cp", "-r", *map(str, scores)], check=True)
    measured(other)
    store = tmp_path / "new" / "mlflow.db"
    both = [start(each, run, at, store) for each, at in ((cascade, scores[1]), (other, scores[0]))]
    for process in both:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate() for process in both]
    assert sorted(said for said, _ in answers) == ["1\n", "2\n"], answers
    params = RegisterParams(tracking_uri=f"sqlite:///{store}")
    pulled = {pull(f"face-cascade/{n}", tmp_path / f"pulled {n}", params).file.read_bytes() for n in (1, 2)}
    assert pulled == {cascade.read_bytes(), other.read_bytes()}
    assert sorted(os.listdir(store.parent)) == ["artifacts", "mlflow.db"]


def start(cascade: Path, run: Path, score: Path, store: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", REGISTER, *map(str, (cascade, run, score, store))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload, no-any-return]


@pytest.mark.slow
def test_a_damaged_champion_stops_nothing_but_its_own_use(
    cascade: Path, run: Path, score: Path, params: RegisterParams, measured: Callable[[Path], None], tmp_path: Path
) -> None:
    import mlflow

    first = register_cascade(cascade, run, score, params)
    (stored,) = (tmp_path / "a store").rglob("artifacts/artifacts/cascade.xml")
    good = stored.read_bytes()
    stored.write_bytes(good[:100] + bytes(200) + good[300:])
    with pytest.raises(PublishError, match=r"face-cascade version 1 is damaged"):
        pull("face-cascade", tmp_path / "pulled", params)
    with (
        open_store(params.tracking_uri),
        pytest.raises(RuntimeError, match=r"cascade\.xml is no cascade that OpenCV .* reads\. Is it damaged"),
    ):
        mlflow.pyfunc.load_model(first.uri)
    cascade.write_text(cascade.read_text() + "<!-- another -->\n")
    measured(cascade)
    second = register_cascade(cascade, run, score, params)
    assert (second.version, second.alias) == (2, "challenger")
    assert [one["version"] for one in list_models(params.tracking_uri)] == [2, 1]
    assert pull("face-cascade/2", tmp_path / "pulled", params).file.read_bytes() == cascade.read_bytes()
    stored.write_bytes(good)
    assert pull("face-cascade/1", tmp_path / "pulled", params).file.read_bytes() == good
