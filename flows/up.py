"""Keep programs up together: start them, wait until they answer, start again what crashed, end all with us.

They run behind `cascade.process`'s guard: what ends us, `kill -9` too, ends them and all that they started.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cascade.errors import ToolFailedError
from cascade.process import end, start_guarded
from runs.progress import duration

_POLL = 0.3
_SECONDS_BETWEEN_LINES = 10.0
_LAST_WORDS = 800
_RESTARTS = 3
_WITHIN = 600.0
"""Seconds: a program that ends more than `_RESTARTS` times in so many is not started again, and all is ended."""


@dataclass(frozen=True)
class Service:
    """A program that stays up: `healthy` says whether it does its work, `after` names those that must be up before."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    healthy: Callable[[], bool]
    after: tuple[str, ...] = ()


@dataclass
class _Running:
    service: Service
    log: Path
    process: subprocess.Popen[bytes]
    since: float = field(default_factory=time.monotonic)
    ends: list[float] = field(default_factory=list)


def require_free_port(port: int, what: str, option: str) -> None:
    """Refuse a port of this machine's loopback that somebody listens on.

    Raises
    ------
    ToolFailedError
        It is taken; the message names the option that chooses another.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just closed is free
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            raise ToolFailedError(
                f"Port {port}, for {what}, cannot be had: {error.strerror}. End the program that listens there, or "
                f"choose another with `{option}`."
            ) from error


def keep_up(
    services: Sequence[Service], logs: Path, ready: Callable[[], None], say: Callable[[str], None], patience: float
) -> None:
    """Start `services`, call `ready` when all are healthy, and keep them up until an exception or a signal ends us.

    Parameters
    ----------
    services
        In the order of their start; they end the other way round.
    logs
        A folder: what a program says goes to ``NAME.log`` there; what it said last time is ``NAME.log.old``.
    say
        Takes a line now and then: what is healthy, what is waited for, what was started again.
    patience
        Seconds within which all must be healthy.

    Raises
    ------
    ToolFailedError
        A program ends while it starts, or again and again, or is not healthy in time; the message has its last words.
    """
    running: list[_Running] = []
    try:
        _start_all(services, logs, say, time.monotonic() + patience, running)
        ready()
        while True:
            for each in running:
                if each.process.poll() is not None:
                    _start_again(each, say)
            time.sleep(_POLL)
    finally:
        _end_all(running)


def _end_all(running: list[_Running]) -> None:
    """End those first that need others, while the others still answer; then the others at once."""
    for needs in (True, False):
        ending = [each.process for each in running if bool(each.service.after) is needs]
        for process in ending:
            process.terminate()
        for process in ending:
            end(process)


def _start_all(
    services: Sequence[Service], logs: Path, say: Callable[[str], None], deadline: float, running: list[_Running]
) -> None:
    waiting, healthy = list(services), set[str]()
    said = time.monotonic()
    while len(healthy) < len(services):
        for service in [one for one in waiting if healthy.issuperset(one.after)]:
            waiting.remove(service)
            running.append(_start(service, logs))
        for each in [one for one in running if one.service.name not in healthy]:
            if _is_healthy(each, deadline):
                healthy.add(each.service.name)
                say(f"{each.service.name} is up, after {duration(time.monotonic() - each.since)}")
        if time.monotonic() - said > _SECONDS_BETWEEN_LINES and len(healthy) < len(services):
            said = time.monotonic()
            say(f"waiting for {', '.join(one.name for one in services if one.name not in healthy)}")
        time.sleep(_POLL)


def _start(service: Service, logs: Path) -> _Running:
    log = logs / f"{service.name}.log"
    if log.exists():
        log.replace(log.with_name(f"{log.name}.old"))
    return _Running(service, log, _launch(service, log))


def _launch(service: Service, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as stream:
        return start_guarded(service.command, stdout=stream, env=service.environment)


def _is_healthy(each: _Running, deadline: float) -> bool:
    if each.process.poll() is not None:
        raise ToolFailedError(f"{each.service.name} ended with {each.process.returncode}. {_last_words(each)}")
    if each.service.healthy():
        return True
    if time.monotonic() > deadline:
        raise ToolFailedError(f"{each.service.name} is not up in time (`--patience`). {_last_words(each)}")
    return False


def _start_again(each: _Running, say: Callable[[str], None]) -> None:
    now = time.monotonic()
    each.ends = [*(then for then in each.ends if now - then < _WITHIN), now]
    status = each.process.returncode
    if len(each.ends) > _RESTARTS:
        raise ToolFailedError(
            f"{each.service.name} ended {len(each.ends)} times within {duration(_WITHIN)}, last with {status}: all is "
            f"ended. {_last_words(each)}"
        )
    say(f"{each.service.name} ended with {status}, and is started again; {each.log} has its last words")
    each.process = _launch(each.service, each.log)


def _last_words(each: _Running) -> str:
    said = each.log.read_text(encoding="utf-8", errors="replace").strip()[-_LAST_WORDS:]
    return f"Its last words, of {each.log}:\n{said or 'nothing'}"
