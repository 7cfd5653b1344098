"""TensorFlow's greetings on standard error, left out.

Parts of it in C++ write about oneDNN, CUDA and the processor before they read `TF_CPP_MIN_LOG_LEVEL`. While TensorFlow
is imported, what goes to standard error passes through `sed`, which leaves out these lines alone, and passes on the
rest at once: an error, and the last words of a process that dies of it, too.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

_NAME = "tensorflow"
_GREETINGS = (
    r"^WARNING: All log messages before absl::InitializeLog",
    r"^I0000 .* (port|cudart_stub|cpu_feature_guard)\.cc:",
    r"^To enable the following instructions: .* rebuild TensorFlow",
)
_NO_DRIVER = r"^E0000 .* cuda_platform\.cc:[0-9]+\] failed call to cuInit"
_GPUS = ("/dev/nvidiactl", "/dev/nvidia0", "/dev/dxg", "/dev/nvgpu", "/dev/nvmap")
"""What a machine with a GPU for TensorFlow has one of; without, that no driver answers is no news."""


def leave_out_greetings() -> None:
    """Have the import of TensorFlow in this process, where there is one, leave them out."""
    if _NAME not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == _NAME else None
        if spec is not None and spec.loader is not None:
            _wrap(spec.loader)
        return spec


def _wrap(loader: Any) -> None:
    execute = loader.exec_module

    def execute_quietly(module: ModuleType) -> None:
        without_gpu = not any(Path(device).exists() for device in _GPUS)
        with without_lines(*_GREETINGS, *([_NO_DRIVER] if without_gpu else [])):
            execute(module)
            if without_gpu:  # it looks for the driver once, and complains then
                module.config.list_physical_devices("GPU")

    loader.exec_module = execute_quietly


@contextmanager
def without_lines(*patterns: str) -> Iterator[None]:
    """Leave out lines of this process's standard error that match, of C code too; regular expressions of `sed -E`.

    Where there is no `sed`, or no standard error, all lines are shown.
    """
    try:
        sed, kept = _start_sed([word for pattern in patterns for word in ("-e", f"/{pattern}/d")])
    except OSError:
        yield
        return
    try:
        yield
    finally:
        if sys.stderr:
            sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        with suppress(subprocess.TimeoutExpired):  # a program that was started meanwhile may still write to it
            sed.wait(timeout=2)


def _start_sed(script: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """Put `sed` between us and our standard error; returns it and the descriptor of what it writes to."""
    kept = os.dup(2)
    try:
        # In a session of its own: Ctrl-C ends what we do, and not our standard error.
        environment = {**os.environ, "LC_ALL": "C"}
        words = ["sed", "-u", "-E", *script]
        sed = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=kept, env=environment, start_new_session=True)
    except OSError:
        os.close(kept)
        raise
    assert sed.stdin is not None
    with sed.stdin:
        os.dup2(sed.stdin.fileno(), 2)
    return sed, kept
