"""Programs that are kept up together: real processes, small ones."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from cascade.errors import ToolFailedError
from flows import up
from flows.up import Service, keep_up, require_free_port
from flows.up_state import UP, Up, running_up
from runs.lock import RunLock

STAYS = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); print('is here', flush=True); time.sleep(600)"
PATIENCE = 60.0


class EnoughError(Exception):
    """Ends what is kept up, as Ctrl-C would."""


def enough() -> None:
    raise EnoughError


def nothing(_line: str) -> None:
    pass


def service(folder: Path, name: str, code: str = STAYS, after: tuple[str, ...] = ()) -> Service:
    """A program that is healthy when it has made the file of its name."""
    command = [sys.executable, "-c", code, str(folder / name)]
    return Service(name, command, dict(os.environ), (folder / name).exists, after)


def running(folder: Path) -> list[str]:
    """The processes, guards included, that work on files of `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(f"{folder}/".encode()) for word in words):
            found.append(process.name)
    return found


def test_all_start_in_their_order_and_end_with_us(tmp_path: Path) -> None:
    said: list[str] = []
    needs_first = "import pathlib, sys; assert pathlib.Path(sys.argv[1]).with_name('first').exists();" + STAYS

    def ready() -> None:
        assert len(running(tmp_path)) == 4, "two programs and their guards"
        enough()

    services = [service(tmp_path, "second", needs_first, after=("first",)), service(tmp_path, "first")]
    with pytest.raises(EnoughError):
        keep_up(services, tmp_path, ready, said.append, PATIENCE)
    assert [line.split(" is up")[0] for line in said] == ["first", "second"]
    assert running(tmp_path) == []
    assert (tmp_path / "second.log").read_text() == "is here\n"


def test_the_log_of_the_last_time_is_kept(tmp_path: Path) -> None:
    (tmp_path / "one.log").write_text("what it said\n")
    with pytest.raises(EnoughError):
        keep_up([service(tmp_path, "one")], tmp_path, enough, nothing, PATIENCE)
    assert (tmp_path / "one.log.old").read_text() == "what it said\n"


def test_one_that_ends_while_it_starts_ends_all_with_its_last_words(tmp_path: Path) -> None:
    broken = service(tmp_path, "broken", "import sys; sys.exit('no database')")
    with pytest.raises(ToolFailedError, match=r"broken ended with 1\. Its last words, of .*broken\.log:\nno database"):
        keep_up([service(tmp_path, "whole"), broken], tmp_path, enough, nothing, PATIENCE)
    assert running(tmp_path) == []


def test_one_that_is_never_healthy_ends_all(tmp_path: Path) -> None:
    deaf = service(tmp_path, "deaf", "import time; time.sleep(600)")
    with pytest.raises(ToolFailedError, match=r"deaf is not up in time \(`--patience`\)"):
        keep_up([deaf], tmp_path, enough, nothing, 0.0)
    assert running(tmp_path) == []


def test_who_waits_is_told_for_whom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "_SECONDS_BETWEEN_LINES", 0.1)
    said: list[str] = []
    slow = service(tmp_path, "slow", "import time; time.sleep(1);" + STAYS)
    with pytest.raises(EnoughError):
        keep_up([slow], tmp_path, enough, said.append, PATIENCE)
    assert said[0] == "waiting for slow"


def test_one_that_crashes_is_started_again_and_in_the_end_all_is_ended(tmp_path: Path) -> None:
    said: list[str] = []
    crashes = """if True:
        import pathlib, sys, time
        pathlib.Path(sys.argv[1]).touch()
        while not pathlib.Path(sys.argv[1]).with_name("now").exists():
            time.sleep(0.05)
        sys.exit("it hurts")
    """
    hurt = service(tmp_path, "hurt", crashes)
    ready = (tmp_path / "now").touch
    with pytest.raises(
        ToolFailedError, match=r"hurt ended 4 times within 10 min 0 s, last with 1.*\n(it hurts\n?){4}$"
    ):
        keep_up([hurt, service(tmp_path, "whole")], tmp_path, ready, said.append, PATIENCE)
    again = [line for line in said if "started again" in line]
    assert len(again) == 3
    assert again[0].startswith("hurt ended with 1, and is started again;")
    assert running(tmp_path) == []


def test_a_port_that_is_taken_is_refused_and_a_free_one_is_not() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(
            ToolFailedError, match=rf"Port {port}, for Prefect, .* choose another with `--prefect-port`"
        ):
            require_free_port(port, "Prefect", "--prefect-port")
    require_free_port(port, "Prefect", "--prefect-port")


def test_an_up_is_found_while_its_lock_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert running_up() is None
    UP.mkdir(parents=True)
    here = Up(os.getpid(), "http://127.0.0.1:4200", "http://127.0.0.1:5000")
    with RunLock(UP):
        here.write()
        assert running_up() == here
        assert here.api == "http://127.0.0.1:4200/api"
        Up(1, here.prefect, here.store).write()
        assert running_up() is None, "the addresses are of another, that was killed"
    assert running_up() is None
