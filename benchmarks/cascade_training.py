"""Train the same cascade with opencv_traincascade and with our own trainer, and compare them.

    python benchmarks/cascade_training.py samples.vec bg.txt --num-pos 7000 --num-neg 3500 --stages 4 --buffers best

prints, for every stage of both, the seconds, the weak classifiers and the seconds for each of them, how many windows a
second were searched for negatives, and the ratio; then peak memory and the ratios over what both trained. What
compiling costs a first start stands apart. `--buffers default` gives the program its default buffers, `best` room for
all values. `--scenes info.lst` compares the cascades' detections, `--only native` leaves the slow peer out, `--growth`
shows instead how our own trainer's time grows with samples, window, features and threads.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Literal

import numpy as np
from peak_memory import Watch

from cascade.evaluate import EvaluateCascadeParams, evaluate_cascade
from cascade.train import train_cascade
from cascade.train_params import CascadeTrainParams
from cascade.trainer import files
from cascade.trainer.features import enumerate_features
from cascade.vec.file import inspect, read_vec, write_vec
from runs.progress import Progress

Result = dict[str, Any]
SHORT = ("native", "--stages", "1", "--blind")
"""The shortest run that calls all compiled code."""


class EnoughError(Exception):
    """Raised out of a report when the stages asked for are trained."""


@dataclasses.dataclass
class Clock:
    """Reads a trainer's reports: when a stage began, had its samples, and each weak classifier.

    It ends the training after so many stages: a training of few ends sooner, when they reject more than is asked.
    """

    stages: int
    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def __call__(self, progress: Progress) -> None:
        """Take one report."""
        now = time.monotonic()
        match = re.match(r"stage \d+ of \d+: (.*)", progress.message)
        if match is None:
            return
        if match[1] == "starts":
            if len(self.rows) == self.stages:
                raise EnoughError
            self.rows.append({"start": now, "weak": []})
        row = self.rows[-1]
        if "looked at" in match[1]:
            row["positives"] = now
        if "acceptance ratio" in match[1]:
            row["samples"], row["tried"] = now, progress.figures["num_neg"] / progress.figures["acceptance_ratio"]
        if match[1].startswith("weak classifier"):
            row["weak"].append(now)

    def table(self) -> list[dict[str, Any]]:
        """By stage: seconds until the positives, the negatives and each weak classifier were there; windows tried."""
        return [
            {
                "positives": row["positives"] - row["start"],
                "samples": row["samples"] - row["start"],
                "tried": row["tried"],
                "weak": [moment - row["start"] for moment in row["weak"]],
            }
            for row in self.rows
            if row["weak"]
        ]


def measure(trainer: Literal["native", "opencv"], asked: argparse.Namespace, params: CascadeTrainParams) -> Result:
    """Train in a folder of its own; return the table, the seconds, the peak memory and the detections."""
    clock, began = Clock(asked.stages), time.monotonic()
    params = dataclasses.replace(params, trainer=trainer)
    who = resource.RUSAGE_SELF if trainer == "native" else resource.RUSAGE_CHILDREN
    with tempfile.TemporaryDirectory() as name:
        out, watch = Path(name) / "out", Watch("opencv_traincas" if trainer == "opencv" else None)
        with contextlib.suppress(EnoughError):
            train_cascade(asked.vec, asked.background, out, params, report=clock)
        seconds, used, peak = time.monotonic() - began, resource.getrusage(who), watch.end()
        points = detect(out, params, asked.scenes) if asked.scenes and not asked.blind else ""
    core = used.ru_utime + used.ru_stime
    return {"table": clock.table(), "seconds": seconds, "core": core, "peak": peak, "points": points}


def detect(out: Path, params: CascadeTrainParams, scenes: Path) -> str:
    """Average precision, and recall with the number of false alarms, of the stages in a folder."""
    pool = enumerate_features(params.width, params.height, params.feature_type, params.mode)
    stages = [files.read_stage(out, number) for number in range(len(list(out.glob("stage*.xml"))))]
    files.write_cascade(out, params, pool, stages)
    searched = EvaluateCascadeParams(traced_megapixels=0)
    score = evaluate_cascade(out / "cascade.xml", scenes, out.parent / "evaluation", searched)
    lines = [line.split(",") for line in (score.out / "curve.csv").read_text(encoding="utf-8").splitlines()]
    recall, alarms = lines[0].index("recall"), lines[0].index("false_alarms")
    curve = ", ".join(f"{float(line[recall]):.3f} with {line[alarms]}" for line in lines[1:9])
    return f"average precision {score.average_precision or 0:.3f}, recall with false alarms {curve}"


def run_apart(trainer: str, *changes: str, compiled: Path | None = None) -> Result:
    """Measure in a process of its own, with compiled code in the usual place or in a folder."""
    command = [sys.executable, __file__, *sys.argv[1:], *changes, "--measure", trainer]
    environment = os.environ | ({"NUMBA_CACHE_DIR": str(compiled)} if compiled else {})
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def show(trainer: str, result: Result) -> None:
    """Print one trainer's figures."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    total = f"{result['seconds']:.1f} s, of one core {result['core']:.1f} s, peak {result['peak']:.0f} MiB"
    print(f"\n{trainer}: {total} (load of the machine now {load})")
    print("stage  positives  mining  windows/s  first weak  further weak  weak     all   (seconds)")
    for number, row in enumerate(result["table"]):
        mining, weak = row["samples"] - row["positives"], row["weak"]
        further = (weak[-1] - weak[0]) / max(len(weak) - 1, 1)
        print(
            f"{number + 1:5} {row['positives']:10.2f} {mining:7.2f} {row['tried'] / max(mining, 1e-3):10.0f} "
            f"{weak[0] - row['samples']:11.2f} {further:13.3f} {len(weak):5} {weak[-1]:7.1f}"
        )
    if result["points"]:
        print(f"on the scenes, for min_neighbors 1 and up: {result['points']}")


def compare(slow: Result, fast: Result) -> None:
    """Print how many times faster ours is: on the stages that both trained, and the weak classifiers in these."""
    pairs = list(zip(slow["table"], fast["table"], strict=False))
    parts = [[_parts(row, min(len(one["weak"]), len(other["weak"]))) for row in (one, other)] for one, other in pairs]
    print("\nstage    program     ours    ratio   (seconds of whole stages)")
    for number, (theirs, ours) in enumerate((one["weak"][-1], other["weak"][-1]) for one, other in pairs):
        print(f"{number + 1:5} {theirs:10.1f} {ours:8.2f} {theirs / ours:8.1f}")
    for name in ("samples", "first weak classifier", "further weak classifiers", "all of these"):
        theirs, ours = (sum(pair[side][name] for pair in parts) for side in (0, 1))
        print(f"{name}: {theirs:.2f} s and {ours:.2f} s, ratio {theirs / max(ours, 1e-9):.3g}")
    whole = [sum(pair[side]["weak"][-1] for pair in pairs) for side in (0, 1)]
    weak = [sum(len(pair[side]["weak"]) for pair in pairs) for side in (0, 1)]
    print(
        f"whole stages: {whole[0]:.1f} s ({weak[0]} weak classifiers) and {whole[1]:.2f} s ({weak[1]}), "
        f"ratio {whole[0] / whole[1]:.3g}"
    )
    print(f"from the start of the process: ratio {slow['seconds'] / fast['seconds']:.3g}")
    print(f"peak memory: {slow['peak']:.0f} and {fast['peak']:.0f} MiB")
    print(f"seconds of one core: {slow['core']:.1f} and {fast['core']:.1f}, ratio {slow['core'] / fast['core']:.3g}")


def _parts(row: dict[str, Any], common: int) -> dict[str, float]:
    """The seconds of a stage, up to the last weak classifier that both trained."""
    first, last = row["weak"][0], row["weak"][common - 1]
    return {
        "samples": row["samples"],
        "first weak classifier": first - row["samples"],
        "further weak classifiers": last - first,
        "all of these": last,
    }


def grow(asked: argparse.Namespace) -> None:
    """Print what our own trainer takes for more samples, larger windows, more features, fewer threads."""
    positives, negatives = asked.num_pos or 1000, asked.num_neg
    threads = sorted({1, 2, len(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        vecs = {side: enlarge(asked, positives * 4, side, Path(folder)) for side in (asked.size, 24)}
        variants = [
            (f"samples x{times}", ["--num-pos", positives * times, "--num-neg", negatives * times])
            for times in (1, 2, 4)
        ]
        variants += [("window 24", ["--size", 24]), ("ALL", ["--mode", "ALL"])]
        variants += [(f"{count} threads", ["--threads", count]) for count in threads]
        print("                positives  mining  first weak  further weak  peak MiB   (seconds a stage)")
        for name, changes in variants:
            side = 24 if "--size" in changes else asked.size
            _grown(name, run_apart("native", *map(str, changes), "--vec", str(vecs[side])))


def _grown(name: str, result: Result) -> None:
    rows = result["table"]
    further = sum(row["weak"][-1] - row["weak"][0] for row in rows) / sum(len(row["weak"]) - 1 for row in rows)
    mean = [
        float(np.mean(column))
        for column in (
            [row["positives"] for row in rows],
            [row["samples"] - row["positives"] for row in rows],
            [row["weak"][0] - row["samples"] for row in rows],
        )
    ]
    print("{:15} {:9.2f} {:7.2f} {:11.2f} {:13.3f} {:9.0f}".format(name, *mean, further, result["peak"]))


def enlarge(asked: argparse.Namespace, count: int, side: int, folder: Path) -> Path:
    """A .vec of windows of `side` pixels with a reserve over `count` samples: the given ones, repeated."""
    import cv2

    samples = read_vec(asked.vec, asked.size, asked.size, 0, inspect(asked.vec).count)
    wide = np.stack([cv2.resize(one, (side, side)) for one in samples])
    write_vec(folder / f"{side}.vec", np.resize(wide, (count + count // 4, side, side)))
    return folder / f"{side}.vec"


def main() -> None:
    """Run what the command line asks for."""
    asked = parse()
    if asked.measure:
        print(json.dumps(measure(asked.measure, asked, parameters(asked))))
    elif asked.growth:
        grow(asked)
    else:
        results = {}
        if asked.only != "opencv":
            if not asked.compiled:
                compile_anew()
            run_apart(*SHORT)
            results["native"] = run_apart("native")
            show("native", results["native"])
        if asked.only != "native":
            results["opencv"] = run_apart("opencv")
            show("opencv", results["opencv"])
        if len(results) == 2:
            compare(results["opencv"], results["native"])


def compile_anew() -> None:
    """Print what compiling costs, with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        first, again = (run_apart(*SHORT, compiled=Path(empty))["seconds"] for _ in range(2))
    print(f"compiling, once after each installation: {first - again:.1f} s", flush=True)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vec", type=Path)
    parser.add_argument("background", type=Path)
    parser.add_argument("--vec", type=Path, dest="vec", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--stages", type=int, default=2)
    parser.add_argument("--num-pos", type=int, default=None)
    parser.add_argument("--num-neg", type=int, default=1000)
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--mode", default="BASIC")
    parser.add_argument("--feature-type", default="HAAR")
    parser.add_argument("--min-hit-rate", type=float, default=0.998)
    parser.add_argument("--max-depth", type=int, default=1)
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--memory", type=int, default=2048)
    parser.add_argument("--buffers", choices=("best", "default"), default="best", help="the peer's")
    about = "annotations of scenes: compare the detections; ten stages or more, as fewer take nearly all for the object"
    parser.add_argument("--scenes", type=Path, default=None, help=about)
    parser.add_argument("--compiled", action="store_true", help="do not measure what compiling costs")
    parser.add_argument("--blind", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--growth", action="store_true", help="how our trainer's time grows; the peer is left out")
    parser.add_argument("--only", choices=("native", "opencv"), default=None)
    parser.add_argument("--measure", choices=("native", "opencv"), default=None, help=argparse.SUPPRESS)
    return parser.parse_args()


def parameters(asked: argparse.Namespace) -> CascadeTrainParams:
    """The training that is asked for."""
    buffers = 1024 if asked.buffers == "default" else None
    return CascadeTrainParams(
        width=asked.size,
        height=asked.size,
        num_pos=asked.num_pos,
        num_neg=asked.num_neg,
        num_stages=max(asked.stages, 20),
        mode=asked.mode,
        feature_type=asked.feature_type,
        min_hit_rate=asked.min_hit_rate,
        max_depth=asked.max_depth,
        num_threads=asked.threads,
        max_weak_count=200,
        precalc_val_buf_size=buffers,
        precalc_idx_buf_size=buffers,
        memory=asked.memory,
    )


if __name__ == "__main__":
    main()
