"""Dask workers for the steps that can use them: processes on this machine, or a cluster that runs somewhere.

The steps know only `runs.workers`. Dask's own processes pickle what they send each other: whoever reaches a scheduler
can run anything on its workers, so it listens on the loopback only, and a real one belongs in a network of trusted
machines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from annotated_types import Ge, Le

from cascade.errors import ToolFailedError, ToolMissingError
from runs.parameters import Parameters
from runs.workers import Workers, work_on

if TYPE_CHECKING:
    from distributed import Client
    from prefect_dask import DaskTaskRunner

Answer = TypeVar("Answer")

_SECONDS_TO_START = 120


@dataclass(frozen=True, kw_only=True)
class ClusterParams(Parameters):
    """Which other processes or machines read pictures and search for negatives. The results do not depend on it."""

    processes: Annotated[int, Ge(0), Le(256)] = 0
    """Dask workers to start on this machine; 0: none, the step's own threads do all."""
    scheduler: str | None = None
    """Address of a Dask cluster, such as tcp://10.0.0.5:8786, whose workers see the same files; empty: this machine."""

    def __bool__(self) -> bool:
        return self.processes > 0 or self.scheduler is not None


@dataclass(frozen=True, kw_only=True)
class CnnClusterParams(ClusterParams):
    """Which other processes or machines read pictures, and how many train the network together."""

    training_processes: Annotated[int, Ge(1), Le(64)] = 1
    """Processes on this machine that share every batch of the training. `batch_size` must be a multiple of it."""


@contextmanager
def cluster(params: ClusterParams) -> Iterator[Workers | None]:
    """Let the steps called in the block use the workers that `params` say, which end with the block or this process.

    Raises
    ------
    ToolMissingError
        No cluster answers at the address, or it has no worker.
    ToolFailedError
        The cluster was lost meanwhile.
    """
    if not params:
        yield None
        return
    from distributed import Client, LocalCluster

    _hear_warnings_alone()
    with ExitStack() as stack:
        place = params.scheduler or stack.enter_context(LocalCluster(**_local(params)))
        with _named(params):
            client = stack.enter_context(Client(place, set_as_default=False, timeout=_SECONDS_TO_START))
        with _working(params, client, _DaskExecutor(client)) as workers:
            yield workers


@contextmanager
def flow_cluster(params: ClusterParams) -> Iterator[Workers | None]:
    """As `cluster`, in a Prefect flow: by Prefect's Dask task runner, so that chunks of pictures are task runs."""
    if not params:
        yield None
        return
    from prefect_dask import DaskTaskRunner

    _hear_warnings_alone()
    own = {} if params.scheduler else {"cluster_kwargs": _local(params)}
    runner = DaskTaskRunner(address=params.scheduler, client_kwargs={"timeout": _SECONDS_TO_START}, **own)
    with runner:
        with _named(params):
            client = runner.client
        with _working(params, client, _TaskExecutor(runner)) as workers:
            yield workers


def _local(params: ClusterParams) -> dict[str, Any]:
    """Processes with one thread each: they die with the process that started them, by `kill -9` too."""
    return {
        "n_workers": params.processes,
        "threads_per_worker": 1,
        "processes": True,
        "host": "127.0.0.1",
        "dashboard_address": "127.0.0.1:0",
    }


def _hear_warnings_alone() -> None:
    """Dask tells of every connection."""
    for name in ("distributed", "distributed.nanny"):
        logging.getLogger(name).setLevel(logging.WARNING)


@contextmanager
def _named(params: ClusterParams) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise ToolMissingError(f"No Dask cluster answers at {params.scheduler}: {error}. Check `scheduler`.") from error


@contextmanager
def _working(params: ClusterParams, client: Client, executor: Executor) -> Iterator[Workers]:
    try:
        client.wait_for_workers(max(params.processes, 1), _SECONDS_TO_START)
    except TimeoutError as error:
        raise ToolMissingError(f"The Dask cluster at {params.scheduler} has no worker: start `dask worker`.") from error
    threads = sum(client.nthreads().values())
    try:
        with work_on(Workers(executor, threads)) as workers:
            yield workers
    except CancelledError as error:
        raise ToolFailedError("The Dask cluster was lost. The same call goes on from the last whole state.") from error
    finally:
        # At the end, a worker that takes its time is killed, which is no news.
        logging.getLogger("distributed.nanny").setLevel(logging.ERROR)


class _DaskExecutor(Executor):
    """Submits to Dask. Dask's own executor waits for ever where its cluster is lost, and is loud where jobs are."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def submit(self, function: Callable[..., Answer], /, *arguments: Any, **named: Any) -> Future[Answer]:
        """See `concurrent.futures.Executor`."""
        future = self._client.submit(function, *arguments, pure=False, **named)
        return _Pending(future.result, future.cancel)


class _TaskExecutor(_DaskExecutor):
    """Submits a chunk of pictures as a Prefect task, and everything else, which is short, by itself."""

    def __init__(self, runner: DaskTaskRunner) -> None:
        from prefect import task
        from prefect.cache_policies import NO_CACHE

        from cnn.datasets.pictures import read_chunk

        super().__init__(runner.client)
        self._runner = runner
        read = task(name="read_pictures", cache_policy=NO_CACHE, retries=2, task_run_name="read_pictures")(read_chunk)
        self._tasks = {read_chunk: (read, ("folder", "chunk", "here"))}

    def submit(self, function: Callable[..., Answer], /, *arguments: Any, **named: Any) -> Future[Answer]:
        """See `concurrent.futures.Executor`."""
        if function not in self._tasks:
            return super().submit(function, *arguments, **named)
        made, names = self._tasks[function]
        run = self._runner.submit(made, dict(zip(names, arguments, strict=True)) | named)
        return _Pending(run.result, run.wrapped_future.cancel)


class _Pending(Future[Any]):
    """An answer that Dask will give, as far as `runs.workers` asks."""

    def __init__(self, result: Callable[..., Any], cancel: Callable[[], Any]) -> None:
        super().__init__()
        self._ask, self._take_back = result, cancel

    def result(self, timeout: float | None = None) -> Any:
        """The answer, or its error; CancelledError where the cluster is lost."""
        return self._ask(timeout=timeout)

    def cancel(self) -> bool:
        """Take the job back; where it has begun, its answer is thrown away."""
        with suppress(OSError, TimeoutError):
            self._take_back()
        return True
