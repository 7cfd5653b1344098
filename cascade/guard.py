"""A small program that stands between us and an external program, so that nothing outlives us.

`process.stream` starts it as ``python -I -S guard.py PARENT_PID PROGRAM ARGUMENT...``. It imports nothing of this
project and only cheap parts of the standard library: its start costs about 20 ms.

- When the caller dies in whatever way, `kill -9` included, the kernel signals the guard, which kills the program and
  all that the program has started (they share a process group of their own).
- SIGTERM to the guard means: ask the program to end, and kill it `GRACE` seconds later.
- When the guard itself is killed, the kernel kills the program.
- The guard ends as the program ended: same exit status, same signal; what the program left running is killed first.
  Only a descendant that has made a session of its own, as a daemon does, escapes.

Without it, ``preexec_fn`` would have to run Python between fork and exec of a process with many threads (TensorFlow's,
Prefect's), which may hang; and the compilers that a killed `ninja` leaves would run on.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

GRACE = 5  # seconds between asking the program to end and killing it
CALLER_DIED = signal.SIGUSR1
CANNOT_START = 127
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def main(parent: int, command: list[str]) -> NoReturn:
    """Run `command` and end as it ends; `parent` is the process that must stay alive meanwhile."""
    program = 0

    def kill(_number: int, _frame: FrameType | None) -> None:
        _signal_group(program, signal.SIGKILL)

    def ask(_number: int, _frame: FrameType | None) -> None:
        _signal_group(program, signal.SIGTERM)
        signal.alarm(GRACE)

    handled = {CALLER_DIED: kill, signal.SIGALRM: kill, signal.SIGTERM: ask}
    # Signals wait until `program` is known: none can hit between the fork and the assignment.
    signal.pthread_sigmask(signal.SIG_BLOCK, handled)
    for number, handler in handled.items():
        signal.signal(number, handler)
    signal_me_when_parent_dies(CALLER_DIED, parent)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what the program leaves behind becomes our child: we can wait for its end
    guard = os.getpid()
    program = os.fork()
    if program == 0:
        _become(command, guard)
    _own_group(program)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, handled)
    _, status = os.waitpid(program, 0)
    _signal_group(program, signal.SIGKILL)
    _wait_for_group(program)
    _end_as(os.waitstatus_to_exitcode(status))


def _become(command: list[str], guard: int) -> NoReturn:
    """Turn this forked child into the program, in a process group of its own."""
    _own_group(0)
    signal_me_when_parent_dies(signal.SIGKILL, guard)
    for number in (CALLER_DIED, signal.SIGALRM, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores the last two, and a program would inherit that
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode(errors="replace"))
    os._exit(CANNOT_START)


def signal_me_when_parent_dies(number: int, parent: int) -> None:
    """Ask the kernel for a signal when `parent` dies; end at once when it is dead already (Linux only)."""
    _prctl(_PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:
        os._exit(CANNOT_START)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _wait_for_group(program: int) -> None:
    """Wait until all killed members of the group are gone, so that none writes after we have ended."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-program, 0)


def _own_group(process: int) -> None:
    """Put the program in its own group; guard and program both do it, so that neither has to wait for the other."""
    with suppress(OSError):  # the other was first and the program has been executed, or it has ended already
        os.setpgid(process, 0)


def _signal_group(program: int, number: int) -> None:
    if program <= 0:
        return
    with suppress(ProcessLookupError, PermissionError):  # nobody is left in it (macOS says it the second way)
        os.killpg(program, number)


def _end_as(exit_code: int) -> NoReturn:
    """Exit with `exit_code`; a negative one is a signal, which we give to ourselves, without a core file."""
    if exit_code >= 0:
        os._exit(exit_code)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -exit_code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-exit_code, signal.SIG_DFL)
    os.kill(os.getpid(), -exit_code)
    os._exit(128 - exit_code)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
