"""What TensorFlow greets with is left out of standard error, and nothing else."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

QUIETLY = "from flows.quiet_tensorflow import leave_out_greetings; leave_out_greetings(); "


def said(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def without(patterns: list[str], body: str) -> str:
    return (
        f"import os, sys\nfrom flows.quiet_tensorflow import without_lines\nwith without_lines(*{patterns!r}):\n{body}"
    )


@pytest.mark.slow
def test_an_import_says_nothing_and_works() -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed")
    done = said(
        f"{QUIETLY}import tensorflow as tf; tf.config.threading.set_intra_op_parallelism_threads(2); "
        "print(int(tf.reduce_sum([1, 2])))",
        TF_CPP_MIN_LOG_LEVEL="2",
    )
    assert (done.returncode, done.stdout) == (0, "3\n")
    assert "absl::InitializeLog" not in done.stderr
    assert "I0000" not in done.stderr
    if not Path("/dev/nvidiactl").exists():
        assert done.stderr == ""


def test_what_does_not_match_passes_in_its_order() -> None:
    body = "    os.write(2, b'a greeting\\n')\n    os.write(2, b'an error\\n')\n    print('another', file=sys.stderr)\n"
    done = said(without(["greeting$"], body) + "print('after it', file=sys.stderr)\nos.write(2, b'a greeting\\n')")
    assert done.stderr == "an error\nanother\nafter it\na greeting\n"


def test_a_line_that_is_not_ended_is_gone_on_with() -> None:
    """As a progress bar writes."""
    done = said(without(["greeting"], "    os.write(2, b'half a')") + "\nprint(' line', file=sys.stderr)")
    assert done.stderr == "half a line\n"


def test_the_last_words_of_a_process_that_dies_are_shown() -> None:
    done = said(without(["greeting"], "    os.write(2, b'compiled for AVX\\n')\n    os.abort()"))
    assert done.returncode < 0
    assert done.stderr == "compiled for AVX\n"


def test_an_error_in_an_import_is_raised_and_shown(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("import os\nos.write(2, b'it is broken\\n')\nimport not_there\n")
    done = said(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {QUIETLY}import tensorflow")
    assert done.returncode == 1
    assert done.stderr.startswith("it is broken\nTraceback")
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'not_there'\n")


def test_no_tensorflow_is_an_import_error_as_ever() -> None:
    done = said(
        f"import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]; {QUIETLY}import tensorflow"
    )
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'tensorflow'\n")


def test_without_sed_all_is_shown() -> None:
    done = said(without(["greeting"], "    os.write(2, b'a greeting\\n')"), PATH="/nowhere")
    assert done.stderr == "a greeting\n"


def test_a_closed_standard_error_stays_closed() -> None:
    script = "import os\nos.close(2)\n" + without(["greeting"], "    print('worked')")
    assert said(script).stdout == "worked\n"
