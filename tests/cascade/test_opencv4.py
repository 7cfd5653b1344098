"""The same tests with OpenCV 4 as the runtime: `make test` puts its wheel into a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OPENCV4 = HERE.parent.parent / ".venv" / "opencv4"
FILES = [
    "test_detect.py",
    "model/test_windows.py",
    "model/test_model.py",
    "model/test_write.py",
    "model/test_diff.py",
    "model/test_old_format.py",
    "opencv/test_runtime.py",
    "test_evaluate.py",
]


@pytest.mark.slow
@pytest.mark.skipif(not OPENCV4.is_dir(), reason="OpenCV 4's wheel is not in .venv/opencv4: `make test` puts it there")
def test_the_cascade_library_runs_on_opencv_4() -> None:
    environment = {**os.environ, "PYTHONPATH": str(OPENCV4), "PYTEST_ADDOPTS": ""}
    version = [sys.executable, "-c", "import cv2; print(cv2.__version__)"]
    assert subprocess.check_output(version, env=environment, text=True).startswith("4.")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    ran = subprocess.run([*command, *FILES], cwd=HERE, env=environment, capture_output=True, text=True, timeout=500)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
