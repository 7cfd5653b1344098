"""The program as a person meets it: in a process of its own, by its name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows.command_line import COMMANDS as COMMANDS_BY_NAME
from flows.command_line import app, guarded

PROGRAM = [str(Path(sys.executable).parent / "facefoundry")]
STEPS = ["collect", "describe", "samples", "train", "evaluate", "register"]
COMMANDS = [
    [],
    ["run"],
    *(["run", line] for line in ("cascade", "cnn", "both")),
    ["cascade"],
    *(["cascade", step] for step in STEPS),
    ["cnn"],
    *(["cnn", step] for step in ("merge", "train", "evaluate", "register")),
    *(["cnn", tool] for tool in ("models", "export", "calibrate", "pictures")),
    *([command] for command in ("presets", "annotations", "vec")),
    *([command] for command in ("models", "pull", "promote", "rollback", "history", "sample-data")),
    *([command] for command in ("up", "down", "serve")),
    *(["tools", command] for command in ("install", "status")),
]


def facefoundry(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True)


def write_pictures(folder: Path, count: int, side: int = 40) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(list(folder.name.encode()))
    for number in range(count):
        cv2.imwrite(str(folder / f"{number}.png"), rng.integers(0, 256, (side, side), np.uint8))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_describes_each_option(command: list[str], tmp_path: Path) -> None:
    shown = facefoundry(*command, "--help", cwd=tmp_path, COLUMNS="100")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("Usage: facefoundry")


def test_a_step_by_command_line_writes_its_folder(tmp_path: Path) -> None:
    positives, negatives = write_pictures(tmp_path / "positives", 3), write_pictures(tmp_path / "negatives", 2)
    done = facefoundry("cascade", "collect", positives, negatives, "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "out" / "positives").iterdir())) == 3


def test_params_yaml_gives_the_defaults_and_options_override(tmp_path: Path) -> None:
    positives, negatives = write_pictures(tmp_path / "positives", 5), write_pictures(tmp_path / "negatives", 2)
    (tmp_path / "params.yaml").write_text("collect:\n  max_positives: 2\n")
    facefoundry("cascade", "collect", positives, negatives, "two", cwd=tmp_path)
    facefoundry("cascade", "collect", positives, negatives, "four", "--max-positives", "4", cwd=tmp_path)
    assert [len(list((tmp_path / out / "positives").iterdir())) for out in ("two", "four")] == [2, 4]


def test_collect_leaves_out_what_does_not_hold_the_window_of_create_samples(tmp_path: Path) -> None:
    positives, negatives = write_pictures(tmp_path / "positives", 3), write_pictures(tmp_path / "negatives", 2)
    (tmp_path / "params.yaml").write_text("create_samples: {width: 41}\n")
    refused = facefoundry("cascade", "collect", positives, negatives, "none", cwd=tmp_path)
    assert "leaves no usable positive. Skipped: too small: 3" in refused.stderr
    done = facefoundry("cascade", "collect", positives, negatives, "all", "--min-width", "40", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_unknown_name_in_params_yaml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("collect:\n  max_positive: 2\n")
    done = facefoundry("cascade", "collect", tmp_path, tmp_path, "out", cwd=tmp_path)
    assert done.returncode == 1
    said = "facefoundry: params.yaml: section `collect`: `max_positive` is not known. Known are label, max_megapixels, "
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cascade", "collect", "absent", "absent", "out"], "absent"),
        (["cascade", "collect", "absent", "absent", "out", "--min-width", "-3"], "`min_width` must be at least"),
        (["cascade", "describe", "absent", "out"], "absent"),
        (["cascade", "evaluate", "absent.xml", "absent", "out"], "absent cannot be read"),
        (["cnn", "merge", "out", "--fer2013", "absent.csv"], "absent.csv"),
        (["cnn", "train", "absent", "out"], "absent"),
        (["cnn", "train", ".", "out", "--epochs", "0"], "`epochs` must be at least 1. Got 0"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_a_fault_is_one_clear_line_and_status_1(arguments: list[str], words: str, tmp_path: Path) -> None:
    done = facefoundry(*arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("facefoundry: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("error", "words"), [("", "the same command resumes"), ("resume with: this", "with: this")])
def test_an_interruption_says_how_to_resume(error: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt(*filter(None, [error]))

    assert guarded(interrupted) == 130
    assert words in capsys.readouterr().err


def test_help_does_not_wait_for_heavy_libraries(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from flows.command_line import program\n"
        "program(brief=True)(['--help'], result_action='return_value')\n"
        "print(sorted({'numpy', 'cv2', 'pandas', 'numba', 'prefect', 'keras', 'tasks', 'cnn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert "sample-data" in done.stdout
    assert done.stdout.strip().endswith("[]"), done.stderr


@pytest.mark.parametrize("name", COMMANDS_BY_NAME)
def test_the_line_in_the_list_is_the_first_of_the_commands_own_help(name: str) -> None:
    own = app[name].help.split("\n\n")[0]
    assert " ".join(own.split()) == COMMANDS_BY_NAME[name][1]


def test_the_version_is_the_projects(tmp_path: Path) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert facefoundry("--version", cwd=tmp_path).stdout == f"{project['version']}\n"


def test_a_reader_that_has_had_enough_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*PROGRAM, "presets", "show", "ferplus"], cwd=tmp_path, stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, b"")
