"""Run an external program: stream its lines to a callback, and let nothing of it outlive us.

The program runs behind a small guard (`cascade/guard.py`) in a session of its own. It is ended when we raise, when our
process dies (by `kill -9` too), and when the thread that called `stream` ends; that thread waits inside `stream`, so
worker threads may call it. Only Linux has the parent-death signal: elsewhere a `kill -9` of us leaves the program.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from cascade import guard
from cascade.errors import ToolFailedError, ToolMissingError

MAX_LINE = 8192
"""A longer line, in bytes, reaches the callback in pieces of this size."""
_GUARD = Path(__file__).with_name("guard.py")
_CHUNK = 65536
_POLL = 0.2  # seconds between looks at whether the program has ended, when it is silent


def stream(
    argv: Sequence[str | Path],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> int:
    r"""Run `argv`, call `on_line` with each line as it arrives, and return the exit status.

    Standard output and error come merged. ``\n``, ``\r`` and ``\r\n`` end a line, so OpenCV's
    ``POS current samples: 7\r`` arrives live; undecodable bytes become U+FFFD. Standard input is empty.

    Parameters
    ----------
    argv
        The program and its arguments; never a shell string.
    on_line
        Is called in this thread. When it raises, the program is ended and the error passes on.
    cwd, env
        The program's working folder and its whole environment; None: ours.
    timeout
        Seconds after which the program is ended; None: never.

    Returns
    -------
    int
        The exit status; negative when a signal ended the program. Beware: `opencv_traincascade` says 0 always.

    Raises
    ------
    ToolMissingError
        There is no such program, or it may not be executed.
    ToolFailedError
        `timeout` seconds were not enough.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with start_guarded(argv, stdout=subprocess.PIPE, cwd=cwd, env=env) as process:
        try:
            for line in _Lines(MAX_LINE).split(_chunks(process, deadline)):
                on_line(line)
            return process.wait()
        except TimeoutError:
            message = f"`{argv[0]}` did not end within {timeout:g} s and was stopped. Give it a longer `timeout`."
            raise ToolFailedError(message) from None
        finally:
            end(process)


def start_guarded(
    argv: Sequence[str | Path],
    *,
    stdout: int | IO[bytes],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start `argv` behind the guard, which ends it when this thread or process dies; both outputs go to `stdout`.

    Raises
    ------
    ToolMissingError
        There is no such program, or it may not be executed.
    """
    command = [_program(argv[0], env), *(str(argument) for argument in argv[1:])]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_GUARD), str(os.getpid()), *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a guarded program: TERM, `guard.GRACE` seconds, KILL. The guard does it; we see to the guard."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(guard.GRACE + 2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def terminate_on_sigterm() -> Iterator[None]:
    """Let SIGTERM raise `SystemExit` (status 143) inside the block, so that every `finally` runs.

    For command-line programs, whose default is to die without a word. A handler that somebody has set already
    (Prefect's) is left in place. The old handler is restored at the end. Only the main thread may use it:
    elsewhere Python raises ValueError.
    """
    if threading.current_thread() is not threading.main_thread():
        raise ValueError("`terminate_on_sigterm` works in the main thread only: Python handles signals there.")
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _program(name: str | Path, env: Mapping[str, str] | None) -> str:
    """Return the absolute path of an executable, so that the guard never has to guess."""
    found = shutil.which(str(name), path=None if env is None else env.get("PATH"))
    if found is None:
        raise ToolMissingError(f"`{name}` is not a program that can be run. Check the path, or install it.")
    return str(Path(found).absolute())


def _chunks(process: subprocess.Popen[bytes], deadline: float | None) -> Iterator[bytes]:
    """Yield the program's output until it closes it, or has ended and left nothing more to read."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            ended = process.poll() is not None
            if selector.select(0 if ended else _POLL):
                chunk = os.read(process.stdout.fileno(), _CHUNK)
                if not chunk:
                    return _await(process, deadline)
                yield chunk
            elif ended:  # a grandchild in a session of its own may hold the pipe open for ever
                return None


def _await(process: subprocess.Popen[bytes], deadline: float | None) -> None:
    """Wait for a program that has closed its output but still runs."""
    try:
        process.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise TimeoutError from None


class _Lines:
    r"""Split chunks of bytes into lines at ``\n``, ``\r`` and ``\r\n``; memory is bounded by the longest line."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""
        self._after_return = False

    def split(self, chunks: Iterator[bytes]) -> Iterator[str]:
        """Yield the lines of `chunks`, and at the end what has no line end."""
        for chunk in chunks:
            yield from self._take(chunk)
        if self._rest:
            yield _text(self._rest)

    def _take(self, chunk: bytes) -> Iterator[str]:
        if self._after_return and chunk.startswith(b"\n"):  # "\r\n" torn apart by the pipe is one line end
            chunk = chunk[1:]
        self._after_return = chunk.endswith(b"\r")
        whole = self._rest + chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._rest = whole.split(b"\n")
        for line in lines:
            yield from self._pieces(line)
        while len(self._rest) > self._longest:
            yield _text(self._rest[: self._longest])
            self._rest = self._rest[self._longest :]

    def _pieces(self, line: bytes) -> Iterator[str]:
        for start in range(0, max(len(line), 1), self._longest):
            yield _text(line[start : start + self._longest])


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
