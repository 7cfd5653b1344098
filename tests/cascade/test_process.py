"""`stream` with real little programs: what arrives, and that nothing outlives its caller."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cascade.errors import ToolFailedError, ToolMissingError
from cascade.process import MAX_LINE, stream

ROOT = Path(__file__).parents[2]


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", textwrap.dedent(code)]


def lines_of(code: str, **options) -> tuple[int, list[str]]:
    lines: list[str] = []
    return stream(python(code), lines.append, **options), lines


def wait_until(true, seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(true())


def gone(pid: int) -> bool:
    """Tell whether a process has ended; a zombie that nobody has waited for has ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def pids_in(path: Path, count: int) -> list[int]:
    assert wait_until(lambda: path.exists() and len(path.read_text().split()) == count)
    return [int(pid) for pid in path.read_text().split()]


# A program with a grandchild; both ignore TERM when told so, and write their process ids.
FAMILY = """
    import os, signal, sys, time
    path, stubborn = sys.argv[1:]
    if stubborn == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.fork()
    with open(path, "a") as file:
        file.write(f"{os.getpid()} ")
    print("ready", flush=True)
    time.sleep(600)
"""


def family(path: Path, temper: str = "mild") -> list[str]:
    return [*python(FAMILY), str(path), temper]


# Somebody who calls `stream`, from the main thread or from another one.
CALLER = """
    import sys, threading
    from cascade.process import stream, terminate_on_sigterm
    guarded, threaded, *argv = sys.argv[1:]
    def work():
        stream(argv, lambda line: print(line, flush=True))
    def main():
        if threaded == "thread":
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            thread.join()
        else:
            work()
    if guarded == "guarded":
        with terminate_on_sigterm():
            main()
    else:
        main()
"""


def caller(guarded: str, threaded: str, argv: list[str]) -> subprocess.Popen:
    command = [sys.executable, "-c", textwrap.dedent(CALLER), guarded, threaded, *argv]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


class TestLines:
    def test_both_streams_arrive_in_order_and_the_status_is_returned(self):
        code = """
            import os
            os.write(1, b"one\\n"); os.write(2, b"two\\n"); os.write(1, b"no end")
            os._exit(7)
        """
        assert lines_of(code) == (7, ["one", "two", "no end"])

    def test_carriage_returns_end_lines_too_and_an_empty_line_stays(self):
        code = r"import os; os.write(1, b'a\rb\r\nc\n\nd\r')"
        assert lines_of(code) == (0, ["a", "b", "c", "", "d"])

    def test_a_torn_line_end_is_one_line_end(self):
        code = r"import os, time; os.write(1, b'a\r'); time.sleep(0.3); os.write(1, b'\nb\n')"
        assert lines_of(code)[1] == ["a", "b"]

    def test_lines_arrive_while_the_program_runs(self, tmp_path):
        # The program ends only when the callback answers what it has said.
        answer = tmp_path / "answer"
        code = f"""
            import os, time
            os.write(1, b"POS current samples: 1\\r")
            while not os.path.exists({str(answer)!r}):
                time.sleep(0.01)
        """
        assert stream(python(code), lambda line: answer.write_text(line), timeout=60) == 0
        assert answer.read_text() == "POS current samples: 1"

    def test_bytes_that_are_no_text_become_replacement_characters(self):
        assert lines_of(r"import os; os.write(1, b'\xff caf\xc3\xa9\n')")[1] == ["\ufffd caf\u00e9"]

    def test_an_endless_line_arrives_in_pieces(self):
        _, lines = lines_of(f"import os; os.write(1, b'x' * {2 * MAX_LINE + 5})")
        assert [len(line) for line in lines] == [MAX_LINE, MAX_LINE, 5]

    def test_a_long_line_with_an_end_arrives_in_pieces(self):
        _, lines = lines_of(f"import os; os.write(1, b'x' * {MAX_LINE + 1} + b'\\ny\\n')")
        assert [len(line) for line in lines] == [MAX_LINE, 1, 1]

    def test_much_output_arrives_whole(self):
        count = 200_000
        _, lines = lines_of(f"for i in range({count}): print(i)")
        assert lines == [str(i) for i in range(count)]


class TestStart:
    def test_standard_input_is_empty(self):
        assert lines_of("import sys; print(repr(sys.stdin.read()))")[1] == ["''"]

    def test_folder_and_environment_are_passed_on(self, tmp_path):
        code = "import os; print(os.getcwd(), sorted(set(os.environ) - {'LC_CTYPE'}))"
        lines = []
        stream(python(code), lines.append, cwd=tmp_path, env={"ONLY": "this"})
        assert lines == [f"{tmp_path} ['ONLY']"]

    def test_no_shell_sees_the_arguments(self):
        argument = "$HOME; `ls` * 'x'"
        lines = []
        stream([*python("import sys; print(sys.argv[1])"), argument], lines.append)
        assert lines == [argument]

    def test_the_program_has_the_usual_signal_handlers(self):
        code = "import signal; print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
        assert lines_of(code)[1] == ["True"]
        shell = ["/bin/sh", "-c", "grep SigIgn /proc/self/status; grep SigBlk /proc/self/status"]
        lines = []
        stream(shell, lines.append)
        # Ours alone: whoever started the tests may have left other signals ignored, and those are inherited.
        ours = (signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM, signal.SIGPIPE, signal.SIGXFSZ)
        mask = sum(1 << (number - 1) for number in ours)
        assert [int(line.split()[1], 16) & mask for line in lines] == [0, 0]

    def test_a_missing_program_is_named(self, tmp_path):
        with pytest.raises(ToolMissingError, match="no_such_program` is not a program that can be run"):
            stream([tmp_path / "no_such_program"], print)

    def test_a_file_that_may_not_be_executed_is_named(self, tmp_path):
        (tmp_path / "text").write_text("text")
        with pytest.raises(ToolMissingError, match="text` is not a program"):
            stream([tmp_path / "text"], print)

    def test_a_file_that_the_kernel_cannot_run_says_so(self, tmp_path):
        (tmp_path / "broken").write_bytes(b"\x7fELF and nothing more")
        (tmp_path / "broken").chmod(0o755)
        lines = []
        assert stream([tmp_path / "broken"], lines.append) == 127
        assert "broken: " in lines[0]


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1])
    def test_a_program_killed_by_a_signal_has_its_negative_status(self, number):
        assert lines_of(f"import os; os.kill(os.getpid(), {int(number)})")[0] == -number

    def test_a_program_that_takes_too_long_is_ended(self, tmp_path):
        with pytest.raises(ToolFailedError, match=r"did not end within 1 s .* `timeout`"):
            stream(family(tmp_path / "pids"), print, timeout=1)
        assert all(gone(pid) for pid in pids_in(tmp_path / "pids", 2))

    def test_a_silent_program_that_has_closed_its_output_is_timed_too(self):
        with pytest.raises(ToolFailedError, match="did not end within"):
            lines_of("import os, time; os.close(1); os.close(2); time.sleep(600)", timeout=0.5)

    def test_an_error_in_the_callback_ends_the_program_and_passes_on(self, tmp_path):
        def fail(line: str) -> None:
            raise KeyError(line)

        with pytest.raises(KeyError, match="ready"):
            stream(family(tmp_path / "pids"), fail)
        assert all(gone(pid) for pid in map(int, (tmp_path / "pids").read_text().split()))

    @pytest.mark.slow
    def test_a_program_that_ignores_term_is_killed_after_the_grace(self, tmp_path):
        began = time.monotonic()
        with pytest.raises(ToolFailedError, match="did not end"):
            stream(family(tmp_path / "pids", "stubborn"), print, timeout=1)
        assert 5 < time.monotonic() - began < 12
        assert all(gone(pid) for pid in pids_in(tmp_path / "pids", 2))

    def test_what_the_program_leaves_running_is_killed_with_it(self, tmp_path):
        path = tmp_path / "pid"
        code = f"""
            import os, time
            if os.fork() == 0:
                open({str(path)!r}, "w").write(str(os.getpid()))
                time.sleep(600)
            while not (os.path.exists({str(path)!r}) and os.path.getsize({str(path)!r})):
                time.sleep(0.01)
        """
        assert lines_of(code, timeout=60) == (0, [])
        assert gone(int(path.read_text()))

    def test_a_daemon_that_holds_the_pipe_does_not_hold_us(self, tmp_path):
        path = tmp_path / "pid"
        code = f"""
            import os, time
            if os.fork() == 0:
                os.setsid()
                open({str(path)!r}, "w").write(str(os.getpid()))
                time.sleep(600)
            while not (os.path.exists({str(path)!r}) and os.path.getsize({str(path)!r})):
                time.sleep(0.01)
            print("done")
        """
        try:
            assert lines_of(code, timeout=60) == (0, ["done"])
        finally:
            os.kill(int(path.read_text()), signal.SIGKILL)


class TestCallerDies:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
    @pytest.mark.parametrize("threaded", ["thread", "main"])
    @pytest.mark.parametrize("temper", ["mild", "stubborn"])
    def test_the_program_and_its_child_die_with_an_unguarded_caller(self, tmp_path, number, threaded, temper):
        with caller("bare", threaded, family(tmp_path / "pids", temper)) as process:
            pids = pids_in(tmp_path / "pids", 2)
            process.send_signal(number)
            assert process.wait(15) == -number
        assert wait_until(lambda: all(gone(pid) for pid in pids))

    def test_a_guarded_caller_ends_the_program_itself_and_exits_143(self, tmp_path):
        with caller("guarded", "main", family(tmp_path / "pids")) as process:
            pids = pids_in(tmp_path / "pids", 2)
            process.terminate()
            assert process.wait(15) == 143
        assert all(gone(pid) for pid in pids)

    def test_the_program_dies_with_a_killed_guard(self, tmp_path):
        def kill_guard(line: str) -> None:
            pid = next(int(pid) for pid in (tmp_path / "pid").read_text().split())
            os.kill(int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]), signal.SIGKILL)

        code = f"""
            import os, time
            open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
            print("ready", flush=True)
            time.sleep(600)
        """
        assert stream(python(code), kill_guard, timeout=60) == -signal.SIGKILL
        assert wait_until(lambda: gone(int((tmp_path / "pid").read_text())))

    def test_a_guard_whose_caller_is_already_dead_starts_nothing(self, tmp_path):
        guard = ROOT / "cascade" / "guard.py"
        someone_else = os.getppid()
        command = [sys.executable, guard, str(someone_else), "/usr/bin/touch", tmp_path / "started"]
        assert subprocess.run(command, check=False).returncode == 127
        assert not (tmp_path / "started").exists()
