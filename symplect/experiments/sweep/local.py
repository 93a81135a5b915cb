"""Processes of this machine as an executor: one that is killed takes no other with it."""

import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import final

from tqdm import tqdm

from symplect.errors import LostError
from symplect.experiments.sweep.cluster import Arguments, Result

_GRACE_SECONDS = 30.0  # to save a checkpoint in


@contextmanager
def local_executor(workers: int) -> Generator[Executor]:
    """Give an executor that runs each call in one of so many processes.

    What still runs when the context is left is told to save what it has, and ends. Each process ends with this one,
    however this one ends.

    Args:
        workers: number of processes, one call at a time in each.
    """
    executor = LocalExecutor(workers)
    try:
        yield executor
    finally:
        executor.stop()


@final
class LocalExecutor(Executor):
    """A thread for every process, the only one of its pool, so that a pool which breaks is replaced alone.

    The future of a call whose process was killed raises `LostError`. Pools of many processes were tried: a kill breaks
    all of loky's; pebble's breaks when an idle one is killed, stops one process after the other, and leaves the futures
    of what it stops without an end.
    """

    def __init__(self, workers: int):
        self._pools = [_pool() for _ in range(workers)]
        self._idle: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(workers)
        for number in range(workers):
            self._idle.put(number)

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        return self._threads.submit(self._run, partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for pool in self._pools if wait else ():
            pool.shutdown()

    def stop(self) -> None:
        """End calls that wait and calls that run; the latter are told, and may save what they have."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        processes = [process for pool in self._pools for process in (pool._processes or {}).values()]
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_GRACE_SECONDS)
            process.kill()
        self.shutdown()

    def _run(self, call: Callable[[], Result]) -> Result:
        number = self._idle.get()
        try:
            return self._pools[number].submit(_done, call).result()
        except BrokenProcessPool:
            self._pools[number] = _pool()
            raise LostError("its process was ended") from None
        finally:
            self._idle.put(number)


def _pool() -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # a fork would inherit JAX's threads, asleep for ever
    return ProcessPoolExecutor(1, spawn, _begin)


def _begin() -> None:
    """Prepare a process that does one call after another."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tqdm.set_lock(threading.RLock())  # its own, of semaphores, would outlive a process that is killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal: the first one decides


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _done(call: Callable[[], Result]) -> Result:
    """Return the result or raise the error; a call that is told to end sees Ctrl-C, and its process ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return call()
    except KeyboardInterrupt:
        os._exit(130)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
