"""`facefoundry app`, in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from flows.commands.app_commands import _welcome

PROGRAM = str(Path(sys.executable).parent / "facefoundry")
STUMP = Path(__file__).parents[2] / "tasks" / "stump_cascade.xml"


@pytest.mark.slow
def test_it_serves_until_ctrl_c_and_leaves_nothing(tmp_path: Path) -> None:
    network = _network(tmp_path / "models" / "model.onnx")
    place = tmp_path / "place"
    place.mkdir()
    words = [PROGRAM, "app", "--cascade", str(STUMP), "--network", str(network), "--port", "0"]
    process = subprocess.Popen(words, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = re.fullmatch(r"The page is at (http://127\.0\.0\.1:\d+/) until Ctrl-C\.\n", process.stdout.readline())
    assert address is not None
    with urllib.request.urlopen(address[1], timeout=60) as told:
        assert b"<title>Facefoundry" in told.read()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said[0] == ""
    assert "there is no .keras file of this network" in said[1]
    assert "Traceback" not in said[1]
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_what_is_wrong_is_said_before_anything_is_served(tmp_path: Path) -> None:
    words = [PROGRAM, "app", "--cascade", str(STUMP), "--port", "0", "--network", "none.onnx"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 1
    assert done.stderr.startswith("facefoundry: none.onnx: no such file")


def test_a_page_for_others_comes_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    _welcome("0.0.0.0", 8765, only_here=False, maps=True)
    told = capsys.readouterr()
    assert told.out == "The page is at http://0.0.0.0:8765/ until Ctrl-C.\n"
    assert "everybody who reaches 0.0.0.0 can use the page" in told.err
    assert "only over https" in told.err
    _welcome("::1", 8765, only_here=True, maps=True)
    assert capsys.readouterr() == ("The page is at http://[::1]:8765/ until Ctrl-C.\n", "")


def _network(path: Path) -> Path:
    """An ONNX network that finds all faces equally likely to be anything."""
    onnx = pytest.importorskip("onnx")
    import numpy as np

    path.parent.mkdir()
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    constants = {"w": np.zeros((2304, 5), np.float32), "s": np.array([-1, 2304])}
    nodes = [
        make.make_node("Reshape", ["face", "s"], ["flat"]),
        make.make_node("MatMul", ["flat", "w"], ["logits"]),
        make.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = make.make_graph(
        nodes,
        "even",
        [make.make_tensor_value_info("face", kind, ["batch", 48, 48, 1])],
        [make.make_tensor_value_info("probabilities", kind, ["batch", 5])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    onnx.save(make.make_model(graph, opset_imports=[make.make_opsetid("", 17)], ir_version=8), path)
    return path
