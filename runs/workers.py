"""Other processes or machines that a step may hand work to: any `concurrent.futures.Executor`, Dask's among them.

A step finds them here rather than in its arguments, because they never change what it gives, only how fast.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Workers:
    """`count` jobs run at once on `executor`; functions and jobs are pickled on the way to them.

    The workers run the same version of this package, and see the same files by the same absolute paths.
    """

    executor: Executor
    count: int


_AT_HAND: ContextVar[Workers | None] = ContextVar("workers", default=None)


@contextmanager
def work_on(workers: Workers) -> Iterator[Workers]:
    """Let the steps that are called in the block, in this thread, use `workers`."""
    token = _AT_HAND.set(workers)
    try:
        yield workers
    finally:
        _AT_HAND.reset(token)


def workers_at_hand() -> Workers | None:
    """The workers of the innermost `work_on`; None: work in threads of this process."""
    return _AT_HAND.get()


def in_order(
    submit: Callable[[Job], Future[Answer]], jobs: Iterable[Job], ahead: int
) -> Generator[tuple[Job, Answer], None, None]:
    """Each job with its answer, in the order of `jobs`, of which some `ahead` are under way.

    The first error, by the jobs' order, passes on. Jobs that have not begun when it does, or when the generator is
    closed, are cancelled.
    """
    waiting: deque[tuple[Job, Future[Answer]]] = deque()
    try:
        for job in jobs:
            waiting.append((job, submit(job)))
            if len(waiting) > ahead:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        for _, future in waiting:
            future.cancel()
