"""Processes of this machine as an executor: one that is killed takes no other with it."""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar, final

from tqdm import tqdm

from symplect.errors import LostError

_SPAWN = multiprocessing.get_context("spawn")  # a fork would inherit JAX's threads, asleep for ever
_GRACE = 30.0  # seconds to save a checkpoint in

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Call = Callable[[], Any]


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
    """A thread for every process, which hands it one call after another; a killed process is replaced.

    The future of a call whose process was killed raises `LostError`.
    """

    def __init__(self, workers: int):
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._workers = [_Worker() for _ in range(workers)]
        self._threads = ThreadPoolExecutor(workers)
        for worker in self._workers:
            self._idle.put(worker)

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        return self._threads.submit(self._run, partial(fn, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for worker in self._workers if wait else ():
            worker.stop()

    def stop(self) -> None:
        """End calls that wait and calls that run; the latter are told, and may save what they have."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join()
        self.shutdown()

    def _run(self, call: Call) -> Any:
        worker = self._idle.get()
        try:
            return worker.run(call)
        finally:
            self._idle.put(worker)


@final
class _Worker:
    """One process at a time, and the way to it."""

    def __init__(self):
        self._process: Any = None
        self._calls: Any = None

    def run(self, call: Call) -> Any:
        calls = self._calls or self._start()
        try:
            calls.send(call)
            result, error = calls.recv()
        except (EOFError, OSError):
            self.stop()
            raise LostError("its process was ended") from None
        if error is not None:
            raise error
        return result

    def _start(self) -> Any:
        self._calls, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        return self._calls

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def join(self) -> None:
        """Wait for the end of the process, and kills it if that does not come."""
        if process := self._process:
            process.join(_GRACE)
            process.kill()

    def stop(self) -> None:
        """End the process, which is idle, told to end, or dead."""
        if self._calls is not None:
            self._calls.close()
        self.join()
        self._calls = self._process = None


def _serve(calls: Connection) -> None:
    """Do one call after another until the other end is closed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    tqdm.set_lock(threading.RLock())  # its own, of semaphores, would outlive a process that is killed
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal: the first one decides
    with contextlib.suppress(EOFError):
        while True:
            calls.send(_done(calls.recv()))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _done(call: Call) -> tuple[Any, Exception | None]:
    """Return the result or the error; a call that is told to end sees Ctrl-C, and its process ends."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return call(), None
    except KeyboardInterrupt:
        os._exit(130)
    except Exception as error:
        return None, error
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
