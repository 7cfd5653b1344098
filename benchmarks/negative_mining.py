"""How many windows a second the negative miner tries, by threads and by stages of a cascade.

Usage: python benchmarks/negative_mining.py PICTURES CASCADE [NUMBER]

PICTURES is a folder, CASCADE a finished ``cascade.xml``. Each figure is for every window of NUMBER (300) of the
pictures, chosen at random. The last stage's threshold is put out of reach: the work is the same, but no window is kept.
CPU seconds stand beside the wall's: on a busy machine only they can be compared.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from cascade.model import CascadeModel, read_cascade
from cascade.pictures import list_files
from cascade.trainer.mining import NegativeMiner
from cascade.trainer.mining_cursor import Cursor


def main(folder: Path, cascade: Path, number: int = 300) -> None:
    """Print one line for each number of threads and stages."""
    model, pictures = read_cascade(cascade), list_files(folder)[0]
    chosen = [pictures[one] for one in np.random.default_rng(0).permutation(len(pictures))[:number]]
    print(f"{len(chosen)} of {len(pictures)} pictures, window {model.width}x{model.height}")
    print("threads  stages  million windows     wall s     CPU s   million/s   million/CPU s")
    for threads in (1, 2, 4):
        miner = NegativeMiner(chosen, model.width, model.height, threads=threads)
        miner.mine(_first(model, 1), 1, Cursor(until=2**24, position=0))  # compiled outside of the figures
        for stages in sorted({min(count, len(model.stages)) for count in (1, 5, 10, 15, len(model.stages))}):
            wall, used = time.perf_counter(), time.process_time()
            tried = miner.mine(_first(model, stages), 1000, Cursor(ratio=1e-12)).tried / 1e6
            wall, used = time.perf_counter() - wall, time.process_time() - used
            figures = f"{tried:16.1f} {wall:10.2f} {used:9.2f} {tried / wall:11.1f} {tried / used:15.1f}"
            print(f"{threads:7} {stages:7} {figures}", flush=True)


def _first(model: CascadeModel, count: int) -> CascadeModel:
    *others, last = model.stages[:count]
    return replace(model, stages=(*others, replace(last, threshold=1e9)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(int(word) for word in sys.argv[3:4]))
