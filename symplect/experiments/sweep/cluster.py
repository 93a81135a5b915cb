"""Clusters that take jobs, as executors of `concurrent.futures`."""

import abc
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from functools import partial
from typing import Any, ParamSpec, TypeVar, final

from symplect.errors import LostError, one_line

_LOOKS = 10  # for results, for each look into the queue, which all users of the cluster share
_PATIENCE = 60  # refusals in a row
_BATCH = 500  # jobs submitted together: SLURM's arrays end at 1000 unless told otherwise

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Call = Callable[[], object]
_Pending = Future[Any]  # of calls whose results have nothing in common


class RefusedError(Exception):
    """The cluster takes no more jobs now; the message is its own."""


class AbstractCluster(abc.ABC):
    """What runs jobs somewhere, and knows each by a name."""

    @abc.abstractmethod
    def start(self, calls: Sequence[Call]) -> list[str]:
        """Submit one job per call.

        Raises:
            RefusedError: it took none of them.
        """

    @abc.abstractmethod
    def finished(self) -> Collection[str]:
        """Return the jobs whose results are there and were not taken."""

    @abc.abstractmethod
    def take(self, job: str) -> object:
        """Return the result of a finished job, or raises what it raised."""

    @abc.abstractmethod
    def alive(self) -> Collection[str] | None:
        """Return the jobs that wait or run; None while nobody can tell."""

    @abc.abstractmethod
    def last_words(self, job: str) -> str:
        """Return what is known of a job that is gone without a result."""

    @abc.abstractmethod
    def cancel(self, jobs: Collection[str]) -> None:
        """End jobs."""


@final
class ClusterExecutor(Executor):
    """Runs each call as a job of a cluster.

    One thread submits and looks after all jobs. A job that is gone without a result, however that came about, raises
    `LostError` in its future.

    Args:
        cluster: queue that runs the jobs.
        workers: most jobs at a time, whether they wait in the cluster's queue or run.
        pause: between two looks for results, in seconds.
    """

    def __init__(self, cluster: AbstractCluster, workers: int, pause: float = 1.0) -> None:
        self._cluster = cluster
        self._workers = workers
        self._pause = pause
        self._waiting: deque[tuple[_Pending, Call]] = deque()
        self._running: dict[str, _Pending] = {}
        self._missing: set[str] = set()
        self._refusals = 0
        self._closed = False
        self._abandoned = False
        self._thread = threading.Thread(target=self._look_after, name="symplect-cluster", daemon=True)
        self._thread.start()

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Take a call that runs when there is room for it."""
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Result] = Future()
        future.set_running_or_notify_cancel()
        self._waiting.append((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; with `cancel_futures` jobs that run are ended too, since their results go nowhere."""
        self._closed = True
        self._abandoned = self._abandoned or cancel_futures
        if wait:
            self._thread.join()

    def _look_after(self) -> None:
        try:
            for look in itertools.count():
                if self._abandoned or (self._closed and not self._waiting and not self._running):
                    break
                self._start()
                self._settle()
                if look % _LOOKS == 0:
                    self._find_lost()
                time.sleep(self._pause)
            self._end(CancelledError())
        except Exception as error:  # whoever waits for a future must hear of it
            self._closed = True
            self._end(BrokenExecutor(one_line(repr(error))))

    def _start(self) -> None:
        room = min(self._workers - len(self._running), len(self._waiting), _BATCH)
        batch = [self._waiting.popleft() for _ in range(room)]
        if not batch:
            return
        try:
            jobs = self._cluster.start([call for _, call in batch])
        except RefusedError as error:
            self._put_back(batch, error)
        else:
            self._refusals = 0
            self._running |= {job: future for job, (future, _) in zip(jobs, batch, strict=True)}

    def _put_back(self, batch: list[tuple[_Pending, Call]], error: RefusedError) -> None:
        """A queue that is full has room again when a job ends; one that refuses for long while none runs is named."""
        self._refusals += 1
        if self._running or self._refusals < _PATIENCE:
            self._waiting.extendleft(reversed(batch))
            return
        for future, _ in batch:
            future.set_exception(LostError(f"the cluster took no job: {error}"))

    def _settle(self) -> None:
        for job in self._running.keys() & set(self._cluster.finished()):
            future = self._running.pop(job)
            try:
                result = self._cluster.take(job)
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

    def _find_lost(self) -> None:
        """Names jobs that two looks missed: between them, a result that a shared disk showed late was found."""
        alive = self._cluster.alive()
        if alive is None:
            return
        gone = self._running.keys() - set(alive)
        for job in gone & self._missing:
            self._running.pop(job).set_exception(LostError(self._cluster.last_words(job)))
        self._missing = gone

    def _end(self, error: Exception) -> None:
        self._cluster.cancel(list(self._running))
        for future in [*self._running.values(), *(future for future, _ in self._waiting)]:
            future.set_exception(error)
        self._running.clear()
        self._waiting.clear()
