"""Work on many pictures at once, in threads: decoding and scaling leave Python's lock alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from runs.progress import Progress, Report

Job = TypeVar("Job")
_AT_ONCE = 256


def for_each(jobs: Sequence[Job], work: Callable[[Job], int], report: Report, message: str, total: int) -> None:
    """Call `work` once for every job, in threads, and report how much is done.

    Parameters
    ----------
    work
        Returns how much of `total` the job was. The first error (by the jobs' order) ends everything and passes on.
    """
    done = 0
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        for i in range(0, len(jobs), _AT_ONCE):
            try:
                for amount in pool.map(work, jobs[i : i + _AT_ONCE]):
                    done += amount
                    report(Progress(message, done, total))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
