from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from runs.workers import Workers, in_order, work_on, workers_at_hand


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


def test_workers_are_at_hand_in_the_block_and_in_this_thread_alone(pool: ThreadPoolExecutor) -> None:
    assert workers_at_hand() is None
    with work_on(Workers(pool, 2)) as outer:
        with work_on(Workers(pool, 3)) as inner:
            assert workers_at_hand() is inner
        assert workers_at_hand() is outer
        assert pool.submit(workers_at_hand).result() is None
    assert workers_at_hand() is None


def test_answers_come_in_the_order_of_the_jobs(pool: ThreadPoolExecutor) -> None:
    later = threading.Event()

    def answer(job: int) -> int:
        if job == 0:
            assert later.wait(30)
        if job == 1:
            later.set()
        return job * job

    assert list(in_order(lambda job: pool.submit(answer, job), range(5), 2)) == [(n, n * n) for n in range(5)]


def test_jobs_are_drawn_no_further_ahead_than_told(pool: ThreadPoolExecutor) -> None:
    drawn: list[int] = []

    def jobs() -> Iterator[int]:
        for job in range(10):
            drawn.append(job)
            yield job

    answers = in_order(lambda job: pool.submit(int, job), jobs(), 3)
    assert next(answers) == (0, 0)
    assert drawn == [0, 1, 2, 3]
    answers.close()
    assert drawn == [0, 1, 2, 3]


def test_the_first_error_passes_on_and_the_rest_is_cancelled() -> None:
    made: list[Future[int]] = []

    def submit(job: int) -> Future[int]:
        made.append(Future())
        if job == 1:
            made[-1].set_exception(ValueError("job 1"))
        elif job == 0:
            made[-1].set_result(0)
        return made[-1]

    with pytest.raises(ValueError, match="job 1"):
        list(in_order(submit, range(8), 4))
    assert [future.cancelled() for future in made] == [False, False, True, True, True, True]
