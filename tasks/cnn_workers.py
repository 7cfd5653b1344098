"""Train the network by several processes of this machine at once; where one of them ends, all do.

For several machines, start `facefoundry cnn train` on each with TensorFlow's ``TF_CONFIG``: see `cnn.team`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from cascade.process import end, start_guarded
from cnn.errors import CnnError, InputError, TrainingError
from cnn.team import TF_CONFIG, Team
from cnn.train import CnnTrainParams, TrainedCnn, train_cnn
from runs.errors import RunMismatchError
from runs.progress import Progress, Report, silent

_POLL = 0.2
_MARK = "progress "


def train_with_workers(
    faces: Path,
    out: Path,
    params: CnnTrainParams,
    workers: int,
    *,
    restart: bool = False,
    report: Report = silent,
) -> TrainedCnn:
    """Do what `cnn.train.train_cnn` does, in `workers` processes that share every batch; 1: in this process.

    They talk through ports that TensorFlow opens on all of the machine's addresses, without asking who calls: callers
    pass `cnn.team.OPEN_PORTS` on.

    Raises
    ------
    InputError
        `batch_size` is no multiple of `workers`, or ``TF_CONFIG`` tells of other workers already.
    TrainingError
        A worker ended early; the message has its last words. The others are ended, and the next call goes on.
    """
    if workers > 1:
        Team(count=workers).check(params.batch_size)
        if os.environ.get(TF_CONFIG):
            raise InputError(
                f"`workers` and the variable `TF_CONFIG` exclude each other. Got {workers} and `TF_CONFIG`."
            )
        job = json.dumps([str(faces.absolute()), str(out.absolute()), params.as_dict(), restart])
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            logs = [Path(folder) / f"worker-{number}.log" for number in range(workers)]
            processes = []
            for log, environment in zip(logs, _environments(workers), strict=True):
                process = _start(job, log, environment)
                stack.callback(end, process)
                processes.append(process)
            _watch(processes, logs, report)
    return train_cnn(faces, out, params, restart=restart and workers == 1, report=report)


def work(job: str) -> None:
    """Be one of the workers, as ``TF_CONFIG`` says which; progress goes to standard output, a line each."""
    faces, out, params, restart = json.loads(job)

    def report(progress: Progress) -> None:
        print(_MARK + json.dumps(asdict(progress)), flush=True)

    train_cnn(Path(faces), Path(out), CnnTrainParams.from_plain(params), restart=restart, report=report)


def _environments(workers: int) -> list[dict[str, str]]:
    """Each worker's environment: who takes part, and its part of the processors."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(workers)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        cluster = {"worker": [f"127.0.0.1:{listener.getsockname()[1]}" for listener in listeners]}
    threads = str(max(1, len(os.sched_getaffinity(0)) // workers))
    own = {"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads, "TF_CPP_MIN_LOG_LEVEL": "2"}
    tasks = [{"type": "worker", "index": number} for number in range(workers)]
    return [{**os.environ, **own, TF_CONFIG: json.dumps({"cluster": cluster, "task": task})} for task in tasks]


def _start(job: str, log: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as stream:
        return start_guarded([sys.executable, "-m", "tasks.cnn_workers", job], stdout=stream, env=environment)


def _watch(processes: list[subprocess.Popen[bytes]], logs: list[Path], report: Report) -> None:
    """Pass on what the chief reports until all have ended well."""
    with logs[0].open(encoding="utf-8", errors="replace") as chief:
        rest = ""
        while True:
            states = [process.poll() for process in processes]
            *lines, rest = (rest + chief.read()).split("\n")
            for line in lines:
                if line.startswith(_MARK):
                    said = json.loads(line.removeprefix(_MARK))
                    report(Progress(**said | {"table": said["table"] and tuple(said["table"])}))
            for number, state in enumerate(states):
                if state:
                    raise TrainingError(_obituary(number, len(states), state, logs[number]))
            if all(state == 0 for state in states):
                return
            time.sleep(_POLL)


def _obituary(number: int, count: int, status: int, log: Path) -> str:
    said = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if _MARK not in line]
    last = "\n".join(said).strip()[-500:] or "nothing"
    how = f"by signal {-status}" if status < 0 else f"with status {status}"
    return (
        f"Worker {number} of {count} ended {how}, so all were ended. The same call goes on after the last whole epoch. "
        f"Its last words: {last}"
    )


if __name__ == "__main__":
    try:
        work(sys.argv[1])
    except (CnnError, RunMismatchError) as error:
        sys.exit(str(error))
